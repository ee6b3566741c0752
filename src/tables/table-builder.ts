/** From rows to columns: the first rows decide how each column is stored, the memory of all of them is estimated. */
import { isMissing, trimmedCell } from '../data/cells.js';
import { requireMemory } from '../memory/memory-limit.js';
import { grouped } from '../numbers/words.js';
import { UserError } from '../user-error.js';
import {
  type Cell,
  type ColumnStore,
  DateStore,
  NoStore,
  NumberStore,
  type RawColumn,
  type Refuse,
  textOf,
  WordStore,
} from './column-store.js';
import { dateFormatsOf } from './dates-in-cells.js';
import {
  formatOfColumn,
  hasLeadingZero,
  looksNumeric,
  type NumberFormat,
  plainFormat,
} from './numbers-in-cells.js';
import type { AskedColumn, ColumnSchema } from './schema.js';

/** Where a reader brings its rows. Lines are counted from 1. */
export interface RowSink {
  /** Of the rows that follow; may be called again with more of them. */
  columns(names: readonly string[]): void;
  rows(rows: readonly (readonly Cell[])[], lines: readonly number[]): void;
  /** Cells of one column, for a format that stores columns. */
  column(place: number, cells: ArrayLike<Cell>, firstLine: number): void;
  /** The share of the source that is read, with the rows that are brought next. */
  progress(share: number): void;
}

/** A source of rows, of whatever format. */
export interface RowReader {
  /** In messages. */
  readonly name: string;
  /** How a row is named in messages. */
  readonly place: 'line' | 'row';
  readonly canRepeat: boolean;
  /** What was found out about the format, for people. */
  readonly notes: readonly string[];
  /** Of a file that was read to its end; null: not known. */
  sha256(): string | null;
  read(sink: RowSink, signal?: AbortSignal): Promise<void>;
}

/** How the caller, or a fitted schema, wants a column. */
export type Wanted =
  | { readonly by: 'caller'; readonly asked: AskedColumn }
  | { readonly by: 'schema'; readonly column: ColumnSchema }
  /** It turned out to be no column of numbers or dates. */
  | { readonly by: 'words' };

/** By the name of a column; null: it is not stored. Undefined: as its first rows look. */
export type WantedColumns = (name: string) => Wanted | null | undefined;

/** The rows that decide how a column is stored. */
const sampledRows = 1000;
/** Fewer values need little memory. */
const leastChecked = 4_000_000;

export class TableBuilder implements RowSink {
  /** Rows of a column that is complete. */
  rowCount = 0;
  readonly #reader: RowReader;
  readonly #wanted: WantedColumns;
  #names: readonly string[] = [];
  /** Null: not enough rows have been seen. */
  readonly #stores: (ColumnStore | null)[] = [];
  readonly #waiting: { rows: (readonly Cell[])[]; lines: number[] } = { rows: [], lines: [] };
  #nextCheck = leastChecked;
  #share = 0;
  /** Rows of the whole source; 0: not known. */
  #expected = 0;
  /** The column that is being filled: to read it as words if it turns out to be. */
  filling = 0;

  constructor(reader: RowReader, wanted: WantedColumns) {
    this.#reader = reader;
    this.#wanted = wanted;
  }

  get names(): readonly string[] {
    return this.#names;
  }

  columns(names: readonly string[]): void {
    this.#names = names;
  }

  rows(rows: readonly (readonly Cell[])[], lines: readonly number[]): void {
    if (this.rowCount === 0) {
      for (const cells of rows) this.#waiting.rows.push(cells);
      for (const line of lines) this.#waiting.lines.push(line);
      if (this.#waiting.rows.length < sampledRows) return;
      this.#begin();
      return;
    }
    this.#fill(rows, lines);
  }

  column(place: number, cells: ArrayLike<Cell>, firstLine: number): void {
    this.filling = place;
    if (this.rowCount === 0) this.#expected = cells.length / this.#share;
    const sample = Array.from({ length: Math.min(sampledRows, cells.length) }, (_, row) => cells[row]);
    const store = this.#stores[place] ?? this.#storeFor(place, sample, firstLine);
    this.#stores[place] = store;
    for (let row = 0; row < cells.length; row++) store.add(cells[row], firstLine + row);
    if (place === this.#names.length - 1) this.rowCount += cells.length;
  }

  progress(share: number): void {
    this.#share = share;
    const values = this.rowCount * this.#names.length;
    if (values < this.#nextCheck) return;
    this.#nextCheck = 2 * values;
    const estimate = share > 0 ? this.rowCount / share : this.rowCount;
    this.#requireMemory(estimate);
  }

  /** @throws UserError for a source without rows. */
  finish(): { readonly names: readonly string[]; readonly columns: RawColumn[]; readonly rowCount: number } {
    if (this.rowCount === 0) this.#begin();
    if (this.rowCount === 0) throw new UserError(`${this.#reader.name}: no rows, expected at least one`);
    const columns = this.#stores.map((store, column) => {
      this.filling = column;
      return store?.finish() ?? new NoStore().finish();
    });
    return { names: this.#names, columns, rowCount: this.rowCount };
  }

  #begin(): void {
    const { rows, lines } = this.#waiting;
    this.#expected = this.#share > 0 ? rows.length / this.#share : 0;
    if (this.#expected * this.#names.length > leastChecked) this.#requireMemory(this.#expected);
    this.#fill(rows.splice(0), lines.splice(0));
  }

  #fill(rows: readonly (readonly Cell[])[], lines: readonly number[]): void {
    if (rows.length === 0) return;
    for (let column = 0; column < this.#names.length; column++) {
      this.filling = column;
      const store = this.#stores[column] ?? this.#added(column, rows, lines);
      for (let row = 0; row < rows.length; row++) store.add(rows[row][column], lines[row]);
    }
    this.rowCount += rows.length;
  }

  /** A column that is missing in the rows before. */
  #added(column: number, rows: readonly (readonly Cell[])[], lines: readonly number[]): ColumnStore {
    const sample = rows.slice(0, sampledRows).map((cells) => cells[column]);
    const store = this.#storeFor(column, sample, lines[0]);
    for (let row = 0; row < this.rowCount; row++) store.add(null, row + 1);
    this.#stores[column] = store;
    return store;
  }

  #requireMemory(rows: number): void {
    const stored = this.#names.filter((name) => this.#wanted(name) !== null).length;
    const done = this.rowCount / rows;
    const { name } = this.#reader;
    const needed = {
      [`${name}, about ${grouped(rows)} rows × ${stored} columns`]: 4 * rows * stored * (1 - done),
    };
    requireMemory(needed, 'use fewer rows, or columns that are ignored');
  }

  #storeFor(column: number, sample: readonly Cell[], firstLine: number): ColumnStore {
    const name = this.#names[column];
    const refuse: Refuse = (line, expected, cell) =>
      new UserError(`${this.#where(column, line)}: expected ${expected}, got ${shown(cell)}`);
    const wanted = this.#wanted(name);
    if (wanted === null) return new NoStore();
    const cells = sample.flatMap((cell, row) => {
      const text = textOf(cell);
      return text === ''
        ? []
        : [{ text, line: firstLine + row, isDate: cell instanceof Date, isText: typeof cell === 'string' }];
    });
    const expected = this.#expected;
    if (wanted?.by === 'words') return new WordStore(expected);
    if (wanted?.by === 'schema') return storeOf(wanted.column, refuse, expected);
    if (wanted?.by === 'caller') return askedStore(wanted.asked, cells, refuse, expected);
    // Values that a program calls dates or numbers are.
    if (cells.length > 0 && cells.every(({ isDate }) => isDate))
      return new DateStore('year-first', null, expected);
    if (
      cells.length > 0 &&
      cells.every(({ isText }) => !isText) &&
      !cells.some(({ text }) => !looksNumeric(text))
    )
      return new NumberStore(plainFormat, { isSettled: false, words: 'unknown' }, refuse, expected);
    return likelyStore(cells, refuse, expected);
  }

  #where(column: number, line: number): string {
    const { name, place } = this.#reader;
    return `${name}: ${place} ${line}, column ${column + 1} (${JSON.stringify(this.#names[column])})`;
  }
}

interface SampledCell {
  readonly text: string;
  readonly line: number;
}

function likelyStore(cells: readonly SampledCell[], refuse: Refuse, expected: number): ColumnStore {
  const dates = dateFormatsOf(cells.map(({ text }) => text));
  if (dates.length === 1) return new DateStore(dates[0], null, expected);
  const numbers = cells.filter(({ text }) => looksNumeric(text));
  const isCode = cells.some(({ text }) => hasLeadingZero(text) && looksNumeric(text));
  if (dates.length > 1 || isCode || 2 * numbers.length < cells.length) return new WordStore(expected);
  const found = formatOfColumn(numbers, null);
  const rules = { isSettled: false, words: 'unknown' } as const;
  if (cells.length === 0) return new NumberStore(plainFormat, rules, refuse, expected);
  return found.kind === 'format'
    ? new NumberStore(found.format, rules, refuse, expected)
    : new WordStore(expected);
}

function storeOf(
  { type, number, date, wordsAreMissing }: ColumnSchema,
  refuse: Refuse,
  expected: number,
): ColumnStore {
  if (type === 'ignore') return new NoStore();
  if (number !== undefined) {
    const words = wordsAreMissing ? 'missing' : 'refused';
    return new NumberStore(number, { isSettled: true, words }, refuse, expected);
  }
  return date === undefined ? new WordStore(expected) : new DateStore(date, refuse, expected);
}

function askedStore(
  { type, number, date }: AskedColumn,
  cells: readonly SampledCell[],
  refuse: Refuse,
  expected: number,
): ColumnStore {
  if (type === 'ignore') return new NoStore();
  if (type === 'date') {
    const formats = dateFormatsOf(cells.map(({ text }) => text));
    if (date !== undefined) return new DateStore(date, refuse, expected);
    return formats.length === 1 ? new DateStore(formats[0], null, expected) : new WordStore(expected);
  }
  if (type !== 'number') return new WordStore(expected);
  if (number !== undefined) {
    const unit = unitOf(cells, number);
    return new NumberStore({ ...number, unit }, { isSettled: true, words: 'missing' }, refuse, expected);
  }
  const found = formatOfColumn(cells, null);
  const format = found.kind === 'format' ? found.format : cells.length === 0 ? plainFormat : null;
  return format === null
    ? new WordStore(expected)
    : new NumberStore(format, { isSettled: false, words: 'missing' }, refuse, expected);
}

/** Of the cells, since the words of a format leave it open. */
function unitOf(cells: readonly SampledCell[], { decimal }: NumberFormat): string {
  const found = formatOfColumn(cells, decimal);
  return found.kind === 'format' ? found.format.unit : '';
}

function shown(cell: Cell): string {
  if (typeof cell !== 'string') return String(cell);
  const text = trimmedCell(cell);
  return isMissing(text) ? '""' : JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
