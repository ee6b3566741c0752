/**
 * Inputs in memory: bytes (`Uint8Array`) are pixels, all others real numbers, which are refused with their place if float32
 * cannot hold them.
 */
import { rowsAStep, type Steps } from '../numbers/steps.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Samples } from './dataset.js';
import { kindOf, type Shape, sizeOf, type ValueKind } from './transforms/transform.js';

/** All samples one after the other, or an array of them. */
export type Inputs =
  | Uint8Array
  | Float32Array
  | readonly Uint8Array[]
  | readonly Float32Array[]
  | readonly (readonly number[])[];

/** Samples without their targets. */
export type Unlabelled = Omit<Samples, 'targets'>;

/** `got`: what was received, in words. */
export const refused = (key: string, expected: string, got: string): UserError =>
  new UserError(`${key}: expected ${expected}, got ${got}`, ExitCode.usage, {
    refused: { key, expected, received: got },
  });

export function shapeOf(name: string, shape: Shape): Shape {
  const isShape =
    Array.isArray(shape) &&
    shape.length > 0 &&
    shape.length <= 3 &&
    shape.every((size) => Number.isInteger(size) && size > 0);
  if (!isShape)
    throw UserError.refusal(
      name,
      'one to three sizes of a sample, integers from 1 up, such as [28, 28]',
      shape,
    );
  return shape.length === 2 ? [...shape, 1] : [...shape];
}

/**
 * Samples for a model of this shape and kind, one after the other; those of a typed array are not copied. `name`: in
 * messages.
 * @throws UserError (usage) naming the place, if they are of another kind or size, or not finite.
 */
export function* readingSamples(
  name: string,
  inputs: Inputs,
  shape: Shape,
  kind: ValueKind,
): Steps<Samples['values']> {
  const isRows = isArrayOfRows(name, inputs);
  const width = sizeOf(shape);
  if (!isRows && inputs.length % width !== 0)
    throw refused(name, `whole samples of ${shape.join('×')} values`, `${inputs.length} values`);
  return yield* reading(name, inputs, width, kind, 'as the model was trained on');
}

/**
 * `part`: its name in messages. `shape`: null: one dimension, as wide as the inputs are. `kind`: of the training inputs;
 * null for those themselves.
 */
export function* readInputs(
  part: string,
  inputs: Inputs,
  count: number,
  shape: Shape | null,
  kind: ValueKind | null,
): Steps<Unlabelled> {
  const [name, other] = [`${part}.inputs`, `${part}.targets`];
  const isRows = isArrayOfRows(name, inputs);
  const total = inputs.length;
  if (isRows && total !== count) throw refused(name, `${count} samples, as many as ${other}`, `${total}`);
  if (count === 0 && total > 0) throw refused(name, `no values, since ${other} is empty`, `${total}`);
  const given = () => (isRows ? rowLength(`${name}[0]`, inputs[0]) : total / count);
  const width = shape !== null ? sizeOf(shape) : count === 0 ? 0 : given();
  if (!isRows && count > 0 && (!Number.isInteger(width) || total !== count * width || width === 0)) {
    const expected = shape === null ? `a multiple of ${count}` : `${count}×${width}`;
    throw refused(name, `${expected} values for the ${count} samples of ${other}`, `${total}`);
  }
  const values = yield* reading(name, inputs, width, kind, 'as data.inputs are');
  return { values, count, shape: shape ?? [width], full: values instanceof Float32Array ? 1 : 255 };
}

/** `kind`: null: any. */
function* reading(
  name: string,
  inputs: Inputs,
  width: number,
  kind: ValueKind | null,
  reason: string,
): Steps<Samples['values']> {
  const isRows = isArrayOfRows(name, inputs);
  const values = isRows ? yield* joined(name, inputs, width, kind) : own(inputs);
  const found = kindOf(values);
  if (kind !== null && kind !== found && values.length > 0)
    throw refused(name, `${inWords[kind]}, ${reason}`, inWords[found]);
  if (values instanceof Float32Array) yield* checkFinite(name, values, width, isRows);
  return values;
}

/** False for a typed array of all values. @throws UserError for anything else. */
function isArrayOfRows(name: string, inputs: Inputs): inputs is Exclude<Inputs, Samples['values']> {
  const kind = arrayKind(inputs);
  if (kind === 'Array') return true;
  if (kind === 'Uint8Array' || kind === 'Float32Array') return false;
  throw refused(name, 'a Uint8Array, a Float32Array or an array of samples', kind);
}

const inWords: Readonly<Record<ValueKind, string>> = {
  uint8: 'bytes (Uint8Array)',
  float32: 'real numbers (Float32Array or number[])',
};

/** By name: an array may be of another realm, such as a test environment's. */
const arrayKind = (given: unknown): string =>
  Array.isArray(given)
    ? 'Array'
    : given === null || given === undefined
      ? String(given)
      : Object.prototype.toString.call(given).slice('[object '.length, -1);

/** A view of this realm, of its own: statistics are remembered by the view. */
function own(inputs: Samples['values']): Samples['values'] {
  const { buffer, byteOffset, length } = inputs;
  return arrayKind(inputs) === 'Float32Array'
    ? new Float32Array(buffer, byteOffset, length)
    : new Uint8Array(buffer, byteOffset, length);
}

const targetKinds = ['Array', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'Int32Array'];

export function countOf(name: string, targets: unknown): number {
  const kind = arrayKind(targets);
  if (targetKinds.includes(kind)) return (targets as ArrayLike<unknown>).length;
  throw refused(
    name,
    `an array, a ${targetKinds.slice(1).join(', a ')} of classes, or a Float32Array of values`,
    kind,
  );
}

function rowLength(name: string, row: unknown): number {
  const kind = arrayKind(row);
  if (kind !== 'Array' && kind !== 'Uint8Array' && kind !== 'Float32Array')
    throw refused(name, 'the values of a sample, an array of them', kind);
  const { length } = row as ArrayLike<unknown>;
  if (length === 0) throw refused(name, 'at least one value', 'none');
  return length;
}

/** Samples one after the other. `none`: the kind of no samples. */
function* joined(
  name: string,
  rows: readonly unknown[],
  width: number,
  none: ValueKind | null,
): Steps<Samples['values']> {
  const isBytes = rows.length === 0 ? none === 'uint8' : arrayKind(rows[0]) === 'Uint8Array';
  const values = isBytes ? new Uint8Array(rows.length * width) : new Float32Array(rows.length * width);
  const stride = rowsAStep(4 * width);
  for (let row = 0; row < rows.length; row++) {
    if (row % stride === 0) yield { doing: 'reading inputs', share: row / rows.length };
    const where = `${name}[${row}]`;
    const length = rowLength(where, rows[row]);
    if (length !== width) throw refused(where, `${width} values`, `${length}`);
    const kind = arrayKind(rows[row]);
    if ((kind === 'Uint8Array') !== isBytes)
      throw refused(where, `${isBytes ? 'bytes' : 'real numbers'}, as ${name}[0] has`, kind);
    const given = rows[row] as ArrayLike<unknown>;
    if (kind === 'Array') refuseNonNumbers(where, given);
    values.set(given as ArrayLike<number>, row * width);
  }
  return values;
}

function refuseNonNumbers(where: string, row: ArrayLike<unknown>): void {
  for (let column = 0; column < row.length; column++)
    if (typeof row[column] !== 'number')
      throw UserError.refusal(`${where}[${column}]`, 'a number', row[column]);
}

/** @throws UserError for NaN, and for numbers that float32 cannot hold. */
function* checkFinite(name: string, values: Float32Array, width: number, isRows: boolean): Steps<void> {
  const stride = rowsAStep(1);
  for (let first = 0; first < values.length; first += stride) {
    const found = firstNonFinite(values, first, Math.min(values.length, first + stride));
    if (found >= 0) {
      const [row, column] = [Math.floor(found / width), found % width];
      const [where, place] = isRows
        ? [`[${row}][${column}]`, '']
        : [`[${found}]`, ` (row ${row}, column ${column})`];
      throw UserError.refusal(`${name}${where}`, `a finite number within float32${place}`, values[found]);
    }
    yield { doing: 'checking inputs', share: first / values.length };
  }
}

function firstNonFinite(values: Float32Array, first: number, last: number): number {
  for (let i = first; i < last; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}
