/**
 * Rows and samples that a program gives one by one: rows of objects become columns, all others the arrays that `train()` takes.
 * An iterable is read once, in the caller's thread.
 */
import { createHash } from 'node:crypto';
import type { MemoryData } from '../data/memory-set.js';
import { refuseOtherKeys } from '../data/other-keys.js';
import { type ReadTableOptions, readTable, type Table } from '../tables/read-table.js';
import { UserError } from '../user-error.js';
import { isPlainObject, isStream, type Stream } from './streams.js';
import type { PairData, RowData, SampleStream } from './types.js';

/** Columns on their way to the thread that trains. */
export interface SentRows {
  readonly table: Omit<Table, 'sha256'>;
  readonly digest: string;
}

export type Gathered =
  | {
      readonly kind: 'rows';
      readonly rows: SentRows;
      readonly keys: Pick<RowData, 'target' | 'test' | 'columns'>;
    }
  | { readonly kind: 'memory'; readonly data: MemoryData };

/** Rows are read as a model has them. `targets`: its columns of targets. */
export interface LikeModel extends Pick<ReadTableOptions, 'wanted' | 'named'> {
  readonly targets: readonly string[];
}

const streamKeys = ['inputs', 'targets', 'shape', 'labels', 'test', 'validation'];
const rowKeys = ['inputs', 'targets', 'target', 'columns', 'test'];

/** The column of targets that are not in the rows. @throws UserError (usage) if the model has several. */
function targetName(like: LikeModel | null): string {
  if (like === null) return 'target';
  const [name, ...others] = like.targets;
  if (others.length === 0) return name;
  throw UserError.refusal(
    'data.targets',
    `rows with the columns ${like.targets.join(', ')}`,
    'targets apart',
  );
}

/** @throws UserError (usage) for what is no row, and as readTable does. */
export async function gathered(
  data: RowData | SampleStream | PairData,
  signal: AbortSignal,
  like: LikeModel | null = null,
): Promise<Gathered> {
  if ('pairs' in data) return gatheredPairs(data, signal, like);
  const inputs = await peeked(data.inputs, 'data.inputs');
  if (isPlainObject(inputs.first)) return rowsOf(data as RowData, inputs.all, signal, like);
  refuseOtherKeys('data', data, streamKeys);
  const { targets, ...others } = data as SampleStream;
  return {
    kind: 'memory',
    data: {
      ...others,
      inputs: await list(inputs.all, signal, ownSample),
      targets: isStream(targets) ? ((await list(targets, signal)) as MemoryData['targets']) : targets,
    } as MemoryData,
  };
}

async function rowsOf(
  data: RowData,
  inputs: Stream<unknown>,
  signal: AbortSignal,
  like: LikeModel | null,
): Promise<Gathered> {
  refuseOtherKeys('data', data, rowKeys);
  const { target, targets, columns, test } = data;
  if (test !== undefined && typeof test !== 'number')
    throw UserError.refusal('data.test', 'a share or a number of the rows, which are held out', test);
  if (targets === undefined) {
    const keys = { ...(target === undefined ? {} : { target }) };
    return sent(inputs, { ...keys, ...rest({ columns, test }) }, signal, like);
  }
  if (target !== undefined) throw UserError.refusal('data.target', 'none beside data.targets', target);
  const name = targetName(like);
  return sent(joined(inputs, targets, name), { target: name, ...rest({ columns, test }) }, signal, like);
}

const rest = ({ columns, test }: Pick<RowData, 'columns' | 'test'>) => ({
  ...(columns === undefined ? {} : { columns }),
  ...(test === undefined ? {} : { test }),
});

/** Rows with their targets as a column. */
async function* joined(
  inputs: Stream<unknown>,
  targets: Stream<unknown>,
  name: string,
): AsyncGenerator<object> {
  const next = iteratorOf(targets);
  let row = 0;
  for await (const given of inputs) {
    row += 1;
    const { done, value } = await next();
    if (done === true)
      throw UserError.refusal('data.targets', 'one for each row', `${row - 1}, and more rows`);
    yield withTarget(given, value, row, name);
  }
  if ((await next()).done !== true)
    throw UserError.refusal('data.targets', `${row}, one for each row`, 'more');
}

function withTarget(given: unknown, target: unknown, row: number, name: string): object {
  // Other rows are refused where all of them are read.
  if (!isPlainObject(given)) return given as object;
  if (Object.hasOwn(given, name))
    throw UserError.refusal(
      'data.inputs',
      `no column ${JSON.stringify(name)} beside data.targets`,
      `row ${row} with one`,
    );
  return { ...given, [name]: target };
}

async function gatheredPairs(
  { pairs, ...others }: PairData,
  signal: AbortSignal,
  like: LikeModel | null,
): Promise<Gathered> {
  const { all, first } = await peeked(pairs, 'data.pairs');
  const [input] = pairOf(first, 1);
  if (isPlainObject(input)) {
    refuseOtherKeys('data', others, ['columns', 'test']);
    const { columns, test } = others;
    const name = targetName(like);
    return sent(rowsOfPairs(all, name), { target: name, ...rest({ columns, test }) }, signal, like);
  }
  refuseOtherKeys('data', others, ['shape', 'labels']);
  const inputs: unknown[] = [];
  const targets: unknown[] = [];
  let row = 0;
  for await (const pair of all) {
    signal.throwIfAborted();
    row += 1;
    const [given, target] = pairOf(pair, row);
    inputs.push(ownSample(given));
    targets.push(target);
  }
  const { columns: _, test: __, ...shaped } = others;
  return {
    kind: 'memory',
    data: { ...shaped, inputs, targets: valuesOr(targets) } as unknown as MemoryData,
  };
}

async function* rowsOfPairs(pairs: Stream<unknown>, name: string): AsyncGenerator<object> {
  let row = 0;
  for await (const pair of pairs) {
    row += 1;
    const [input, target] = pairOf(pair, row);
    yield withTarget(input, target, row, name);
  }
}

function pairOf(pair: unknown, row: number): readonly [unknown, unknown] {
  if (Array.isArray(pair) && pair.length === 2) return [pair[0], pair[1]];
  throw UserError.refusal(`data.pairs[${row - 1}]`, 'an input and its target, [input, target]', pair);
}

/** Targets that are arrays are values, one sample's after the other's; others are classes. */
function valuesOr(targets: readonly unknown[]): unknown {
  const [first] = targets;
  if (!isNumbers(first)) return targets;
  const values = new Float32Array(targets.length * first.length);
  for (const [row, target] of targets.entries()) {
    if (!isNumbers(target) || target.length !== first.length)
      throw UserError.refusal(
        `data.pairs[${row}]`,
        `a target of ${first.length} numbers, as the first is`,
        target,
      );
    values.set(target, row * first.length);
  }
  return values;
}

const isNumbers = (value: unknown): value is ArrayLike<number> =>
  (Array.isArray(value) || ArrayBuffer.isView(value)) && !(value instanceof DataView);

/** A source may fill the same array again. */
const ownSample = (given: unknown): unknown =>
  ArrayBuffer.isView(given) && !(given instanceof DataView)
    ? (given as Float32Array).slice()
    : Array.isArray(given)
      ? [...given]
      : given;

async function sent(
  rows: Stream<unknown>,
  keys: Pick<RowData, 'target' | 'test' | 'columns'>,
  signal: AbortSignal,
  like: LikeModel | null,
): Promise<Gathered> {
  const { columns } = keys;
  const named = keys.target === undefined ? [] : [keys.target];
  const given = rows as Iterable<object> | AsyncIterable<object>;
  const { sha256: _, ...table } = await readTable(given as never, {
    ...{ name: 'data.inputs', named: named.map(String), signal },
    ...(columns === undefined || like !== null ? {} : { columns }),
    ...(like === null ? {} : { wanted: like.wanted, named: like.named }),
  });
  return { kind: 'rows', rows: { table, digest: digestOf(table) }, keys };
}

/** Of names and values: the same rows are the same data, in whatever form they came. */
function digestOf({ names, columns }: Omit<Table, 'sha256'>): string {
  const hash = createHash('sha256');
  columns.forEach((column, place) => {
    hash.update(JSON.stringify([names[place], column.kind, column.kind === 'words' ? column.words : null]));
    if (column.kind === 'none') return;
    const { buffer, byteOffset, byteLength } = column.kind === 'words' ? column.indices : column.values;
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  });
  return hash.digest('hex');
}

/** @throws UserError (usage) for a stream without rows. */
async function peeked(
  given: unknown,
  key: string,
): Promise<{ readonly first: unknown; readonly all: Stream<unknown> }> {
  // An array can be read again: a column may turn out to be of another kind.
  if (Array.isArray(given)) {
    if (given.length === 0) throw UserError.refusal(key, 'at least one', 'none');
    return { first: given[0], all: given };
  }
  if (!isStream(given)) throw UserError.refusal(key, 'an array, or an iterable of rows', given);
  const next = iteratorOf(given);
  const { done, value: first } = await next();
  if (done === true) throw UserError.refusal(key, 'at least one', 'none');
  async function* all() {
    yield first;
    for (;;) {
      const { done: ended, value } = await next();
      if (ended === true) return;
      yield value;
    }
  }
  return { first, all: all() };
}

function iteratorOf(stream: Stream<unknown>): () => Promise<IteratorResult<unknown>> {
  const iterator =
    Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
  return async () => iterator.next();
}

/** Other events have their turn between rows. */
async function list(
  stream: Stream<unknown>,
  signal: AbortSignal,
  own: (value: unknown) => unknown = (value) => value,
): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const value of stream) {
    all.push(own(value));
    if (all.length % 1024 === 0) {
      signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return all;
}
