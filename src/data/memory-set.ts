/**
 * A data set from samples in memory. Bytes (`Uint8Array`) are pixels from 0 to 255; all other inputs are real numbers, also
 * if they happen to be integers. Arrays of values are not copied: they must not change before the run's memory is filled.
 */
import { createHash } from 'node:crypto';
import { atOnce, type Steps } from '../numbers/steps.js';
import type { Dataset, Samples } from './dataset.js';
import { checkTrainingLabels } from './labels.js';
import { countOf, type Inputs, readInputs, refused, shapeOf, type Unlabelled } from './memory-inputs.js';
import { type ClassTargets, classesOf, numbered, type Targets } from './memory-targets.js';
import { countOfValues, ownValues, valueTarget } from './memory-values.js';
import { refuseOtherKeys } from './other-keys.js';
import { classTarget, type Target, type TargetValues } from './target.js';
import { kindOf, type Shape } from './transforms/transform.js';

export type { Inputs } from './memory-inputs.js';
export type { Targets } from './memory-targets.js';

export interface MemoryPart {
  readonly inputs: Inputs;
  /** The class of each sample, or a Float32Array of values: those of one sample after those of the other. */
  readonly targets: Targets;
}

export interface MemoryData extends MemoryPart {
  /** Of a sample: [rows, columns] is a grey image, as [rows, columns, 1] is; by default one dimension. */
  readonly shape?: Shape | null | undefined;
  /** The name of each class, by its number; for targets that are words, all of them in their order. Or of each value. */
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
  const { labels = null } = data;
  const shape = data.shape ? shapeOf('data.shape', data.shape) : null;
  const test = data.test ?? noSamples;
  const validation = data.validation ?? noSamples;
  refuseOtherKeys('data.test', test, ['inputs', 'targets']);
  refuseOtherKeys('data.validation', validation, ['inputs', 'targets']);
  const kindOfTargets = targetsOf(data, shape);
  const { count } = kindOfTargets;
  const train = yield* readInputs('data', data.inputs, count(names.train, data), shape, null);
  if (train.count === 0) throw refused('data.targets', 'at least one sample', 'none');
  const kind = kindOf(train.values);
  const tested = yield* readInputs('data.test', test.inputs, count(names.test, test), train.shape, kind);
  const validated = yield* readInputs(
    'data.validation',
    validation.inputs,
    count(names.validation, validation),
    train.shape,
    kind,
  );
  const { target, read } = kindOfTargets.all(
    [
      [names.train, data],
      [names.test, test],
      [names.validation, validation],
    ],
    labels,
  );
  const withTargets = (samples: Unlabelled, name: string, part: MemoryPart): Samples => ({
    ...samples,
    targets: read(name, part),
  });
  const parts = {
    train: withTargets(train, names.train, data),
    test: withTargets(tested, names.test, test),
    validation: validated.count > 0 ? withTargets(validated, names.validation, validation) : null,
  };
  const sha256: Record<string, string> = {};
  for (const [name, part] of Object.entries(parts)) {
    if (part === null || part.count === 0) continue;
    sha256[`${name}.inputs`] = yield* hashing(part.values);
    sha256[`${name}.targets`] = yield* hashing(part.targets);
  }
  return { name: 'memory', source: 'memory', ...parts, target, sha256 };
}

const names = { train: 'data.targets', test: 'data.test.targets', validation: 'data.validation.targets' };

/** How targets are read; `name`: of a part's targets, in messages. */
interface TargetReader {
  count(name: string, part: MemoryPart): number;
  all(
    parts: readonly (readonly [string, MemoryPart])[],
    labels: readonly string[] | null,
  ): { readonly target: Target; readonly read: (name: string, part: MemoryPart) => TargetValues };
}

const targetsOf = ({ inputs, targets, labels = null }: MemoryData, shape: Shape | null): TargetReader =>
  targets instanceof Float32Array
    ? valueReader(valueTarget({ inputs, targets }, shape, labels))
    : classReader;

const valueReader = (target: ReturnType<typeof valueTarget>): TargetReader => ({
  count: (name, { targets }) => countOfValues(name, targets, target.width),
  all: () => ({ target, read: (_, { targets }) => ownValues(targets) }),
});

const classReader: TargetReader = {
  count: (name, { targets }) => countOf(name, targets),
  all(parts, labels) {
    // `count` has refused all others.
    const classes = classesOf(
      parts.map(([name, { targets }]) => [name, targets as ClassTargets]),
      labels,
    );
    const read = (name: string, { targets }: MemoryPart) => numbered(name, targets as ClassTargets, classes);
    const [[name, part]] = parts;
    const targets = read(name, part);
    checkTrainingLabels({ targets, count: targets.length }, classes.labels, {
      where: name,
      advice: () => '',
    });
    return { target: classTarget(classes.labels), read };
  },
};

export const memoryKeys = ['inputs', 'targets', 'shape', 'labels', 'test', 'validation'];

/** Hashed at a time: a few milliseconds. */
const hashedBytes = 4 * 2 ** 20;

function* hashing({ buffer, byteOffset, byteLength }: Samples['values'] | TargetValues): Steps<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < byteLength; at += hashedBytes) {
    hash.update(new Uint8Array(buffer, byteOffset + at, Math.min(hashedBytes, byteLength - at)));
    yield { doing: 'hashing inputs', share: at / byteLength };
  }
  return hash.digest('hex');
}
