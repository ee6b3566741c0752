/** Data of a program on their way to the thread that trains: checked and copied, in steps, into memory that both threads see. */
import { isPath } from '../config/home.js';
import type { Dataset, Samples } from '../data/dataset.js';
import { knownSets } from '../data/known-sets.js';
import { type MemoryData, makingMemoryDataset, memoryKeys } from '../data/memory-set.js';
import { refuseOtherKeys } from '../data/other-keys.js';
import { inTurns, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import type { SentRows } from './gather.js';
import { isGathered } from './streams.js';
import type { Data, PairData, PicturesData, RowData, SampleStream, TableData } from './types.js';

/** Data that are read of files. */
export type FileData = Exclude<Data, MemoryData | RowData | SampleStream | PairData>;

export type FileKeys = Readonly<
  Record<string, string | number | readonly number[] | Readonly<Record<string, string>>>
>;

/** `keys`: of the configuration. */
export type SentData =
  | { readonly kind: 'memory'; readonly dataset: Dataset }
  | { readonly kind: 'rows'; readonly rows: SentRows; readonly keys: FileKeys }
  | { readonly kind: 'files'; readonly keys: FileKeys };

const forms =
  "{ inputs, targets }, { set: 'mnist' }, { idx: folder }, { csv: path }, { images: folder } or { table: path }, as docs/api.md describes them";

/** @throws UserError (usage) for data of none of the forms, and as makingMemoryDataset does. */
export async function sendData(data: Data, signal: AbortSignal): Promise<SentData> {
  refuseNoObject(data);
  if (isGathered(data)) {
    const { gathered } = await import('./gather.js');
    const all = await gathered(data as RowData | SampleStream | PairData, signal);
    if (all.kind === 'rows') return { kind: 'rows', rows: all.rows, keys: rowKeysOf(all.keys) };
    return sendData(all.data, signal);
  }
  return isMemory(data)
    ? { kind: 'memory', dataset: await inTurns(sharing(data), signal, () => {}) }
    : { kind: 'files', keys: fileKeys(data as FileData) };
}

function refuseNoObject(data: unknown): void {
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    throw UserError.refusal('data', forms, data);
}

export function isMemory(data: Data): data is MemoryData {
  refuseNoObject(data);
  return 'inputs' in data || 'targets' in data;
}

export const refuseOtherMemoryKeys = (data: MemoryData): void => refuseOtherKeys('data', data, memoryKeys);

/** The keys of a configuration that name the files. @throws UserError (usage) for data of none of the forms. */
export function fileKeys(data: FileData): FileKeys {
  if ('set' in data) {
    refuseOtherKeys('data', data, ['set', 'dir']);
    const { set, dir } = data;
    const named = [...Object.keys(knownSets), 'cifar-10', 'emnist', 'qmnist'];
    if (!named.includes(set)) throw UserError.refusal('data.set', `one of ${named.join(', ')}`, set);
    return dir === undefined ? { 'data.set': set } : { 'data.set': set, 'data.dir': text('data.dir', dir) };
  }
  if ('idx' in data) {
    refuseOtherKeys('data', data, ['idx']);
    return { 'data.set': 'idx', 'data.dir': text('data.idx', data.idx) };
  }
  if ('table' in data) return tableKeysOf(data);
  if ('images' in data) return picturesKeysOf(data);
  if (!('csv' in data)) throw UserError.refusal('data', forms, Object.keys(data));
  refuseOtherKeys('data', data, ['csv', 'label']);
  const place = { 'data.set': 'csv', 'data.dir': text('data.csv', data.csv) };
  const { label } = data;
  if (label === undefined) return place;
  if (typeof label !== 'string' && !Number.isInteger(label))
    throw UserError.refusal('data.label', 'the name of a column, or its number from 1', label);
  return { ...place, 'data.label': label };
}

export const rowKeysOf = ({
  target,
  test,
  columns,
}: Pick<RowData, 'target' | 'test' | 'columns'>): FileKeys => ({
  // The rows come with the request.
  ...{ 'data.set': 'table', 'data.dir': 'memory' },
  ...(target === undefined ? {} : { 'data.target': target }),
  ...(test === undefined ? {} : { 'data.test': test }),
  ...(columns === undefined ? {} : { 'data.columns': columns }),
});

function tableKeysOf(data: TableData): FileKeys {
  refuseOtherKeys('data', data, ['table', 'target', 'testFile', 'test', 'columns']);
  const { table, target, testFile, test, columns } = data;
  return {
    ...{ 'data.set': 'table', 'data.dir': text('data.table', table) },
    ...(target === undefined ? {} : { 'data.target': target }),
    ...(testFile === undefined ? {} : { 'data.testFile': text('data.testFile', testFile) }),
    ...(test === undefined ? {} : { 'data.test': test }),
    ...(columns === undefined ? {} : { 'data.columns': columns }),
  };
}

function picturesKeysOf(data: PicturesData): FileKeys {
  refuseOtherKeys('data', data, ['images', 'size', 'fit', 'colour', 'test']);
  const { images, size, fit, colour, test } = data;
  return {
    ...{ 'data.set': 'images', 'data.dir': text('data.images', images) },
    ...(size === undefined ? {} : { 'data.images.size': size }),
    ...(fit === undefined ? {} : { 'data.images.fit': fit }),
    ...(colour === undefined ? {} : { 'data.images.colour': colour }),
    ...(test === undefined ? {} : { 'data.test': test }),
  };
}

function text(key: string, value: unknown): string {
  if (!isPath(value)) throw UserError.refusal(key, 'a path', value);
  return value;
}

function* sharing(data: MemoryData): Steps<Dataset> {
  const dataset = yield* makingMemoryDataset(data);
  const { train, validation, test } = dataset;
  return {
    ...dataset,
    train: yield* shared(train),
    validation: validation && (yield* shared(validation)),
    test: yield* shared(test),
  };
}

/** Bytes copied at a time. */
const chunkBytes = 4 * 2 ** 20;

function* shared(samples: Samples): Steps<Samples> {
  const { values } = samples;
  const from = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const buffer = new SharedArrayBuffer(values.byteLength);
  const to = new Uint8Array(buffer);
  for (let at = 0; at < from.length; at += chunkBytes) {
    to.set(from.subarray(at, at + chunkBytes), at);
    yield null;
  }
  return { ...samples, values: values instanceof Float32Array ? new Float32Array(buffer) : to };
}
