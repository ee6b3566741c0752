/**
 * A data set from a table: its columns get types, some rows are held out as test part unless they come in a file of their own.
 * Rows are read as a model has them if there is one.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { expandHome } from '../../config/home.js';
import type { Config } from '../../config/schema.js';
import { cannotRead, shownPath } from '../../data/content.js';
import type { Dataset, Samples } from '../../data/dataset.js';
import { pickedTargets, type Target, widthOf } from '../../data/target.js';
import { valuesOnDemand } from '../../data/transforms/rows-on-demand.js';
import type { TableRows } from '../../data/transforms/transform.js';
import { percent } from '../../numbers/words.js';
import { ExitCode, UserError } from '../../user-error.js';
import type { Warn } from '../../warnings.js';
import { type TypedTable, typeColumns, typeLike, usedNames, wantedLike } from '../column-types.js';
import { holdOut } from '../hold-out.js';
import { leaksIn } from '../leaks.js';
import { readTable, type Table } from '../read-table.js';
import type { TableSchema } from '../schema.js';
import {
  type Task as TableTask,
  type TargetSchema,
  type Targets,
  targetColumns,
  targetsLike,
  targetsOf,
  unseenWords,
} from '../targets.js';
import { type ReadingSettings, refuseOtherReading } from './like-model.js';
import { RawRows } from './raw-rows.js';
import { tableSummary } from './summary.js';
import { encodingOf, type TableModel, unknownNotes } from './table-model.js';

export type TableRequest = Pick<Config['data'], 'dir' | 'testFile' | 'test' | 'task'> & ReadingSettings;

export interface TableOptions {
  readonly note: (line: string) => void;
  readonly warn: Warn;
  readonly signal: AbortSignal;
  readonly environment?: NodeJS.ProcessEnv;
  /** By which rows are read; null: types, targets and an encoder are found. */
  readonly model: TableModel | null;
  /** Whether nothing is trained: without a test part of its own, all rows are one. */
  readonly evaluates: boolean;
  /** Rows of a program, instead of a file. */
  readonly rows?: Table;
}

/** The same rows in every run, whatever its seed. */
const testSeed = 1;
const usualShare = 0.2;

/** @throws UserError for a file that cannot be read as a table, or that has no classes to learn. */
export async function loadTable(request: TableRequest, options: TableOptions): Promise<Dataset> {
  const { note, model } = options;
  const path = options.rows?.name ?? pathOf(request, options);
  const given =
    model === null ? await read(path, request, options) : await readLike(path, model, options, request);
  const { table, targets } = given;
  const test =
    request.testFile === null
      ? null
      : await readLike(request.testFile, { columns: table.schema, target: targets.schema }, options);
  for (const part of test === null ? [given] : [given, test]) refuseUnseen(part);
  const held = test === null ? heldOut(targets, request.test, options) : noneHeld(targets);
  if (model === null) {
    warnOfColumns(table, targets, held.train, options);
    const sizes = { train: held.train.length, test: test?.targets.rows.length ?? held.held.length };
    for (const line of tableSummary(table, targets, sizes)) note(line);
  }
  const target = targetOf(targets.schema);
  const rows = rowsFor(table, targets.schema, model, note);
  const part = ({ table, targets }: Read, places: Uint32Array): Samples => {
    const fileRows = places.map((place) => targets.rows[place]);
    const own = {
      targets: pickedTargets(targets.values, widthOf(target), places),
      ...{ table: rows.table, fileRows },
    };
    return rows.of(table, fileRows, own, options);
  };
  return {
    ...{
      name: 'table',
      source: options.rows === undefined ? resolve(path) : 'memory',
      train: part(given, held.train),
      validation: null,
    },
    test: test === null ? part(given, held.held) : part(test, allOf(test.targets)),
    target,
    sha256: await hashesOf([
      { path, sha256: given.sha256 },
      ...(test === null || request.testFile === null
        ? []
        : [{ path: request.testFile, sha256: test.sha256 }]),
    ]),
  };
}

interface Read {
  readonly table: TypedTable;
  readonly targets: Targets;
  /** Of the file; null: not known. */
  readonly sha256: string | null;
}

function pathOf({ dir }: TableRequest, { environment = process.env }: TableOptions): string {
  const { SHARDSTEP_DATA } = environment;
  if (dir !== null) return dir;
  if (SHARDSTEP_DATA) return expandHome(SHARDSTEP_DATA, 'SHARDSTEP_DATA', environment);
  throw new UserError('data.dir: expected the file of the table', ExitCode.usage);
}

async function read(
  path: string,
  request: TableRequest,
  { note, warn, signal, rows }: TableOptions,
): Promise<Read> {
  const named = [request.target ?? []].flat().map(String);
  const raw = rows ?? (await readTable(path, { columns: request.columns, named, signal }));
  const { columns, note: chosen } = targetColumns(raw.name, raw.names, request.target ?? undefined);
  if (chosen !== null) note(`${chosen} (data.target names another)`);
  const table = typeColumns(raw, columns);
  for (const line of raw.notes) note(line);
  for (const line of table.notes.slice(raw.notes.length)) warn('column-ignored', line);
  const targets = targetsOf(table, columns, { task: tasks[request.task] });
  for (const line of targets.notes) note(line);
  return { table, targets, sha256: raw.sha256() };
}

async function readLike(
  path: string,
  model: TableModel | { readonly columns: TableSchema; readonly target: TargetSchema },
  { note, signal, rows, evaluates }: TableOptions,
  asked: ReadingSettings | null = null,
): Promise<Read> {
  const schema = 'encoder' in model ? { columns: model.encoder.columns } : model.columns;
  const named = usedNames(schema);
  // To be evaluated, they were read as the model has them.
  const own = evaluates ? rows : undefined;
  const raw = own ?? (await readTable(path, { wanted: wantedLike(schema), named, signal }));
  if (asked !== null && 'encoder' in model) refuseOtherReading(asked, raw.name, raw.names, model);
  const table = typeLike(raw, schema, model.target.columns);
  const targets = targetsLike(table, model.target);
  for (const line of [...table.notes, ...targets.notes]) note(line);
  return { table, targets, sha256: raw.sha256() };
}

const tasks = {
  ...{ auto: undefined, classification: 'classes', regression: 'values', labels: 'labels' },
} as const satisfies Record<Config['data']['task'], TableTask | undefined>;

const targetOf = ({ task, names }: TargetSchema): Target =>
  task === 'classes'
    ? { kind: 'class', labels: names }
    : { kind: 'value', width: names.length, names, areLabels: task === 'labels' };

function refuseUnseen({ table, targets: { unseen, schema } }: Read): void {
  if (unseen.size === 0) return;
  throw new UserError(
    `${table.name}: ${JSON.stringify(schema.columns[0])}: expected ${schema.names.slice(0, 8).join(', ')}${schema.names.length > 8 ? ', …' : ''}, ` +
      `as training has them, got ${unseenWords(unseen)}`,
  );
}

const allOf = ({ rows }: Targets): Uint32Array => rows.map((_, place) => place);
const noneHeld = (targets: Targets) => ({ train: allOf(targets), held: new Uint32Array() });

/** @throws UserError if a class has test rows only. */
function heldOut(targets: Targets, asked: number | null, { evaluates }: TableOptions) {
  if (asked === null && evaluates) return { train: new Uint32Array(), held: allOf(targets) };
  const { rows, values, schema } = targets;
  const wanted = asked ?? usualShare;
  const parts = holdOut(targets, wanted < 1 ? wanted : wanted / rows.length, testSeed);
  if (schema.task !== 'classes') return parts;
  const trained = new Set<number>();
  for (const place of parts.train) trained.add(values[place]);
  const untrained = schema.names.filter((_, index) => !trained.has(index));
  if (untrained.length > 0 && !evaluates)
    throw new UserError(
      `data.test=${wanted} leaves no training rows of ${untrained.slice(0, 5).join(', ')}`,
      ExitCode.usage,
    );
  return parts;
}

function warnOfColumns(
  table: TypedTable,
  targets: Targets,
  train: Uint32Array,
  { warn }: TableOptions,
): void {
  const what = targets.schema.task === 'values' ? 'the variance' : 'what the most frequent class gets wrong';
  for (const { column, explained } of leaksIn(table, targets, train, testSeed))
    warn(
      'column-leaks',
      `${table.name}: column ${JSON.stringify(column)} alone decides ${percent(explained)} of ${what}: ` +
        `if it is not known when a row is predicted, data.columns={${JSON.stringify(column)}: ignore}`,
    );
}

interface RowsOf {
  readonly table: TableRows;
  of(
    table: TypedTable,
    rows: Uint32Array,
    others: Pick<Samples, 'targets' | 'table' | 'fileRows'>,
    options: TableOptions,
  ): Samples;
}

function rowsFor(
  typed: TypedTable,
  target: TargetSchema,
  model: TableModel | null,
  note: TableOptions['note'],
): RowsOf {
  if (model === null) {
    const rows = new RawRows(typed, target);
    for (const line of rows.notes) note(line);
    return {
      table: rows,
      // `values` of samples are of fewer kinds than those of later stages.
      of: (table, places, others) => valuesOnDemand(rows.rowsOf(table, places), others) as Samples,
    };
  }
  const { encoder } = model;
  return {
    table: {
      texts: encoder.storedWidth === encoder.fields.length ? 'none' : 'some',
      // The rows are stored ones already.
      *fit() {
        yield null;
        return encodingOf(model, null);
      },
    },
    of(table, places, others, { note }) {
      const { values, others: unknown } = encoder.stored(table, places);
      for (const line of unknownNotes(table.name, unknown)) note(line);
      return { values, count: places.length, shape: [encoder.storedWidth], full: 1, ...others };
    },
  };
}

/** Of the files as stored: usually taken while they were read. */
async function hashesOf(tables: readonly { readonly path: string; readonly sha256: string | null }[]) {
  const [first] = tables;
  const hashes = await Promise.all(
    tables.map(async ({ path, sha256 }, at) => {
      const isTwin = at > 0 && basename(path) === basename(first.path);
      return [`${isTwin ? 'test ' : ''}${basename(path)}`, sha256 ?? (await hashOf(path))];
    }),
  );
  return Object.fromEntries(hashes) as Record<string, string>;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch((error: unknown) => {
    throw cannotRead(shownPath(path), error);
  });
  return hash.digest('hex');
}
