/** Cells of CSV files and tables: their kinds, and the values of those that are plain numbers. */

/** A cell without spaces around it, and without the single quotes of ARFF and OpenML. */
export function trimmedCell(cell: string | undefined): string {
  const trimmed = (cell ?? '').trim();
  const isQuoted = trimmed.length > 2 && trimmed.startsWith("'") && trimmed.endsWith("'");
  return isQuoted ? trimmed.slice(1, -1).trim() : trimmed;
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

export function kindOf(cell: string | undefined): 'empty' | 'number' | 'word' {
  const trimmed = trimmedCell(cell);
  if (trimmed === '') return 'empty';
  return number.test(trimmed) ? 'number' : 'word';
}

/** The usual spellings of a missing value, in lower case. */
export const missingWords: readonly string[] = ['', '?', 'na', 'n/a', 'nan', 'null'];

/** Whether a label is missing. */
export function isMissing(cell: string): boolean {
  return missingWords.includes(cell.toLowerCase());
}

/** The value of a cell that is an integer from 0 to 255, in whatever spelling (`7`, `12.0`, `1.2e+01`); else -1. */
export function byteOf(cell: string): number {
  const value = digitsOf(cell);
  if (value >= 0) return value <= 255 ? value : -1;
  const trimmed = trimmedCell(cell);
  if (!number.test(trimmed)) return -1;
  const parsed = Number(trimmed);
  return Number.isInteger(parsed) && parsed >= 0 && parsed <= 255 ? parsed : -1;
}

/** The value of a cell that is a number within float32; else NaN. */
export function realOf(cell: string): number {
  const trimmed = trimmedCell(cell);
  const value = number.test(trimmed) ? Math.fround(Number(trimmed)) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/**
 * The value of one to three digits, and zeros after a point; -1 for anything else. A loop, because a regular expression is
 * too slow for millions of cells.
 */
function digitsOf(cell: string): number {
  let value = 0;
  let index = 0;
  for (; index < cell.length; index += 1) {
    const digit = cell.charCodeAt(index) - 48;
    if (digit < 0 || digit > 9) break;
    if (index === 3) return -1;
    value = value * 10 + digit;
  }
  if (index === 0) return -1;
  if (index === cell.length) return value;
  if (cell[index] !== '.') return -1;
  for (index += 1; index < cell.length; index += 1) if (cell.charCodeAt(index) !== 48) return -1;
  return value;
}
