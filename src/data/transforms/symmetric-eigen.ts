/**
 * Eigenvalues and eigenvectors of a symmetric matrix in float64: Householder's reduction to a tridiagonal matrix, then
 * QL iterations with implicit shifts (Bowdler, Martin, Reinsch & Wilkinson 1968, procedures tred2 and tql2; as in the
 * public-domain package JAMA). V is kept transposed, so that the inner loops run along its rows.
 */

import { hypot } from '../../numbers/elementary.js';
import { atOnce, type Steps } from '../../numbers/steps.js';

const doing = 'finding eigenvectors';

/** Approximate shares of the work when the matrix is tridiagonal, and when the reflections are multiplied. */
const shares = { tridiagonal: 0.25, accumulated: 0.45 };

export interface SymmetricEigen {
  /** f64 [n], in no particular order. */
  readonly values: Float64Array;
  /** f64 [n][n]: row k belongs to value k; the rows are orthonormal. */
  readonly vectors: Float64Array;
}

export const symmetricEigen = (matrix: Float64Array, n: number): SymmetricEigen =>
  atOnce(solvingSymmetricEigen(matrix, n));

/** `matrix`: f64 [n][n]. @throws RangeError when an entry is not finite. */
export function* solvingSymmetricEigen(matrix: Float64Array, n: number): Steps<SymmetricEigen> {
  if (!matrix.every(Number.isFinite)) throw new RangeError('the matrix has an entry that is not finite');
  const vectors = matrix.slice();
  const values = new Float64Array(n);
  const offDiagonal = new Float64Array(n);
  yield* tridiagonalise(vectors, values, offDiagonal, n);
  yield* accumulate(vectors, values, n);
  yield* iterate(vectors, values, offDiagonal, n);
  return { values, vectors };
}

/** Leaves the reflections in V, the diagonal's factors in d and the off-diagonal in e [1 … n − 1]. */
function* tridiagonalise(V: Float64Array, d: Float64Array, e: Float64Array, n: number): Steps<void> {
  for (let j = 0; j < n; j++) d[j] = V[j * n + n - 1];
  for (let i = n - 1; i > 0; i--) {
    yield { doing, share: ((n - i) / n) * shares.tridiagonal };
    let scale = 0;
    let h = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(d[k]);
    if (scale === 0) {
      e[i] = d[i - 1];
      for (let j = 0; j < i; j++) {
        d[j] = V[j * n + i - 1];
        V[j * n + i] = 0;
        V[i * n + j] = 0;
      }
    } else {
      for (let k = 0; k < i; k++) {
        d[k] /= scale;
        h += d[k] * d[k];
      }
      const f = d[i - 1];
      const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h);
      e[i] = scale * g;
      h -= f * g;
      d[i - 1] = f - g;
      reflect(V, d, e, h, i, n);
    }
    d[i] = h;
  }
}

/** A ← P A P for the reflection P = 1 − u uᵀ / h that d [0 … i − 1] holds as u. */
function reflect(V: Float64Array, d: Float64Array, e: Float64Array, h: number, i: number, n: number): void {
  e.fill(0, 0, i);
  for (let j = 0; j < i; j++) {
    const f = d[j];
    V[i * n + j] = f;
    let g = e[j] + V[j * n + j] * f;
    for (let k = j + 1; k < i; k++) {
      g += V[j * n + k] * d[k];
      e[k] += V[j * n + k] * f;
    }
    e[j] = g;
  }
  let f = 0;
  for (let j = 0; j < i; j++) {
    e[j] /= h;
    f += e[j] * d[j];
  }
  const half = f / (h + h);
  for (let j = 0; j < i; j++) e[j] -= half * d[j];
  for (let j = 0; j < i; j++) {
    const [u, p] = [d[j], e[j]];
    for (let k = j; k < i; k++) V[j * n + k] -= u * e[k] + p * d[k];
    d[j] = V[j * n + i - 1];
    V[j * n + i] = 0;
  }
}

/** Multiplies the reflections into V; d becomes the tridiagonal matrix's diagonal. */
function* accumulate(V: Float64Array, d: Float64Array, n: number): Steps<void> {
  for (let i = 0; i < n - 1; i++) {
    yield { doing, share: shares.tridiagonal + (i / n) * (shares.accumulated - shares.tridiagonal) };
    V[i * n + n - 1] = V[i * n + i];
    V[i * n + i] = 1;
    const h = d[i + 1];
    if (h !== 0) {
      for (let k = 0; k <= i; k++) d[k] = V[(i + 1) * n + k] / h;
      for (let j = 0; j <= i; j++) {
        let g = 0;
        for (let k = 0; k <= i; k++) g += V[(i + 1) * n + k] * V[j * n + k];
        for (let k = 0; k <= i; k++) V[j * n + k] -= g * d[k];
      }
    }
    for (let k = 0; k <= i; k++) V[(i + 1) * n + k] = 0;
  }
  for (let j = 0; j < n; j++) {
    d[j] = V[j * n + n - 1];
    V[j * n + n - 1] = 0;
  }
  V[n * n - 1] = 1;
}

/** QL iterations: d becomes the eigenvalues, V's rows their vectors. */
function* iterate(V: Float64Array, d: Float64Array, e: Float64Array, n: number): Steps<void> {
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  let shift = 0;
  let magnitude = 0;
  for (let l = 0; l < n; l++) {
    magnitude = Math.max(magnitude, Math.abs(d[l]) + Math.abs(e[l]));
    let m = l;
    while (m < n - 1 && Math.abs(e[m]) > Number.EPSILON * magnitude) m++;
    while (m > l && Math.abs(e[l]) > Number.EPSILON * magnitude) {
      yield { doing, share: shares.accumulated + (l / n) * (1 - shares.accumulated) };
      let g = d[l];
      const p = (d[l + 1] - g) / (2 * e[l]);
      const r = p < 0 ? -hypot(p, 1) : hypot(p, 1);
      d[l] = e[l] / (p + r);
      d[l + 1] = e[l] * (p + r);
      const h = g - d[l];
      for (let i = l + 2; i < n; i++) d[i] -= h;
      shift += h;
      g = e[l + 1];
      rotateDown(V, d, e, { from: m, to: l, next: d[l + 1], edge: g }, n);
    }
    d[l] += shift;
    e[l] = 0;
  }
}

interface Sweep {
  readonly from: number;
  readonly to: number;
  /** d and e beside row `to`, from before the sweep. */
  readonly next: number;
  readonly edge: number;
}

/** One sweep of plane rotations from row `from` up to row `to`. */
function rotateDown(V: Float64Array, d: Float64Array, e: Float64Array, sweep: Sweep, n: number): void {
  let p = d[sweep.from];
  let [c, c2, c3, s, s2] = [1, 1, 1, 0, 0];
  for (let i = sweep.from - 1; i >= sweep.to; i--) {
    [c3, c2, s2] = [c2, c, s];
    const g = c * e[i];
    const h = c * p;
    const r = hypot(p, e[i]);
    e[i + 1] = s * r;
    s = e[i] / r;
    c = p / r;
    p = c * d[i] - s * g;
    d[i + 1] = h + s * (c * g + s * d[i]);
    for (let lower = i * n, upper = lower + n, end = upper; lower < end; lower++, upper++) {
      const a = V[lower];
      const b = V[upper];
      V[upper] = s * a + c * b;
      V[lower] = c * a - s * b;
    }
  }
  p = (-s * s2 * c3 * sweep.edge * e[sweep.to]) / sweep.next;
  e[sweep.to] = s * p;
  d[sweep.to] = c * p;
}
