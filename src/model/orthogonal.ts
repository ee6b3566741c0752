/** Random orthogonal matrices (Saxe, McClelland & Ganguli 2014), for initial weights. */

import { cos, log, square } from '../numbers/elementary.js';
import type { Rng } from '../numbers/rng.js';
import type { Steps } from '../numbers/steps.js';

/**
 * f32 [rows][columns], row by row. The rows are orthonormal if there are no more rows than columns, else the columns
 * are. Gaussian vectors are orthogonalised in sequence (modified Gram-Schmidt, each twice), which gives the uniform
 * distribution over such matrices.
 */
export function* orthogonalMatrix(rows: number, columns: number, rng: Rng): Steps<Float32Array> {
  const [count, length] = [Math.min(rows, columns), Math.max(rows, columns)];
  const vectors: Float64Array[] = [];
  while (vectors.length < count) {
    yield { doing: 'drawing orthogonal weights', share: square(vectors.length / count) };
    const vector = Float64Array.from({ length }, () => gaussian(rng));
    for (let pass = 0; pass < 2; pass++) for (const other of vectors) removePart(vector, other);
    const norm = Math.sqrt(dot(vector, vector));
    vectors.push(vector.map((value) => value / norm));
  }
  const byRow = rows <= columns;
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return byRow ? vectors[row][column] : vectors[column][row];
  });
}

function removePart(vector: Float64Array, unit: Float64Array): void {
  const part = dot(vector, unit);
  for (let i = 0; i < vector.length; i++) vector[i] -= part * unit[i];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Standard normal (Box & Muller 1958). */
function gaussian(rng: Rng): number {
  // Uniform in (0, 1): never zero, whose logarithm is infinite.
  const uniform = (rng.next() + 0.5) / 2 ** 32;
  return Math.sqrt(-2 * log(uniform)) * cos(Math.PI * rng.symmetric(1));
}
