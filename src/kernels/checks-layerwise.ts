/**
 * The kernels of layer-wise optimisers against the float64 reference, including counts and widths that fill no vector.
 */
import { type CheckSize, relativeError, slotsError } from './check-errors.js';
import type { Kernels } from './kernels.js';
import * as reference from './reference.js';
import type { Scratch } from './scratch.js';

export function checkLars(kernels: Kernels, scratch: Scratch, { panels, depth }: CheckSize): number {
  const count = panels * 16 + depth;
  const weights = scratch.floats(count);
  const velocity = scratch.floats(count);
  const gradient = scratch.floats(count);
  const expected = Array.from(weights.view, (w, i) =>
    reference.larsStep(w, velocity.view[i], gradient.view[i], 0.1, { momentum: 0.9, weightDecay: 0.01 }),
  );
  kernels.lars(weights.pointer, velocity.pointer, gradient.pointer, count, 0.1, 0.9, 0.01);
  return slotsError([weights, velocity], expected);
}

/** Every second place of the sums must stay unchanged. */
export function checkRowSquares(kernels: Kernels, scratch: Scratch, { rows, depth }: CheckSize): number {
  const x = scratch.floats(rows * depth);
  const sums = scratch.doubles(2 * rows);
  kernels.rowSquares(x.pointer, rows, depth, sums.pointer, 16);
  const expected = Float64Array.from({ length: 2 * rows }, (_, i) =>
    i % 2 === 1 ? 0 : reference.sumOfSquares(x.view.subarray((i / 2) * depth, (i / 2 + 1) * depth)),
  );
  return relativeError(sums.view, expected);
}
