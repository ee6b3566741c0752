/**
 * Stored rows of tables with texts as sparse rows. A text is stored as the buckets of its words and pieces, one for each
 * occurrence, then NaN. Its entries are their counts, scaled to the norm 1.
 */
import { expandStored, tableSizes, textSizes } from './expansion.js';
import { paddedRange, type SparseLayout } from './sparse-rows.js';

/** Entries of a row, by rising input. */
export class StoredTexts {
  readonly #table: Float32Array;
  /** f32 [inputs]; 0 between rows. */
  readonly #inputs: Float32Array;
  readonly #fields: number;
  readonly #dense: number;
  /** The inputs of the present row, in `[0, count)`. */
  readonly indices: Uint32Array;
  count = 0;

  constructor(table: Float32Array) {
    const { fields, width } = tableSizes(table);
    const { count, slots, buckets } = textSizes(table);
    this.#table = table;
    this.#fields = fields;
    this.#dense = width - (count === 0 ? 0 : buckets);
    this.#inputs = new Float32Array(width);
    this.indices = new Uint32Array(this.#dense + count * slots);
  }

  get values(): Float32Array {
    return this.#inputs;
  }

  /** `stored`: f32 [fields]. Until `clear`, `values` has the inputs of the row. */
  read(stored: Float32Array): void {
    const { count: texts, slots, buckets } = textSizes(this.#table);
    const inputs = this.#inputs;
    // The blocks write their own inputs; the rest of the array is kept at 0 by `clear`.
    expandStored(this.#table, stored, inputs, this.#dense);
    this.count = 0;
    for (let input = 0; input < this.#dense; input++)
      if (inputs[input] !== 0) this.indices[this.count++] = input;
    const firstOfTexts = this.count;
    const first = this.#fields - texts * slots;
    for (let text = 0; text < texts; text++) {
      const from = first + text * slots;
      let length = 0;
      while (length < slots && !Number.isNaN(stored[from + length])) length += 1;
      // Runs of the same bucket: the buckets of a text are stored by rising number.
      let squares = 0;
      for (let at = 0, run = 0; at < length; at = run) {
        while (run < length && stored[from + run] === stored[from + at]) run += 1;
        squares += (run - at) * (run - at);
      }
      const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares);
      for (let at = 0, run = 0; at < length; at = run) {
        while (run < length && stored[from + run] === stored[from + at]) run += 1;
        const input = this.#dense + (stored[from + at] & (buckets - 1));
        if (inputs[input] === 0) this.indices[this.count++] = input;
        inputs[input] += Math.fround((run - at) * scale);
      }
    }
    if (texts > 1) this.indices.subarray(firstOfTexts, this.count).sort();
  }

  clear(): void {
    for (let at = 0; at < this.count; at++) this.#inputs[this.indices[at]] = 0;
    this.count = 0;
  }
}

/** Non-zeros of all rows; `of`: added to, by input; null: not counted. */
export function countStored(
  rows: StoredTexts,
  { values, count, fields }: StoredRows,
  of: Uint32Array | null,
): number {
  let total = 0;
  for (let row = 0; row < count; row++) {
    rows.read(values.subarray(row * fields, (row + 1) * fields));
    total += rows.count;
    if (of !== null) for (let at = 0; at < rows.count; at++) of[rows.indices[at]] += 1;
    rows.clear();
  }
  return total;
}

export interface StoredRows {
  /** f32 [count][fields] */
  readonly values: Float32Array;
  readonly count: number;
  readonly fields: number;
}

/** As packSparse, of stored rows. */
export function packStored(
  rows: StoredTexts,
  { values, count, fields }: StoredRows,
  { rangeEnds, shiftBits }: SparseLayout,
  memory: ArrayBufferLike,
  offset: number,
  starts: Uint32Array,
): void {
  const words = new Uint32Array(memory);
  const floats = new Float32Array(memory);
  let next = offset / 4;
  let start = 0;
  for (let row = 0; row < count; row++) {
    rows.read(values.subarray(row * fields, (row + 1) * fields));
    let at = 0;
    for (const end of rangeEnds) {
      starts[start++] = next * 4;
      const first = next;
      for (; at < rows.count && rows.indices[at] < end; at++) {
        words[next] = rows.indices[at] << shiftBits;
        floats[next + 1] = rows.values[rows.indices[at]];
        next += 2;
      }
      next = paddedRange(words, floats, first, next);
    }
    rows.clear();
  }
  starts[start] = next * 4;
}
