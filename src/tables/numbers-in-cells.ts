/**
 * Numbers as people and programs write them: decimal points or commas, thousands separators, currencies, percent signs. All
 * cells of a column have one format; cells that would be read differently in two formats are never guessed one by one.
 */

export interface NumberFormat {
  readonly decimal: '.' | ',';
  readonly thousands: '' | ',' | '.' | ' ' | "'";
  /** A currency or percent sign; '' for none. */
  readonly unit: string;
}

export const plainFormat: NumberFormat = { decimal: '.', thousands: '', unit: '' };

/**
 * Whether plain numbers may have points between thousands: `950` and `1.050` as 950 and 1050. They do not as soon as a cell
 * has another number of decimals, four digits without a point, or a zero in front.
 */
export class Thousands {
  #isPossible = true;
  #hasBare = false;
  #first: PlacedCell | null = null;

  add(text: string, line: number): void {
    if (!this.#isPossible) return;
    const first = text.charCodeAt(0) === 45 ? 1 : 0;
    const digits = text.length - first;
    if (digits <= 3 && !/[.e]/i.test(text)) this.#hasBare = true;
    else if (digits < 5 || digits > 7 || !/^-?[1-9]\d{0,2}\.\d{3}$/.test(text)) this.#isPossible = false;
    else this.#first ??= { text, line };
  }

  /** Plain data, which go from thread to thread; null: points are decimal. */
  found(): FoundThousands | null {
    return this.#isPossible && this.#first !== null ? { first: this.#first, hasBare: this.#hasBare } : null;
  }
}

/** The first cell with a point, and whether there are cells without one. */
export interface FoundThousands {
  readonly first: PlacedCell;
  readonly hasBare: boolean;
}

/**
 * A cell that the column does not decide; null: points are decimal. Programs that write `950` for 950.000 write `1.05` for
 * 1.050, so both forms in one column are doubtful, as points are beside columns with decimal commas.
 */
export const doubtfulCell = (found: FoundThousands | null, hint: '.' | ',' | null): PlacedCell | null =>
  found !== null && (found.hasBare || hint === ',') ? found.first : null;

/** A cell and where it first occurs. */
export interface PlacedCell {
  readonly text: string;
  readonly line: number;
}

/** From the most to the least usual. Their places are the bits of a set. */
const separators: readonly Pick<NumberFormat, 'decimal' | 'thousands'>[] = [
  { decimal: '.', thousands: '' },
  { decimal: ',', thousands: '' },
  { decimal: '.', thousands: ',' },
  { decimal: ',', thousands: '.' },
  { decimal: '.', thousands: ' ' },
  { decimal: ',', thousands: ' ' },
  { decimal: '.', thousands: "'" },
  { decimal: ',', thousands: "'" },
];
const allFormats = (1 << separators.length) - 1;

/** A group of thousands does not begin a number with 0: `0,847` has a decimal comma. */
const patterns = separators.map(({ decimal, thousands }) => {
  const point = `\\${decimal}`;
  return thousands === ''
    ? new RegExp(`^(?:\\d+(?:${point}\\d*)?|${point}\\d+)(?:e[+-]?\\d+)?$`, 'i')
    : new RegExp(`^(?:\\d+|[1-9]\\d{0,2}(?:\\${thousands}\\d{3})+)(?:${point}\\d+)?$`);
});

const unitPattern = '[$€£¥₹%]|USD|EUR|GBP|CHF|JPY|kr';
const numeric = new RegExp(
  `^([+-]?)\\s*(${unitPattern})?\\s*([+-]?)\\s*(\\d[\\d.,' ]*(?:e[+-]?\\d+)?|[.,]\\d+(?:e[+-]?\\d+)?)\\s*(${unitPattern})?$`,
  'i',
);

interface Parts {
  readonly isNegative: boolean;
  readonly digits: string;
  readonly unit: string;
}

/** Null: no number in any format. */
function partsOf(cell: string): Parts | null {
  const usual = cell
    .replace(/[\u00a0\u2009\u202f]/g, ' ')
    .replace(/[’`]/g, "'")
    .replace(/^−/, '-');
  const [, sign = '', before, inner = '', digits = '', after] = numeric.exec(usual.trim()) ?? [];
  if (digits === '' || (sign !== '' && inner !== '') || (before !== undefined && after !== undefined))
    return null;
  return { isNegative: sign === '-' || inner === '-', digits: digits.trim(), unit: before ?? after ?? '' };
}

function formatsOf(digits: string): number {
  let set = 0;
  patterns.forEach((pattern, place) => {
    if (pattern.test(digits)) set |= 1 << place;
  });
  return set;
}

/** Whether a cell is a number in some format. */
export function looksNumeric(cell: string): boolean {
  const parts = partsOf(cell);
  return parts !== null && formatsOf(parts.digits) !== 0;
}

/** `01234`: digits of a code, whose number would lose the zero. */
export const hasLeadingZero = (cell: string): boolean => /^[+-]?0\d/.test(cell);

export const isInfinite = (cell: string): boolean => /^[+-]?inf(inity)?$/i.test(cell);

/** 10^0 to 10^22, which float64 holds exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`));

/**
 * The value of a number as every program writes it, such as `-12.50` or `1e-7`; NaN for everything else, as for leading
 * zeros. The quotient is exact if both its numbers are. A loop, because regular expressions are too slow for millions of
 * cells.
 */
export function plainNumber(cell: string): number {
  const { length } = cell;
  const first = cell.charCodeAt(0) === 45 ? 1 : 0;
  let [at, mantissa, point] = [first, 0, -1];
  for (; at < length; at++) {
    const code = cell.charCodeAt(at);
    if (code >= 48 && code <= 57) mantissa = mantissa * 10 + (code - 48);
    else if (code === 46 && point < 0) point = at;
    else break;
  }
  const digits = at - first - (point < 0 ? 0 : 1);
  if (digits === 0) return Number.NaN;
  if (cell.charCodeAt(first) === 48 && at - first > 1 && point !== first + 1) return Number.NaN;
  if (at < length) return /^e[+-]?\d+$/i.test(cell.slice(at)) ? Number(cell) : Number.NaN;
  // 2^53 has 16 digits.
  if (digits > 15) return Number(cell);
  const value = point < 0 ? mantissa : mantissa / powersOfTen[length - 1 - point];
  return first === 1 ? -value : value;
}

/** The value of a cell in this format; NaN if it is none. Infinite: beyond float64. */
export function numberIn(cell: string, { decimal, thousands, unit }: NumberFormat): number {
  const parts = partsOf(cell);
  if (parts === null) return Number.NaN;
  // A bare number among amounts is an amount; among percentages it is not known what it is.
  if (parts.unit !== unit && (parts.unit !== '' || unit === '%')) return Number.NaN;
  const place = separators.findIndex((each) => each.decimal === decimal && each.thousands === thousands);
  if (!patterns[place].test(parts.digits)) return Number.NaN;
  const digits = thousands === '' ? parts.digits : parts.digits.replaceAll(thousands, '');
  const value = Number(digits.replace(decimal, '.'));
  return parts.isNegative ? -value : value;
}

export type FoundFormat =
  | { readonly kind: 'format'; readonly format: NumberFormat }
  /** Two cells that no format reads both; in words why. */
  | { readonly kind: 'conflict'; readonly cells: readonly [PlacedCell, PlacedCell]; readonly why: string }
  /** A cell that several formats of the column read as different numbers. */
  | { readonly kind: 'ambiguous'; readonly cell: PlacedCell; readonly readings: readonly [number, number] }
  | { readonly kind: 'none' };

/** The format of a column; cells that are no numbers are not considered. `hint`: the decimal sign of other columns. */
export function formatOfColumn(cells: readonly PlacedCell[], hint: '.' | ',' | null): FoundFormat {
  const unit = unitOf(cells);
  if (unit === null) return { kind: 'none' };
  if (typeof unit !== 'string') return { kind: 'conflict', cells: unit, why: 'different units' };
  let set = allFormats;
  for (const cell of cells) {
    const own = setOf(cell);
    if (own === 0) continue;
    if ((set & own) === 0) {
      const other = cells.find((each) => setOf(each) !== 0 && (setOf(each) & own) === 0) ?? cells[0];
      return { kind: 'conflict', cells: [other, cell], why: 'numbers of different formats' };
    }
    set &= own;
  }
  return chosen(cells, set, unit, hint);
}

const setOf = ({ text }: PlacedCell): number => {
  const parts = partsOf(text);
  return parts === null ? 0 : formatsOf(parts.digits);
};

/** Null: no cell is a number. A pair: cells of different units. */
function unitOf(cells: readonly PlacedCell[]): string | readonly [PlacedCell, PlacedCell] | null {
  const seen = new Map<string, PlacedCell>();
  for (const cell of cells) {
    const parts = partsOf(cell.text);
    if (parts !== null && formatsOf(parts.digits) !== 0 && !seen.has(parts.unit)) seen.set(parts.unit, cell);
  }
  if (seen.size === 0) return null;
  const units = [...seen.keys()].filter((unit) => unit !== '' || seen.has('%'));
  const [first = '', second] = units;
  const pair = [first, second].flatMap((unit) => (unit === undefined ? [] : (seen.get(unit) ?? [])));
  return pair.length === 2 && second !== undefined ? [pair[0], pair[1]] : first;
}

function chosen(
  cells: readonly PlacedCell[],
  set: number,
  unit: string,
  hint: '.' | ',' | null,
): FoundFormat {
  const formats = separators
    .filter((_, place) => (set & (1 << place)) !== 0)
    .map((each) => ({ ...each, unit }));
  const [first, ...others] = formats;
  // Digits with a point at most, as every program writes them.
  if (first.decimal === '.' && first.thousands === '') {
    const thousands = new Thousands();
    for (const { text, line } of cells) {
      const parts = partsOf(text);
      if (parts !== null) thousands.add(parts.digits, line);
    }
    const cell = doubtfulCell(thousands.found(), hint);
    return cell === null ? { kind: 'format', format: first } : ambiguousPoints(cell);
  }
  for (const cell of cells) {
    if (setOf(cell) === 0) continue;
    const value = numberIn(cell.text, first);
    const other = others.find((each) => numberIn(cell.text, each) !== value);
    if (other === undefined) continue;
    const hinted = hint === null ? [] : formats.filter((each) => each.decimal === hint);
    if (hinted.length > 0) return { kind: 'format', format: hinted[0] };
    return { kind: 'ambiguous', cell, readings: [value, numberIn(cell.text, other)] };
  }
  return { kind: 'format', format: first };
}

/** A point that is decimal or between thousands. */
export function ambiguousPoints(cell: PlacedCell): Extract<FoundFormat, { kind: 'ambiguous' }> {
  const readings = [plainFormat, { ...plainFormat, decimal: ',', thousands: '.' } as const] as const;
  return {
    kind: 'ambiguous',
    cell,
    readings: [numberIn(cell.text, readings[0]), numberIn(cell.text, readings[1])],
  };
}

/** `a decimal comma, thousands by points, €`; '' for plain numbers. */
export function formatWords({ decimal, thousands, unit }: NumberFormat): string {
  const names = {
    '': '',
    ',': 'thousands by commas',
    '.': 'thousands by points',
    ' ': 'thousands by spaces',
    "'": 'thousands by apostrophes',
  };
  return [decimal === ',' ? 'decimal comma' : '', names[thousands], unit]
    .filter((word) => word !== '')
    .join(', ');
}
