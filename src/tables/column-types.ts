/** The types of columns, found from all their values, with the reasons; or those that the caller or a schema says. */
import { isRowName } from '../data/csv-layout.js';
import { grouped, plural } from '../numbers/words.js';
import { UserError } from '../user-error.js';
import type { DatesColumn, NumbersColumn, RawColumn } from './column-store.js';
import {
  ambiguousPoints,
  doubtfulCell,
  formatOfColumn,
  formatWords,
  looksNumeric,
} from './numbers-in-cells.js';
import { type Table, unknownColumn } from './read-table.js';
import { rangeWords, shortened, type TableSchema } from './schema.js';
import type { WantedColumns } from './table-builder.js';
import {
  asAsked,
  binary,
  type Column,
  type Context,
  cellsOf,
  datesFromWords,
  doubtfulFormat,
  type Found,
  fewestDistinct,
  ignored,
  numbersFromWords,
  typeOfWords,
} from './word-columns.js';

export interface TypedTable {
  readonly name: string;
  readonly rowCount: number;
  readonly schema: TableSchema;
  readonly columns: readonly Column[];
  readonly notes: readonly string[];
}

/**
 * @param targets names of columns that are not inputs.
 * @throws UserError with line and column for values that would be read wrongly.
 */
export function typeColumns(table: Table, targets: readonly string[] = []): TypedTable {
  const hint = decimalHint(table);
  const found = table.columns.map((raw, place) => {
    const isTarget = targets.includes(table.names[place]);
    return typeOf(raw, { table, place, asked: table.asked[place], isTarget, hint });
  });
  const columns = found.map(({ column: _, ...schema }, place) => ({ name: table.names[place], ...schema }));
  const ignored = columns.filter(
    ({ name, type, reason }) => type === 'ignore' && !targets.includes(name) && reason !== asAsked,
  );
  const notes = ignored.map(
    ({ name, reason }) => `${table.name}: column ${JSON.stringify(name)} is ignored: ${reason}`,
  );
  return {
    name: table.name,
    rowCount: table.rowCount,
    schema: { columns },
    columns: found.map(({ column }) => column),
    notes: [...table.notes, ...notes],
  };
}

/**
 * The columns of other rows, as `schema` has them: to be read with `wanted` of `wantedLike`. Their order may differ.
 * @param targets may be absent, in rows that are to be predicted; their words are kept, also those that training had not.
 * @throws UserError for a column that is absent.
 */
export function typeLike(table: Table, schema: TableSchema, targets: readonly string[] = []): TypedTable {
  const { name: tableName, names, rowCount } = table;
  const notes: string[] = [...table.notes];
  const columns = schema.columns.map((column): Column => {
    const { name, type } = column;
    const place = names.indexOf(name);
    if (type === 'ignore') return { kind: 'none' };
    if (place < 0 && targets.includes(name)) return { kind: 'none' };
    if (place < 0) throw unknownColumn(tableName, name, names, 'the columns of training');
    const raw = table.columns[place];
    if (raw.kind === 'none') return raw;
    if (raw.kind !== 'words') return { kind: 'values', values: raw.values };
    if (column.words === undefined || targets.includes(name))
      return { kind: 'words', words: raw.words, indices: raw.indices };
    const others = raw.counts.reduce(
      (sum, count, word) => (word > 0 && !column.words?.includes(raw.words[word]) ? sum + count : sum),
      0,
    );
    if (others > 0)
      notes.push(
        `${tableName}: column ${JSON.stringify(name)}: ${plural(others, 'row')} with neither ${column.words.join(' nor ')} count as missing`,
      );
    return binary(raw, column.words);
  });
  const known = new Set(schema.columns.map(({ name }) => name));
  const others = names.filter((name) => !known.has(name));
  if (others.length > 0)
    notes.push(
      `${tableName}: ${plural(others.length, 'column')} that training had not: ${shortened(others.join(', '), 80)}`,
    );
  return { name: tableName, rowCount, schema, columns, notes };
}

/** Names of the columns that other rows must have. `absent`: targets, of rows that are to be predicted. */
export const usedNames = ({ columns }: TableSchema, absent: readonly string[] = []): string[] =>
  columns.flatMap(({ name, type }) => (type === 'ignore' || absent.includes(name) ? [] : [name]));

/** How rows are read whose columns are known: the others are not stored. */
export function wantedLike({ columns }: TableSchema): WantedColumns {
  const known = new Map(columns.map((column) => [column.name, column]));
  return (name) => {
    const column = known.get(name);
    return column === undefined ? null : { by: 'schema', column };
  };
}

/** A decimal sign of columns in which it is certain, if they agree. */
function decimalHint({ columns }: Table): '.' | ',' | null {
  const signs = new Set(
    columns.flatMap((raw) => {
      if (raw.kind === 'numbers')
        return raw.format.decimal === ',' || raw.format.thousands !== '' ? [raw.format.decimal] : [];
      if (raw.kind !== 'words') return [];
      const cells = cellsOf(raw);
      if (cells.length === 0 || cells.some(({ text }) => !looksNumeric(text))) return [];
      const format = formatOfColumn(cells, null);
      return format.kind === 'format' ? [format.format.decimal] : [];
    }),
  );
  const [sign] = signs;
  return signs.size === 1 ? sign : null;
}

function typeOf(raw: RawColumn, context: Context): Found {
  if (raw.kind === 'none') return ignored(asAsked, 0, '');
  const { rowCount } = context.table;
  if (raw.missing === rowCount && !context.isTarget) return ignored('it has no values', rowCount, '');
  if (raw.kind === 'dates') return typeOfDates(raw, context);
  if (raw.kind === 'numbers') return typeOfNumbers(raw, context);
  const dates = datesFromWords(raw, context);
  if (dates !== null) return typeOfDates(dates, context);
  const numbers = numbersFromWords(raw, context);
  return numbers === null ? typeOfWords(raw, context) : typeOfNumbers(numbers, context);
}

function typeOfDates({ format, values, missing }: DatesColumn, { isTarget, asked }: Context): Found {
  const range = rangeWords(values, true);
  if (!isTarget && asked === null && missing === 0 && kindsOf(values).isConstant)
    return ignored(`it is ${range} in every row`, missing, range);
  return {
    type: 'date',
    date: format,
    reason: `dates (${format})`,
    missing,
    values: range,
    column: { kind: 'values', values },
  };
}

function typeOfNumbers(raw: NumbersColumn, context: Context): Found {
  const { asked, isTarget, table, place } = context;
  const { values, format, missing, oddCells, blurred } = raw;
  if (oddCells > 0 && asked === null) throw oddWords(raw, context);
  const doubtful = asked?.number === undefined ? doubtfulCell(raw.thousands, context.hint) : null;
  if (doubtful !== null) throw doubtfulFormat(ambiguousPoints(doubtful), context);
  if (blurred !== null) {
    const why = `32 bits do not tell its values apart, from ${blurred.join(' to ')}: subtract a number from them`;
    if (!isTarget && asked === null) return ignored(why, missing, blurred.join(' to '));
    throw new UserError(`${table.name}: column ${place + 1} (${JSON.stringify(table.names[place])}): ${why}`);
  }
  const words = formatWords(format);
  const range = rangeWords(values, false);
  const column = { kind: 'values', values } as const;
  const number = {
    ...{ number: format, missing: missing + oddCells, values: range, column },
    ...(asked === null ? {} : { wordsAreMissing: true }),
  };
  if (asked !== null) {
    const reason = oddCells === 0 ? asAsked : `${asAsked}; ${plural(oddCells, 'word')} counted as missing`;
    return { ...number, type: 'number', reason };
  }
  const name = table.names[place];
  const { isConstant, isBinary, isDistinct } = kindsOf(values);
  if (!isTarget) {
    if (isConstant && missing === 0) return ignored(`it is ${range} in every row`, missing, range);
    const isLong = table.rowCount >= fewestDistinct;
    if (raw.countsUp && isLong) return ignored('it counts the rows', missing, range);
    if (isLong && namesRows(name, place) && missing === 0 && isDistinct())
      return ignored('it names the rows: every value is another', missing, range);
  }
  if (isBinary) return { ...number, type: 'yes/no', words: ['0', '1'], reason: 'only 0 and 1' };
  return { ...number, type: 'number', reason: words === '' ? 'numbers' : `numbers: ${words}` };
}

const namesRows = (name: string, place: number) =>
  isRowName(name, place) || /(^|[_\W])(id|key|uuid)$|[a-z](Id|ID)$/.test(name);

function kindsOf(values: Float32Array | Float64Array) {
  let [first, isConstant, isBinary, hasOne] = [Number.NaN, true, true, false];
  for (let row = 0; row < values.length; row++) {
    const value = values[row];
    if (Number.isNaN(value)) continue;
    if (Number.isNaN(first)) first = value;
    if (value !== first) isConstant = false;
    if (value !== 0 && value !== 1) isBinary = false;
    if (value === 1) hasOne = true;
  }
  const isDistinct = () =>
    values.every((value) => Number.isInteger(value)) && new Set(values).size === values.length;
  return { isConstant, isBinary: isBinary && hasOne && !isConstant, isDistinct };
}

function oddWords(
  { oddWords: words, oddCells, values, missing }: NumbersColumn,
  { table, place }: Context,
): UserError {
  const { name, names, rowCount } = table;
  const shown = [...words].slice(0, 3).map(([word, { line, count }]) => {
    const more = count > 1 ? ` and ${count - 1} more` : '';
    return `${JSON.stringify(shortened(word, 40))} in ${table.place} ${line}${more}`;
  });
  const rest = words.size > shown.length ? ', …' : '';
  const column = names[place];
  const numbers = values.length - missing - oddCells;
  return new UserError(
    `${name}: column ${place + 1} (${JSON.stringify(column)}) has numbers in ${grouped(numbers)} of ${grouped(rowCount)} rows and ` +
      `${plural(oddCells, 'word')} (${shown.join(', ')}${rest}), expected numbers: ${column}=number counts words as missing, ` +
      `${column}=category makes each value a category`,
  );
}
