/**
 * Extracts from a data set the facts that a plan needs, and packs the data into the shared memory that the plan lays
 * out.
 */
import type { Config } from '../config/schema.js';
import type { Dataset, PartName, Samples } from '../data/dataset.js';
import { isKnownSet } from '../data/known-sets.js';
import { classWarnings, rangeWarnings } from '../data/odd-data.js';
import { choosePacking, packDense } from '../data/packing.js';
import { type Split, splitEnd, splitStratified } from '../data/split.js';
import { measuringFeatures } from '../data/statistics.js';
import { describeModel } from '../data/transforms/directions/describe-model.js';
import { Pipeline } from '../data/transforms/pipeline.js';
import { sizeOf, type Values } from '../data/transforms/transform.js';
import { mostClasses } from '../kernels/directions/direction-kernels.js';
import { chunkImages, imageSide } from '../kernels/directions/spec.js';
import { packSparse } from '../kernels/sparse-rows.js';
import type { Region } from '../memory/arena.js';
import type { Tensor } from '../model/safetensors.js';
import { atOnce, rowsAStep, type Steps } from '../numbers/steps.js';
import type { DataFacts, Plan } from '../plan/plan.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Warning } from '../warnings.js';

interface Part {
  /** The samples to pack; plain images if direction features are made of them during the run. */
  readonly values: Values;
  readonly targets: Uint32Array;
}

export interface PreparedData {
  readonly facts: DataFacts;
  /** Fitted on the training samples, or restored. */
  readonly pipeline: Pipeline;
  readonly parts: Readonly<Record<PartName, Part>>;
  /** Warnings about the data. */
  readonly warnings: readonly Warning[];
}

/** At once: see preparingData. */
export const prepareData = (...given: Parameters<typeof preparingData>): PreparedData =>
  atOnce(preparingData(...given));

/** At once: see fillingMemory. */
export const fillMemory = (...given: Parameters<typeof fillingMemory>): void =>
  atOnce(fillingMemory(...given));

/**
 * Splits off the validation part. Fits the transforms on the rest, or restores those that come with the initial
 * weights. Applies them, and chooses the packing.
 * @throws UserError (usage) if the configuration asks for more images than there are, or for images of another shape.
 */
export function* preparingData(
  dataset: Dataset,
  config: Config,
  initial: ReadonlyMap<string, Tensor> | null = null,
): Steps<PreparedData> {
  const { train, test, classes } = dataset;
  const count = trainingImages(train.count, config);
  const seesDirections = config.data.features.kind === 'directions';
  if (seesDirections) refuseForDirections(dataset);
  const { file, prefix } = config.model.init;
  const stored = initial && { tensors: initial, prefix, source: file ?? 'model.init.file' };
  const split = splitOff(train, train.count - count, config);
  const samples = { ...split, test };
  const { pipeline, train: values } = yield* Pipeline.fit(config.data, split.train, stored);
  const parts = {
    train: { values, targets: split.train.targets },
    validation: { values: yield* pipeline.applying(split.validation), targets: split.validation.targets },
    test: { values: yield* pipeline.applying(test), targets: test.targets },
  };
  const warnings = [
    ...rangeWarnings(samples, config, pipeline, stored !== null),
    ...classWarnings(samples, dataset.labels),
  ];
  const facts = seesDirections ? directionFacts(parts) : yield* packedFacts(config, pipeline, parts, classes);
  const { scale, shift } = pipeline.affine;
  const shifted = shift.some((value) => value !== 0);
  return {
    facts: { ...facts, features: sizeOf(pipeline.output), classes, scale, shifted },
    pipeline,
    parts,
    warnings,
  };
}

function splitOff(train: Samples, held: number, { data, seed }: Config): Split {
  const { validationFrom, set } = data;
  const fromEnd = validationFrom === 'auto' ? isKnownSet(set) : validationFrom === 'end';
  return fromEnd || held === 0 ? splitEnd(train, held) : splitStratified(train, held, seed);
}

/**
 * Number of the `all` images that are left for training. @throws UserError (usage) if the configuration asks for more.
 */
export function trainingImages(all: number, config: Config): number {
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

function refuseForDirections({ train, classes, name }: Dataset): void {
  const [rows, columns] = train.shape;
  if (rows !== imageSide || columns !== imageSide) {
    throw new UserError(
      `data.features.kind=directions: expected images of ${imageSide}×${imageSide} pixels, got ${rows}×${columns} (data.set=${name})`,
      ExitCode.usage,
    );
  }
  if (classes > mostClasses) {
    throw new UserError(
      `data.features.kind=directions: expected at most ${mostClasses} classes, got ${classes} (data.set=${name})`,
      ExitCode.usage,
    );
  }
}

type Parts = PreparedData['parts'];
type PackingFacts = Pick<DataFacts, 'packing' | 'nonZeros' | 'parts'>;

/** Images stay unchanged until the run. */
function directionFacts({ train, validation, test }: Parts): PackingFacts {
  const size = ({ values: { count } }: Part) => ({ count, nonZeros: 0 });
  const parts = { train: size(train), validation: size(validation), test: size(test) };
  return { packing: 'directions', nonZeros: [], parts };
}

function* packedFacts(
  { data, model }: Config,
  { output, keepsZeros }: Pipeline,
  parts: Parts,
  classes: number,
): Steps<PackingFacts> {
  if (!keepsZeros) {
    const width = sizeOf(output);
    const size = ({ values: { count } }: Part) => ({ count, nonZeros: count * width });
    return {
      packing: 'dense',
      nonZeros: new Uint32Array(width).fill(parts.train.values.count),
      parts: { train: size(parts.train), validation: size(parts.validation), test: size(parts.test) },
    };
  }
  const measured = {
    train: yield* measuringFeatures(parts.train.values),
    validation: yield* measuringFeatures(parts.validation.values),
    test: yield* measuringFeatures(parts.test.values),
  };
  const size = ({ count, totalNonZeros }: (typeof measured)['train']) => ({ count, nonZeros: totalNonZeros });
  return {
    packing: choosePacking(data.packing, measured.train, model.hidden[0] ?? classes),
    nonZeros: measured.train.nonZeros,
    parts: { train: size(measured.train), validation: size(measured.validation), test: size(measured.test) },
  };
}

/** No image has this label: it marks places that are not images. */
const paddingLabel = 255;

/** Writes everything that stays constant during a session: the parts and the shift. */
export function* fillingMemory(
  plan: Plan,
  { pipeline, parts }: PreparedData,
  memory: WebAssembly.Memory,
): Steps<void> {
  const { buffer } = memory;
  const { regions, input } = plan;
  const { shift } = pipeline.affine;
  if (plan.directions === null) new Float32Array(buffer, regions.shift.offset, shift.length).set(shift);
  else describeModel(plan, plan.directions, memory);
  const identity = new Int32Array(buffer, regions.identity.offset, regions.identity.bytes / 4);
  for (let i = 0; i < identity.length; i++) identity[i] = i;
  for (const name of ['train', 'validation', 'test'] as const) {
    const part = parts[name];
    const { values, starts, targets } = plan.parts[name];
    new Int32Array(buffer, targets.offset, part.targets.length).set(part.targets);
    if (plan.directions !== null) {
      fillImages(plan, name, part, buffer);
    } else if (input.packing === 'sparse') {
      yield* packingSparse(part.values, plan, buffer, values.offset, starts);
    } else {
      const out = new Uint16Array(buffer, values.offset, values.bytes / 2);
      for (const { first, rows } of rowsInSteps(part.values)) {
        packDense(rows, out.subarray(first * input.width), input.width);
        yield null;
      }
    }
  }
}

/** A part's rows, as many at a time as take some milliseconds. */
function* rowsInSteps({
  values,
  count,
  shape,
  full,
}: Values): Generator<{ readonly first: number; readonly rows: Values }> {
  const size = sizeOf(shape);
  const most = rowsAStep(size);
  for (let first = 0; first < count; first += most) {
    const rows = Math.min(most, count - first);
    yield {
      first,
      rows: { values: values.subarray(first * size, (first + rows) * size), count: rows, shape, full },
    };
  }
}

/** The rows of each step begin where those before them ended. */
function* packingSparse(
  values: Values,
  { input }: Plan,
  buffer: ArrayBufferLike,
  offset: number,
  starts: Region,
): Steps<void> {
  const addresses = new Uint32Array(buffer, starts.offset, starts.bytes / 4);
  const ranges = input.rangeEnds.length;
  addresses[0] = offset;
  for (const { first, rows } of rowsInSteps(values)) {
    const own = addresses.subarray(first * ranges);
    packSparse({ ...rows, width: input.features }, input, buffer, own[0], own);
    yield null;
  }
}

/**
 * Writes the images, and for evaluated parts their order and labels. The order is that of the file; the last chunk is
 * filled up with the last image under a label that no image has.
 */
function fillImages(
  plan: Plan,
  name: PartName,
  { values: { values: images, count }, targets }: Part,
  buffer: ArrayBufferLike,
): void {
  const part = plan.directions?.parts[name];
  if (part === undefined || count === 0) return;
  new Uint8Array(buffer, part.images.offset, images.length).set(images);
  const labels = new Uint8Array(buffer, part.labels.offset, part.labels.bytes).fill(paddingLabel);
  if (name === 'train') return;
  labels.set(targets);
  const order = new Int32Array(buffer, part.order.offset, Math.ceil(count / chunkImages) * chunkImages);
  for (let i = 0; i < order.length; i++) order[i] = Math.min(i, count - 1);
}
