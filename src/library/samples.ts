/** Samples as a program passes them, checked against the model that is to classify them. */
import type { Samples } from '../data/dataset.js';
import { type Inputs, readingSamples } from '../data/memory-inputs.js';
import { sizeOf, type ValueKind } from '../data/transforms/transform.js';
import { inTurns, rowsAStep, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';

/** What a model takes. */
export interface SampleKind {
  readonly shape: readonly number[];
  readonly values: ValueKind;
}

type Flat = Samples['values'];

/**
 * Numbers are taken for pixels if they are integers from 0 to 255.
 * @throws UserError for a sample of another length, or with other values.
 */
export function checkedSample(sample: ArrayLike<number> | object, { shape, values }: SampleKind): Flat {
  const size = sizeOf(shape);
  if (!isArrayLike(sample) || sample.length !== size)
    throw UserError.refusal(
      'sample',
      `${size} values (${shape.join('×')})`,
      Reflect.get(Object(sample), 'length'),
    );
  if (sample instanceof Uint8Array && values === 'uint8') return sample;
  return atOnceCopied(sample, values, 'sample');
}

const isArrayLike = (value: unknown): value is ArrayLike<number> => 'length' in Object(value);

/** @throws UserError as checkedSample does. */
export function samplesOf(inputs: Inputs, kind: SampleKind, name = 'inputs'): Promise<Flat> {
  return inTurns(reading(inputs, kind, name), new AbortController().signal, () => {});
}

function* reading(inputs: Inputs, { shape, values }: SampleKind, name: string): Steps<Flat> {
  const isNative = inputs instanceof (values === 'uint8' ? Uint8Array : Float32Array);
  if (isNative || !(inputs instanceof Float32Array || Array.isArray(inputs)))
    return yield* readingSamples(name, inputs, shape, values);
  const size = sizeOf(shape);
  const rows: readonly ArrayLike<number>[] = Array.isArray(inputs) ? inputs : [inputs];
  const flat = !Array.isArray(inputs);
  if (flat && inputs.length % size !== 0)
    throw UserError.refusal(name, `whole samples of ${size} values (${shape.join('×')})`, inputs.length);
  const length = flat ? inputs.length : rows.length * size;
  const all = values === 'uint8' ? new Uint8Array(length) : new Float32Array(length);
  const stride = rowsAStep(size);
  for (const [row, sample] of rows.entries()) {
    const key = flat ? name : `${name}[${row}]`;
    if (!flat && sample?.length !== size)
      throw UserError.refusal(key, `${size} values (${shape.join('×')})`, sample?.length ?? sample);
    for (let at = 0; at < sample.length; at += stride * size) {
      const last = Math.min(sample.length, at + stride * size);
      copyValues(sample, at, last, all, flat ? 0 : row * size, key);
      if (flat) yield null;
    }
    if (row % stride === stride - 1) yield null;
  }
  return all;
}

function atOnceCopied(sample: ArrayLike<number>, values: ValueKind, key: string): Flat {
  const all = values === 'uint8' ? new Uint8Array(sample.length) : new Float32Array(sample.length);
  copyValues(sample, 0, sample.length, all, 0, key);
  return all;
}

/** `key`: names the source in messages. */
function copyValues(
  from: ArrayLike<number>,
  first: number,
  last: number,
  to: Flat,
  at: number,
  key: string,
): void {
  const isBytes = to instanceof Uint8Array;
  const expected = isBytes
    ? 'an integer from 0 to 255, as the model was trained on'
    : 'a finite number within float32';
  for (let i = first; i < last; i++) {
    const value = from[i];
    if (typeof value !== 'number') throw UserError.refusal(`${key}[${i}]`, expected, value);
    to[at + i] = value;
    const fits = isBytes ? to[at + i] === value : Number.isFinite(to[at + i]);
    if (!fits) throw UserError.refusal(`${key}[${i}]`, expected, value);
  }
}
