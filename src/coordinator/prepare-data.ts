/** From a data set to prepared data: split, transformed, and the facts that a plan needs. */
import type { Config } from '../config/schema.js';
import type { Dataset } from '../data/dataset.js';
import { isKnownSet } from '../data/known-sets.js';
import { classWarnings, rangeWarnings } from '../data/odd-data.js';
import { choosePacking } from '../data/packing.js';
import { heldOut, type Split, splitEnd, splitStratified } from '../data/split.js';
import { measuringFeatures } from '../data/statistics.js';
import { refuseForDirections } from '../data/transforms/directions/images.js';
import { Pipeline } from '../data/transforms/pipeline.js';
import { fullOf } from '../data/transforms/range.js';
import { sampleKind, sizeOf, storedValues } from '../data/transforms/transform.js';
import { refuseUnfit } from '../data/unfit-settings.js';
import { storedSizes, tableSizes, textSizes } from '../kernels/expansion.js';
import type { SampleKernels } from '../kernels/sample-kernels.js';
import { countStored, StoredTexts } from '../kernels/stored-texts.js';
import type { Tensor } from '../model/safetensors.js';
import { atOnce, type Steps } from '../numbers/steps.js';
import type { PreparedPart, PreparedParts } from '../plan/fill-memory.js';
import type { DataFacts } from '../plan/plan.js';
import { type Goal, prepareTargets, refuseUnfitTarget } from '../plan/prepare-targets.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Warning } from '../warnings.js';

export interface PreparedData extends PreparedParts {
  readonly facts: DataFacts;
  /** The targets, in their own units too. */
  readonly goal: Goal;
  /** Warnings about the data. */
  readonly warnings: readonly Warning[];
}

/** As preparingData, without a pause. */
export const prepareData = (...given: Parameters<typeof preparingData>): PreparedData =>
  atOnce(preparingData(...given));

/**
 * Splits off the validation part. Fits the transforms on the rest, or restores those that come with the initial
 * weights. Applies them, and chooses the packing. `kernels`: null on platforms without them.
 * @throws UserError (usage) if the configuration asks for more images than there are, or for images of another shape.
 */
export function* preparingData(
  dataset: Dataset,
  config: Config,
  initial: ReadonlyMap<string, Tensor> | null = null,
  kernels: SampleKernels | null = null,
): Steps<PreparedData> {
  const { train, test } = dataset;
  refuseUnfitTarget(dataset, config);
  const count = trainingImages(dataset, config);
  refuseUnfit(config.data, train);
  const seesDirections = config.data.features.kind === 'directions';
  if (seesDirections) refuseForDirections(dataset);
  const { file, prefix } = config.model.init;
  const stored = initial && { tensors: initial, prefix, source: file ?? 'model.init.file' };
  const split = splitOff(dataset, train.count - count, config);
  const samples = { ...split, test };
  const { pipeline, train: values } = yield* Pipeline.fit(config.data, split.train, stored, kernels);
  const goal = prepareTargets(dataset, samples, config, stored);
  const parts = {
    train: { values, targets: goal.seen(split.train.targets) },
    validation: {
      values: yield* pipeline.applying(split.validation, kernels),
      targets: goal.seen(split.validation.targets),
    },
    test: { values: yield* pipeline.applying(test, kernels), targets: goal.seen(test.targets) },
  };
  const warnings = [
    ...rangeWarnings(samples, config, pipeline, initial && fullOf(initial, prefix)),
    ...classWarnings(samples, dataset.target, config),
  ];
  const facts = seesDirections
    ? directionFacts(parts)
    : yield* packedFacts(config, pipeline, parts, goal.outputs, kernels);
  const { scale, shift } = pipeline.affine;
  const { encoding } = pipeline;
  const sizes = encoding && storedSizes(encoding.blocks);
  const shifted = shift.some((value) => value !== 0);
  return {
    facts: {
      ...facts,
      features: sizeOf(pipeline.output),
      outputs: goal.outputs,
      target: goal.facts,
      scale,
      shifted,
      stored: sizes,
    },
    pipeline,
    parts,
    goal,
    warnings,
  };
}

function splitOff({ train, validation }: Dataset, held: number, { data, seed }: Config): Split {
  if (validation !== null) return { train, validation };
  const { validationFrom, set } = data;
  const fromEnd = validationFrom === 'auto' ? isKnownSet(set) : validationFrom === 'end';
  return fromEnd || held === 0 ? splitEnd(train, held) : splitStratified(train, held, seed);
}

/** @throws UserError (usage) if the part that stop.on names has no samples. */
export function refuseEmptyPart(config: Config, dataset: Dataset): void {
  // A share that holds out nothing is the cause.
  trainingImages(dataset, config);
  const { stop, data } = config;
  const { test, validation } = dataset;
  const has = {
    test: test.count > 0,
    validation: (validation?.count ?? heldOut(dataset, data.validation)) > 0,
  };
  if (stop.on === 'train' || has[stop.on]) return;
  const others = [...(['test', 'validation'] as const).filter((part) => has[part]), 'train'].join(' or ');
  throw new UserError(
    `stop.on: ${expectedGot(`${others}: there are no ${stop.on} samples`, stop.on)}`,
    ExitCode.usage,
  );
}

/** Number of images that are left for training. @throws UserError (usage) if the configuration asks for more. */
export function trainingImages(dataset: Pick<Dataset, 'train' | 'validation'>, config: Config): number {
  const { validation, take } = config.data;
  const all = dataset.train.count;
  const held = heldOut(dataset, validation);
  if (held < 1 && validation > 0 && dataset.validation === null) {
    const expected = `a share that holds out at least one of the ${all} training images`;
    throw new UserError(`data.validation: ${expectedGot(expected, validation)}`, ExitCode.usage);
  }
  const count = all - held;
  if (count < 1) {
    const expected = `a count below the ${all} training images`;
    throw new UserError(`data.validation: ${expectedGot(expected, validation)}`, ExitCode.usage);
  }
  if (take !== null && take > count) {
    const expected = `at most the ${count} training images`;
    throw new UserError(`data.take: ${expectedGot(expected, take)}`, ExitCode.usage);
  }
  const available = take ?? count;
  if (config.train.batch > available) {
    const expected = `at most the ${available} training images of a run`;
    throw new UserError(`train.batch: ${expectedGot(expected, config.train.batch)}`, ExitCode.usage);
  }
  return count;
}

type Parts = PreparedData['parts'];
type PackingFacts = Pick<DataFacts, 'packing' | 'nonZeros' | 'parts'>;

/** Images stay unchanged until the run. */
function directionFacts({ train, validation, test }: Parts): PackingFacts {
  const size = ({ values: { count } }: PreparedPart) => ({ count, nonZeros: 0 });
  const parts = { train: size(train), validation: size(validation), test: size(test) };
  return { packing: 'directions', nonZeros: [], parts };
}

/** Rows of a table with texts: sparse, since nearly all buckets of a row are empty. */
function textFacts(blocks: Float32Array, parts: Parts): PackingFacts {
  const rows = new StoredTexts(blocks);
  const { fields, width } = tableSizes(blocks);
  const nonZeros = new Uint32Array(width);
  const size = ({ values: { values, count } }: PreparedPart, of: Uint32Array | null) => ({
    count,
    nonZeros: countStored(rows, { values: storedValues(values), count, fields }, of),
  });
  return {
    packing: 'sparse',
    parts: {
      train: size(parts.train, nonZeros),
      validation: size(parts.validation, null),
      test: size(parts.test, null),
    },
    nonZeros,
  };
}

function* packedFacts(
  { data, model }: Config,
  { output, keepsZeros, encoding }: Pipeline,
  parts: Parts,
  outputs: number,
  kernels: SampleKernels | null,
): Steps<PackingFacts> {
  if (encoding !== null && textSizes(encoding.blocks).count > 0) return textFacts(encoding.blocks, parts);
  const isReal = sampleKind(parts.train.values) === 'float32';
  if (isReal || !keepsZeros) {
    const width = sizeOf(output);
    const size = ({ values: { count } }: PreparedPart) => ({ count, nonZeros: count * width });
    return {
      packing: encoding !== null ? 'encoded' : isReal ? 'real' : 'dense',
      nonZeros: new Uint32Array(width).fill(parts.train.values.count),
      parts: { train: size(parts.train), validation: size(parts.validation), test: size(parts.test) },
    };
  }
  const measured = {
    train: yield* measuringFeatures(parts.train.values, kernels),
    validation: yield* measuringFeatures(parts.validation.values, kernels),
    test: yield* measuringFeatures(parts.test.values, kernels),
  };
  const size = ({ count, totalNonZeros }: (typeof measured)['train']) => ({ count, nonZeros: totalNonZeros });
  return {
    packing: choosePacking(data.packing, measured.train, model.hidden[0] ?? outputs),
    nonZeros: measured.train.nonZeros,
    parts: { train: size(measured.train), validation: size(measured.validation), test: size(measured.test) },
  };
}
