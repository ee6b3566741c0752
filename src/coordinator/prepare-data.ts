/** From a data set to what a plan needs of it, and into the shared memory that the plan lays out. */
import type { Config } from '../config/schema.js';
import type { Dataset, ImageSet } from '../data/dataset.js';
import { extractFeatures, type Features, sliceFeatures } from '../data/features.js';
import { normaliseMoments } from '../data/moment-normalisation.js';
import { choosePacking, packDense, packSparse } from '../data/packing.js';
import {
  type FeatureStatistics,
  isLinear,
  type LinearKind,
  makeNormaliser,
  measureFeatures,
} from '../data/statistics.js';
import { describeModel } from '../data/transforms/directions/describe-model.js';
import {
  fitNormaliser,
  fixedPoint,
  normaliseLinearly,
  normaliserTensors,
  readNormaliser,
} from '../data/whitening.js';
import { mostClasses } from '../kernels/directions/direction-kernels.js';
import { chunkImages, imageSide } from '../kernels/directions/spec.js';
import type { Tensor } from '../model/safetensors.js';
import type { DataFacts, PartName, Plan } from '../plan/plan.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

interface Part {
  /** Pixels as features; null where direction features are made of the images during the run. */
  readonly features: Features | null;
  readonly images: ImageSet['images'];
  readonly labels: Uint8Array;
}

export interface PreparedData {
  readonly facts: DataFacts;
  readonly shift: Float32Array;
  /** What belongs to the weights of a run on these data: the fitted normalisation, if there is one. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly parts: Readonly<Record<PartName, Part>>;
}

/**
 * Splits off the validation part (the end of the training set); for pixels also crops, pools, measures and chooses
 * the packing. `initial`: weights that a run starts from, whose normalisation is kept if they come with one.
 * @throws UserError (usage) when the configuration asks for more images than there are.
 */
export function prepareData(
  dataset: Dataset,
  config: Config,
  initial: ReadonlyMap<string, Tensor> | null = null,
): PreparedData {
  const count = trainingImages(dataset.train.count, config);
  return config.data.features.kind === 'directions'
    ? prepareImages(dataset, count)
    : preparePixels(dataset, config, count, initial);
}

/** How many images are left to train on. */
function trainingImages(all: number, config: Config): number {
  const { validation, take } = config.data;
  const held = validation < 1 ? Math.round(validation * all) : validation;
  if (held < 1 && validation > 0) {
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

/** Images as they are, for direction features. */
function prepareImages({ train, test, classes, name }: Dataset, count: number): PreparedData {
  const pixels = imageSide * imageSide;
  if (train.rows !== imageSide || train.columns !== imageSide) {
    throw new UserError(
      `data.features.kind=directions: expected images of ${imageSide}×${imageSide} pixels, got ${train.rows}×${train.columns} (data.set=${name})`,
      ExitCode.usage,
    );
  }
  if (classes > mostClasses) {
    throw new UserError(
      `data.features.kind=directions: expected at most ${mostClasses} classes, got ${classes} (data.set=${name})`,
      ExitCode.usage,
    );
  }
  const part = ({ images, labels }: ImageSet, first: number, last: number): Part => ({
    features: null,
    images: images.subarray(first * pixels, last * pixels),
    labels: labels.subarray(first, last),
  });
  const parts = {
    train: part(train, 0, count),
    validation: part(train, count, train.count),
    test: part(test, 0, test.count),
  };
  const size = ({ labels }: Part) => ({ count: labels.length, nonZeros: 0 });
  return {
    facts: {
      features: pixels,
      classes,
      packing: 'directions',
      scale: 1,
      shifted: false,
      nonZeros: [],
      parts: { train: size(parts.train), validation: size(parts.validation), test: size(parts.test) },
    },
    shift: new Float32Array(0),
    tensors: new Map(),
    parts,
  };
}

function preparePixels(
  dataset: Dataset,
  config: Config,
  count: number,
  initial: ReadonlyMap<string, Tensor> | null,
): PreparedData {
  const { crop, pool, packing, normalise, momentNormalise } = config.data;
  const drawn = (set: ImageSet) => (momentNormalise ? normaliseMoments(set) : set);
  const [train, test] = [drawn(dataset.train), drawn(dataset.test)];
  const all = extractFeatures(train, crop, pool);
  const part = (features: Features, { images }: ImageSet, labels: Uint8Array) => ({
    features,
    images,
    labels,
    statistics: measureFeatures(features),
  });
  const parts = {
    train: part(sliceFeatures(all, 0, count), train, train.labels.subarray(0, count)),
    validation: part(sliceFeatures(all, count, all.count), train, train.labels.subarray(count)),
    test: part(extractFeatures(test, crop, pool), test, test.labels),
  };
  const { statistics } = parts.train;
  if (isLinear(normalise)) return normalisedLinearly(config, normalise, dataset.classes, parts, initial);
  const normaliser = makeNormaliser(normalise, statistics, all.pixelsPerValue);
  const size = ({ statistics: s }: { statistics: FeatureStatistics }) => ({
    count: s.count,
    nonZeros: s.totalNonZeros,
  });
  return {
    facts: {
      features: all.width,
      classes: dataset.classes,
      packing: choosePacking(packing, statistics, config.model.hidden[0] ?? dataset.classes),
      scale: normaliser.scale,
      shifted: normaliser.shift.some((value) => value !== 0),
      nonZeros: statistics.nonZeros,
      parts: { train: size(parts.train), validation: size(parts.validation), test: size(parts.test) },
    },
    shift: normaliser.shift,
    tensors: new Map(),
    parts,
  };
}

/** Inputs that are a fitted map of the pixels: dense, in fixed point. */
function normalisedLinearly(
  { data, model }: Config,
  kind: LinearKind,
  classes: number,
  pixels: Readonly<Record<PartName, Part & { features: Features }>>,
  initial: ReadonlyMap<string, Tensor> | null,
): PreparedData {
  const train = pixels.train.features;
  const { file, prefix } = model.init;
  const stored =
    initial === null ? null : readNormaliser(initial, kind, train.width, file ?? 'model.init.file', prefix);
  const normaliser = stored ?? fitNormaliser(kind, train, data.normaliseEpsilon);
  const part = (given: Part & { features: Features }) => ({
    ...given,
    features: normaliseLinearly(given.features, normaliser),
  });
  const size = ({ features: { count, width } }: { features: Features }) => ({
    count,
    nonZeros: count * width,
  });
  const parts = {
    train: part(pixels.train),
    validation: part(pixels.validation),
    test: part(pixels.test),
  };
  return {
    facts: {
      features: train.width,
      classes,
      packing: 'dense',
      scale: fixedPoint.scale,
      shifted: true,
      nonZeros: new Uint32Array(train.width).fill(train.count),
      parts: { train: size(parts.train), validation: size(parts.validation), test: size(parts.test) },
    },
    shift: new Float32Array(train.width).fill(fixedPoint.shift),
    tensors: normaliserTensors(normaliser),
    parts,
  };
}

/** No image has this label: it marks places that are not images. */
const paddingLabel = 255;

/** Writes everything that stays constant during a session: the parts and the shift. */
export function fillMemory(plan: Plan, data: PreparedData, memory: WebAssembly.Memory): void {
  const { buffer } = memory;
  const { regions, input } = plan;
  new Float32Array(buffer, regions.shift.offset, data.shift.length).set(data.shift);
  const identity = new Int32Array(buffer, regions.identity.offset, regions.identity.bytes / 4);
  for (let i = 0; i < identity.length; i++) identity[i] = i;
  if (plan.directions !== null) describeModel(plan, plan.directions, memory);
  for (const name of ['train', 'validation', 'test'] as const) {
    const { features, images, labels } = data.parts[name];
    const { values, starts, labels: target } = plan.parts[name];
    const labelBytes = new Uint8Array(buffer, target.offset, target.bytes);
    labelBytes.fill(paddingLabel);
    labelBytes.set(labels);
    if (features === null) {
      fillImages(plan, name, images, buffer);
    } else if (input.packing === 'sparse') {
      const addresses = new Uint32Array(buffer, starts.offset, starts.bytes / 4);
      packSparse(features, input, buffer, values.offset, addresses);
    } else {
      packDense(features, new Uint16Array(buffer, values.offset, values.bytes / 2), input.width);
    }
  }
}

/** The images, and for evaluated parts their order: as they come, the last chunk filled up with the last image. */
function fillImages(plan: Plan, name: PartName, images: Uint8Array, buffer: ArrayBufferLike): void {
  const part = plan.directions?.parts[name];
  if (part === undefined || images.length === 0) return;
  new Uint8Array(buffer, part.images.offset, images.length).set(images);
  if (name === 'train') return;
  const { count } = plan.parts[name];
  const order = new Int32Array(buffer, part.order.offset, Math.ceil(count / chunkImages) * chunkImages);
  for (let i = 0; i < order.length; i++) order[i] = Math.min(i, count - 1);
}
