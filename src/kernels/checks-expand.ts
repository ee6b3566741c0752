/** The kernel that expands stored rows of a table, with a block of each operation, against plain formulas in float64. */
import { square } from '../numbers/elementary.js';
import { type Check, relativeError } from './check-errors.js';
import { blockTable, type TableBlock } from './expansion.js';
import { fromPanels } from './panels.js';

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

/**
 * Numbers between the edges and beyond; categories with unknown ones; whole numbers, which are eighths of a turn; and missing
 * ones.
 */
export const checkExpandRows: Check = (kernels, scratch, { rows }) => {
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
  const width = Math.ceil(at / 16) * 16;
  const order = scratch.permutation(rows);
  const out = scratch.floats(rows * width);
  kernels.expandRows(
    ...([stored.pointer, order.pointer, rows, fields * 4, inMemory.pointer, out.pointer, rows * 64] as const),
  );
  const expected = Array.from(order.view, (sample) => {
    const inputs = operations.flatMap(([, of], field) => of(stored.view[sample * fields + field]));
    return [...inputs, ...new Array<number>(width - at).fill(0)];
  }).flat();
  return relativeError(fromPanels(out.view, rows, width), expected);
};
