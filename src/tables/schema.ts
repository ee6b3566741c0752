/** What is known of a table's columns: plain JSON, printed before training, saved with a model, used to read other rows. */

import { aligned } from '../numbers/columns.js';
import { grouped } from '../numbers/words.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { type DateFormat, dateFormats, dateText } from './dates-in-cells.js';
import { type NumberFormat, plainFormat } from './numbers-in-cells.js';

export const columnTypes = ['number', 'category', 'yes/no', 'date', 'text', 'ignore'] as const;
export type ColumnType = (typeof columnTypes)[number];

export interface ColumnSchema {
  readonly name: string;
  readonly type: ColumnType;
  /** Why it is of this type, for people. */
  readonly reason: string;
  /** Rows in which it is missing. */
  readonly missing: number;
  /** Of a number, and of yes/no written as 0 and 1. */
  readonly number?: NumberFormat;
  /** Words among the numbers count as missing: the caller said so. */
  readonly wordsAreMissing?: boolean;
  readonly date?: DateFormat;
  /** The words of yes/no: that for 0, that for 1. */
  readonly words?: readonly [string, string];
  /** The values in short, for people: a range, or the most frequent words. */
  readonly values: string;
}

export interface TableSchema {
  readonly columns: readonly ColumnSchema[];
}

/** What the caller says of a column. */
export interface AskedColumn {
  readonly type: ColumnType;
  readonly number?: NumberFormat;
  readonly date?: DateFormat;
}

/** `number`, `number:comma`, `date:day-first`: the words for a column. */
export const columnSpecs: readonly string[] = [
  ...columnTypes,
  'number:point',
  'number:comma',
  ...dateFormats.map((format) => `date:${format}`),
];

const numberFormats: Readonly<Record<string, NumberFormat>> = {
  point: { ...plainFormat, thousands: ',' },
  comma: { decimal: ',', thousands: '.', unit: '' },
};

/** @throws UserError (usage) for other words. */
export function askedColumn(column: string, spec: string): AskedColumn {
  const [type, detail] = spec.split(':');
  const known = columnTypes.find((each) => each === type);
  if (known === undefined || !columnSpecs.includes(spec))
    throw new UserError(
      `the type of column ${JSON.stringify(column)}: ${expectedGot(`one of ${columnSpecs.join(', ')}`, spec)}`,
      ExitCode.usage,
    );
  if (detail === undefined) return { type: known };
  if (known === 'number') return { type: known, number: numberFormats[detail] };
  return { type: known, date: dateFormats.find((format) => format === detail) ?? 'year-first' };
}

/** For a terminal: one line a column. */
export function schemaTable({ columns }: TableSchema): string {
  const rows = columns.map(({ name, type, missing, values, reason }) => [
    shortened(name, 32),
    type,
    missing === 0 ? '–' : grouped(missing),
    shortened(values, 40),
    reason,
  ]);
  return aligned([['column', 'type', 'missing', 'values', 'why'], ...rows], 'llrll');
}

export const shortened = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

/** `12 to 345.5`. */
export function rangeWords(values: ArrayLike<number>, isDate: boolean): string {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  if (low > high) return 'none';
  const shown = (value: number) => (isDate ? dateText(value) : String(Number(value.toPrecision(6))));
  return low === high ? shown(low) : `${shown(low)} to ${shown(high)}`;
}
