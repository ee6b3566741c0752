// Principal components of the first images of a run and the statistics of their products. Components by orthogonal
// iteration (Golub & Van Loan, Matrix Computations, 4th ed., §8.2.4): within nearly equal eigenvalues the basis is an
// arbitrary rotation, which does not change the span of the products.
import { normalise } from './columns';
import { inner, multiply, orthonormalise } from './matrix';
import { LinearModel } from './model';

/** Components carried beyond those requested, so that the last ones converge as well. */
const EXTRA = 8;
const ITERATIONS = 10;

/** Bytes of room that fitComponents needs for `images` images. */
export function fittingBytes(features: i32, components: i32, images: i32): i32 {
  const wide = components + EXTRA;
  const floats = images * features + features * features + 2 * wide * features + 2 * images * components + 2 * components * components;
  return (floats << 2) + 32 * (features + components) + 1024;
}

/**
 * From the raw blocks of the run's first `images` images (a multiple of 8): the projection onto the K components of
 * greatest variance, each divided by the fourth root of its variance, all by one factor such that the products have a
 * standard deviation of ½, and minus the products' means.
 */
export function fitComponents(M: LinearModel, x: usize, images: i32, room: usize): void {
  const features = M.features, components = M.components, scale = M.scale, shift = M.shift, projection = M.projection;
  const F = <usize>features, K = <usize>components, N = <usize>images, wide = components + EXTRA;
  const rows = room, covariance = rows + (N * F << 2), projected = covariance + (F * F << 2), squared = projected + (N * K << 2);
  let basis = squared + (N * K << 2), next = basis + (<usize>wide * F << 2);
  const products = next + (<usize>wide * F << 2), squares = products + (K * K << 2), columns = squares + (K * K << 2);
  for (let b: usize = 0; b < N; b += 8) normalise(x + (b * F << 2), features, scale, shift, columns, rows + (b * F << 2), F << 2);
  multiply(rows, 4, F << 2, rows, covariance, features, images, features);
  // Any start is suitable that is not orthogonal to the components.
  let state: u32 = 1;
  for (let i: usize = 0; i < (<usize>wide * F) << 2; i += 4) {
    state = state * 1664525 + 1013904223;
    store<f32>(basis + i, <f32>(<i32>(state >> 8)) / 8388608 - 1);
  }
  orthonormalise(basis, wide, features, columns);
  for (let i = 0; i < ITERATIONS; i++) {
    multiply(basis, F << 2, 4, covariance, next, wide, features, features);
    orthonormalise(next, wide, features, columns);
    const t = basis;
    basis = next; next = t;
  }
  // Variances by Rayleigh quotients; then the basis, scaled, as columns f32 [F][K] for the projection of these images.
  multiply(basis, F << 2, 4, covariance, next, wide, features, features);
  let greatest: f32 = 0;
  for (let k: usize = 0; k < K; k++) {
    const variance = inner(basis + k * (F << 2), next + k * (F << 2), F << 2, columns) / <f32>images;
    greatest = max(greatest, variance);
    const factor = variance > greatest * 1e-6 && variance > 1e-12 ? <f32>(1 / Math.sqrt(Math.sqrt(variance))) : <f32>0;
    for (let f: usize = 0; f < F; f++) store<f32>(basis + ((k * F + f) << 2), factor * load<f32>(basis + ((k * F + f) << 2)));
  }
  for (let f: usize = 0; f < F; f++) {
    for (let k: usize = 0; k < K; k++) store<f32>(next + ((f * K + k) << 2), load<f32>(basis + ((k * F + f) << 2)));
  }
  multiply(rows, F << 2, 4, next, projected, images, features, components);
  for (let i: usize = 0; i < (N * K) << 2; i += 16) {
    const p = v128.load(projected + i);
    v128.store(squared + i, f32x4.mul(p, p));
  }
  multiply(projected, 4, K << 2, projected, products, components, images, components);
  multiply(squared, 4, K << 2, squared, squares, components, images, components);
  let spread: f64 = 0;
  for (let i: usize = 0; i < K; i++) {
    for (let j = i; j < K; j++) {
      const m = <f64>load<f32>(products + ((i * K + j) << 2)) / <f64>images;
      spread += <f64>load<f32>(squares + ((i * K + j) << 2)) / <f64>images - m * m;
    }
  }
  const deviation = Math.sqrt(max<f64>(spread / <f64>((components * (components + 1)) >> 1), 1e-12)), factor = <f32>(0.5 / deviation);
  let n = M.centres;
  for (let i: usize = 0; i < K; i++) {
    for (let j = i & ~7; j < K; j++, n += 4) store<f32>(n, -factor * load<f32>(products + ((i * K + j) << 2)) / <f32>images);
  }
  writeProjection(M, basis, <f32>Math.sqrt(0.5 / deviation));
}

/** The table's projection of raw features and its offsets, from the components of standardised ones, f32 [K][F]. */
function writeProjection(M: LinearModel, basis: usize, root: f32): void {
  const F = <usize>M.features, K = <usize>M.components, scale = M.scale, shift = M.shift, projection = M.projection;
  const offsets = projection + (F * K << 2);
  for (let k: usize = 0; k < K; k++) {
    let offset: f32 = 0;
    for (let f: usize = 0; f < F; f++) {
      const u = root * load<f32>(basis + ((k * F + f) << 2));
      offset += u * load<f32>(shift + (f << 2));
      store<f32>(projection + (((k >> 3) * F + f << 3) + (k & 7) << 2), u * scale);
    }
    store<f32>(offsets + (k << 2), offset);
  }
}
