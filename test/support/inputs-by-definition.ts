/**
 * What a network on pixels sees of the test images, from the definitions in the documentation and in float64: nothing
 * here is shared with the program but the drawing of images by their moments, which has tests of its own.
 */
import assert from 'node:assert/strict';
import type { Config } from '../../dist/config/schema.js';
import type { Dataset, Samples } from '../../dist/data/dataset.js';
import { normaliseMoments } from '../../dist/data/transforms/moments.js';
import { matmul } from '../../dist/kernels/reference.js';

/** [count][width], row-major. */
interface Matrix {
  readonly rows: Float64Array;
  readonly count: number;
  readonly width: number;
}

/** Inputs of the first `count` test images: f64 [count][width]. */
export function inputsByDefinition({ data }: Config, { train, test }: Dataset, count: number): Float64Array {
  assert.deepEqual([data.validation, data.features.kind], [0, 'pixels'], 'all training images, as pixels');
  const tested = pixelsOf(firstOf(test, count), data);
  const { normalise, normaliseEpsilon: epsilon } = data;
  if (normalise === 'none') return tested.rows;
  if (normalise === 'mnist') return tested.rows.map((x) => (x - 0.1307) / 0.3081);
  const trained = pixelsOf(train, data);
  const { width } = trained;
  const mean = meansOf(trained);
  if (normalise === 'centre') {
    let squares = 0;
    for (const [i, x] of trained.rows.entries()) squares += (x - mean[i % width]) ** 2;
    const deviation = Math.sqrt(squares / trained.rows.length);
    return tested.rows.map((x, i) => (x - mean[i % width]) / deviation);
  }
  const weight =
    normalise === 'whiten'
      ? inverseRoot(shiftedCovariance(trained, mean, epsilon), width)
      : diagonal(variancesOf(trained, mean).map((variance) => 1 / Math.sqrt(variance + epsilon)));
  // As weights files hold them: 32 bits.
  const [kept, centre] = [Float32Array.from(weight), Float32Array.from(mean)];
  const centred = tested.rows.map((x, i) => x - centre[i % width]);
  return matmul(centred, kept, count, width, width).map(inSteps);
}

/** Inputs of a linear map are kept in steps of 1/1024 from −32 to 32. */
const inSteps = (x: number) => Math.min(32 * 1024 - 1, Math.max(-32 * 1024, Math.round(x * 1024))) / 1024;

const firstOf = (samples: Samples, count: number): Samples => ({
  ...samples,
  values: samples.values.subarray(0, (samples.values.length / samples.count) * count),
  count,
});

/** From 0 to 1, cropped, then the means of blocks. */
function pixelsOf(samples: Samples, { momentNormalise, crop, pool }: Config['data']): Matrix {
  const { count, shape } = samples;
  const [height, line] = shape;
  const images = momentNormalise ? normaliseMoments(samples).values : samples.values;
  const [down, across] = [height, line].map((side) => Math.floor((side - 2 * crop) / pool));
  const width = down * across;
  const rows = new Float64Array(count * width);
  for (let i = 0; i < rows.length; i++) {
    const [sample, p] = [Math.floor(i / width), i % width];
    const [y, x] = [Math.floor(p / across), p % across];
    for (let v = 0; v < pool; v++)
      for (let u = 0; u < pool; u++)
        rows[i] += images[(sample * height + crop + y * pool + v) * line + crop + x * pool + u];
    rows[i] /= 255 * pool * pool;
  }
  return { rows, count, width };
}

function meansOf({ rows, count, width }: Matrix): Float64Array {
  const sums = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) sums[i % width] += rows[i];
  return sums.map((sum) => sum / count);
}

function variancesOf({ rows, count, width }: Matrix, mean: Float64Array): Float64Array {
  const sums = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) sums[i % width] += (rows[i] - mean[i % width]) ** 2;
  return sums.map((sum) => sum / count);
}

/** The covariance, plus epsilon on its diagonal. */
function shiftedCovariance({ rows, count, width }: Matrix, mean: Float64Array, epsilon: number) {
  const centred = rows.map((x, i) => x - mean[i % width]);
  const transposed = new Float64Array(rows.length);
  for (let i = 0; i < rows.length; i++) transposed[(i % width) * count + Math.floor(i / width)] = centred[i];
  return matmul(transposed, centred, width, count, width).map(
    (sum, i) => sum / count + (i % (width + 1) === 0 ? epsilon : 0),
  );
}

function diagonal(values: Float64Array): Float64Array {
  const matrix = new Float64Array(values.length ** 2);
  for (const [p, value] of values.entries()) matrix[p * (values.length + 1)] = value;
  return matrix;
}

/**
 * A^(−1/2) of a symmetric positive definite matrix by the coupled Newton–Schulz iteration (Higham 2008, "Functions of
 * Matrices", § 6.3), which finds no eigenvectors. With A over its trace, every eigenvalue lies between 0 and 1.
 */
function inverseRoot(matrix: Float64Array, n: number): Float64Array {
  let trace = 0;
  for (let p = 0; p < n; p++) trace += matrix[p * (n + 1)];
  let root: Float64Array = matrix.map((value) => value / trace);
  let inverse: Float64Array = diagonal(new Float64Array(n).fill(1));
  for (let left = 60; ; left--) {
    const product = matmul(inverse, root, n, n, n);
    const off = product.reduce((most, x, i) => Math.max(most, Math.abs(x - Number(i % (n + 1) === 0))), 0);
    if (off < 1e-11) break;
    assert.ok(left > 0, `no inverse root: off by ${off}`);
    const step = product.map((x, i) => (3 * Number(i % (n + 1) === 0) - x) / 2);
    root = matmul(root, step, n, n, n);
    inverse = matmul(step, inverse, n, n, n);
  }
  return inverse.map((value) => value / Math.sqrt(trace));
}
