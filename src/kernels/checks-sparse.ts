/** Checks of the sparse first layer, forward and gradient, for panels of 16 and of 64 outputs. */
import { type CheckSize, maxOver, relativeError } from './check-errors.js';
import type { Kernels } from './kernels.js';
import * as reference from './reference.js';
import type { Scratch } from './scratch.js';

/** Forward over two feature ranges; the ranges must not change the sum. */
export function checkSparseForward(
  kernels: Kernels,
  scratch: Scratch,
  size: CheckSize,
  width: 16 | 64,
): number {
  const sparse = scratch.sparseRows(size.rows, size.depth, Math.log2(width * 4));
  const weights = scratch.floats((size.depth + 1) * width);
  const z = scratch.zeros(size.rows * width);
  kernels.locateRows(...sparse.locateArguments);
  const bias = weights.pointer + size.depth * width * 4;
  const forward = kernels[`sparseForward${width}`];
  return maxOver([Number.NEGATIVE_INFINITY, 0], (floor) => {
    forward(sparse.bounds, 2, size.rows, weights.pointer, bias, z.pointer, width * 4, floor);
    const expected = reference
      .matmul(sparse.values, weights.view, size.rows, size.depth, width)
      .map((sum, i) => Math.max(floor, sum + weights.view[size.depth * width + (i % width)]));
    return relativeError(z.view, expected);
  });
}

export function checkSparseGradient(
  kernels: Kernels,
  scratch: Scratch,
  size: CheckSize,
  width: 16 | 64,
): number {
  const { rows, depth } = size;
  const sparse = scratch.sparseRows(rows, depth, Math.log2(width * 4));
  const d = scratch.floats(rows * width);
  const gradient = scratch.floats(depth * width);
  const start = Float64Array.from(gradient.view);
  kernels.locateRows(...sparse.locateArguments);
  for (const range of [0, 1])
    kernels[`sparseGradient${width}`](sparse.bounds, 2, range, rows, d.pointer, width * 4, gradient.pointer);
  const transposed = Float64Array.from(
    { length: rows * depth },
    (_, i) => sparse.values[(i % rows) * depth + Math.floor(i / rows)],
  );
  const product = reference.matmul(transposed, d.view, depth, rows, width);
  return relativeError(
    gradient.view,
    product.map((sum, i) => sum + start[i]),
  );
}
