/**
 * The table of blocks from which stored rows become the inputs of a network, and the same in JavaScript: the reference for
 * the kernel `expandRows`, in a fixed order of float32 operations, and what backends without kernels use.
 *
 * f32 [1 + blocks][8], then the tensors. The first row: blocks, numbers of a stored row, inputs, texts of a row, places of
 * each text, buckets (see `stored-texts.ts`). A block: its operation, the
 * place of its number in the stored row, its first input, its count, the fill for a missing number, two parameters, and
 * where in the table its tensors begin. Whole numbers are exact in float32 up to 2^24.
 */
import { cos } from '../numbers/elementary.js';

/** Their numbers in the table, as in `assembly/expand.ts`. */
export const blockOps = ['linear', 'curve', 'bins', 'cycle', 'periodic', 'one-hot', 'missing'] as const;
export type BlockOp = (typeof blockOps)[number];

/** One block: `count` points, ranges, frequencies or categories. */
export interface TableBlock {
  readonly op: BlockOp;
  readonly field: number;
  readonly at: number;
  readonly count: number;
  readonly fill: number;
  /** linear, periodic: shift and scale; cycle: the period; one-hot: whether there are inputs for rare and for missing ones. */
  readonly parameters: readonly [number, number];
  /** curve: x, y; bins: edges; periodic: frequencies. */
  readonly tensors: readonly Float32Array[];
}

const rowFloats = 8;
const mostExact = 2 ** 24;

/** Texts of a row; none: `count` 0. */
export interface TextSizes {
  readonly count: number;
  /** Numbers of a stored row that each text takes. */
  readonly slots: number;
  readonly buckets: number;
}

export const noTexts: TextSizes = { count: 0, slots: 0, buckets: 0 };

/** `fields`: numbers of a stored row before those of texts; `width`: inputs of the blocks. */
export function blockTable(
  blocks: readonly TableBlock[],
  ownFields: number,
  ownWidth: number,
  texts: TextSizes = noTexts,
): Float32Array {
  const fields = ownFields + texts.count * texts.slots;
  const width = ownWidth + (texts.count === 0 ? 0 : texts.buckets);
  const head = (1 + blocks.length) * rowFloats;
  const floats = blocks.reduce(
    (sum, { tensors }) => sum + tensors.reduce((of, tensor) => of + tensor.length, 0),
    head,
  );
  if (Math.max(floats, width, fields) >= mostExact)
    throw new RangeError(`a table of ${floats} numbers for ${width} inputs is too large for float32`);
  const table = new Float32Array(floats);
  table.set([blocks.length, fields, width, texts.count, texts.slots, texts.buckets]);
  let data = head;
  blocks.forEach(({ op, field, at, count, fill, parameters, tensors }, place) => {
    const row = [blockOps.indexOf(op), field, at, count, fill, ...parameters, data];
    table.set(row, (1 + place) * rowFloats);
    for (const tensor of tensors) {
      table.set(tensor, data);
      data += tensor.length;
    }
  });
  return table;
}

/** The numbers of a stored row and the inputs that a table makes of them. */
export const tableSizes = (table: Float32Array): { readonly fields: number; readonly width: number } => ({
  fields: table[1],
  width: table[2],
});

export const textSizes = (table: Float32Array): TextSizes => ({
  count: table[3],
  slots: table[4],
  buckets: table[5],
});
/** What a plan depends on. */
export interface StoredSizes {
  /** Numbers of a stored row. */
  readonly fields: number;
  /** Numbers of the table. */
  readonly blocks: number;
  /** The most entries of a row, if it becomes a sparse row: see `assembly/expand-entries.ts`. */
  readonly entries: number;
  /** The first input of each block: ranges of the inputs of sparse rows begin there. */
  readonly starts: readonly number[];
}

export function storedSizes(table: Float32Array): StoredSizes {
  const blocks = blocksIn(table);
  const most = ({ op, count }: TableBlock) =>
    op === 'bins' || op === 'cycle' ? 2 : op === 'periodic' ? 2 * count : 1;
  return {
    ...{ fields: table[1], blocks: table.length },
    entries: blocks.reduce((sum, block) => sum + most(block), 0),
    starts: blocks.map(({ at }) => at),
  };
}

/**
 * Whether the places in a table, such as that of a file, are within it, the stored row and the inputs: the kernel reads and
 * writes where they say.
 */
export function isSound(table: Float32Array): boolean {
  const [blocks, fields, width] = table;
  const isCount = (value: number, below: number) => Number.isInteger(value) && value >= 0 && value < below;
  const head = (1 + blocks) * rowFloats;
  if (!isCount(blocks, mostExact) || !isCount(fields, mostExact) || !isCount(width, mostExact)) return false;
  if (table.length < head) return false;
  const texts = textSizes(table);
  if (![texts.count, texts.slots, texts.buckets].every((size) => isCount(size, mostExact))) return false;
  if (texts.count * texts.slots > fields || (texts.count > 0 && texts.buckets > width)) return false;
  for (let row = rowFloats; row < head; row += rowFloats) {
    const [op, field, at, count, , , , data] = table.subarray(row, row + rowFloats);
    if (!isCount(op, blockOps.length) || !isCount(field, fields) || !isCount(at, width)) return false;
    if (!isCount(count, mostExact) || !isCount(data, table.length + 1) || data < head) return false;
    const { inputs, floats } = sizesOf(blockOps[op], count, table[row + 5], table[row + 6]);
    if (at + inputs > width || data + floats > table.length) return false;
  }
  return true;
}

/** The blocks of a sound table. */
export function blocksIn(table: Float32Array): TableBlock[] {
  return Array.from({ length: table[0] }, (_, place) => {
    const row = (1 + place) * rowFloats;
    const [kind, field, at, count, fill, first, second, data] = table.subarray(row, row + rowFloats);
    const op = blockOps[kind];
    const { floats } = sizesOf(op, count, first, second);
    const size = op === 'curve' ? count : floats;
    const tensors = Array.from({ length: size === 0 ? 0 : floats / size }, (__, i) =>
      table.slice(data + i * size, data + (i + 1) * size),
    );
    return { op, field, at, count, fill, parameters: [first, second], tensors };
  });
}

/** Inputs and numbers of the tensors of a block. */
function sizesOf(op: BlockOp, count: number, first: number, second: number) {
  switch (op) {
    case 'linear':
    case 'missing':
      return { inputs: 1, floats: 0 };
    case 'curve':
      return { inputs: 1, floats: count === 0 ? Number.POSITIVE_INFINITY : 2 * count };
    case 'bins':
      return { inputs: count, floats: count + 1 };
    case 'cycle':
      return { inputs: 2, floats: 0 };
    case 'periodic':
      return { inputs: 2 * count, floats: count };
    case 'one-hot':
      return { inputs: count + (first !== 0 ? 1 : 0) + (second !== 0 ? 1 : 0), floats: 0 };
  }
}

const fround = Math.fround;
const turn = 2 * Math.PI;

/** `stored`: f32 [fields], NaN: missing. `out`: f32 [inputs], of which those of texts become 0; `cleared`: how many are set to 0 first. */
export function expandStored(
  table: Float32Array,
  stored: Float32Array,
  out: Float32Array,
  cleared = table[2],
): void {
  out.fill(0, 0, cleared);
  const end = (1 + table[0]) * rowFloats;
  for (let row = rowFloats; row < end; row += rowFloats) {
    const given = stored[table[row + 1]];
    const isMissing = Number.isNaN(given);
    const op = blockOps[table[row]];
    if (op === 'missing') out[table[row + 2]] = isMissing ? 1 : 0;
    else if (op === 'one-hot') oneHot(table, row, given, out);
    else numeric(op, table, row, isMissing ? table[row + 4] : given, out);
  }
}

function numeric(
  op: Exclude<BlockOp, 'missing' | 'one-hot'>,
  table: Float32Array,
  row: number,
  x: number,
  out: Float32Array,
): void {
  const [, , at, count, , shift, scale, data] = table.subarray(row, row + rowFloats);
  const scaled = () => fround(fround(x - shift) * scale);
  switch (op) {
    case 'linear':
      out[at] = scaled();
      return;
    case 'curve':
      out[at] = onCurve(
        table.subarray(data, data + count),
        table.subarray(data + count, data + 2 * count),
        x,
      );
      return;
    case 'bins':
      bins(table.subarray(data, data + count + 1), x, out, at);
      return;
    case 'cycle': {
      const angle = (turn * x) / shift;
      out[at] = cos(angle);
      out[at + 1] = cos(angle - Math.PI / 2);
      return;
    }
    case 'periodic': {
      const z = scaled();
      for (let i = 0; i < count; i++) {
        // In float64, so that large arguments keep their place on the circle.
        const angle = turn * (z * table[data + i]);
        out[at + i] = cos(angle);
        out[at + count + i] = cos(angle - Math.PI / 2);
      }
    }
  }
}

/** The last place whose value is not above x; −1: none. */
function placeOf(sorted: Float32Array, x: number): number {
  let [low, high] = [-1, sorted.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= x) low = middle;
    else high = middle;
  }
  return low;
}

const between = (low: number, high: number, x: number): number =>
  fround(fround(x - low) / fround(high - low));

function onCurve(xs: Float32Array, ys: Float32Array, x: number): number {
  const place = placeOf(xs, x);
  if (place < 0) return ys[0];
  if (place === xs.length - 1) return ys[place];
  const step = fround(ys[place + 1] - ys[place]);
  return fround(ys[place] + fround(step * between(xs[place], xs[place + 1], x)));
}

function bins(edges: Float32Array, x: number, out: Float32Array, at: number): void {
  const place = placeOf(edges, x);
  const count = edges.length - 1;
  for (let bin = 0; bin < count; bin++)
    out[at + bin] = bin < place ? 1 : bin > place ? 0 : between(edges[bin], edges[bin + 1], x);
}

function oneHot(table: Float32Array, row: number, x: number, out: Float32Array): void {
  const [, , at, categories, , hasRare, hasMissing] = table.subarray(row, row + rowFloats);
  // What training never had is 0 everywhere: the weights of such an input would be those it began with.
  const rare = hasRare !== 0 ? categories : -1;
  const missing = hasMissing !== 0 ? categories + (hasRare !== 0 ? 1 : 0) : rare;
  const place = Number.isNaN(x) ? missing : x >= 1 && x <= categories ? Math.trunc(x) - 1 : rare;
  if (place >= 0) out[at + place] = 1;
}
