/** From a data set to what a plan needs of it, and into the shared memory that the plan lays out. */
import type { Config } from '../config/schema.js';
import type { Dataset } from '../data/dataset.js';
import { extractFeatures, type Features, sliceFeatures } from '../data/features.js';
import { choosePacking, packDense, packSparse } from '../data/packing.js';
import { type FeatureStatistics, makeNormaliser, measureFeatures } from '../data/statistics.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { DataFacts, PartName, Plan } from './plan.js';

interface Part {
  readonly features: Features;
  readonly labels: Uint8Array;
  readonly statistics: FeatureStatistics;
}

export interface PreparedData {
  readonly facts: DataFacts;
  readonly shift: Float32Array;
  readonly parts: Readonly<Record<PartName, Part>>;
}

/**
 * Crops, pools, splits off the validation part (the end of the training set), measures and chooses the packing.
 * @throws UserError (usage) when the configuration asks for more images than there are.
 */
export function prepareData(dataset: Dataset, config: Config): PreparedData {
  const { crop, pool, validation, take, packing, normalise } = config.data;
  const all = extractFeatures(dataset.train, crop, pool);
  const held = validation < 1 ? Math.round(validation * all.count) : validation;
  if (held < 1 && validation > 0) {
    const expected = `a share that holds out at least one of the ${all.count} training images`;
    throw new UserError(`data.validation: ${expectedGot(expected, validation)}`, ExitCode.usage);
  }
  const count = all.count - held;
  if (count < 1) {
    const expected = `a count below the ${all.count} training images`;
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
  const part = (features: Features, labels: Uint8Array): Part => ({
    features,
    labels,
    statistics: measureFeatures(features),
  });
  const parts = {
    train: part(sliceFeatures(all, 0, count), dataset.train.labels.subarray(0, count)),
    validation: part(sliceFeatures(all, count, all.count), dataset.train.labels.subarray(count)),
    test: part(extractFeatures(dataset.test, crop, pool), dataset.test.labels),
  };
  const { statistics } = parts.train;
  const normaliser = makeNormaliser(normalise, statistics, all.pixelsPerValue);
  const size = ({ statistics: s }: Part) => ({ count: s.count, nonZeros: s.totalNonZeros });
  return {
    facts: {
      features: all.width,
      classes: dataset.classes,
      packing: choosePacking(packing, statistics),
      scale: normaliser.scale,
      shifted: normaliser.shift.some((value) => value !== 0),
      nonZeros: statistics.nonZeros,
      maxRowNonZeros: Math.max(...Object.values(parts).map((p) => p.statistics.maxRowNonZeros)),
      parts: { train: size(parts.train), validation: size(parts.validation), test: size(parts.test) },
    },
    shift: normaliser.shift,
    parts,
  };
}

/** Writes everything that stays constant during a session: the parts, the shift, the feature ranges. */
export function fillMemory(plan: Plan, data: PreparedData, memory: WebAssembly.Memory): void {
  const { buffer } = memory;
  const { regions, input } = plan;
  new Float32Array(buffer, regions.shift.offset, data.shift.length).set(data.shift);
  new Uint32Array(buffer, regions.rangeEnds.offset, input.rangeEnds.length).set(input.rangeEnds);
  const identity = new Int32Array(buffer, regions.identity.offset, regions.identity.bytes / 4);
  for (let i = 0; i < identity.length; i++) identity[i] = i;
  for (const name of ['train', 'validation', 'test'] as const) {
    const { features, labels } = data.parts[name];
    const { values, starts, labels: target } = plan.parts[name];
    new Uint8Array(buffer, target.offset, target.bytes).set(labels);
    if (input.packing === 'sparse') {
      const packed = new Uint32Array(buffer, values.offset, values.bytes / 4);
      packSparse(features, packed, new Uint32Array(buffer, starts.offset, starts.bytes / 4));
    } else {
      packDense(features, new Uint16Array(buffer, values.offset, values.bytes / 2), input.width);
    }
  }
}
