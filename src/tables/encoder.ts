/**
 * A fitted encoder: from the columns of a table, or the values of an object, to stored rows, and from these to the inputs of
 * a network. Fitted on training rows only; restored from JSON and tensors; training and prediction use the same one.
 */
import { isMissing, trimmedCell } from '../data/cells.js';
import { noTexts, tableSizes } from '../kernels/expansion.js';
import { StoredTexts } from '../kernels/stored-texts.js';
import { ExitCode, UserError } from '../user-error.js';
import type { TypedTable } from './column-types.js';
import { daysIn, daysOfMoment, partOf } from './dates-in-cells.js';
import { type Block, type Field, tableOf, widthOf } from './expand.js';
import { numberIn, plainFormat } from './numbers-in-cells.js';
import type { ColumnSchema } from './schema.js';
import { gramsOf, storeGrams, type TextOptions } from './text-entries.js';
import type { Column } from './word-columns.js';

export interface EncodedRows {
  readonly count: number;
  /**
   * f32 [count][storedWidth], NaN: missing. A category is its number from 1, 0 if it is rare or unknown; a text: see
   * `storeGrams`.
   */
  readonly values: Float32Array;
  /** Rows whose category was rare or unknown in training, by column. */
  readonly others: ReadonlyMap<string, number>;
}

/** Plain JSON. The tensors of a block are named in it. */
export interface EncoderJson {
  readonly version: 1;
  readonly columns: readonly ColumnSchema[];
  readonly targets: readonly string[];
  readonly fields: readonly Field[];
  readonly blocks: readonly Readonly<Record<string, unknown>>[];
  readonly categories: Readonly<Record<string, readonly string[]>>;
  readonly text: TextOptions;
}

export type EncoderParts = Pick<EncoderJson, 'columns' | 'targets' | 'fields' | 'categories' | 'text'> & {
  readonly blocks: readonly Block[];
};

export class Encoder {
  /** The columns of the table, with the targets and those that are ignored. */
  readonly columns: readonly ColumnSchema[];
  readonly targets: readonly string[];
  /** What a stored row has. */
  readonly fields: readonly Field[];
  readonly blocks: readonly Block[];
  readonly text: TextOptions;
  readonly categories: Readonly<Record<string, readonly string[]>>;
  /** Inputs of the blocks; those of texts follow. */
  readonly denseWidth: number;
  /** Numbers of a stored row: those of the fields, then `text.slots` for each column of texts. */
  readonly storedWidth: number;
  /** Inputs of a network. */
  readonly width: number;
  /** What the kernels take. */
  readonly table: Float32Array;
  readonly #texts: readonly string[];
  readonly #places: ReadonlyMap<string, ReadonlyMap<string, number>>;

  constructor({ columns, targets, fields, blocks, categories, text }: EncoderParts) {
    this.columns = columns;
    this.targets = targets;
    this.fields = fields;
    this.blocks = blocks;
    this.categories = categories;
    this.#texts = columns.flatMap(({ name, type }) =>
      type === 'text' && !targets.includes(name) ? [name] : [],
    );
    this.text = text;
    const texts = { count: this.#texts.length, slots: text.slots, buckets: text.buckets };
    this.table = tableOf(blocks, fields, this.#texts.length > 0 ? texts : noTexts);
    this.storedWidth = tableSizes(this.table).fields;
    this.#places = new Map(
      Object.entries(categories).map(([name, words]) => [
        name,
        new Map(words.map((word, i) => [word, i + 1])),
      ]),
    );
    this.denseWidth = blocks.reduce((width, block) => width + widthOf(block), 0);
    this.width = this.denseWidth + (this.#texts.length > 0 ? text.buckets : 0);
  }

  static from(json: EncoderJson, tensors: ReadonlyMap<string, Float32Array>): Encoder {
    const blocks = json.blocks.map((block) =>
      Object.fromEntries(
        Object.entries(block).map(([key, value]) => {
          const tensor = typeof value === 'string' ? tensors.get(value) : undefined;
          return [key, tensor ?? value];
        }),
      ),
    );
    // Written by `toJSON`, so their shape is known.
    return new Encoder({ ...json, blocks: blocks as unknown as readonly Block[] });
  }

  toJSON(): EncoderJson {
    const { columns, targets, fields, categories, text } = this;
    const blocks = this.blocks.map((block, place) =>
      Object.fromEntries(
        Object.entries(block).map(([key, value]) => [
          key,
          value instanceof Float32Array ? `${place}.${key}` : value,
        ]),
      ),
    );
    return { version: 1, columns, targets, fields, blocks, categories, text };
  }

  /** By the names that `toJSON` gives them. */
  tensors(): ReadonlyMap<string, Float32Array> {
    const found = new Map<string, Float32Array>();
    this.blocks.forEach((block, place) => {
      for (const [key, value] of Object.entries(block))
        if (value instanceof Float32Array) found.set(`${place}.${key}`, value);
    });
    return found;
  }

  /** Rows of a table whose columns are those that this was fitted on; by default all. */
  stored(
    table: TypedTable,
    rows: Uint32Array = Uint32Array.from({ length: table.rowCount }, (_, row) => row),
  ): EncodedRows {
    const columns = new Map(table.schema.columns.map(({ name }, place) => [name, table.columns[place]]));
    const width = this.storedWidth;
    const values = new Float32Array(rows.length * width);
    const others = new Map<string, number>();
    this.fields.forEach(({ column: name, part }, field) => {
      const column = columns.get(name) ?? { kind: 'none' };
      const get = this.#reader(name, column, part, others);
      for (let i = 0; i < rows.length; i++) values[i * width + field] = get(rows[i]);
    });
    this.#texts.forEach((name, place) => {
      const column = columns.get(name);
      for (let i = 0; i < rows.length; i++) {
        const text = column?.kind === 'words' ? column.words[column.indices[rows[i]]] : '';
        this.#storeText(name, text, place, values.subarray(i * width, (i + 1) * width));
      }
    });
    return { count: rows.length, values, others };
  }

  /** `place`: of the column among those of texts. */
  #storeText(name: string, text: string, place: number, row: Float32Array): void {
    const from = this.fields.length + place * this.text.slots;
    storeGrams(gramsOf(text, this.text, name, this.text.slots), this.text, row.subarray(from));
  }

  /** The value of a row of the table. */
  #reader(
    name: string,
    column: Column,
    part: Field['part'],
    others: Map<string, number>,
  ): (row: number) => number {
    if (column.kind === 'none') return () => Number.NaN;
    if (column.kind === 'values') return (row) => partOf(column.values[row], part);
    const known = this.#places.get(name);
    const places = column.words.map((word) => known?.get(word) ?? 0);
    return (row) => {
      const index = column.indices[row];
      if (index === 0) return Number.NaN;
      if (places[index] === 0) others.set(name, (others.get(name) ?? 0) + 1);
      return places[index];
    };
  }

  /**
   * The stored row of values by the names of their columns; columns that are not given are missing, and named.
   * @throws UserError (usage) for unknown names and values of another kind.
   */
  object(given: Readonly<Record<string, unknown>>): EncodedRows & { readonly missing: readonly string[] } {
    const names = this.columns.map(({ name }) => name);
    for (const name of Object.keys(given))
      if (!names.includes(name)) {
        // Without the nearest name: a package finds it, which a program that predicts would load.
        const known = names.length > 40 ? [...names.slice(0, 39), '…', names[names.length - 1]] : names;
        throw new UserError(
          `no column is named ${JSON.stringify(name)}: the columns are ${known.join(', ')}`,
          ExitCode.usage,
        );
      }
    const used = this.columns.filter(({ name, type }) => type !== 'ignore' && !this.targets.includes(name));
    const ownValue = (name: string) => (Object.hasOwn(given, name) ? given[name] : undefined);
    const cells = new Map(used.map((column) => [column.name, this.#cell(column, ownValue(column.name))]));
    const others = new Map<string, number>();
    const values = new Float32Array(this.storedWidth);
    this.fields.forEach(({ column, part }, field) => {
      const cell = cells.get(column);
      if (typeof cell !== 'string') {
        values[field] = partOf(cell ?? Number.NaN, part);
        return;
      }
      const place = this.#places.get(column)?.get(cell) ?? 0;
      if (place === 0) others.set(column, 1);
      values[field] = place;
    });
    this.#texts.forEach((name, place) => {
      this.#storeText(name, String(cells.get(name) ?? ''), place, values);
    });
    const missing = used.flatMap(({ name }) => (ownValue(name) === undefined ? [name] : []));
    return { count: 1, values, others, missing };
  }

  /** A number, a word, or null for a missing value. */
  #cell(column: ColumnSchema, given: unknown): number | string | null {
    const { name, type, words } = column;
    if (given === null || given === undefined || Number.isNaN(given)) return null;
    const text = typeof given === 'string' ? trimmedCell(given) : String(given);
    if (typeof given === 'string' && isMissing(text)) return null;
    const refuse = (expected: string) => UserError.refusal(name, expected, given);
    if (type === 'number') {
      const value = typeof given === 'string' ? numberIn(text, column.number ?? plainFormat) : given;
      if (typeof value === 'number' && Number.isFinite(Math.fround(value))) return Math.fround(value);
      throw refuse('a finite number');
    }
    if (type === 'date') {
      const days =
        given instanceof Date ? daysOfMoment(given.getTime()) : daysIn(text, column.date ?? 'year-first');
      if (Number.isNaN(days)) throw refuse(`a date (${column.date})`);
      return days;
    }
    if (type === 'yes/no') {
      const place = given === true ? 1 : given === false ? 0 : (words?.indexOf(text) ?? -1);
      if (place < 0)
        throw refuse(`${words?.map((word) => JSON.stringify(word)).join(' or ')}, true or false`);
      return place;
    }
    if (typeof given === 'object' || typeof given === 'function') throw refuse('a text');
    return text;
  }

  /**
   * The inputs of a stored row.
   * @param stored f32 [storedWidth]
   * @param out f32 [width]
   */
  expand(stored: Float32Array, out: Float32Array): Float32Array {
    const rows = new StoredTexts(this.table);
    rows.read(stored);
    out.set(rows.values);
    return out;
  }
}
