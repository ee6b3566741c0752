/**
 * Principal components of the first images of a run and the statistics of their products. Components by orthogonal
 * iteration (Golub & Van Loan, Matrix Computations, 4th ed., §8.2.4): within nearly equal eigenvalues the basis is an
 * arbitrary rotation, which does not change the span of the products.
 */
import { sequence } from '../text.ts';
import { fields } from './parts.ts';

/** Components carried beyond those requested, so that the last ones converge as well. */
const extra = 8;
const iterations = 10;

const tile = sequence(8);

const multiply = `
/**
 * out[r][c] = Σ a[r][t] · b[t][c]: rows and columns multiples of 8, out and b without gaps; strides of a in bytes. Eight
 * rows × eight columns in registers.
 */
function multiply(a: usize, aRow: usize, aInner: usize, b: usize, out: usize, rows: i32, inner: i32, columns: i32): void {
  const line = <usize>columns << 2;
  for (let r = 0; r < rows; r += 8, a += aRow << 3, out += line << 3) {
    for (let c: usize = 0; c < line; c += 32) {
      let ${tile.map((i) => `s${i}l = f32x4.splat(0), s${i}h = f32x4.splat(0)`).join(', ')}, p = a, q = b + c;
      for (let t = 0; t < inner; t++, p += aInner, q += line) {
        const xl = v128.load(q), xh = v128.load(q, 16);
        let e = p; ${tile.map((i) => `{ const w = v128.load_splat<f32>(e); s${i}l = madd(w, xl, s${i}l); s${i}h = madd(w, xh, s${i}h); e += aRow; }`).join(' ')}
      }
      let o = out + c; ${tile.map((i) => `v128.store(o, s${i}h, 16); v128.store(o, s${i}l); o += line;`).join(' ')}
    }
  }
}`;

const orthonormalise = `
/** Scalar product of two rows; its partial sums pass through the first 32 bytes of room, so that V8 keeps them 256 bits wide. */
function inner(a: usize, b: usize, bytes: usize, room: usize): f32 {
  let l = f32x4.splat(0), h = f32x4.splat(0);
  for (let f: usize = 0; f < bytes; f += 32) {
    const al = v128.load(a + f), ah = v128.load(a + f, 16), bl = v128.load(b + f), bh = v128.load(b + f, 16);
    l = madd(al, bl, l); h = madd(ah, bh, h);
  }
  v128.store(room, h, 16); v128.store(room, l);
  return sumLanes(f32x4.add(v128.load(room), v128.load(room, 16)));
}
/** Rows q f32 [count][F] by modified Gram–Schmidt; a row without a direction of its own becomes zero. */
function orthonormalise(q: usize, count: i32, features: i32, room: usize): void {
  const bytes = <usize>features << 2;
  for (let r = 0; r < count; r++) {
    const row = q + <usize>r * bytes, before = inner(row, row, bytes, room);
    for (let s = 0; s < r; s++) {
      const other = q + <usize>s * bytes, d = f32x4.splat(-inner(row, other, bytes, room));
      for (let f: usize = 0; f < bytes; f += 32) {
        const x = row + f, y = other + f, l = madd(d, v128.load(y), v128.load(x)), h = madd(d, v128.load(y, 16), v128.load(x, 16));
        v128.store(x, h, 16); v128.store(x, l);
      }
    }
    const left = inner(row, row, bytes, room), factor = f32x4.splat(left > before * 1e-10 && left > 1e-30 ? <f32>1 / <f32>Math.sqrt(left) : <f32>0);
    for (let f: usize = 0; f < bytes; f += 16) v128.store(row + f, f32x4.mul(factor, v128.load(row + f)));
  }
}`;

const fit = `
/** Bytes of room that fitComponents needs for \`images\` images. */
export function fittingBytes(features: i32, components: i32, images: i32): i32 {
  const wide = components + ${extra};
  return ((images * features + features * features + 2 * wide * features + 2 * images * components + 2 * components * components) << 2) + 32 * (features + components) + 1024;
}
/**
 * From the raw blocks of the run's first \`images\` images (a multiple of 8): the projection onto the K components of
 * greatest variance, each divided by the fourth root of its variance, all by one factor such that the products have a
 * standard deviation of ½, and minus the products' means.
 */
export function fitComponents(M: usize, x: usize, images: i32, room: usize): void {
  ${fields('features', 'components', 'scale', 'shift', 'projection', 'centres')}
  const F = <usize>features, K = <usize>components, N = <usize>images, wide = components + ${extra};
  const rows = room, covariance = rows + (N * F << 2), projected = covariance + (F * F << 2), squared = projected + (N * K << 2);
  let basis = squared + (N * K << 2), next = basis + (<usize>wide * F << 2); const products = next + (<usize>wide * F << 2), squares = products + (K * K << 2), columns = squares + (K * K << 2);
  for (let b: usize = 0; b < N; b += 8) normalise(x + (b * F << 2), features, scale, shift, columns, rows + (b * F << 2), F << 2);
  multiply(rows, 4, F << 2, rows, covariance, features, images, features);
  // Any start is suitable that is not orthogonal to the components.
  let state: u32 = 1;
  for (let i: usize = 0; i < (<usize>wide * F) << 2; i += 4) { state = state * 1664525 + 1013904223; store<f32>(basis + i, <f32>(<i32>(state >> 8)) / 8388608 - 1); }
  orthonormalise(basis, wide, features, columns);
  for (let i = 0; i < ${iterations}; i++) {
    multiply(basis, F << 2, 4, covariance, next, wide, features, features);
    orthonormalise(next, wide, features, columns);
    const t = basis; basis = next; next = t;
  }
  // Variances by Rayleigh quotients; then the basis, scaled, as columns f32 [F][K] for the projection of these images.
  multiply(basis, F << 2, 4, covariance, next, wide, features, features);
  const offsets = projection + (F * K << 2); let greatest: f32 = 0;
  for (let k: usize = 0; k < K; k++) {
    const variance = inner(basis + k * (F << 2), next + k * (F << 2), F << 2, columns) / <f32>images; greatest = max(greatest, variance);
    const factor = variance > greatest * 1e-6 && variance > 1e-12 ? <f32>(1 / Math.sqrt(Math.sqrt(variance))) : <f32>0;
    for (let f: usize = 0; f < F; f++) store<f32>(basis + ((k * F + f) << 2), factor * load<f32>(basis + ((k * F + f) << 2)));
  }
  for (let f: usize = 0; f < F; f++) for (let k: usize = 0; k < K; k++) store<f32>(next + ((f * K + k) << 2), load<f32>(basis + ((k * F + f) << 2)));
  multiply(rows, F << 2, 4, next, projected, images, features, components);
  for (let i: usize = 0; i < (N * K) << 2; i += 16) { const p = v128.load(projected + i); v128.store(squared + i, f32x4.mul(p, p)); }
  multiply(projected, 4, K << 2, projected, products, components, images, components);
  multiply(squared, 4, K << 2, squared, squares, components, images, components);
  let spread: f64 = 0;
  for (let i: usize = 0; i < K; i++) for (let j = i; j < K; j++) { const m = <f64>load<f32>(products + ((i * K + j) << 2)) / <f64>images; spread += <f64>load<f32>(squares + ((i * K + j) << 2)) / <f64>images - m * m; }
  const deviation = Math.sqrt(max<f64>(spread / <f64>((components * (components + 1)) >> 1), 1e-12)), factor = <f32>(.5 / deviation), root = <f32>Math.sqrt(.5 / deviation);
  let n = centres;
  for (let i: usize = 0; i < K; i++) for (let j = i & ~7; j < K; j++, n += 4) store<f32>(n, -factor * load<f32>(products + ((i * K + j) << 2)) / <f32>images);
  for (let k: usize = 0; k < K; k++) {
    let offset: f32 = 0;
    for (let f: usize = 0; f < F; f++) {
      const u = root * load<f32>(basis + ((k * F + f) << 2)); offset += u * load<f32>(shift + (f << 2));
      store<f32>(projection + (((k >> 3) * F + f << 3) + (k & 7) << 2), u * scale);
    }
    store<f32>(offsets + (k << 2), offset);
  }
}`;

export const componentsSource = [multiply, orthonormalise, fit].join('\n');
