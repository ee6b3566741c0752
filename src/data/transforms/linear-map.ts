/**
 * Input normalisations by a linear map fitted on the training images (LeCun, Bottou, Orr & Müller 1998, "Efficient
 * BackProp", § 4.3). With x the pixels from 0 to 1, μ their means and C their covariance, the inputs of a network are
 *
 * - standardise: (x_p − μ_p) / √(C_pp + ε);
 * - whiten: (C + ε)^(−1/2) · (x − μ), the symmetric root: zero-phase components (ZCA; Bell & Sejnowski 1997). Of all
 *   whitening maps it changes the images least.
 *
 * Every input then has mean 0 and a variance of at most 1, and after whitening no two are correlated. ε limits the
 * amplification of noise in directions without variance.
 */

import { isLinearMap } from '../../config/capabilities.js';
import type { Op } from '../../model/op.js';
import { findTensor } from '../../model/parameters.js';
import type { Tensor } from '../../model/safetensors.js';
import { square } from '../../numbers/elementary.js';
import { rowsAStep, type Steps } from '../../numbers/steps.js';
import { ExitCode, UserError } from '../../user-error.js';
import { solvingSymmetricEigen } from './symmetric-eigen.js';
import {
  type Fitted,
  type Shape,
  type Stored,
  sizeOf,
  type TransformKind,
  type Values,
} from './transform.js';

type LinearKind = 'standardise' | 'whiten';

export const linearMapOf: TransformKind = {
  keys: ['normalise'],
  of: ({ normalise, normaliseEpsilon }) =>
    isLinearMap(normalise)
      ? {
          *fit(train) {
            refuseTooWide(normalise, sizeOf(train.shape));
            return fitted(
              yield* fittingNormaliser(normalise, train, normaliseEpsilon),
              train.shape,
              train.full,
            );
          },
          restore(stored, { shape, full }) {
            const normaliser = readNormaliser(stored, normalise, sizeOf(shape));
            return normaliser && fitted(normaliser, shape, full);
          },
        }
      : null,
};

/** `full`: the value of full light. */
function fitted(normaliser: LinearNormaliser, output: Shape, full: number): Fitted {
  const map = applied(normaliser);
  return {
    output,
    keepsValues: false,
    keepsZeros: false,
    encoding: null,
    affine: { scale: fixedPoint.scale, shift: new Float32Array(sizeOf(output)).fill(fixedPoint.shift) },
    apply: (samples, out) => normaliseLinearly(samples, map, out ?? new Uint16Array(samples.values.length)),
    describe: () => describeMap(map, full),
    tensors: () => normaliserTensors(normaliser),
  };
}

/** input = weight · (x − mean). */
export interface LinearNormaliser {
  /** f32 [pixels] */
  readonly mean: Float32Array;
  /** f32 [pixels] of a scale for each, or [pixels][pixels]; symmetric. */
  readonly weight: Float32Array;
}

/** Names of the map's tensors in a weights file. */
export const [meanName, mapName] = ['normalise.mean', 'normalise.weight'];

/** Whitening 4,096 inputs takes hours, and 0.6 GB for its matrices; whitening 784 takes seconds. */
const mostWhitened = 4096;

function refuseTooWide(kind: LinearKind, width: number): void {
  if (kind !== 'whiten' || width <= mostWhitened) return;
  throw new UserError(
    `data.normalise=whiten: expected at most ${mostWhitened} pixels an image, got ${width}; data.pool and data.crop make images smaller`,
    ExitCode.usage,
  );
}

/** Fits the map on the training images. */
function* fittingNormaliser(kind: LinearKind, train: Values, epsilon: number): Steps<LinearNormaliser> {
  const { count, full: unit } = train;
  const width = sizeOf(train.shape);
  const { sums, products } = yield* secondMoments(train, kind === 'whiten');
  const mean = sums.map((sum) => sum / count / unit);
  const covariance = (p: number, q: number, at: number) =>
    products[at] / count / square(unit) - mean[p] * mean[q];
  if (kind === 'standardise') {
    const weight = Float32Array.from(
      mean,
      (_, p) => 1 / Math.sqrt(Math.max(0, covariance(p, p, p)) + epsilon),
    );
    return { mean: Float32Array.from(mean), weight };
  }
  const matrix = new Float64Array(width * width);
  for (let p = 0; p < width; p++) {
    yield null;
    for (let q = p; q < width; q++) {
      matrix[p * width + q] = covariance(p, q, p * width + q);
      matrix[q * width + p] = matrix[p * width + q];
    }
  }
  return { mean: Float32Array.from(mean), weight: yield* inverseRoot(matrix, width, epsilon) };
}

/** Exact sums of values, and of products [width][width] in the upper triangle, or of squares [width]. */
function* secondMoments(
  { values, count, shape }: Values,
  pairs: boolean,
): Steps<{ readonly sums: Float64Array; readonly products: Float64Array }> {
  const width = sizeOf(shape);
  const sums = new Float64Array(width);
  const products = new Float64Array(pairs ? width * width : width);
  // The pixels of a row that are not blank, and their places.
  const places = new Int32Array(width);
  const lit = new Float64Array(width);
  const stride = rowsAStep(pairs ? width * width : width);
  for (let row = 0; row < count; row++) {
    if (row % stride === stride - 1) yield { doing: 'measuring pixels', share: row / count };
    const at = row * width;
    let found = 0;
    for (let p = 0; p < width; p++) {
      if (values[at + p] === 0) continue;
      places[found] = p;
      lit[found++] = values[at + p];
    }
    for (let i = 0; i < found; i++) {
      const value = lit[i];
      sums[places[i]] += value;
      const line = places[i] * width;
      if (!pairs) products[places[i]] += value * value;
      else for (let j = i; j < found; j++) products[line + places[j]] += value * lit[j];
    }
  }
  return { sums, products };
}

/** (C + ε)^(−1/2) = Σ v vᵀ / √(λ + ε) over the eigenvectors v of C. */
function* inverseRoot(matrix: Float64Array, n: number, epsilon: number): Steps<Float32Array> {
  const { values, vectors } = yield* solvingSymmetricEigen(matrix, n);
  // A covariance has no negative eigenvalue; rounding may have given it one.
  const quarter = values.map((value) => 1 / Math.sqrt(Math.sqrt(Math.max(0, value) + epsilon)));
  const columns = new Float64Array(n * n);
  for (let k = 0; k < n; k++)
    for (let p = 0; p < n; p++) columns[p * n + k] = vectors[k * n + p] * quarter[k];
  const root = new Float32Array(n * n);
  for (let p = 0; p < n; p++) {
    yield { doing: 'making the whitening map', share: (p / n) * (2 - p / n) };
    for (let q = p; q < n; q++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += columns[p * n + k] * columns[q * n + k];
      root[p * n + q] = sum;
      root[q * n + p] = sum;
    }
  }
  return root;
}

/**
 * Normalised inputs are kept in 16 bits: steps of 1/1024 from −32 to 32. Inputs with standard deviations of about 1
 * lose nothing relevant; values outside are clipped.
 */
export const fixedPoint = { scale: 1 / 1024, shift: 32 } as const;

/** As it is applied: in float64, with the input of a blank image, −weight · mean. */
interface Applied {
  readonly weight: Float64Array;
  readonly blank: Float64Array;
}

function applied({ mean, weight }: LinearNormaliser): Applied {
  const width = mean.length;
  const rows = Float64Array.from(weight);
  const isMap = weight.length > width;
  const blank = new Float64Array(width);
  for (let p = 0; p < width; p++) {
    if (isMap) for (let q = 0; q < width; q++) blank[p] -= rows[p * width + q] * mean[q];
    else blank[p] = -rows[p] * mean[p];
  }
  return { weight: rows, blank };
}

function describeMap({ weight, blank }: Applied, full: number): Op[] {
  const width = blank.length;
  const bound = fixedPoint.shift;
  const rounded: Op = { op: 'fixedPoint', step: fixedPoint.scale, bound };
  if (weight.length === width) {
    const scale = weight.map((value) => value / full);
    return [{ op: 'affine', scale, shift: blank.map((value) => -value) }, rounded];
  }
  const light: Op = { op: 'affine', scale: Float64Array.of(1 / full), shift: new Float64Array(width) };
  return [light, { op: 'dense', inputs: width, outputs: width, weight, bias: blank }, rounded];
}

/** Inputs of a part in fixed point: input = value · scale − shift. */
function normaliseLinearly(samples: Values, { weight, blank }: Applied, out: Values['values']): Values {
  const { values, count, shape, full } = samples;
  const width = sizeOf(shape);
  const unit = 1 / full;
  const inputOf = weight.length > width ? mapped : scaled;
  const input = new Float64Array(width);
  for (let row = 0; row < count; row++) {
    input.set(blank);
    inputOf(values.subarray(row * width, (row + 1) * width), unit, weight, input);
    for (let p = 0; p < width; p++) {
      const stored = Math.round((input[p] + fixedPoint.shift) / fixedPoint.scale);
      out[row * width + p] = Math.min(65535, Math.max(0, stored));
    }
  }
  return { values: out, count, shape, full: 255 };
}

type Pixels = Values['values'];

/** Adds a scale's product with the pixels, times `unit`, to `out`. */
function scaled(pixels: Pixels, unit: number, scale: Float64Array, out: Float64Array): void {
  for (let p = 0; p < pixels.length; p++) out[p] += scale[p] * pixels[p] * unit;
}

/**
 * Adds the symmetric map's product with the pixels, times `unit`, to `out`. Most pixels of most images are blank; the
 * others are processed four at a time, so that the sums are read and written a quarter as often.
 */
function mapped(pixels: Pixels, unit: number, map: Float64Array, out: Float64Array): void {
  const width = pixels.length;
  const lit: number[] = [];
  for (let p = 0; p < width; p++) if (pixels[p] !== 0) lit.push(p);
  const fours = lit.length - (lit.length % 4);
  for (let i = 0; i < fours; i += 4) {
    const [p, q, r, s] = [lit[i], lit[i + 1], lit[i + 2], lit[i + 3]];
    const [a, b, c, d] = [pixels[p] * unit, pixels[q] * unit, pixels[r] * unit, pixels[s] * unit];
    const [A, B, C, D] = [p * width, q * width, r * width, s * width];
    for (let k = 0; k < width; k++)
      out[k] += a * map[A + k] + b * map[B + k] + c * map[C + k] + d * map[D + k];
  }
  for (const p of lit.slice(fours)) {
    const a = pixels[p] * unit;
    for (let k = 0; k < width; k++) out[k] += a * map[p * width + k];
  }
}

function normaliserTensors({ mean, weight }: LinearNormaliser): Map<string, Tensor> {
  const P = mean.length;
  return new Map([
    [meanName, { shape: [P], data: mean }],
    [mapName, { shape: weight.length === P ? [P] : [P, P], data: weight }],
  ]);
}

/** Null if the tensors hold none. @throws UserError naming the file if it does not fit. */
function readNormaliser(
  { tensors, prefix, source }: Stored,
  kind: LinearKind,
  width: number,
): LinearNormaliser | null {
  if (!tensors.has(prefix + mapName)) return null;
  const shape = kind === 'whiten' ? [width, width] : [width];
  return {
    mean: findTensor(tensors, prefix + meanName, [width], source),
    weight: findTensor(tensors, prefix + mapName, shape, source),
  };
}
