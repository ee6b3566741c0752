/** Whether a data set is of the kind that a network was trained on. */
import type { Dataset } from '../data/dataset.js';
import { sampleKind } from '../data/transforms/transform.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { SavedModel } from './saved-model.js';

/** @throws UserError (usage) for samples of another kind or shape, or of other classes, than the network was trained on. */
export function refuseOtherData(
  { pipeline, target, source }: Pick<SavedModel, 'pipeline' | 'target' | 'source'>,
  dataset: Pick<Dataset, 'train' | 'target' | 'name'>,
): void {
  const compared = [
    ['values', pipeline.values, sampleKind(dataset.train)],
    ['input', pipeline.input, dataset.train.shape],
    // Of values, the number alone must agree: a program has no names for them.
    target.kind === 'class'
      ? ['labels', target.labels, dataset.target.kind === 'class' ? dataset.target.labels : 'values']
      : [
          'targets',
          `${target.width} values`,
          dataset.target.kind === 'class' ? 'classes' : `${dataset.target.width} values`,
        ],
  ] as const;
  for (const [what, theirs, ours] of compared) {
    if (JSON.stringify(theirs) === JSON.stringify(ours)) continue;
    const expected = `${JSON.stringify(theirs)}, as ${source} was trained on`;
    throw new UserError(`data.set=${dataset.name}: ${what}: ${expectedGot(expected, ours)}`, ExitCode.usage);
  }
}
