/**
 * A data set from samples in memory. Bytes (`Uint8Array`) are pixels from 0 to 255; all other inputs are real numbers, also
 * if they happen to be integers. Arrays of values are not copied: they must not change before the run's memory is filled.
 */
import { createHash } from 'node:crypto';
import { atOnce, type Steps } from '../numbers/steps.js';
import type { Dataset, Samples } from './dataset.js';
import { checkTrainingLabels } from './labels.js';
import { type Inputs, readInputs, refused, shapeOf, type Unlabelled } from './memory-inputs.js';
import { type Classes, classesOf, numbered, type Targets } from './memory-targets.js';
import { refuseOtherKeys } from './other-keys.js';
import { kindOf, type Shape } from './transforms/transform.js';

export type { Inputs } from './memory-inputs.js';
export type { Targets } from './memory-targets.js';

export interface MemoryPart {
  readonly inputs: Inputs;
  /** One for each sample. */
  readonly targets: Targets;
}

export interface MemoryData extends MemoryPart {
  /** Of a sample: [rows, columns] is a grey image, as [rows, columns, 1] is; by default one dimension. */
  readonly shape?: Shape | null | undefined;
  /** The name of each class, by its number; for targets that are words, all of them in their order. */
  readonly labels?: readonly string[] | null | undefined;
  readonly test?: MemoryPart | null | undefined;
  /** Replaces data.validation. */
  readonly validation?: MemoryPart | null | undefined;
}

const noSamples: MemoryPart = { inputs: [], targets: [] };

/** As makingMemoryDataset, without a pause. */
export const memoryDataset = (data: MemoryData): Dataset => atOnce(makingMemoryDataset(data));

/** @throws UserError (usage) naming the argument, the place in it, and what was expected there. */
export function* makingMemoryDataset(data: MemoryData): Steps<Dataset> {
  refuseOtherKeys('data', data, memoryKeys);
  const { targets, shape = null, labels = null } = data;
  const test = data.test ?? noSamples;
  const validation = data.validation ?? noSamples;
  refuseOtherKeys('data.test', test, ['inputs', 'targets']);
  refuseOtherKeys('data.validation', validation, ['inputs', 'targets']);
  const train = yield* readInputs('data', data, shape && shapeOf('data.shape', shape), null);
  if (train.count === 0) throw refused('data.targets', 'at least one sample', 'none');
  const kind = kindOf(train.values);
  const tested = yield* readInputs('data.test', test, train.shape, kind);
  const validated = yield* readInputs('data.validation', validation, train.shape, kind);
  const names = { train: 'data.targets', test: 'data.test.targets', validation: 'data.validation.targets' };
  const classes = classesOf(
    [
      [names.train, targets],
      [names.test, test.targets],
      [names.validation, validation.targets],
    ],
    labels,
  );
  const parts = {
    train: labelled(train, names.train, targets, classes),
    test: labelled(tested, names.test, test.targets, classes),
    validation:
      validated.count > 0 ? labelled(validated, names.validation, validation.targets, classes) : null,
  };
  checkTrainingLabels(parts.train, classes.labels, { where: names.train, advice: () => '' });
  const sha256: Record<string, string> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (part === null || part.count === 0) continue;
    sha256[`${name}.inputs`] = yield* hashing(part.values);
    sha256[`${name}.targets`] = yield* hashing(part.targets);
  }
  const about = { classes: classes.labels.length, labels: classes.labels, sha256 };
  return { name: 'memory', source: 'memory', ...parts, ...about };
}

const labelled = (samples: Unlabelled, name: string, targets: Targets, classes: Classes): Samples => ({
  ...samples,
  targets: numbered(name, targets, classes),
});

export const memoryKeys = ['inputs', 'targets', 'shape', 'labels', 'test', 'validation'];

/** Hashed at a time: a few milliseconds. */
const hashedBytes = 4 * 2 ** 20;

function* hashing({ buffer, byteOffset, byteLength }: Samples['values'] | Uint32Array): Steps<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < byteLength; at += hashedBytes) {
    hash.update(new Uint8Array(buffer, byteOffset + at, Math.min(hashedBytes, byteLength - at)));
    yield { doing: 'hashing inputs', share: at / byteLength };
  }
  return hash.digest('hex');
}
