/** The kernels of direction features against float64, on a few small images: the start-up self-test. */

import { reservedBytes } from '../../memory/arena.js';
import type { CheckResult } from '../check-errors.js';
import { relativeError } from '../check-errors.js';
import { sampleImage, samplePixels } from '../sample-images.js';
import { type DirectionKernels, mostClasses } from './direction-kernels.js';
import { directionFeatures, projected } from './directions-reference.js';
import { checkLinear } from './linear-checks.js';
import { linearFieldOffset, linearModelBytes, productStrips, writeLinearModel } from './linear-model.js';
import type { DirectionShape } from './spec.js';

/** One whole block and one with three images. */
const images = 11;

export interface DirectionCheck extends Pick<CheckResult, 'error'> {
  readonly kernel: keyof DirectionKernels;
}

/** Regions of a test memory, one after the other. */
export class CheckMemory {
  readonly memory: WebAssembly.Memory;
  #top = reservedBytes;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
  }

  take(bytes: number): number {
    const at = this.#top;
    this.#top = (at + bytes + 127) & ~127;
    return at;
  }

  floats(count: number): Float32Array {
    return new Float32Array(this.memory.buffer, this.take(count * 4), count).fill(0);
  }

  doubles(count: number): Float64Array {
    return new Float64Array(this.memory.buffer, this.take(count * 8), count).fill(0);
  }
}

/** The data that the checks of the softmax regression need of the direction features. */
export interface CheckedFeatures {
  readonly shape: DirectionShape;
  readonly images: number;
  /** f32 [2 blocks][features][8] */
  readonly blocks: Float32Array;
  /** u8 [16], 255 if there is no image. */
  readonly labels: Uint8Array;
  readonly model: number;
  readonly mean: Float32Array;
  readonly scale: number;
  readonly projection: Float32Array;
  readonly centres: Float32Array;
}

/**
 * Edges of the grid are rounded to 1/16384 of a pixel, so a pooled sum is off by up to about 1e-4 of the largest. The
 * square root enlarges the error of small direction features, so squares are compared.
 */
export function checkDirections(
  kernels: DirectionKernels,
  memory: WebAssembly.Memory,
  shape: DirectionShape,
): DirectionCheck[] {
  const room = new CheckMemory(memory);
  const errors: DirectionCheck[] = [];
  const check = (kernel: keyof DirectionKernels, got: ArrayLike<number>, wanted: ArrayLike<number>) =>
    errors.push({ kernel, error: relativeError(got, wanted) });
  const checked = extractAndFit(kernels, room, shape, check);
  checkLinear(kernels, room, checked, check);
  return errors;
}

export type Check = (
  kernel: keyof DirectionKernels,
  got: ArrayLike<number>,
  wanted: ArrayLike<number>,
) => unknown;

function extractAndFit(
  kernels: DirectionKernels,
  room: CheckMemory,
  shape: DirectionShape,
  check: Check,
): CheckedFeatures {
  const { buffer } = room.memory;
  const { features, components } = shape;
  const drawn = new Uint8Array(buffer, room.take(samplePixels * images + 64), samplePixels * images);
  for (let i = 0; i < images; i++) drawn.set(sampleImage(i), i * samplePixels);
  const order = new Int32Array(buffer, room.take(64), 16);
  for (let i = 0; i < 16; i++) order[i] = Math.min(i, images - 1);
  const labels = new Uint8Array(buffer, room.take(64), 16).fill(255);
  for (let i = 0; i < images; i++) labels[i] = i % mostClasses;
  const scratch = room.take(kernels.scratchBytes());
  const x = room.floats(2 * features * 8);
  const flags = [shape.aspect, shape.allRows, shape.sobel].map(Number) as [number, number, number];
  kernels.initialise(scratch, shape.size, ...flags, shape.pool);
  kernels.extract(drawn.byteOffset, order.byteOffset, 2, x.byteOffset, scratch);
  const at = (image: number, feature: number) => x[((image >> 3) * features + feature) * 8 + (image & 7)];
  const expected = Array.from({ length: images }, (_, i) =>
    directionFeatures(drawn.subarray(i * samplePixels, (i + 1) * samplePixels), shape),
  );
  const all = Array.from(
    { length: images * features },
    (_, n) => [Math.floor(n / features), n % features] as const,
  );
  const squares = (value: (i: number, f: number) => number) => all.map(([i, f]) => value(i, f) ** 2);
  check(
    'extract',
    squares(at),
    squares((i, f) => expected[i][f]),
  );

  const sums = room.floats((features + 1) * 8);
  kernels.blockStatistics(x.byteOffset, 2, features, images - 8, sums.byteOffset);
  const [mean, shift] = [room.floats(features), room.floats(features)];
  const projection = room.floats((features + 1) * components);
  const centres = room.floats(productStrips(components) * 8);
  const model = room.take(linearModelBytes);
  writeLinearModel(room.memory, model, {
    features,
    components,
    mean: mean.byteOffset,
    shift: shift.byteOffset,
    projection: projection.byteOffset,
    centres: centres.byteOffset,
  });
  kernels.combineStatistics(model, sums.byteOffset, 1, 0, images);
  const means = Array.from({ length: features }, (_, f) => {
    let sum = 0;
    for (let i = 0; i < images; i++) sum += at(i, f);
    return sum / images;
  });
  check('blockStatistics', mean, means);
  const variance = all.reduce((sum, [i, f]) => sum + (at(i, f) - means[f]) ** 2, 0);
  const scale = new DataView(buffer).getFloat32(model + linearFieldOffset('scale'), true);
  check('combineStatistics', [scale], [1 / Math.sqrt(variance / images / features)]);
  if (components > 0) {
    // The images of one whole block suffice to check the centres and scales of the products.
    const fitted = 8;
    kernels.fitComponents(
      model,
      x.byteOffset,
      fitted,
      room.take(kernels.fittingBytes(features, components, fitted)),
    );
    checkProducts(projection, centres, shape, fitted, at, check);
  }
  return { shape, images, blocks: x, labels, model, mean, scale, projection, centres };
}

/**
 * Checks the components: their directions are orthogonal, and each component's variance times its direction's squared
 * length is the same. Products have the mean that the centres subtract, and a standard deviation of ½.
 */
function checkProducts(
  projection: Float32Array,
  centres: Float32Array,
  shape: DirectionShape,
  fitted: number,
  at: (image: number, feature: number) => number,
  check: Check,
): void {
  const { features, components } = shape;
  const weight = (k: number, f: number) => projection[((k >> 3) * features + f) * 8 + (k & 7)];
  const p = Array.from({ length: fitted }, (_, i) => projected(projection, shape, (f) => at(i, f)));
  const sumOver = (count: number, term: (n: number) => number) => {
    let sum = 0;
    for (let n = 0; n < count; n++) sum += term(n);
    return sum;
  };
  const lengths = Array.from({ length: components }, (_, k) => sumOver(features, (f) => weight(k, f) ** 2));
  const real = lengths.flatMap((length, k) => (length > 0 ? [k] : []));
  const balance = real.map((k) => lengths[k] * sumOver(fitted, (n) => p[n][k] ** 2));
  check(
    'fitComponents',
    balance.map((value) => value / balance[0]),
    real.map(() => 1),
  );
  const [mixed, means, centred] = [[1], [] as number[], [] as number[]];
  let strip = 0;
  let spread = 0;
  for (let i = 0; i < components; i++) {
    for (let j = i; j < components; j++) {
      const place = strip * 8 + j - (i - (i % 8));
      const mean = sumOver(fitted, (n) => p[n][i] * p[n][j]) / fitted;
      spread += sumOver(fitted, (n) => (p[n][i] * p[n][j] - mean) ** 2) / fitted;
      means.push(mean);
      centred.push(-centres[place]);
      const overlap = sumOver(features, (f) => weight(i, f) * weight(j, f));
      if (j > i && lengths[i] * lengths[j] > 0) mixed.push(1 + overlap / Math.sqrt(lengths[i] * lengths[j]));
    }
    strip += (components - (i - (i % 8))) / 8;
  }
  check('fitComponents', centred, means);
  check('fitComponents', [Math.sqrt(spread / means.length)], [0.5]);
  check(
    'fitComponents',
    mixed,
    mixed.map(() => 1),
  );
}
