/** The kernels of direction features against float64, on a few small images: the start-up self-test. */
import { relativeError } from './check-errors.js';
import type { CheckResult } from './checks.js';
import { type DirectionKernels, mostClasses, stripIndex, stripVectorFloats } from './direction-kernels.js';
import { directionFeatures } from './directions-reference.js';
import { reservedBytes } from './kernels.js';

const features = 128;
const pixels = 784;
/** One whole block and one with three images. */
const images = 11;

export interface DirectionCheck extends Pick<CheckResult, 'error'> {
  readonly kernel: keyof DirectionKernels;
}

/**
 * Edges of the grid lie on 1/16384 of a pixel, so a pooled sum is off by up to about 1e-4 of the greatest; the
 * square root makes more of that where a feature is small, so squares are compared.
 */
export function checkDirections(
  kernels: DirectionKernels,
  memory: WebAssembly.Memory,
  grid: number,
): DirectionCheck[] {
  const { buffer } = memory;
  let top = reservedBytes;
  const take = (bytes: number) => {
    const at = top;
    top = (top + bytes + 127) & ~127;
    return at;
  };
  const floats = (count: number) => new Float32Array(buffer, take(count * 4), count);
  const drawn = new Uint8Array(buffer, take(pixels * images + 64), pixels * images);
  for (let i = 0; i < images; i++) drawn.set(sampleImage(i), i * pixels);
  const order = new Int32Array(buffer, take(64), 16);
  for (let i = 0; i < 16; i++) order[i] = Math.min(i, images - 1);
  const labels = new Uint8Array(buffer, take(64), 16).fill(255);
  for (let i = 0; i < images; i++) labels[i] = i % mostClasses;
  const scratch = take(kernels.scratchBytes());
  const x = floats(2 * features * 8);
  kernels.initialise(scratch);
  kernels.extract(drawn.byteOffset, order.byteOffset, 2, x.byteOffset, scratch);
  const at = (image: number, feature: number) => ((image >> 3) * features + feature) * 8 + (image & 7);
  const expected = Array.from({ length: images }, (_, i) =>
    directionFeatures(drawn.subarray(i * pixels, (i + 1) * pixels), grid),
  );
  const square = (value: number) => value * value;
  const errors: DirectionCheck[] = [];
  const check = (kernel: keyof DirectionKernels, got: ArrayLike<number>, wanted: ArrayLike<number>) =>
    errors.push({ kernel, error: relativeError(got, wanted) });
  const flat = (f: (image: number, feature: number) => number) =>
    Array.from({ length: images * features }, (_, i) => f(Math.floor(i / features), i % features));
  check(
    'extract',
    flat((i, f) => square(x[at(i, f)])),
    flat((i, f) => square(expected[i][f])),
  );

  const sums = floats((features + 1) * 8);
  kernels.blockStatistics(x.byteOffset, 2, features, images - 8, sums.byteOffset);
  const [mean, shift] = [floats(features), floats(features)];
  const scale = kernels.combineStatistics(
    ...([sums.byteOffset, 1, 0, features, images, mean.byteOffset, shift.byteOffset] as const),
  );
  const means = Array.from({ length: features }, (_, f) => {
    let sum = 0;
    for (let i = 0; i < images; i++) sum += x[at(i, f)];
    return sum / images;
  });
  check('blockStatistics', mean, means);
  let variance = 0;
  for (let i = 0; i < images; i++)
    for (let f = 0; f < features; f++) variance += square(x[at(i, f)] - means[f]);
  check('combineStatistics', [scale], [1 / Math.sqrt(variance / images / features)]);

  const weights = floats(stripVectorFloats(features));
  for (let f = 0; f < features; f++)
    for (let k = 0; k < mostClasses; k++) weights[stripIndex(f, k)] = 0.1 * Math.sin(f * 3 + k * 7);
  const columns = floats(features * 8);
  const [deltas, rows] = [floats(2 * 80), floats(16 * features)];
  const totals = new Float64Array(buffer, take(64), 2);
  const passed = [
    2,
    features,
    weights.byteOffset,
    scale,
    shift.byteOffset,
    mostClasses,
    1 / images,
    0.1,
  ] as const;
  const outputs = [columns.byteOffset, deltas.byteOffset, rows.byteOffset, totals.byteOffset] as const;
  totals.fill(0);
  kernels.propagate(x.byteOffset, labels.byteOffset, ...passed, ...outputs);
  const judged = reference(weights, (i, f) => (x[at(i, f)] - means[f]) * scale, labels, 0.1);
  const wanted = Array.from({ length: images * mostClasses }, (_, i) => judged.deltas[i] / images);
  const delta = (i: number, k: number) => deltas[(i >> 3) * 80 + k * 8 + (i & 7)];
  check(
    'propagate',
    wanted.map((_, n) => delta(Math.floor(n / mostClasses), n % mostClasses)),
    wanted,
  );
  check('propagate', totals, [judged.loss, judged.hits]);

  const gradient = floats(stripVectorFloats(features));
  const strips = [0, features / 8, 1] as const;
  kernels.gradient(rows.byteOffset, deltas.byteOffset, 2, features, ...strips, gradient.byteOffset);
  const slope = (f: number, k: number) => {
    let sum = 0;
    for (let i = 0; i < images; i++) sum += wanted[i * mostClasses + k] * (x[at(i, f)] - means[f]) * scale;
    return sum;
  };
  const places = Array.from(
    { length: features * mostClasses },
    (_, n) => [Math.floor(n / 10), n % 10] as const,
  );
  check(
    'gradient',
    places.map(([f, k]) => gradient[stripIndex(f, k)]),
    places.map(([f, k]) => slope(f, k)),
  );

  const folded = floats(stripVectorFloats(features));
  kernels.foldWeights(
    ...([features, weights.byteOffset, scale, shift.byteOffset, mostClasses, folded.byteOffset] as const),
  );
  totals.fill(0);
  const room = floats(160).byteOffset;
  kernels.evaluate(
    ...([x.byteOffset, labels.byteOffset, 2, features, folded.byteOffset, room, totals.byteOffset] as const),
  );
  const plain = reference(weights, (i, f) => (x[at(i, f)] - means[f]) * scale, labels, 0);
  check('evaluate', totals, [plain.loss, plain.hits]);

  const velocity = floats(stripVectorFloats(features));
  const [batches, rates] = [new Int32Array(buffer, take(64), 1), new Float64Array(buffer, take(64), 1)];
  rates[0] = 0.5;
  const before = weights.slice();
  kernels.train(
    ...([x.byteOffset, labels.byteOffset, features, weights.byteOffset, velocity.byteOffset, scale] as const),
    ...([
      shift.byteOffset,
      mostClasses,
      batches.byteOffset,
      1,
      2,
      images,
      rates.byteOffset,
      0.9,
      1,
      0,
    ] as const),
    ...([0.1, ...outputs.slice(0, 3), totals.byteOffset, 16] as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]),
  );
  // The first step of Nesterov momentum: g + 0.9 g.
  const moved = (f: number, k: number) => weights[stripIndex(f, k)] - before[stripIndex(f, k)];
  check(
    'train',
    places.map(([f, k]) => moved(f, k)),
    places.map(([f, k]) => -0.5 * 1.9 * slope(f, k)),
  );
  return errors;
}

/** Deltas (times the batch), loss sum and hits of the sample images. */
function reference(
  weights: Float32Array,
  input: (image: number, feature: number) => number,
  labels: Uint8Array,
  smoothing: number,
) {
  const deltas: number[] = [];
  let [loss, hits] = [0, 0];
  for (let i = 0; i < images; i++) {
    const logits = Array.from({ length: mostClasses }, (_, k) => {
      let sum = weights[(features / 8) * 80 + k];
      for (let f = 0; f < features; f++) sum += weights[stripIndex(f, k)] * input(i, f);
      return sum;
    });
    const greatest = Math.max(...logits);
    const total = logits.reduce((sum, z) => sum + Math.exp(z - greatest), 0);
    logits.forEach((z, k) => {
      const target = smoothing / mostClasses + (k === labels[i] ? 1 - smoothing : 0);
      deltas.push(Math.exp(z - greatest) / total - target);
      loss -= target * (z - greatest - Math.log(total));
    });
    if (logits[labels[i]] === greatest) hits++;
  }
  return { deltas, loss, hits };
}

/** Blank, full, a single pixel in a corner, and strokes of several slants and widths. */
function sampleImage(number: number): Uint8Array {
  const image = new Uint8Array(pixels);
  if (number === 1) image.fill(255);
  if (number === 2) image[pixels - 1] = 255;
  if (number < 3) return image;
  for (let y = 4; y < 24; y++) {
    const centre = 14 + (number - 7) * 0.06 * (y - 14) * (1 + 0.05 * (y - 10));
    for (let x = 0; x < 28; x++) {
      const stroke = 1.5 + number * 0.2 - Math.abs(x - centre);
      image[y * 28 + x] = Math.max(0, Math.min(255, Math.round(stroke * 120)));
    }
  }
  return image;
}
