/**
 * A checkpoint as a file: safetensors, so that other programs read its vectors. The metadata hold the state and the facts of
 * the run as JSON, and a SHA-256 over all of it: a file that was cut or changed is never used.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { setImmediate as otherEvents } from 'node:timers/promises';
import type { Config } from '../config/schema.js';
import type { Checkpoint, Vector } from '../coordinator/checkpoint.js';
import { initialState, type TrainingState } from '../coordinator/state.js';
import { cannot } from '../file-failure.js';
import { readWholeFile } from '../memory/whole-file.js';
import { readSafetensorsMetadata, readValues, safetensorsPieces, type Values } from '../model/safetensors.js';
import { expectedGot, UserError } from '../user-error.js';

/** What a run that goes on is compared with, and what its records repeat. */
export interface RunFacts {
  readonly name: string;
  /** Its paths are absolute. */
  readonly config: Config;
  readonly version: string;
  /** The level of the kernels; null: none compute. */
  readonly kernels: string | null;
  readonly threads: number;
  readonly sync: string;
  /** SHA-256 by file, and of the weights that the run starts from, if they come from a file. */
  readonly data: Readonly<Record<string, string>>;
  /** ISO 8601; as typed; where the run was resumed before. */
  readonly startedAt: string;
  readonly command: string;
  readonly resumed: readonly ResumeRecord[];
}

export interface ResumeRecord {
  /** ISO 8601. */
  readonly at: string;
  readonly command: string;
  /** Steps done before. */
  readonly step: number;
}

export interface StoredCheckpoint {
  readonly facts: RunFacts;
  readonly checkpoint: Checkpoint;
}

const format = '1';
const prefix = 'shardstep.checkpoint';
const keys = { format: prefix, facts: `${prefix}.run`, state: `${prefix}.state`, sha256: `${prefix}.sha256` };

/** Vectors of the state, by their names in the file. */
const sumsName = 'tail.sums';
const bestWeights = 'best.weights';

/** The file in pieces: its header, and the vectors themselves. */
export async function encodeCheckpoint({ facts, checkpoint }: StoredCheckpoint): Promise<Uint8Array[]> {
  const { vectors, state } = checkpoint;
  const { tail, best, ...plain } = state;
  const tensors = new Map<string, Values>();
  const add = (name: string, data: Vector) => tensors.set(name, { shape: [data.length], data });
  for (const [name, vector] of vectors) add(name, vector);
  if (tail !== null) add(sumsName, tail.sums);
  if (best !== null) add(bestWeights, best.weights);
  const stored = {
    ...plain,
    tail: tail && { count: tail.count },
    best: best && { step: best.step, evaluation: best.evaluation },
  };
  const metadata = {
    [keys.format]: format,
    [keys.facts]: JSON.stringify(facts),
    [keys.state]: JSON.stringify(stored),
    [keys.sha256]: '0'.repeat(64),
  };
  const pieces = safetensorsPieces(tensors, metadata);
  placeOfHash(pieces[0])?.write(await sha256Of(pieces), 'latin1');
  return pieces;
}

/** Half a millisecond each. */
const hashedAtOnce = 2 ** 20;

/** In turns: the next command of the session does not wait. In another thread, WebCrypto would copy all of it first. */
async function sha256Of(pieces: readonly Uint8Array[]): Promise<string> {
  const hash = createHash('sha256');
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += hashedAtOnce) {
      hash.update(piece.subarray(at, at + hashedAtOnce));
      await otherEvents();
    }
  return hash.digest('hex');
}

/** Where the hash is in the file's bytes; it was computed with zeros in this place. */
function placeOfHash(bytes: Uint8Array): Buffer | null {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = `"${keys.sha256}":"`;
  const at = all.indexOf(text);
  return at < 0 ? null : all.subarray(at + text.length, at + text.length + 64);
}

/**
 * Reads a file that `encodeCheckpoint` has made.
 * @throws UserError (exit 1) if it cannot be read, is damaged, or has another format.
 */
export function readCheckpoint(file: string): StoredCheckpoint {
  const bytes = new Uint8Array(readBytes(file));
  const metadata = readSafetensorsMetadata(bytes, file);
  if (metadata[keys.format] !== format)
    throw new UserError(
      `${file}: ${keys.format}: expected ${format}, got ${metadata[keys.format] ?? 'none'}`,
    );
  const place = placeOfHash(bytes);
  place?.fill('0');
  if (createHash('sha256').update(bytes).digest('hex') !== metadata[keys.sha256])
    throw new UserError(`${file}: damaged: its contents do not have the SHA-256 that it names`);
  const values = readValues(bytes, file);
  const facts: RunFacts = parsed(metadata, keys.facts, file, kindsOfFacts);
  const { tail, best, ...plain } = parsed(metadata, keys.state, file, kindsOfState);
  const sums = values.get(sumsName)?.data;
  const weights = values.get(bestWeights)?.data;
  const state: TrainingState = {
    ...plain,
    tail: sums instanceof Float64Array ? { ...tail, sums } : null,
    best: weights instanceof Float32Array ? { ...best, weights } : null,
  };
  const vectors = new Map<string, Vector>();
  for (const [name, { data }] of values)
    if (name !== sumsName && name !== bestWeights) vectors.set(name, data);
  return { facts, checkpoint: { state, vectors } };
}

type Kinds = Readonly<Record<string, string>>;

const kindsOfFacts: Kinds = {
  ...{ name: 'string', config: 'object', version: 'string', threads: 'number', sync: 'string' },
  ...{ data: 'object', startedAt: 'string', command: 'string', resumed: 'list' },
};

const kindOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;

/** What may be null has any kind. */
const kindsOfState: Kinds = Object.fromEntries(
  Object.entries(initialState(0)).flatMap(([key, value]) => (value === null ? [] : [[key, kindOf(value)]])),
);

/** A file whose hash is right was written so: by another program, or another version. */
function parsed(metadata: Readonly<Record<string, string>>, key: string, file: string, kinds: Kinds) {
  const refuse = (what: string, expected: string, got: unknown) =>
    new UserError(`${file}: ${what}: ${expectedGot(expected, got)}`);
  const text = metadata[key] ?? null;
  const value = text === null ? null : jsonOf(text);
  if (kindOf(value) !== 'object') throw refuse(key, 'a JSON object', text);
  for (const [name, kind] of Object.entries(kinds))
    if (kindOf(value[name]) !== kind) throw refuse(`${key}.${name}`, `a JSON ${kind}`, value[name] ?? null);
  return value;
}

function jsonOf(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readBytes(file: string): Buffer {
  try {
    return readWholeFile(file);
  } catch (cause) {
    throw cannot('read', path.basename(file), cause);
  }
}
