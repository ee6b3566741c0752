/** The kernel that expands stored rows of a table, with a block of each operation, against plain formulas in float64. */
import { square } from '../numbers/elementary.js';
import { type Check, relativeError } from './check-errors.js';
import { blockTable, type TableBlock } from './expansion.js';
import { fromPanels } from './panels.js';
import type { Scratch } from './scratch.js';

const edges = Float32Array.of(-0.8, -0.25, 0, 0.5, 0.75);
const [shift, scale] = [0.25, 2];
const frequencies = [0.25, 0.5];
const period = 8;
const categories = 5;
/** Of the stored numbers that are missing. */
const fill = 1;

type Inputs = (x: number) => readonly number[];

/** Each operation with the formula of its inputs; NaN: missing. */
const operations: readonly (readonly [Omit<TableBlock, 'field' | 'at' | 'fill'>, Inputs])[] = [
  [{ op: 'linear', count: 0, parameters: [shift, scale], tensors: [] }, (x) => [(known(x) - shift) * scale]],
  [
    { op: 'curve', count: edges.length, parameters: [0, 0], tensors: [edges, edges.map(square)] },
    (x) => {
      const place = edges.findLastIndex((edge) => edge <= known(x));
      const [low, high] = [Math.max(0, place), Math.min(edges.length - 1, place + 1)];
      const share = low === high ? 0 : (known(x) - edges[low]) / (edges[high] - edges[low]);
      return [square(edges[low]) + share * (square(edges[high]) - square(edges[low]))];
    },
  ],
  [
    { op: 'bins', count: edges.length - 1, parameters: [0, 0], tensors: [edges] },
    (x) =>
      [0, 1, 2, 3].map((bin) =>
        Math.min(1, Math.max(0, (known(x) - edges[bin]) / (edges[bin + 1] - edges[bin]))),
      ),
  ],
  [{ op: 'cycle', count: 0, parameters: [period, 0], tensors: [] }, (x) => circle([known(x) / period])],
  [
    {
      op: 'periodic',
      count: frequencies.length,
      parameters: [shift, scale],
      tensors: [Float32Array.from(frequencies)],
    },
    (x) => circle(frequencies.map((f) => f * (known(x) - shift) * scale)),
  ],
  [
    { op: 'one-hot', count: categories, parameters: [1, 1], tensors: [] },
    (x) => oneOf(7, Number.isNaN(x) ? 6 : isCategory(x) ? x - 1 : 5),
  ],
  // No input for rare ones: nothing.
  [
    { op: 'one-hot', count: categories, parameters: [0, 1], tensors: [] },
    (x) => oneOf(6, Number.isNaN(x) ? 5 : isCategory(x) ? x - 1 : -1),
  ],
  [{ op: 'missing', count: 0, parameters: [0, 0], tensors: [] }, (x) => [Number.isNaN(x) ? 1 : 0]],
];

const known = (x: number) => (Number.isNaN(x) ? fill : x);
const isCategory = (x: number) => Number.isInteger(x) && x >= 1 && x <= categories;
const oneOf = (width: number, place: number) =>
  Array.from({ length: width }, (_, i) => (i === place ? 1 : 0));

/** The cosines of eighths of a turn. */
const eighths = [1, Math.SQRT1_2, 0, -Math.SQRT1_2, -1, -Math.SQRT1_2, 0, Math.SQRT1_2];
const circle = (turns: readonly number[]) => {
  const cosine = (turn: number) => eighths[(((8 * turn) % 8) + 8) % 8];
  return [...turns.map(cosine), ...turns.map((turn) => cosine(turn - 0.25))];
};

/** Stored rows, the table of a block of each operation, and their inputs. */
function storedRows(scratch: Scratch, rows: number) {
  const fields = operations.length;
  const stored = scratch.floats(rows * fields, 3);
  stored.view.forEach((_, i) => {
    const [row, field] = [Math.floor(i / fields), i % fields];
    const { op } = operations[field][0];
    if (op === 'one-hot') stored.view[i] = row % (categories + 2);
    if (op === 'cycle' || op === 'periodic') stored.view[i] = row - 3;
    if ((row + field) % 5 === 3) stored.view[i] = Number.NaN;
  });
  let at = 0;
  const blocks = operations.map(([block, inputs], field): TableBlock => {
    const placed = { ...block, field, at, fill };
    at += inputs(0).length;
    return placed;
  });
  const table = blockTable(blocks, fields, at);
  const inMemory = scratch.zeros(table.length);
  inMemory.view.set(table);
  const order = scratch.permutation(rows);
  const expected = Array.from(order.view, (sample) =>
    operations.flatMap(([, of], field) => of(stored.view[sample * fields + field])),
  );
  return { stored, stride: fields * 4, blocks, table: inMemory, order, inputs: at, expected };
}

/**
 * Numbers between the edges and beyond; categories with unknown ones; whole numbers, which are eighths of a turn; and missing
 * ones.
 */
export const checkExpandRows: Check = (kernels, scratch, { rows }) => {
  const { stored, stride, table, order, inputs, expected } = storedRows(scratch, rows);
  const width = Math.ceil(inputs / 16) * 16;
  const out = scratch.floats(rows * width);
  kernels.expandRows(
    ...([stored.pointer, order.pointer, rows, stride, table.pointer, out.pointer, rows * 64] as const),
  );
  const padded = expected.map((row) => [...row, ...new Array<number>(width - inputs).fill(0)]);
  return relativeError(fromPanels(out.view, rows, width), padded.flat());
};

/** In two ranges. The sums of a row's entries from each range of a number on are its inputs. */
export const checkExpandEntries: Check = (kernels, scratch, { rows }) => {
  const { stored, stride, blocks, table, order, inputs, expected } = storedRows(scratch, rows);
  const ends = scratch.words([blocks[2].at, inputs]);
  const [shift, most] = [8, inputs + 4];
  const entries = scratch.zeros(rows * most * 2);
  const bounds = scratch.words(new Array<number>(rows * 3).fill(0));
  kernels.expandEntries(
    ...([stored.pointer, order.pointer, rows, stride, table.pointer, ends.pointer, 2, shift] as const),
    ...([entries.pointer, bounds.pointer] as const),
  );
  const words = new Uint32Array(entries.view.buffer, entries.pointer, entries.view.length);
  const got = expected.flatMap((_, row) => {
    const own = new Float64Array(inputs);
    const [first, end] = [bounds.view[row * 3], bounds.view[row * 3 + 2]];
    for (let at = (first - entries.pointer) / 4; at < (end - entries.pointer) / 4; at += 2)
      own[words[at] >> shift] += entries.view[at + 1];
    for (const { op, at, count } of blocks)
      if (op === 'bins') for (let i = at + count - 2; i >= at; i--) own[i] += own[i + 1];
    return [...own];
  });
  return relativeError(got, expected.flat());
};

/** A panel of weights summed over the ranges of its blocks, up to each. */
export const checkSumRanges: Check = (kernels, scratch, { rows, panels }) => {
  const { blocks, table, inputs } = storedRows(scratch, rows);
  const width = panels * 16;
  const weights = scratch.floats((inputs + 1) * width);
  const out = scratch.zeros((inputs + 1) * width);
  kernels.sumRanges(weights.pointer, table.pointer, 0, inputs, 1, width, out.pointer);
  const expected = Float64Array.from(weights.view);
  for (const { op, at, count } of blocks)
    if (op === 'bins')
      for (let i = (at + 1) * width; i < (at + count) * width; i++) expected[i] += expected[i - width];
  return relativeError(out.view, expected);
};

/** From the last range to the first; the others stay as they are. */
export const checkSumRangeGradients: Check = (kernels, scratch, { rows, panels }) => {
  const { blocks, table, inputs } = storedRows(scratch, rows);
  const width = panels * 16;
  const gradient = scratch.floats(inputs * width);
  const expected = Float64Array.from(gradient.view);
  kernels.sumRangeGradients(gradient.pointer, table.pointer, 0, inputs, width);
  for (const { op, at, count } of blocks)
    if (op === 'bins')
      for (let i = (at + count - 1) * width - 1; i >= at * width; i--) expected[i] += expected[i + width];
  return relativeError(gradient.view, expected);
};
