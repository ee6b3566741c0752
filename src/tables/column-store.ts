/**
 * Columns while their rows come in: numbers and dates as floats, everything else as numbers of distinct words. Cells of a
 * column of numbers that are none are kept apart; whether they spoil the column is decided at its end.
 */
import { isMissing, trimmedCell } from '../data/cells.js';
import { type DateFormat, daysIn, daysOfMoment } from './dates-in-cells.js';
import { buffer, Growing, keepFirst } from './growing.js';
import {
  type FoundThousands,
  formatWords,
  hasLeadingZero,
  isInfinite,
  looksNumeric,
  type NumberFormat,
  numberIn,
  plainNumber,
  Thousands,
} from './numbers-in-cells.js';

/** A cell of a CSV file is a string; rows of programs, JSON and Parquet have other values. */
export type Cell = string | number | bigint | boolean | Date | null | undefined;

/** A word that is kept apart from the numbers of a column: how often it occurs, and the line of the first. */
export interface OddWord {
  readonly line: number;
  count: number;
}

export interface NumbersColumn {
  readonly kind: 'numbers';
  readonly format: NumberFormat;
  /** [rows], NaN: missing, or a word. */
  readonly values: Float32Array;
  readonly missing: number;
  readonly oddWords: ReadonlyMap<string, OddWord>;
  /** Cells of `oddWords`, and of the words beyond its limit. */
  readonly oddCells: number;
  /** Each value is the one before and 1. */
  readonly countsUp: boolean;
  /** Of cells that were read with decimal points. */
  readonly thousands: FoundThousands | null;
  /** The least and the greatest value before they were rounded to float32, if that leaves few values between them. */
  readonly blurred: readonly [number, number] | null;
}

export interface DatesColumn {
  readonly kind: 'dates';
  readonly format: DateFormat;
  /** [rows] Days since 2000-01-01, NaN: missing. Float64: float32 would lose the minute. */
  readonly values: Float64Array;
  readonly missing: number;
}

export interface WordsColumn {
  readonly kind: 'words';
  /** The distinct words in the order of appearance; the first is '', a missing value. */
  readonly words: readonly string[];
  /** [rows] Places in `words`. */
  readonly indices: Uint16Array | Uint32Array;
  /** Of each word. */
  readonly counts: Uint32Array;
  /** Of each word: where it first occurs. */
  readonly lines: readonly number[];
  readonly missing: number;
}

/** Not stored. */
export interface NoColumn {
  readonly kind: 'none';
}

export type RawColumn = NumbersColumn | DatesColumn | WordsColumn | NoColumn;

export interface ColumnStore {
  add(cell: Cell, line: number): void;
  finish(): RawColumn;
}

/** Steps of float32 across a column with fewer of which its values are not told apart. */
const fewestSteps = 64;

/** The range of a column, and whether float32 keeps what it tells. */
export class Spread {
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #isRounded = false;

  /** NaN is not counted. */
  add(value: number): void {
    if (value < this.#low) this.#low = value;
    if (value > this.#high) this.#high = value;
    if (Math.fround(value) !== value) this.#isRounded ||= !Number.isNaN(value);
  }

  blurred(): readonly [number, number] | null {
    const steps = (this.#high - this.#low) / (2 ** -23 * Math.max(Math.abs(this.#low), Math.abs(this.#high)));
    return this.#isRounded && steps > 0 && steps < fewestSteps ? [this.#low, this.#high] : null;
  }
}

/** How a cell that stops the reading is refused: `expected` in words. */
export type Refuse = (line: number, expected: string, cell: Cell) => Error;

/** A column must be read again as words: it is no column of numbers or dates. */
export class OtherKind extends Error {
  readonly line: number;
  readonly cell: string;
  constructor(line: number, cell: string) {
    super();
    this.line = line;
    this.cell = cell;
  }
}

/** Distinct odd words that are kept: enough to know that a column has no numbers. */
const mostOddWords = 1000;
const largestFloat32 = 3.4028234663852886e38;

/** Distinct numbers of a column that has words too: fewer may be categories, such as `1`, `2`, `3`, `other`. */
const manyNumbers = 20;

/** Whether a column is one of numbers, in which words are mistakes. `values`: NaN for missing ones and words. */
export function areMostlyNumbers(
  values: Float32Array,
  missing: number,
  words: { readonly cells: number; readonly distinct: number },
): boolean {
  const present = values.length - missing;
  const share = (present - words.cells) / present;
  if (share < 0.5 || (share < 0.8 && words.distinct > 3)) return false;
  const distinct = new Set<number>();
  for (let row = 0; row < values.length && distinct.size <= manyNumbers; row++)
    if (!Number.isNaN(values[row])) distinct.add(values[row]);
  return distinct.size > manyNumbers;
}

/** What a column of numbers does with other cells. */
export interface NumberRules {
  /** The format is given: numbers in others are refused. Else the column is read again as words. */
  readonly isSettled: boolean;
  /** Words are refused, are missing because the caller says so, or may show that this is no column of numbers. */
  readonly words: 'refused' | 'missing' | 'unknown';
}

export class NumberStore implements ColumnStore {
  readonly #values: Growing<Float32Array>;
  readonly #format: NumberFormat;
  readonly #isPlain: boolean;
  readonly #rules: NumberRules;
  readonly #refuse: Refuse;
  readonly #oddWords = new Map<string, OddWord>();
  #oddCells = 0;
  #missing = 0;
  #countsUp = true;
  #last = Number.NaN;
  readonly #thousands = new Thousands();
  readonly #spread = new Spread();

  /** `expected`: about how many rows come, 0 if that is not known. */
  constructor(format: NumberFormat, rules: NumberRules, refuse: Refuse, expected: number) {
    this.#values = new Growing((own) => new Float32Array(own), expected);
    this.#format = format;
    this.#isPlain = format.decimal === '.' && format.thousands === '' && format.unit === '';
    this.#rules = rules;
    this.#refuse = refuse;
  }

  add(cell: Cell, line: number): void {
    let value = Number.NaN;
    if (typeof cell === 'string') {
      if (this.#isPlain) {
        value = plainNumber(cell);
        this.#thousands.add(cell, line);
      }
      if (Number.isNaN(value)) value = this.#slow(trimmedCell(cell), line);
    } else if (typeof cell === 'number' || typeof cell === 'bigint' || typeof cell === 'boolean') {
      value = Number(cell);
      if (Number.isNaN(value)) this.#missing++;
    } else if (cell === null || cell === undefined) this.#missing++;
    else value = this.#slow(textOf(cell), line);
    if (value > largestFloat32 || value < -largestFloat32)
      throw this.#refuse(line, 'a finite number within float32', cell);
    if (this.#countsUp) {
      this.#countsUp = Number.isNaN(this.#last) ? Number.isInteger(value) : value === this.#last + 1;
      this.#last = value;
    }
    this.#spread.add(value);
    this.#values.push(value);
  }

  #slow(cell: string, line: number): number {
    if (isMissing(cell)) {
      this.#missing++;
      return Number.NaN;
    }
    if (isInfinite(cell)) throw this.#refuse(line, 'a finite number', cell);
    const { isSettled, words } = this.#rules;
    const mayBeCode = words === 'unknown' && hasLeadingZero(cell);
    const value = mayBeCode ? Number.NaN : numberIn(cell, this.#format);
    if (!Number.isNaN(value)) return value;
    if (isSettled && (words === 'refused' || looksNumeric(cell)))
      throw this.#refuse(line, `a number${formatWords(this.#format).replace(/^(?=.)/, ', ')}`, cell);
    // Digits in another format, or of a code: all cells decide together which it is.
    if (mayBeCode || looksNumeric(cell)) throw new OtherKind(line, cell);
    this.#oddCells++;
    const known = this.#oddWords.get(cell);
    if (known !== undefined) known.count++;
    else if (this.#oddWords.size < mostOddWords) this.#oddWords.set(ownText(cell), { line, count: 1 });
    else if (words === 'unknown') throw new OtherKind(line, cell);
    return Number.NaN;
  }

  finish(): NumbersColumn {
    const values = this.#values.joined();
    const [odd] = this.#oddWords;
    if (odd !== undefined && this.#rules.words === 'unknown') {
      const words = { cells: this.#oddCells, distinct: this.#oddWords.size };
      if (!areMostlyNumbers(values, this.#missing, words)) throw new OtherKind(odd[1].line, odd[0]);
    }
    return {
      kind: 'numbers',
      format: this.#format,
      values,
      missing: this.#missing,
      oddWords: this.#oddWords,
      oddCells: this.#oddCells,
      countsUp: this.#countsUp && !Number.isNaN(this.#last),
      thousands: this.#thousands.found(),
      blurred: this.#spread.blurred(),
    };
  }
}

export class DateStore implements ColumnStore {
  readonly #days: Growing<Float64Array>;
  readonly #format: DateFormat;
  readonly #refuse: Refuse | null;
  #missing = 0;

  /** `refuse`: for a column that must have dates; null: another kind is possible. */
  constructor(format: DateFormat, refuse: Refuse | null, expected: number) {
    this.#days = new Growing((own) => new Float64Array(own), expected);
    this.#format = format;
    this.#refuse = refuse;
  }

  add(cell: Cell, line: number): void {
    if (cell instanceof Date && !Number.isNaN(cell.getTime())) {
      this.#days.push(daysOfMoment(cell.getTime()));
      return;
    }
    const text = textOf(cell);
    const days = text === '' ? Number.NaN : daysIn(text, this.#format);
    if (text === '') this.#missing++;
    else if (Number.isNaN(days)) {
      if (this.#refuse === null) throw new OtherKind(line, text);
      throw this.#refuse(line, `a date (${this.#format})`, cell);
    }
    this.#days.push(days);
  }

  finish(): DatesColumn {
    return { kind: 'dates', format: this.#format, values: this.#days.joined(), missing: this.#missing };
  }
}

export class WordStore implements ColumnStore {
  readonly #indices: Growing<Uint32Array>;
  readonly #places = new Map<string, number>([['', 0]]);
  readonly #lines: number[] = [0];

  constructor(expected: number) {
    this.#indices = new Growing((own) => new Uint32Array(own), expected);
  }

  add(cell: Cell, line: number): void {
    const word = typeof cell === 'string' ? trimmedCell(cell) : textOf(cell);
    let place = this.#places.get(word);
    if (place === undefined) {
      place = isMissing(word) ? 0 : this.#lines.length;
      this.#places.set(ownText(word), place);
      if (place > 0) this.#lines.push(line);
    }
    this.#indices.push(place);
  }

  finish(): WordsColumn {
    const all = this.#indices.joined();
    const counts = new Uint32Array(this.#lines.length);
    for (let row = 0; row < all.length; row++) counts[all[row]]++;
    const words = ['', ...[...this.#places].filter(([, place]) => place > 0).map(([word]) => word)];
    const indices = words.length <= 2 ** 16 ? halved(all) : all;
    return { kind: 'words', words, indices, counts, lines: this.#lines, missing: counts[0] };
  }
}

/** In half the memory; that of `all` is given back. */
function halved(all: Uint32Array): Uint16Array {
  const indices = new Uint16Array(buffer(2 * all.length));
  indices.set(all);
  keepFirst(all, 0);
  return indices;
}

export class NoStore implements ColumnStore {
  add(): void {}
  finish(): NoColumn {
    return { kind: 'none' };
  }
}

/** A cell as a word; '' if it is missing. */
export function textOf(cell: Cell): string {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return '';
  if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? '' : cell.toISOString();
  const text = trimmedCell(String(cell));
  return isMissing(text) ? '' : text;
}

/** A copy: longer pieces of a string keep all of it, here a block of the file. */
const ownText = (text: string): string => (text.length < 13 ? text : Buffer.from(text).toString());
