/** The type of a column that was read as words: dates, numbers, yes and no, categories, texts, or names of rows. */
import { grouped } from '../numbers/words.js';
import { UserError } from '../user-error.js';
import {
  areMostlyNumbers,
  type DatesColumn,
  type NumbersColumn,
  Spread,
  type WordsColumn,
} from './column-store.js';
import { type DateFormat, dateFormatsOf, dateText, daysIn, hasShortYear } from './dates-in-cells.js';
import {
  type FoundFormat,
  formatOfColumn,
  hasLeadingZero,
  isInfinite,
  looksNumeric,
  type NumberFormat,
  numberIn,
  type PlacedCell,
  plainFormat,
} from './numbers-in-cells.js';
import type { Table } from './read-table.js';
import { type AskedColumn, type ColumnSchema, shortened } from './schema.js';

/** The values of a column, by its type: floats with NaN for missing ones, or words of which the first is missing. */
export type Column =
  | { readonly kind: 'values'; readonly values: Float32Array | Float64Array }
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly indices: Uint16Array | Uint32Array }
  | { readonly kind: 'none' };

export type Found = Omit<ColumnSchema, 'name'> & { readonly column: Column };

/** What is known of a column besides its values. */
export interface Context {
  readonly table: Table;
  readonly place: number;
  readonly asked: AskedColumn | null;
  /** Targets keep their values whatever these are. */
  readonly isTarget: boolean;
  /** The decimal sign of other columns. */
  readonly hint: '.' | ',' | null;
}

const yesAndNo = [
  ['no', 'yes'],
  ['n', 'y'],
  ['false', 'true'],
  ['f', 't'],
] as const;

/** Distinct words that are surely categories. */
const fewWords = 50;
/** A word in fewer rows is no category of its own, see `rareLimit`. */
const rareRows = 10;
/** Fewer rows may be all different by chance. */
export const fewestDistinct = 10;

/** In how many rows a category must occur to have a place of its own: 10, fewer in tables of less than 1000 rows. */
export const rareLimit = (rows: number): number => Math.min(rareRows, Math.max(2, Math.ceil(rows / 100)));

export const asAsked = 'as requested';
const noColumn: Column = { kind: 'none' };

export const ignored = (reason: string, missing: number, values: string): Found => ({
  ...{ type: 'ignore', reason, missing, values },
  column: noColumn,
});

export const cellsOf = ({ words, lines }: WordsColumn) =>
  words.slice(1).map((text, place) => ({ text, line: lines[place + 1] }));

/** Of words that are no dates and no numbers. */
export function typeOfWords(raw: WordsColumn, context: Context): Found {
  const { asked, isTarget, table } = context;
  const { words, counts, missing } = raw;
  const given = words.slice(1);
  const values = frequent(raw);
  const found = { missing, values, column: { kind: 'words', words, indices: raw.indices } as const };
  if (asked !== null) return askedWords(raw, asked, context, found);
  if (!isTarget && given.length === 1 && missing === 0)
    return ignored(`it is ${values} in every row`, missing, values);
  const pair = yesNo(given);
  if (pair !== null)
    return { ...found, type: 'yes/no', words: pair, reason: 'yes and no', column: binary(raw, pair) };
  const distinct = grouped(given.length);
  const present = table.rowCount - missing;
  const isLong = present >= fewestDistinct;
  const tokens = averageTokens(raw);
  const more = remarkOn(given);
  if (!isTarget && isLong && given.length === present && tokens < 3)
    return ignored(`it names the rows: each of its ${distinct} values is another${more}`, missing, values);
  if (isLong && tokens >= 3 && 2 * given.length > present)
    return { ...found, type: 'text', reason: `${distinct} texts of ${tokens.toFixed(1)} words on average` };
  const limit = rareLimit(table.rowCount);
  let covered = 0;
  for (let word = 1; word < words.length; word++) if (counts[word] >= limit) covered += counts[word];
  if (!isTarget && given.length > fewWords && 2 * covered < present)
    return { ...found, type: 'text', reason: `${distinct} words, most of them rare: read by their parts` };
  return { ...found, type: 'category', reason: `${distinct} value${given.length === 1 ? '' : 's'}${more}` };
}

function remarkOn(words: readonly string[]): string {
  if (words.every((word) => looksNumeric(word)) && words.some(hasLeadingZero))
    return ', codes with leading zeros';
  return words.every(hasShortYear) ? '; dates need years of four digits' : '';
}

const quotedValue = (word: string) => (word === '' || /[\s,]/.test(word) ? JSON.stringify(word) : word);

/** The most frequent words, for people. */
function frequent({ words, counts }: WordsColumn): string {
  const places = words.map((_, place) => place).slice(1);
  const top =
    places.length > 1000 ? places.slice(0, 3) : places.sort((a, b) => counts[b] - counts[a]).slice(0, 4);
  const shown = top.map((place) => quotedValue(shortened(words[place], 20))).join(', ');
  return top.length < words.length - 1 ? `${shown}, …` : shown;
}

function askedWords(
  raw: WordsColumn,
  { type }: AskedColumn,
  context: Context,
  found: Pick<Found, 'missing' | 'values' | 'column'>,
): Found {
  if (type === 'number') throw wrongType(raw, 'numbers', context);
  if (type === 'date') throw wrongType(raw, 'dates of one format', context);
  if (type !== 'yes/no') return { ...found, type, reason: asAsked };
  const words = raw.words.slice(1);
  if (words.length !== 2) throw wrongType(raw, 'two different values', context);
  const [no, yes] = yesNo(words) ?? [...words].sort();
  return { ...found, type, words: [no, yes], reason: asAsked, column: binary(raw, [no, yes]) };
}

function wrongType(raw: WordsColumn, expected: string, { table, place }: Context): UserError {
  const { name, names } = table;
  return new UserError(
    `${name}: column ${place + 1} (${JSON.stringify(names[place])}) has ${grouped(raw.words.length - 1)} different values ` +
      `(${frequent(raw)}), expected ${expected}`,
  );
}

const whereOf = ({ table, place }: Context, line: number): string =>
  `${table.name}: ${table.place} ${line}, column ${place + 1} (${JSON.stringify(table.names[place])})`;

/** Null: no column of dates. @throws UserError if the order of day and month is not certain. */
export function datesFromWords(raw: WordsColumn, context: Context): DatesColumn | null {
  const { words, lines, indices, missing } = raw;
  const { asked, table, place } = context;
  if (asked !== null && asked.type !== 'date') return null;
  const formats: readonly DateFormat[] =
    asked?.date === undefined ? dateFormatsOf(words.slice(1)) : [asked.date];
  const [format, other] = formats;
  if (format === undefined) return null;
  const at =
    other === undefined
      ? 0
      : words.findIndex((word, i) => i > 0 && daysIn(word, format) !== daysIn(word, other));
  if (other !== undefined && at > 0) {
    const readings = [format, other].map((each) => dateText(daysIn(words[at], each))).join(' or ');
    const column = table.names[place];
    throw new UserError(
      `${whereOf(context, lines[at])}: ${JSON.stringify(words[at])} is ${readings}: ` +
        `${column}=date:${format} or ${column}=date:${other} says which`,
    );
  }
  const days = words.map((word, index) => (index === 0 ? Number.NaN : daysIn(word, format)));
  return { kind: 'dates', format, values: Float64Array.from(indices, (index) => days[index]), missing };
}

/** Null: no column of numbers. @throws UserError for numbers whose format is not certain. */
export function numbersFromWords(raw: WordsColumn, context: Context): NumbersColumn | null {
  const { words, counts, lines, indices, missing } = raw;
  const { asked } = context;
  if (asked !== null && asked.type !== 'number') return null;
  const numeric = cellsOf(raw).filter(({ text }) => looksNumeric(text));
  const others = words.flatMap((text, place) => (place > 0 && !looksNumeric(text) ? [place] : []));
  if (numeric.length === 0) return null;
  if (asked === null && numeric.some(({ text }) => hasLeadingZero(text))) return null;
  const oddCells = others.reduce((sum, place) => sum + counts[place], 0);
  if (asked === null && others.length > 0) {
    // Whether they are numbers does not depend on how they are read.
    const places = words.map((word, place) => (looksNumeric(word) ? place : Number.NaN));
    const placed = Float32Array.from(indices, (index) => places[index]);
    if (!areMostlyNumbers(placed, missing, { cells: oddCells, distinct: others.length })) return null;
  }
  const format = certainFormat(numeric, context);
  const numbers = words.map((word, place) => (place === 0 ? Number.NaN : numberIn(word, format)));
  const wrong = words.findIndex(
    (word, place) =>
      isInfinite(word) || Number.isFinite(numbers[place]) !== Number.isFinite(Math.fround(numbers[place])),
  );
  if (wrong > 0)
    throw new UserError(
      `${whereOf(context, lines[wrong])}: expected a finite number within float32, got ${JSON.stringify(words[wrong])}`,
    );
  const values = Float32Array.from(indices, (index) => numbers[index]);
  const spread = new Spread();
  for (const number of numbers) spread.add(number);
  return {
    ...{ kind: 'numbers', format, missing, oddCells, countsUp: false, values },
    ...{ thousands: null, blurred: spread.blurred() },
    oddWords: new Map(others.map((place) => [words[place], { line: lines[place], count: counts[place] }])),
  };
}

function certainFormat(cells: readonly PlacedCell[], { table, place, asked, hint }: Context): NumberFormat {
  if (asked?.number !== undefined) return asked.number;
  const found = formatOfColumn(cells, hint);
  if (found.kind === 'format') return found.format;
  if (found.kind === 'none') return plainFormat;
  throw doubtfulFormat(found, { table, place });
}

export function doubtfulFormat(
  found: Exclude<FoundFormat, { kind: 'format' | 'none' }>,
  { table, place }: Pick<Context, 'table' | 'place'>,
): UserError {
  const column = table.names[place];
  const where = `${table.name}: column ${place + 1} (${JSON.stringify(column)})`;
  const shown = ({ text, line }: PlacedCell) => `${JSON.stringify(text)} in ${table.place} ${line}`;
  const advice = `${column}=number:point or ${column}=number:comma says the decimal sign, ${column}=category takes them as words`;
  return new UserError(
    found.kind === 'conflict'
      ? `${where}: ${found.cells.map(shown).join(' and ')} are ${found.why}, expected one: ${advice}`
      : `${where}: ${shown(found.cell)} is ${found.readings.join(' or ')}: ${advice}`,
  );
}

function averageTokens({ words, counts }: WordsColumn): number {
  let [tokens, rows] = [0, 0];
  for (let place = 1; place < words.length; place++) {
    tokens += counts[place] * words[place].split(/\s+/).length;
    rows += counts[place];
  }
  return rows === 0 ? 0 : tokens / rows;
}

/** The words as they are written; null if they are no yes and no. */
function yesNo(words: readonly string[]): readonly [string, string] | null {
  if (words.length !== 2) return null;
  for (const [no, yes] of yesAndNo) {
    const [first, second] = words;
    if (first.toLowerCase() === no && second.toLowerCase() === yes) return [first, second];
    if (second.toLowerCase() === no && first.toLowerCase() === yes) return [second, first];
  }
  return null;
}

export function binary(
  { words, indices }: Extract<Column, { readonly kind: 'words' }>,
  [no, yes]: readonly [string, string],
): Column {
  const places = words.map((word) => (word === no ? 0 : word === yes ? 1 : Number.NaN));
  return { kind: 'values', values: Float32Array.from(indices, (index) => places[index]) };
}
