/** Rows made of the columns of a table, whose memory can be given back from the end while they are packed. */
import type { RowSource } from '../../data/transforms/rows-on-demand.js';
import type { TypedTable } from '../column-types.js';
import { type DatePart, partOf } from '../dates-in-cells.js';
import { keepFirst } from '../growing.js';

/** Of a field of the rows. `words`: the number of each word of the column. */
export type Cells =
  | { readonly kind: 'numbers'; readonly values: Float32Array | Float64Array; readonly part: DatePart }
  | { readonly kind: 'words'; readonly words: Float32Array; readonly indices: Uint16Array | Uint32Array }
  | { readonly kind: 'none' };

export class ColumnRows implements RowSource {
  readonly origin = this;
  readonly #fields: readonly Cells[];
  readonly #columns: TypedTable['columns'];
  #count: number;
  /** One for all calls: megabytes of buffers would pile up until they are collected. */
  #column = new Float32Array(0);

  constructor(fields: readonly Cells[], { columns, rowCount }: TypedTable) {
    this.#fields = fields;
    this.#columns = columns;
    this.#count = rowCount;
  }

  get count(): number {
    return this.#count;
  }

  write(places: Uint32Array, out: Float32Array): void {
    const width = this.#fields.length;
    for (const [field, cells] of this.#fields.entries()) writeCells(cells, places, out, field, width);
  }

  column(field: number, places: Uint32Array): Float32Array {
    if (this.#column.length < places.length) this.#column = new Float32Array(places.length);
    const out = this.#column.subarray(0, places.length);
    writeCells(this.#fields[field], places, out, 0, 1);
    return out;
  }

  /** Columns that are no inputs are given back too. */
  cut(count: number): void {
    this.#count = Math.min(count, this.#count);
    this.#column = new Float32Array(0);
    for (const column of this.#columns) {
      if (column.kind === 'values') keepFirst(column.values, count);
      if (column.kind === 'words') keepFirst(column.indices, count);
    }
  }
}

/** One value of each row, at `field` of rows of `width`. */
function writeCells(
  cells: Cells,
  places: Uint32Array,
  out: Float32Array,
  field: number,
  width: number,
): void {
  const end = places.length * width;
  if (cells.kind === 'numbers') {
    const { values, part } = cells;
    for (let at = field, i = 0; at < end; at += width, i++) out[at] = partOf(values[places[i]], part);
  } else if (cells.kind === 'words') {
    const { words, indices } = cells;
    for (let at = field, i = 0; at < end; at += width, i++) out[at] = words[indices[places[i]]];
  } else for (let at = field; at < end; at += width) out[at] = Number.NaN;
}

/** By field: the number that a category has instead of its own. */
export type Numbering = ReadonlyMap<number, Float32Array>;

export class NumberedRows implements RowSource {
  readonly #source: RowSource;
  readonly #numbering: Numbering;
  readonly #width: number;

  constructor(source: RowSource, numbering: Numbering, width: number) {
    this.#source = source;
    this.#numbering = numbering;
    this.#width = width;
  }

  get origin(): object {
    return this.#source.origin;
  }

  get count(): number {
    return this.#source.count;
  }

  write(places: Uint32Array, out: Float32Array): void {
    this.#source.write(places, out);
    for (const [field, numbers] of this.#numbering)
      renumber(out, field, this.#width, places.length * this.#width, numbers);
  }

  column(field: number, places: Uint32Array): Float32Array {
    const out = this.#source.column(field, places);
    const numbers = this.#numbering.get(field);
    if (numbers !== undefined) renumber(out, 0, 1, out.length, numbers);
    return out;
  }

  cut(count: number): void {
    this.#source.cut(count);
  }
}

function renumber(out: Float32Array, field: number, width: number, end: number, numbers: Float32Array): void {
  for (let at = field; at < end; at += width) if (!Number.isNaN(out[at])) out[at] = numbers[out[at]];
}
