/** Whether a data set is of the kind that a network was trained on. */
import type { Dataset } from '../data/dataset.js';
import { kindOf } from '../data/transforms/transform.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { SavedModel } from './saved-model.js';

/** @throws UserError (usage) for samples of another kind or shape, or of other classes, than the network was trained on. */
export function refuseOtherData(
  { pipeline, labels, source }: Pick<SavedModel, 'pipeline' | 'labels' | 'source'>,
  dataset: Pick<Dataset, 'train' | 'labels' | 'name'>,
): void {
  const compared = [
    ['values', pipeline.values, kindOf(dataset.train.values)],
    ['input', pipeline.input, dataset.train.shape],
    ['labels', labels, dataset.labels],
  ] as const;
  for (const [what, theirs, ours] of compared) {
    if (JSON.stringify(theirs) === JSON.stringify(ours)) continue;
    const expected = `${JSON.stringify(theirs)}, as ${source} was trained on`;
    throw new UserError(`data.set=${dataset.name}: ${what}: ${expectedGot(expected, ours)}`, ExitCode.usage);
  }
}
