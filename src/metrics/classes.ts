/** Metrics of a classifier. Means over classes are over those that occur. */
import type { Loss } from '../loss/loss.js';
import { exp } from '../numbers/elementary.js';
import { aucOf, countOutcomes, f1Of, recallOf, surprise } from './binary.js';
import { type JudgedClasses, meanOfDefined } from './judged.js';

/** `outputs`: f32 [count][classes], or [count][1] of two classes. */
export function classJudged(
  outputs: Float32Array,
  targets: Uint32Array,
  classes: number,
  { name }: Pick<Loss, 'name'>,
): JudgedClasses {
  const count = targets.length;
  const width = count === 0 ? classes : outputs.length / count;
  const probabilities = new Float64Array(count * classes);
  const chosen = new Uint32Array(count);
  const row = new Float64Array(classes);
  for (let i = 0; i < count; i++) {
    // The sigmoid is the softmax with a first output of 0.
    row.fill(0).set(outputs.subarray(i * width, (i + 1) * width), classes - width);
    chosen[i] = chosenOf(row);
    if (name === 'cross-entropy' || name === 'binary-cross-entropy') softmax(row);
    else shares(row);
    probabilities.set(row, i * classes);
  }
  return { kind: 'class', classes, probabilities, chosen, targets };
}

function chosenOf(row: Float64Array): number {
  let largest = 0;
  for (let k = 0; k < row.length; k++) {
    if (Number.isNaN(row[k])) return row.length;
    if (row[k] > row[largest]) largest = k;
  }
  return largest;
}

function softmax(row: Float64Array): void {
  const largest = row.reduce((a, b) => Math.max(a, b));
  for (let k = 0; k < row.length; k++) row[k] = exp(row[k] - largest);
  divide(row);
}

/** As the operation of model/op.ts. */
function shares(row: Float64Array): void {
  for (let k = 0; k < row.length; k++) row[k] = Math.max(0, row[k]);
  if (row.every((value) => value === 0)) row.fill(1);
  divide(row);
}

function divide(row: Float64Array): void {
  const sum = row.reduce((a, b) => a + b);
  for (let k = 0; k < row.length; k++) row[k] /= sum;
}

export function classScores({ classes, probabilities, chosen, targets }: JudgedClasses) {
  const count = targets.length;
  const all = Array.from({ length: classes }, (_, c) => c);
  const occurs = (c: number) => targets.includes(c);
  const outcomes = (c: number) =>
    countOutcomes(
      count,
      (i) => chosen[i] === c,
      (i) => targets[i] === c,
    );
  const auc = (c: number) =>
    aucOf(
      Float64Array.from({ length: count }, (_, i) => probabilities[i * classes + c]),
      (i) => targets[i] === c,
    );
  return {
    accuracy: () => targets.reduce((sum, target, i) => sum + Number(target === chosen[i]), 0) / count,
    balancedAccuracy: () => meanOfDefined(all.map((c) => recallOf(outcomes(c)))),
    f1: () => meanOfDefined(all.filter(occurs).map((c) => f1Of(outcomes(c)))),
    // Of two classes, either has the same.
    auc: () => (classes === 2 ? auc(1) : meanOfDefined(all.filter(occurs).map(auc))),
    logLoss: () =>
      targets.reduce((sum, target, i) => sum + surprise(probabilities[i * classes + target]), 0) / count,
  };
}
