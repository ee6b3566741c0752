/** Checks of the sparse first layer, forward and gradient, for panels of 16 and of 64 outputs. */

import { floorLog2 } from '../numbers/elementary.js';
import { type CheckSize, maxOver, relativeError } from './check-errors.js';
import type { Kernels } from './kernels.js';
import { fromPanels, toPanels } from './panels.js';
import * as reference from './reference.js';
import type { Scratch } from './scratch.js';
import { packSparse, sparseBytes } from './sparse-rows.js';

/** The same words as written by packSparse, in two feature ranges: 0 or 1. */
export const checkPackRows = (kernels: Kernels, scratch: Scratch, { rows, depth }: CheckSize): number =>
  packingError(kernels.packRows, scratch, rows, depth, scratch.bytes(rows * depth + 16, 256));

export const checkPackShorts = (kernels: Kernels, scratch: Scratch, { rows, depth }: CheckSize): number =>
  packingError(kernels.packShorts, scratch, rows, depth, scratch.shorts(rows * depth + 8));

function packingError(
  pack: Kernels['packRows'],
  scratch: Scratch,
  rows: number,
  depth: number,
  { view, pointer }: { readonly view: Uint8Array | Uint16Array; readonly pointer: number },
): number {
  const layout = { rangeEnds: [Math.floor(depth / 2), depth], shiftBits: 6, scale: 0.01 };
  const values = view.subarray(0, rows * depth);
  for (let i = 0; i < values.length; i++) if (scratch.random() < 0.5) values[i] = 0;
  const ends = scratch.words(layout.rangeEnds);
  const packed = () => ({
    entries: scratch.words(new Array(sparseBytes(rows, rows * depth, 2) / 4 + 8).fill(0)),
    starts: scratch.words(new Array(rows * 2 + 1).fill(0)),
  });
  const [expected, got] = [packed(), packed()];
  const data = { values, count: rows, width: depth };
  packSparse(data, layout, view.buffer, expected.entries.pointer, expected.starts.view);
  const { shiftBits, scale } = layout;
  const to = [got.entries.pointer, got.starts.pointer] as const;
  pack(pointer, rows, depth, ends.pointer, 2, shiftBits, scale, ...to);
  const used = (expected.starts.view[rows * 2] - expected.entries.pointer) / 4;
  const apart = got.entries.pointer - expected.entries.pointer;
  const same =
    expected.entries.view.subarray(0, used).every((word, i) => word === got.entries.view[i]) &&
    got.starts.view.every((start, i) => start === expected.starts.view[i] + apart);
  return same ? 0 : 1;
}

/** Forward over two feature ranges; the ranges must not change the sum. */
export function checkSparseForward(
  kernels: Kernels,
  scratch: Scratch,
  size: CheckSize,
  width: 16 | 64,
): number {
  const sparse = scratch.sparseRows(size.rows, size.depth, floorLog2(width * 4));
  const weights = scratch.floats((size.depth + 1) * width);
  const z = scratch.zeros(size.rows * width);
  kernels.locateRows(...sparse.locateArguments);
  const bias = weights.pointer + size.depth * width * 4;
  const forward = kernels[`sparseForward${width}`];
  const sums = reference.matmul(sparse.values, weights.view, size.rows, size.depth, width);
  return maxOver([Number.NEGATIVE_INFINITY, 0], (floor) => {
    forward(sparse.bounds, 2, size.rows, weights.pointer, bias, z.pointer, size.rows * 64, floor);
    const expected = sums.map((sum, i) =>
      Math.max(floor, sum + weights.view[size.depth * width + (i % width)]),
    );
    return relativeError(fromPanels(z.view, size.rows, width), expected);
  });
}

/** The scattered gradient over two feature ranges; with `gathered`, the same from columns of two tiles of rows. */
export function checkSparseGradient(
  kernels: Kernels,
  scratch: Scratch,
  size: CheckSize,
  width: 16 | 64,
  gathered = false,
): number {
  const { rows, depth } = size;
  const sparse = scratch.sparseRows(rows, depth, floorLog2(width * 4));
  const d = scratch.floats(rows * width);
  const deltas = fromPanels(d.view, rows, width);
  const gradient = scratch.floats(depth * width);
  const sums = scratch.floats(width);
  const shift = scratch.floats(depth);
  const start = Float64Array.from(gradient.view, (g, i) =>
    gathered ? -shift.view[Math.floor(i / width)] * sums.view[i % width] : g,
  );
  kernels.locateRows(...sparse.locateArguments);
  if (gathered) {
    const half = Math.floor(rows / 2);
    const tiles = [
      [0, half],
      [half, rows],
    ];
    for (const [tile, [first, last]] of tiles.entries()) {
      const columns = scratch.words(new Array(depth + 1).fill(0)).pointer;
      const entries = scratch.words(new Array(2 * depth * (last - first + 1)).fill(0)).pointer;
      const bounds = sparse.bounds + first * 12;
      kernels.turnRows(bounds, 2, last - first, first, depth, columns, entries);
      for (const [from, to] of [
        [0, Math.floor(depth / 2)],
        [Math.floor(depth / 2), depth],
      ])
        kernels.sparseGather64(
          columns,
          from,
          to,
          d.pointer,
          rows * 64,
          gradient.pointer,
          tile === 0 ? sums.pointer : 0,
          shift.pointer,
        );
    }
  } else {
    for (const range of [0, 1])
      kernels[`sparseGradient${width}`](
        sparse.bounds,
        2,
        range,
        rows,
        d.pointer,
        rows * 64,
        gradient.pointer,
      );
  }
  const transposed = Float64Array.from(
    { length: rows * depth },
    (_, i) => sparse.values[(i % rows) * depth + Math.floor(i / rows)],
  );
  const product = reference.matmul(transposed, deltas, depth, rows, width);
  return relativeError(
    gradient.view,
    product.map((sum, i) => sum + start[i]),
  );
}

/** Layers behind a ReLU: the sums of matmul16, bit for bit. */
export function checkActive(kernels: Kernels, scratch: Scratch, { rows, depth }: CheckSize): number {
  const width = Math.ceil(depth / 16) * 16;
  const panelBytes = (depth + 1) * 64;
  const a = scratch.floats(rows * width);
  const given = fromPanels(a.view, rows, width).map((x, i) => (i % width < depth ? Math.max(0, x) : 0));
  toPanels(given, rows, width, a.view);
  const weights = scratch.floats(4 * (depth + 1) * 16);
  const entries = scratch.words(new Array(rows * (width + 1) * 2 + 8).fill(0));
  const bounds = scratch.words(new Array(rows + 1).fill(0));
  const [z, dense] = [scratch.zeros(rows * 64), scratch.zeros(rows * 64)];
  kernels.packActive(a.pointer, rows, width, rows * 64, entries.pointer, bounds.pointer);
  return maxOver([Number.NEGATIVE_INFINITY, 0], (floor) => {
    const bias = depth * 64;
    kernels.activeForward64(
      bounds.pointer,
      rows,
      weights.pointer,
      panelBytes,
      bias,
      z.pointer,
      rows * 64,
      floor,
    );
    for (let panel = 0; panel < 4; panel++) {
      const from = weights.pointer + panel * panelBytes;
      const to = dense.pointer + panel * rows * 64;
      kernels.matmul16(rows, depth, a.pointer, rows * 64, from, to, 64, from + bias, floor);
    }
    return z.view.every((value, i) => value === dense.view[i]) ? 0 : 1;
  });
}
