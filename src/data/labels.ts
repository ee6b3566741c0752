/** The classes of a data set: their names, and checks that training on the labels makes sense. */
import { UserError } from '../user-error.js';
import { countClasses } from './dataset.js';

/** So few samples may all be of different classes. */
const fewSamples = 10;

export interface LabelSource {
  /** Names the labels in messages: a file, or a column of it. */
  readonly where: string;
  /** What to do if these are not the intended labels; empty if there is no advice. */
  readonly advice: () => string;
}

/** Class names of integer labels. */
export function integerLabels(train: Uint32Array, test: Uint32Array): string[] {
  const classes = Math.max(countClasses(train), countClasses(test));
  return Array.from({ length: classes }, (_, index) => String(index));
}

/** @throws UserError if all labels are equal, or all are different. */
export function checkTrainingLabels(
  { targets, count }: { readonly targets: Uint32Array; readonly count: number },
  labels: readonly string[],
  { where, advice }: LabelSource,
): void {
  const classes = new Set(targets).size;
  const suffix = () => advice().replace(/^(?=.)/, '; ');
  if (classes === 1) {
    const only = labels[targets[0]];
    const all = count === 1 ? `the only label is ${only}` : `all ${count} labels are ${only}`;
    throw new UserError(`${where}: ${all}, expected at least two classes${suffix()}`);
  }
  if (classes === count && count > fewSamples) {
    const counts = targets.every((target, index) => target === targets[0] + index);
    const what = counts ? `the labels count the rows` : `each of the ${count} labels is another class`;
    throw new UserError(`${where}: ${what}, expected several rows of each class${suffix()}`);
  }
}
