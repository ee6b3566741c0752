/** What a table's rows are to be predicted as: classes, values or several labels. The columns decide the task. */
import { checkTrainingLabels } from '../data/labels.js';
import { plural } from '../numbers/words.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { TypedTable } from './column-types.js';
import { unknownColumn } from './read-table.js';
import type { ColumnSchema } from './schema.js';
import { binary, type Column } from './word-columns.js';

/** values: real numbers of one or several columns; labels: each of several holds or not. */
export type Task = 'classes' | 'values' | 'labels';

/** Plain JSON, saved with a model. */
export interface TargetSchema {
  readonly task: Task;
  readonly columns: readonly string[];
  /** Names of the classes or labels, or of the columns of values. */
  readonly names: readonly string[];
  /** Between the labels of one cell. */
  readonly separator?: string;
}

export interface Targets {
  readonly schema: TargetSchema;
  /** The rows of the table that have a target, in their order. */
  readonly rows: Uint32Array;
  /** Of these rows: classes, u32 [rows]; else f32 [rows][names]. Classes that training never saw follow the others. */
  readonly values: Uint32Array | Float32Array;
  /** Rows without a target. */
  readonly dropped: number;
  /** Classes or labels that training never saw, and their rows. */
  readonly unseen: ReadonlyMap<string, number>;
  readonly notes: readonly string[];
}

export interface TargetOptions {
  /** By default found. */
  readonly task?: Task;
  /** Several labels in a cell, separated by this. */
  readonly separator?: string;
}

/** Whole numbers from one to the next are classes if there are at most so many. */
const mostNumberClasses = 20;
/** A class has several rows, so a table of a thousand rows has no thousand classes. */
const rowsAClass = 10;

/**
 * The names of the columns; by default the last.
 * @param asked names, or numbers counted from 1.
 * @throws UserError (usage) for columns that the table does not have.
 */
export function targetColumns(
  table: string,
  names: readonly string[],
  asked: string | number | readonly (string | number)[] | undefined,
): { readonly columns: readonly string[]; readonly note: string | null } {
  const last = names[names.length - 1];
  if (asked === undefined)
    return { columns: [last], note: `${table}: the target is the last column, ${JSON.stringify(last)}` };
  const list = typeof asked === 'string' || typeof asked === 'number' ? [asked] : asked;
  const columns = list.map((each) => {
    if (names.includes(String(each))) return String(each);
    if (!/^\d+$/.test(String(each))) throw unknownColumn(table, String(each), names, 'target');
    const name = names[Number(each) - 1];
    if (name !== undefined) return name;
    const expected = `a column of ${table}, from 1 to ${names.length}`;
    throw new UserError(`target: ${expectedGot(expected, each)}`, ExitCode.usage);
  });
  if (columns.length === 0 || new Set(columns).size < columns.length)
    throw new UserError(`target: ${expectedGot('different columns, at least one', asked)}`, ExitCode.usage);
  if (columns.length === names.length)
    throw new UserError(`${table}: every column is a target, expected at least one other`, ExitCode.usage);
  return { columns, note: null };
}

/**
 * The targets of a table to train on.
 * @throws UserError if there is one class only, or what the columns hold cannot be predicted.
 */
export function targetsOf(table: TypedTable, names: readonly string[], options: TargetOptions = {}): Targets {
  const columns = names.map((name) => columnOf(table, name));
  const task = options.task ?? taskOf(table, columns, options.separator);
  for (const { schema } of columns) requireTask(table, schema, task, options.separator);
  const { rows, notes } = present(table, columns);
  const noted = (words: string) => [...notes, `${table.name}: ${words}`];
  if (task === 'values') {
    const values = valuesOf(columns, rows);
    names.forEach((name, place) => {
      if (isConstant(values, place, names.length))
        throw new UserError(
          `${table.name}: every ${JSON.stringify(name)} is ${values[place]}, expected different values`,
        );
    });
    const schema = { task, columns: names, names };
    const words = `regression of ${names.map((name) => JSON.stringify(name)).join(', ')}`;
    return {
      schema,
      rows,
      values,
      dropped: table.rowCount - rows.length,
      unseen: new Map(),
      notes: noted(words),
    };
  }
  const found = columns.flatMap((column) => wordsIn(column, options.separator));
  const sorted = task === 'labels' && options.separator === undefined ? names : inOrder(columns[0], found);
  const schema: TargetSchema = {
    ...{ task, columns: names, names: sorted },
    ...(options.separator === undefined ? {} : { separator: options.separator }),
  };
  const targets = { ...targetsLike(table, schema), notes: noted(classWords(task, sorted, names)) };
  if (targets.values instanceof Uint32Array) {
    const where = `${table.name}: ${JSON.stringify(names[0])}`;
    const source = { where, advice: () => 'another column may be the target' };
    checkTrainingLabels({ targets: targets.values, count: rows.length }, sorted, source);
  } else if (sorted.length < 2)
    throw new UserError(`${table.name}: the only label is ${sorted.join()}, expected at least two`);
  return targets;
}

function classWords(task: Task, names: readonly string[], columns: readonly string[]): string {
  const shown = names.length > 8 ? [...names.slice(0, 7), '…', names[names.length - 1]] : names;
  const kind = task === 'labels' ? 'labels' : 'classes';
  return `${names.length} ${kind} of ${columns.map((name) => JSON.stringify(name)).join(', ')}: ${shown.join(', ')}`;
}

/**
 * The targets of other rows, numbered as in training.
 * @throws UserError for a word other than yes and no among several labels or values.
 */
export function targetsLike(table: TypedTable, schema: TargetSchema): Targets {
  const found = schema.columns.map((name) => columnOf(table, name));
  const areClassNames = schema.task === 'classes' || schema.separator !== undefined;
  const columns = areClassNames ? found : found.map((column) => flagsOf(table.name, column));
  const { rows, notes } = present(table, columns);
  const unseen = new Map<string, number>();
  const dropped = table.rowCount - rows.length;
  const { task, names, separator } = schema;
  if (task === 'values') return { schema, rows, values: valuesOf(columns, rows), dropped, unseen, notes };
  const places = new Map(names.map((name, place) => [name, place]));
  const others = new Map<string, number>();
  const placeOf = (word: string) => {
    const known = places.get(word);
    if (known !== undefined) return known;
    unseen.set(word, (unseen.get(word) ?? 0) + 1);
    if (!others.has(word)) others.set(word, names.length + others.size);
    return others.get(word) ?? names.length;
  };
  const values =
    task === 'classes' ? new Uint32Array(rows.length) : new Float32Array(rows.length * names.length);
  rows.forEach((row, index) => {
    columns.forEach((column, place) => {
      const word = wordAt(column, row);
      if (task === 'classes') values[index] = placeOf(word);
      else if (separator === undefined) values[index * names.length + place] = valueAt(column, row);
      else
        for (const label of labelsIn(word, separator)) {
          const at = placeOf(label);
          if (at < names.length) values[index * names.length + at] = 1;
        }
    });
  });
  const note = `${table.name}: ${schema.columns[0]}: training never saw ${unseenWords(unseen)}: no prediction can be right there`;
  return { schema, rows, values, dropped, unseen, notes: unseen.size > 0 ? [...notes, note] : notes };
}

/** The first of them, each with its rows. */
export function unseenWords(unseen: Targets['unseen']): string {
  const named = [...unseen]
    .slice(0, 5)
    .map(([word, count]) => `${JSON.stringify(word)} in ${plural(count, 'row')}`);
  return `${named.join(', ')}${unseen.size > 5 ? ', …' : ''}`;
}

interface TargetColumn {
  readonly schema: ColumnSchema;
  readonly column: Column;
}

function columnOf({ name, schema, columns }: TypedTable, target: string): TargetColumn {
  const place = schema.columns.findIndex((column) => column.name === target);
  if (place < 0)
    throw unknownColumn(
      name,
      target,
      schema.columns.map((column) => column.name),
      'target',
    );
  return { schema: schema.columns[place], column: columns[place] };
}

/** Words of yes and no are 0 and 1, as in training. @throws UserError for other words. */
function flagsOf(table: string, target: TargetColumn): TargetColumn {
  const { schema, column } = target;
  const { name, words } = schema;
  if (column.kind !== 'words' || words === undefined) return target;
  const others = column.words.slice(1).filter((word) => !words.includes(word));
  if (others.length > 0) {
    const named = others.slice(0, 5).map((word) => JSON.stringify(word));
    throw new UserError(
      `${table}: ${JSON.stringify(name)}: expected ${words.join(' or ')}, as training has them, ` +
        `got ${named.join(', ')}${others.length > 5 ? ', …' : ''}`,
    );
  }
  return { schema, column: binary(column, words) };
}

/** NaN: missing. */
function valueAt({ column }: TargetColumn, row: number): number {
  if (column.kind === 'values') return column.values[row];
  return column.kind === 'words' && column.indices[row] > 0 ? column.indices[row] : Number.NaN;
}

/** As a class is named: a whole number without a fraction, a yes as it is written. */
function wordAt({ schema, column }: TargetColumn, row: number): string {
  if (column.kind === 'words') return column.words[column.indices[row]];
  if (column.kind === 'none') return '';
  const value = column.values[row];
  return schema.type === 'yes/no' && (value === 0 || value === 1)
    ? (schema.words?.[value] ?? '')
    : String(value);
}

function present(table: TypedTable, columns: readonly TargetColumn[]) {
  const all = new Uint32Array(table.rowCount);
  let count = 0;
  for (let row = 0; row < table.rowCount; row++)
    if (columns.every((column) => !Number.isNaN(valueAt(column, row)))) all[count++] = row;
  const kept = count === all.length ? all : all.slice(0, count);
  const names = columns.map(({ schema }) => JSON.stringify(schema.name)).join(' or ');
  if (kept.length === 0)
    throw new UserError(`${table.name}: ${names} has no value in any row, expected targets`);
  const dropped = table.rowCount - kept.length;
  const notes =
    dropped === 0
      ? []
      : [
          `${table.name}: ${plural(dropped, 'row')} without ${names} ${dropped === 1 ? 'is' : 'are'} left out`,
        ];
  return { rows: kept, notes };
}

/** f32 [rows][columns]. */
function valuesOf(columns: readonly TargetColumn[], rows: Uint32Array): Float32Array {
  const values = new Float32Array(rows.length * columns.length);
  columns.forEach((column, place) => {
    for (let index = 0; index < rows.length; index++)
      values[index * columns.length + place] = valueAt(column, rows[index]);
  });
  return values;
}

function isConstant(values: Float32Array, place: number, width: number): boolean {
  for (let at = place; at < values.length; at += width) if (values[at] !== values[place]) return false;
  return true;
}

/** Distinct classes or labels of a column. */
function wordsIn(target: TargetColumn, separator: string | undefined): string[] {
  const { column, schema } = target;
  if (column.kind === 'words') {
    const used = column.words.slice(1);
    return separator === undefined ? used : [...new Set(used.flatMap((word) => labelsIn(word, separator)))];
  }
  if (column.kind === 'none') return [];
  if (schema.type === 'yes/no') return [...(schema.words ?? [])];
  return [...new Set(column.values)].filter((value) => !Number.isNaN(value)).map(String);
}

const labelsIn = (cell: string, separator: string): string[] =>
  cell
    .split(separator)
    .map((label) => label.trim())
    .filter((label) => label !== '');

/** Numbers by their size, no before yes, words as they are sorted. */
function inOrder({ schema }: TargetColumn, words: readonly string[]): string[] {
  if (schema.type === 'yes/no') return [...words];
  const areNumbers = words.every((word) => word !== '' && Number.isFinite(Number(word)));
  return areNumbers ? [...words].sort((a, b) => Number(a) - Number(b)) : [...words].sort();
}

function taskOf(table: TypedTable, columns: readonly TargetColumn[], separator: string | undefined): Task {
  if (separator !== undefined) return 'labels';
  const [first, ...others] = columns;
  if (others.length > 0) return columns.every(({ schema }) => schema.type === 'yes/no') ? 'labels' : 'values';
  return first.schema.type === 'number' && !areClasses(table, first) ? 'values' : 'classes';
}

/** Few whole numbers, each followed by the next, in many rows each. */
function areClasses({ rowCount }: TypedTable, { column }: TargetColumn): boolean {
  if (column.kind !== 'values') return true;
  const seen = new Set<number>();
  for (const value of column.values) {
    if (Number.isNaN(value)) continue;
    if (!Number.isInteger(value)) return false;
    seen.add(value);
    if (seen.size > mostNumberClasses) return false;
  }
  return Math.max(...seen) - Math.min(...seen) + 1 === seen.size && seen.size * rowsAClass <= rowCount;
}

function requireTask(
  table: TypedTable,
  { name, type, values }: ColumnSchema,
  task: Task,
  separator: string | undefined,
): void {
  const where = `${table.name}: target ${JSON.stringify(name)}`;
  if (type === 'ignore')
    throw new UserError(`${where} is ignored, expected a column that is used`, ExitCode.usage);
  if (type === 'date') throw new UserError(`${where} has dates (${values}), expected classes or numbers`);
  const isNumeric = type === 'number' || type === 'yes/no';
  if (task === 'values' && !isNumeric)
    throw new UserError(`${where} has words (${values}), expected numbers for a regression`);
  if (task === 'labels' && separator === undefined && type !== 'yes/no')
    throw new UserError(`${where} has ${values}, expected yes or no for several labels`);
  if (task === 'labels' && separator !== undefined && isNumeric)
    throw new UserError(`${where} has ${values}, expected labels separated by ${JSON.stringify(separator)}`);
  if (task === 'classes' && type === 'text')
    throw new UserError(`${where} has texts (${values}), expected classes that occur in several rows`);
}
