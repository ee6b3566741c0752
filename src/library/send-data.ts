/** Data of a program on their way to the thread that trains: copied, in steps, into memory that both threads see. */
import { inTurns, rowsAStep, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import type { Data, Inputs, MemoryData, Part, Targets } from './types.js';

export interface SentPart {
  /** [count · width], in shared memory. */
  readonly inputs: Uint8Array | Float32Array;
  readonly targets: readonly (number | string)[] | Uint32Array;
}

export interface SentMemory extends SentPart {
  readonly kind: 'memory';
  readonly shape: readonly number[] | null;
  readonly test: SentPart | null;
  readonly validation: SentPart | null;
}

export type SentData =
  | SentMemory
  | { readonly kind: 'files'; readonly keys: Readonly<Record<string, string | number>> };

const forms =
  "{ inputs, targets }, { set: 'mnist' }, { idx: folder } or { csv: path }, as docs/api.md describes them";

/** @throws UserError (usage) for data of none of the forms. */
export async function sendData(data: Data, signal: AbortSignal): Promise<SentData> {
  if (typeof data !== 'object' || data === null) throw UserError.refusal('data', forms, data);
  if ('inputs' in data || 'targets' in data) return sendMemory(data as MemoryData, signal);
  if ('set' in data) return files({ 'data.set': data.set, ...(data.dir ? { 'data.dir': data.dir } : {}) });
  if ('idx' in data) return files({ 'data.set': 'idx', 'data.dir': text('data.idx', data.idx) });
  if ('csv' in data) {
    const place = { 'data.set': 'csv', 'data.dir': text('data.csv', data.csv) };
    return files(data.label === undefined ? place : { ...place, 'data.label': data.label });
  }
  throw UserError.refusal('data', forms, Object.keys(data));
}

const files = (keys: Readonly<Record<string, string | number>>): SentData => ({ kind: 'files', keys });

function text(key: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw UserError.refusal(key, 'a path', value);
  return value;
}

async function sendMemory(data: MemoryData, signal: AbortSignal): Promise<SentMemory> {
  const { shape = null, test = null, validation = null } = data;
  const send = async (part: Part | null, key: string) => part && (await sendPart(part, key, signal));
  return {
    kind: 'memory',
    ...(await sendPart(data, 'data', signal)),
    shape: shape && [...shape],
    test: await send(test, 'data.test'),
    validation: await send(validation, 'data.validation'),
  };
}

async function sendPart({ inputs, targets }: Part, key: string, signal: AbortSignal): Promise<SentPart> {
  const sent = await inTurns(packing(inputs, `${key}.inputs`), signal, () => {});
  return { inputs: sent, targets: copied(targets, `${key}.targets`) };
}

/** `key`: names the argument in messages. @throws UserError (usage) for inputs that are no numbers or have ragged rows. */
export function* packing(inputs: Inputs, key: string): Steps<Uint8Array | Float32Array> {
  if (inputs instanceof Uint8Array || inputs instanceof Float32Array) {
    const copy = sharedLike(inputs, inputs.length);
    const step = rowsAStep(1);
    for (let at = 0; at < inputs.length; at += step) {
      copy.set(inputs.subarray(at, at + step), at);
      yield null;
    }
    return copy;
  }
  if (!Array.isArray(inputs))
    throw UserError.refusal(key, 'a Uint8Array, a Float32Array or an array of rows', inputs);
  const rows: readonly ArrayLike<number>[] = inputs;
  const width = rows[0]?.length ?? 0;
  const all = sharedLike(
    rows.every((row) => row instanceof Uint8Array) ? new Uint8Array() : null,
    rows.length * width,
  );
  const stride = rowsAStep(width);
  for (const [row, values] of rows.entries()) {
    if (typeof values !== 'object' || values === null || values.length !== width)
      throw UserError.refusal(
        `${key}[${row}]`,
        `${width} numbers, as in the first row`,
        values?.length ?? values,
      );
    for (let i = 0; i < width; i++)
      if (typeof values[i] !== 'number')
        throw UserError.refusal(`${key}[${row}][${i}]`, 'a number', values[i]);
    all.set(values, row * width);
    if (row % stride === stride - 1) yield null;
  }
  return all;
}

/** Zeros of the same kind as `like`, float32 without it, in memory that threads share. */
function sharedLike(like: Uint8Array | Float32Array | null, length: number): Uint8Array | Float32Array {
  return like instanceof Uint8Array
    ? new Uint8Array(new SharedArrayBuffer(length))
    : new Float32Array(new SharedArrayBuffer(length * 4));
}

function copied(targets: Targets, key: string): SentPart['targets'] {
  if (Array.isArray(targets)) return [...targets];
  if (ArrayBuffer.isView(targets) && !(targets instanceof DataView))
    return Array.from(targets as Uint32Array);
  throw UserError.refusal(key, 'an array of class numbers or names', targets);
}
