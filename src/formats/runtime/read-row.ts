/**
 * A row of a table, as programs have it, to the numbers of its columns: `Encoder.object` in plain JavaScript. The function
 * refers to nothing outside, because `.mjs` files contain its text.
 */
import type { InputColumn } from '../../model/op.js';

export interface ReadColumn extends InputColumn {
  /** Of a date: texts of regular expressions with named groups. */
  readonly patterns?: readonly string[];
}

/** Values by the names of their columns, or in the order of the columns. */
export type Row = ArrayLike<unknown> | Readonly<Record<string, unknown>>;

export type ReadRow = typeof readRow;

/** @throws TypeError for unknown names and values of another kind, RangeError for another number of values. */
export function readRow(row: Row, columns: readonly ReadColumn[], others: readonly string[]): Float64Array {
  const dayMs = 86_400_000;
  const epoch = Date.UTC(2000, 0, 1) / dayMs;
  const unit = '[$€£¥₹%]|USD|EUR|GBP|CHF|JPY|kr';
  const numeric = new RegExp(
    `^([+-]?)\\s*(${unit})?\\s*([+-]?)\\s*(\\d[\\d.,' ]*(?:e[+-]?\\d+)?|[.,]\\d+(?:e[+-]?\\d+)?)\\s*(${unit})?$`,
    'i',
  );
  const numberIn = (text: string, format: ReadColumn['number']): number => {
    const { decimal = '.', thousands = '', unit: ownUnit = '' } = format ?? {};
    const usual = text
      .replace(/[\u00a0\u2009\u202f]/g, ' ')
      .replace(/[’`]/g, "'")
      .replace(/^−/, '-');
    const [, sign = '', before, inner = '', found = '', after] = numeric.exec(usual.trim()) ?? [];
    const digits = found.trim();
    if (digits === '' || (sign !== '' && inner !== '') || (before !== undefined && after !== undefined))
      return Number.NaN;
    const given = before ?? after ?? '';
    if (given !== ownUnit && (given !== '' || ownUnit === '%')) return Number.NaN;
    const point = `\\${decimal}`;
    const pattern =
      thousands === ''
        ? new RegExp(`^(?:\\d+(?:${point}\\d*)?|${point}\\d+)(?:e[+-]?\\d+)?$`, 'i')
        : new RegExp(`^(?:\\d+|[1-9]\\d{0,2}(?:\\${thousands}\\d{3})+)(?:${point}\\d+)?$`);
    if (!pattern.test(digits)) return Number.NaN;
    const plain = thousands === '' ? digits : digits.split(thousands).join('');
    const value = Number(plain.replace(decimal, '.'));
    return sign === '-' || inner === '-' ? -value : value;
  };
  const daysIn = (text: string, patterns: readonly string[]): number => {
    const found = patterns.map((pattern) => new RegExp(pattern, 'i').exec(text)).find((match) => match);
    const parts = found?.groups;
    if (parts === undefined) return Number.NaN;
    const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
    const month =
      parts.name === undefined ? Number(parts.month) : 1 + months.indexOf(parts.name.toLowerCase());
    const ms = Date.UTC(Number(parts.year), month - 1, Number(parts.day));
    const date = new Date(ms);
    if (month < 1 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== Number(parts.day))
      return Number.NaN;
    if (parts.hour === undefined) return ms / dayMs - epoch;
    const [hour, minutes, seconds] = [Number(parts.hour), Number(parts.minute), Number(parts.second ?? 0)];
    if (hour > (parts.half === undefined ? 23 : 12) || minutes > 59 || seconds >= 61) return Number.NaN;
    const hours =
      parts.half === undefined ? hour : (hour % 12) + (parts.half.toUpperCase() === 'PM' ? 12 : 0);
    const [, sign, zoneHours = 0, zoneMinutes = 0] = /([+-])(\d{2}):?(\d{2})/.exec(parts.zone ?? '') ?? [];
    const offset = (sign === '-' ? -1 : 1) * (Number(zoneHours) * 60 + Number(zoneMinutes));
    return ms / dayMs - epoch + (hours * 3600 + (minutes - offset) * 60 + seconds) / 86_400;
  };
  const numberOf = (column: ReadColumn, given: unknown): number => {
    if (given === null || given === undefined || Number.isNaN(given)) return Number.NaN;
    const isText = typeof given === 'string';
    let text = String(given);
    if (isText) {
      text = given.trim();
      if (text.length > 2 && text.startsWith("'") && text.endsWith("'")) text = text.slice(1, -1).trim();
      if (['', '?', 'na', 'n/a', 'nan', 'null'].includes(text.toLowerCase())) return Number.NaN;
    }
    const refuse = (expected: string): never => {
      throw new TypeError(`${column.name}: expected ${expected}, got ${String(given)} (${typeof given})`);
    };
    if (column.type === 'number') {
      const value = isText ? numberIn(text, column.number) : given;
      return typeof value === 'number' && Number.isFinite(Math.fround(value))
        ? Math.fround(value)
        : refuse('a finite number');
    }
    if (column.type === 'date') {
      const days =
        given instanceof Date ? given.getTime() / dayMs - epoch : daysIn(text, column.patterns ?? []);
      return Number.isNaN(days) ? refuse(`a date (${column.date})`) : days;
    }
    if (column.type === 'yes/no') {
      const words: readonly string[] = column.words ?? [];
      const place = given === true ? 1 : given === false ? 0 : words.indexOf(text);
      return place >= 0 ? place : refuse(`${words.join(' or ')}, true or false`);
    }
    if (typeof given === 'object' || typeof given === 'function') return refuse('a text');
    return (column.categories ?? []).indexOf(text) + 1;
  };
  if (typeof row !== 'object' || row === null)
    throw new TypeError(`row: expected an object of columns or an array, got ${String(row)} (${typeof row})`);
  if (Array.isArray(row) || ArrayBuffer.isView(row)) {
    const cells = Array.from(row as ArrayLike<unknown>);
    if (cells.length !== columns.length)
      throw new RangeError(`row: expected ${columns.length} values, got ${cells.length}`);
    return Float64Array.from(columns, (column, place) => numberOf(column, cells[place]));
  }
  const given = row as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(given))
    if (!others.includes(name) && !columns.some((column) => column.name === name))
      throw new TypeError(
        `no column is named ${JSON.stringify(name)}: the columns are ${columns.map((one) => one.name).join(', ')}`,
      );
  return Float64Array.from(columns, (column) =>
    numberOf(column, Object.hasOwn(given, column.name) ? given[column.name] : undefined),
  );
}
