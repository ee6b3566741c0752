/** Rows that are objects or arrays: of a program, of JSON, of lines of JSON. */

import { throwIfInterrupted } from '../data/interruption.js';
import { expectedGot, UserError } from '../user-error.js';
import type { ByteSource } from './byte-sources.js';
import type { Cell } from './column-store.js';
import type { RowReader, RowSink } from './table-builder.js';
import { textBlocks } from './text-blocks.js';

/** Values by the names of their columns, or in the order of the columns. */
export type Row = Readonly<Record<string, unknown>> | readonly unknown[];

export type Rows = Iterable<Row> | AsyncIterable<Row>;

const rowsAtOnce = 1024;

/** `rows`: an array, or a source that may give its rows once only. */
export function objectReader(rows: Rows, name: string): RowReader {
  return {
    name,
    place: 'row',
    canRepeat: Array.isArray(rows),
    notes: [],
    sha256: () => null,
    async read(sink, signal) {
      const brought = new ObjectRows(name, 'row', sink);
      let row = 0;
      for await (const given of rows) {
        row += 1;
        if (Array.isArray(rows)) sink.progress(row / rows.length);
        brought.add(given, row);
        if (row % rowsAtOnce === 0) {
          throwIfInterrupted(signal, `reading ${name}`);
          await new Promise((resolve) => setImmediate(resolve));
        }
      }
      brought.end();
    },
  };
}

/** Objects, one a line; `isArray`: one array of them. */
export function jsonReader(source: ByteSource, isArray: boolean): RowReader {
  const { name } = source;
  return {
    name,
    place: isArray ? 'row' : 'line',
    canRepeat: true,
    notes: [`${name}: ${isArray ? 'a JSON array' : 'one JSON object a line'}`],
    sha256: source.sha256,
    async read(sink, signal) {
      const brought = new ObjectRows(name, isArray ? 'row' : 'line', sink);
      let [line, storedBytes] = [1, 0];
      const read = (bytes: number) => {
        storedBytes = bytes;
      };
      const pieces: string[] = [];
      for await (const block of textBlocks(source.pieces(read, signal), name, () => line)) {
        if (isArray) {
          pieces.push(block);
          line += block.split('\n').length - 1;
          continue;
        }
        sink.progress(storedBytes / source.sizeBytes);
        for (const text of block.replace(/\n$/, '').split('\n')) {
          if (text.trim() !== '') brought.add(parsed(text, `${name}: line ${line}`), line);
          line += 1;
        }
      }
      if (isArray)
        for (const [place, row] of rowsOf(parsed(pieces.join(''), name), name).entries())
          brought.add(row, place + 1);
      brought.end();
    },
  };
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${where}: not valid JSON: ${(error as Error).message}`, undefined, { cause: error });
  }
}

function rowsOf(value: unknown, name: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new UserError(`${name}: ${expectedGot('an array of objects', value)}`);
}

class ObjectRows {
  readonly #name: string;
  readonly #place: 'line' | 'row';
  readonly #sink: RowSink;
  readonly #columns = new Map<string, number>();
  #width: number | null = null;
  #rows: Cell[][] = [];
  #lines: number[] = [];
  constructor(name: string, place: 'line' | 'row', sink: RowSink) {
    this.#name = name;
    this.#place = place;
    this.#sink = sink;
  }

  add(given: unknown, line: number): void {
    const where = `${this.#name}: ${this.#place} ${line}`;
    if (typeof given !== 'object' || given === null)
      throw new UserError(`${where}: ${expectedGot('an object with a value for each column', given)}`);
    this.#rows.push(Array.isArray(given) ? this.#array(given, where) : this.#object(given, where));
    this.#lines.push(line);
    if (this.#rows.length === rowsAtOnce) this.end();
  }

  end(): void {
    this.#sink.rows(this.#rows, this.#lines);
    [this.#rows, this.#lines] = [[], []];
  }

  #array(given: readonly unknown[], where: string): Cell[] {
    if (this.#width === null) {
      this.#width = given.length;
      this.#sink.columns(given.map((_, column) => String(column + 1)));
    }
    if (given.length !== this.#width || this.#columns.size > 0)
      throw new UserError(
        `${where}: ${given.length} values, expected ${this.#columns.size > 0 ? 'an object, as the first is' : this.#width}`,
      );
    return given.map((value, column) => cellOf(value, where, `column ${column + 1}`));
  }

  #object(given: object, where: string): Cell[] {
    if (this.#width !== null)
      throw new UserError(`${where}: an object, expected an array of values, as the first is`);
    const cells: Cell[] = new Array(this.#columns.size).fill(undefined);
    let hasNew = false;
    for (const [key, value] of Object.entries(given)) {
      let column = this.#columns.get(key);
      if (column === undefined) {
        column = this.#columns.size;
        this.#columns.set(key, column);
        hasNew = true;
      }
      cells[column] = cellOf(value, where, JSON.stringify(key));
    }
    if (hasNew) {
      // The rows before have fewer cells, which are missing.
      this.#sink.columns([...this.#columns.keys()]);
    }
    return cells;
  }
}

/** @throws UserError for a value that is no cell. */
export function cellOf(value: unknown, where: string, column: string): Cell {
  if (value === null || value === undefined || value instanceof Date) return value;
  const type = typeof value;
  if (type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint') return value as Cell;
  throw new UserError(
    `${where}, ${column}: ${expectedGot('a number, a text, a boolean, a date or null', value)}`,
  );
}
