/** Samples as a program passes them, checked against the model that is to classify them. */
import { sizeOf } from '../data/transforms/transform.js';
import { inTurns, rowsAStep, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import type { Inputs } from './types.js';

export interface FlatSamples {
  readonly count: number;
  /** u8 [count][product of the shape]; the caller's own array if it is of this kind. */
  readonly values: Uint8Array;
}

/** @throws UserError for a sample of another length, or with other values than integers from 0 to 255. */
export function checkedSample(sample: ArrayLike<number>, shape: readonly number[]): Uint8Array {
  const size = sizeOf(shape);
  if (sample?.length !== size)
    throw UserError.refusal('sample', `${size} values (${shape.join('×')})`, sample?.length);
  if (sample instanceof Uint8Array) return sample;
  const bytes = new Uint8Array(size);
  copyBytes(sample, bytes, 0, 'sample');
  return bytes;
}

/** @throws UserError as checkedSample does. */
export async function samplesOf(inputs: Inputs, shape: readonly number[]): Promise<FlatSamples> {
  const size = sizeOf(shape);
  if (inputs instanceof Uint8Array || inputs instanceof Float32Array) {
    const count = inputs.length / size;
    if (!Number.isInteger(count))
      throw UserError.refusal(
        'inputs',
        `whole samples of ${size} values (${shape.join('×')})`,
        inputs.length,
      );
    if (inputs instanceof Uint8Array) return { count, values: inputs };
    return { count, values: await inTurns(flat(inputs, size), never, () => {}) };
  }
  if (!Array.isArray(inputs))
    throw UserError.refusal('inputs', 'a Uint8Array, a Float32Array or an array of samples', inputs);
  const rows: readonly ArrayLike<number>[] = inputs;
  return { count: rows.length, values: await inTurns(joined(rows, size), never, () => {}) };
}

const never = new AbortController().signal;

function* flat(inputs: Float32Array, size: number): Steps<Uint8Array> {
  const values = new Uint8Array(inputs.length);
  const step = rowsAStep(size) * size;
  for (let at = 0; at < inputs.length; at += step) {
    copyBytes(inputs.subarray(at, at + step), values, at, 'inputs');
    yield null;
  }
  return values;
}

function* joined(rows: readonly ArrayLike<number>[], size: number): Steps<Uint8Array> {
  const values = new Uint8Array(rows.length * size);
  const stride = rowsAStep(size);
  for (const [row, sample] of rows.entries()) {
    if (sample?.length !== size)
      throw UserError.refusal(`inputs[${row}]`, `${size} values`, sample?.length ?? sample);
    if (sample instanceof Uint8Array) values.set(sample, row * size);
    else copyBytes(sample, values, row * size, `inputs[${row}]`);
    if (row % stride === stride - 1) yield null;
  }
  return values;
}

/** `key`: names the source in messages. */
function copyBytes(from: ArrayLike<number>, to: Uint8Array, at: number, key: string): void {
  for (let i = 0; i < from.length; i++) {
    const value = from[i];
    to[at + i] = value;
    if (to[at + i] !== value)
      throw UserError.refusal(`${key}[${i}]`, 'an integer from 0 to 255, as the model was trained on', value);
  }
}
