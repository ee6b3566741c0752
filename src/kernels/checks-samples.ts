/** Checks of the kernels that prepare samples, against the same sums in plain loops: exact, so 0 or 1. */
import type { CheckSize } from './check-errors.js';
import type { Kernels } from './kernels.js';
import type { Scratch } from './scratch.js';

/** Lines and columns that are left out on each side. */
const cut = 1;

export function checkPoolImages(
  kernels: Kernels,
  scratch: Scratch,
  { rows: count, depth }: CheckSize,
): number {
  const [rows, columns] = [depth, depth + 2];
  const [height, line] = [2 * (rows + cut), 2 * (columns + cut)];
  const images = scratch.bytes(count * height * line + 16, 256);
  const out = scratch.shorts(count * rows * columns + 8);
  const corner = cut * line + cut;
  kernels.poolImages(images.pointer, count, height * line, corner, line, rows, columns, out.pointer);
  for (let i = 0; i < count * rows * columns; i++) {
    const [image, y, x] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    const p = image * height * line + corner + 2 * (y * line + x);
    const { view } = images;
    if (out.view[i] !== view[p] + view[p + 1] + view[p + line] + view[p + line + 1]) return 1;
  }
  return 0;
}

/** More rows than fit into the lanes of 8 bits. */
const manyRows = 300;

export function checkCounts(
  kernels: Kernels,
  scratch: Scratch,
  { rows, depth }: CheckSize,
  kind: 'bytes' | 'shorts',
): number {
  const count = rows + manyRows;
  const { view, pointer } =
    kind === 'bytes' ? scratch.bytes(count * depth + 16, 256) : scratch.shorts(count * depth + 8);
  for (let i = 0; i < view.length; i += 3) view[i] = 0;
  const [sums, nonZeros] = [0, 1].map(() => scratch.words(new Array(depth + 16).fill(1)));
  const counted = kind === 'bytes' ? kernels.countBytes : kernels.countShorts;
  let squares = counted(pointer, count, depth, sums.pointer, nonZeros.pointer);
  for (let i = 0; i < count * depth; i++) {
    const value = view[i];
    squares -= value * value;
    sums.view[i % depth] -= value;
    if (value !== 0) nonZeros.view[i % depth] -= 1;
  }
  const isKept = [...sums.view, ...nonZeros.view].every((left) => left === 1);
  return squares === 0 && isKept ? 0 : 1;
}
