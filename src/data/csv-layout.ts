/**
 * The meaning of the columns of a CSV file, decided by its first lines before any row is read. If there is no header, the
 * label is the first column, unless another one is the only column that holds words.
 */
import { nearest } from '../config/nearest.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { isMissing, kindOf, trimmedCell } from './cells.js';
import { type Separator, separatorOf, splitRows } from './csv-cells.js';

/** `data.label`: the name of a column, its number counted from 1, or null. */
export type LabelColumn = string | number | null;

/** The facts in the first lines of a file, before the column of the labels is known. */
export interface CsvColumns {
  readonly path: string;
  readonly separator: Separator;
  /** Number of the first row's line, counted from 1. */
  readonly firstLine: number;
  /** Null if there is no header, or if it holds only numbers. */
  readonly names: readonly string[] | null;
  /** Columns of a row, without the empty one after a trailing separator. */
  readonly width: number;
  /** Each row ends with a separator. */
  readonly isTrailing: boolean;
  /** The first rows' cells. */
  readonly rows: readonly (readonly string[])[];
}

/** Columns are counted from 0. */
export interface CsvLayout extends Omit<CsvColumns, 'rows'> {
  /** -1: the rows have none, or it is not read. */
  readonly label: number;
  /** How the column of labels was found; `first` is the default without a header, `guessed` the one with a header. */
  readonly labelBy: 'data.label' | 'name' | 'words' | 'odd name' | 'first' | 'guessed';
  /** The label of the first row is a word, so all the others must be words. */
  readonly hasWords: boolean;
  /** Columns that are neither label nor feature: names of rows, counters of rows. */
  readonly leftOut: readonly number[];
  /** Those of `leftOut` that are left out only if they count the rows to the end. */
  readonly counters: readonly number[];
}

const surelyLabels = [
  'label',
  'labels',
  'class',
  'classes',
  'target',
  'targets',
  'classlabel',
  'labelname',
  'classname',
];
const likelyLabels = ['y', 'category', 'species', 'digit', 'letter', 'outcome'];
const rowNames = ['id', 'index', 'idx', 'rowid', 'rowname', 'rownames', 'imageid'];
/** Fewer rows may count up by chance. */
const countingRows = 10;

function folded(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** How messages name a column: `column 3 ("x")`. */
export function columnText({ names }: Pick<CsvLayout, 'names'>, column: number): string {
  const name = names?.[column];
  return name === undefined ? `column ${column + 1}` : `column ${column + 1} (${JSON.stringify(name)})`;
}

/**
 * @param lines the first lines of the file; later ones do not change the decision.
 * @throws UserError if the header and the rows have different numbers of columns.
 */
export function columnsOf(lines: readonly string[], path: string): CsvColumns {
  const comments = Math.max(
    0,
    lines.findIndex((line) => !line.startsWith('#')),
  );
  const body = lines.slice(comments);
  const separator = separatorOf(body.filter((line) => line.trim() !== ''));
  const split = (text: string) => splitRows(text, separator).data[0] ?? [];
  const first = split(body[0] ?? '');
  const later = body.slice(1).filter((line) => line.trim() !== '');
  const samples = later.map(split);
  // numpy.savetxt puts a comment mark before its header.
  const commented = split((lines[comments - 1] ?? '').replace(/^#\s*/, ''));
  const isCommented = comments > 0 && commented.length === first.length && first.length > 1;
  const hasNumbers = isCount(first);
  const hasHeader = !isCommented && (hasNumbers || isHeader(first, samples[0]));
  const header = isCommented ? commented : hasHeader && !hasNumbers ? first : null;
  const rows = hasHeader ? samples : [first, ...samples];
  const row = rows[0] ?? first;
  const isTrailing = row.length > 2 && rows.every((cells) => kindOf(cells.at(-1)) === 'empty');
  const width = row.length - (isTrailing ? 1 : 0);
  const named = isTrailing ? header?.slice(0, width) : header;
  const names = named?.map(trimmedCell) ?? null;
  if (names !== null && names.length !== width && rows.length > 0) {
    const line = isCommented ? comments : comments + 1;
    throw new UserError(
      `${path}: line ${line} names ${names.length} columns, expected ${width} as in the next`,
    );
  }
  return { path, separator, firstLine: comments + (hasHeader ? 2 : 1), names, width, isTrailing, rows };
}

/** @throws UserError for labels that cannot be found, or that count the rows. */
export function layoutOf({ rows, ...columns }: CsvColumns, asked: LabelColumn): CsvLayout {
  const { names, width } = columns;
  const named = names?.flatMap((name, column) => (isRowName(name, column) ? [column] : [])) ?? [];
  const found = labelOf({ ...columns, rows }, named, asked);
  if (found.labelBy !== 'data.label' && rows.length > countingRows && countsUp(rows, found.label)) {
    const where = `${columns.path}: ${columnText(columns, found.label)}`;
    throw new UserError(`${where}: the labels count the rows; data.label names another column`);
  }
  const isOther = (column: number) => column !== found.label;
  const counters = range(width).filter(
    (column) => isOther(column) && !named.includes(column) && countsUp(rows, column),
  );
  const leftOut = range(width).filter(
    (column) => isOther(column) && (named.includes(column) || counters.includes(column)),
  );
  const label = trimmedCell(rows[0]?.[found.label]);
  const hasWords = kindOf(label) === 'word' && !isMissing(label);
  return { ...columns, ...found, hasWords, leftOut, counters };
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** The columns' numbers, which pandas writes for tables without names: eight or more, from 0 or 1. */
function isCount(cells: readonly string[]): boolean {
  const first = Number(cells[0]);
  return (
    cells.length >= 8 &&
    (first === 0 || first === 1) &&
    cells.every((cell, index) => kindOf(cell) === 'number' && Number(cell) === first + index)
  );
}

/**
 * A header counts its columns, beside at most two names; or it names a label; or more than half of its cells are words,
 * and one of them is above a cell that is not a word.
 */
function isHeader(first: readonly string[], next: readonly string[] | undefined): boolean {
  const words = first.flatMap((cell, column) => (kindOf(cell) === 'word' ? [column] : []));
  const counted = first.filter((cell) => kindOf(cell) === 'number');
  if (counted.length >= first.length - 2 && isCount(counted)) return true;
  if (words.length === 0) return false;
  if (next === undefined) return words.length > 1;
  const namesLabel = words.some(
    (column) => surelyLabels.includes(folded(first[column])) && first[column] !== next[column],
  );
  return (
    namesLabel || (2 * words.length > first.length && words.some((column) => kindOf(next[column]) !== 'word'))
  );
}

export function isRowName(name: string, column: number): boolean {
  if (/^unnamed:? ?\d+$/i.test(name)) return true;
  return name === '' ? column === 0 : rowNames.includes(folded(name));
}

function countsUp(rows: readonly (readonly string[])[], column: number): boolean {
  if (rows.length < countingRows) return false;
  const first = Number(rows[0]?.[column]);
  return rows.every((cells, index) => {
    const cell = cells[column];
    return kindOf(cell) === 'number' && Number(cell) === first + index;
  });
}

type Found = Pick<CsvLayout, 'label' | 'labelBy'>;

/** `named`: columns that name the rows; they are the label only if `asked` says so. */
export function labelOf(columns: CsvColumns, named: readonly number[], asked: LabelColumn): Found {
  const { names, rows, width } = columns;
  if (asked !== null) return { label: askedColumn(asked, columns), labelBy: 'data.label' };
  const byName = namedColumn(columns);
  if (byName !== null) return { label: byName, labelBy: 'name' };
  const others = range(width).filter((column) => !named.includes(column));
  const words = others.filter((column) => rows.some((cells) => kindOf(cells[column]) === 'word'));
  if (words.length === 1) return { label: words[0], labelBy: 'words' };
  const first = others[0] ?? 0;
  if (names === null) return { label: first, labelBy: 'first' };
  const odd = oddOneOut(others.map((column) => names[column].replace(/\d+/g, '0')));
  if (odd !== null) return { label: others[odd], labelBy: 'odd name' };
  return { label: first, labelBy: 'guessed' };
}

/** `digit` among `pixel0`, `pixel1`, …: the only name that differs, if all the others are alike. */
function oddOneOut(forms: readonly string[]): number | null {
  const odd = forms.flatMap((form, index) =>
    forms.filter((other) => other === form).length === 1 ? [index] : [],
  );
  return odd.length === 1 && forms.length > 2 && new Set(forms).size === 2 ? (odd[0] ?? null) : null;
}

/** @throws UserError (usage) if several columns have names of labels. */
export function namedColumn({ names, path }: Pick<CsvColumns, 'names' | 'path'>): number | null {
  if (names === null) return null;
  for (const words of [surelyLabels, likelyLabels]) {
    const found = names.flatMap((name, column) => (words.includes(folded(name)) ? [column] : []));
    if (found.length === 1) return found[0];
    if (found.length > 1) {
      const list = found.map((column) => columnText({ names }, column)).join(' and ');
      throw new UserError(
        `${path}: ${list} may both hold the labels; set data.label to one of them`,
        ExitCode.usage,
      );
    }
  }
  return null;
}

function askedColumn(asked: string | number, { names, width, path }: CsvColumns): number {
  const refuse = (expected: string) =>
    new UserError(`data.label: ${expectedGot(expected, asked)}`, ExitCode.usage);
  if (typeof asked === 'number') {
    if (asked <= width) return asked - 1;
    throw refuse(`a column of ${path}, from 1 to ${width}`);
  }
  if (names === null) throw refuse(`the number of a column, from 1, since ${path} has no header`);
  for (const form of [(name: string) => name, folded]) {
    const found = names.flatMap((name, column) => (form(name) === form(asked) ? [column] : []));
    if (found.length === 1) return found[0];
    if (found.length > 1)
      throw refuse(`the number of a column, since ${path} has ${found.length} of that name`);
  }
  const near = nearest(asked, names);
  const known = near === null ? shortList(names) : `did you mean ${near}?`;
  throw refuse(`the name of a column of ${path}, or its number (${known})`);
}

function shortList(names: readonly string[]): string {
  return names.length <= 4 ? names.join(', ') : `${names.slice(0, 2).join(', ')}, …, ${names.at(-1)}`;
}
