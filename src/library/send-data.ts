/** Data of a program on their way to the thread that trains: checked and copied, in steps, into memory that both threads see. */
import type { Dataset, Samples } from '../data/dataset.js';
import { isKnownSet, knownSets } from '../data/known-sets.js';
import { type MemoryData, makingMemoryDataset } from '../data/memory-set.js';
import { inTurns, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import type { Data } from './types.js';

export type FileKeys = Readonly<Record<string, string | number>>;

/** `keys`: of the configuration. */
export type SentData =
  | { readonly kind: 'memory'; readonly dataset: Dataset }
  | { readonly kind: 'files'; readonly keys: FileKeys };

const forms =
  "{ inputs, targets }, { set: 'mnist' }, { idx: folder } or { csv: path }, as docs/api.md describes them";

/** @throws UserError (usage) for data of none of the forms, and as makingMemoryDataset does. */
export async function sendData(data: Data, signal: AbortSignal): Promise<SentData> {
  if (typeof data !== 'object' || data === null) throw UserError.refusal('data', forms, data);
  if (isMemory(data)) return { kind: 'memory', dataset: await inTurns(sharing(data), signal, () => {}) };
  if ('set' in data) {
    if (!isKnownSet(data.set))
      throw UserError.refusal('data.set', `one of ${Object.keys(knownSets).join(', ')}`, data.set);
    return files({ 'data.set': data.set, ...(data.dir === undefined ? {} : { 'data.dir': data.dir }) });
  }
  if ('idx' in data) return files({ 'data.set': 'idx', 'data.dir': text('data.idx', data.idx) });
  if ('csv' in data) {
    const place = { 'data.set': 'csv', 'data.dir': text('data.csv', data.csv) };
    return files(data.label === undefined ? place : { ...place, 'data.label': data.label });
  }
  throw UserError.refusal('data', forms, Object.keys(data));
}

export const isMemory = (data: Data): data is MemoryData => 'inputs' in data || 'targets' in data;

const files = (keys: FileKeys): SentData => ({ kind: 'files', keys });

function text(key: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw UserError.refusal(key, 'a path', value);
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
