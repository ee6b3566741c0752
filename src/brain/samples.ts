/** What a program passes as samples: arrays or objects of numbers, checked and turned into rows of float32. */
import { ExitCode, UserError } from '../user-error.js';
import type { Activation } from './options.js';

/** Numbers in order, or by name; names that are absent are 0. */
export type Values = readonly number[] | Float32Array | Readonly<Record<string, number>>;

export interface Sample<Input = Values, Output = Values> {
  readonly input: Input;
  readonly output: Output;
}

/** From a name to its place in a row. */
export type Lookup = ReadonlyMap<string, number>;

/** One side of the samples: how many numbers a row has, and their names if the rows are objects. */
export interface Side {
  readonly name: 'input' | 'output';
  readonly lookup: Lookup | null;
  readonly width: number;
}

export type Row = ArrayLike<number> | Readonly<Record<string, number>>;

export const isList = (values: unknown): values is ArrayLike<number> =>
  Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));

const isObject = (values: unknown): values is Readonly<Record<string, number>> =>
  typeof values === 'object' && values !== null && !isList(values);

/** @throws UserError (usage) if these are no samples. */
export function checkSamples(data: unknown): asserts data is readonly Sample<Row, Row>[] {
  if (!Array.isArray(data) || data.length === 0)
    throw UserError.refusal('data', 'an array of { input, output }', data);
}

/**
 * The side that all samples have. `known`: of a network that has been trained; its width is 0 before.
 * @throws UserError (usage) for rows that are neither arrays nor objects.
 */
export function sideOf(data: readonly Sample<Row, Row>[], known: Side): Side {
  const { name } = known;
  const first = rowOf(data, 0, name);
  if (known.width > 0) return known;
  if (isList(first)) return { name, lookup: null, width: widthOf(first.length, name) };
  const lookup = new Map<string, number>();
  for (let i = 0; i < data.length; i++) {
    const row = rowOf(data, i, name);
    if (isList(row)) throw unlike(i, name, row, null);
    for (const key of Object.keys(row)) if (!lookup.has(key)) lookup.set(key, lookup.size);
  }
  return { name, lookup, width: widthOf(lookup.size, name) };
}

function widthOf(width: number, name: string): number {
  if (width === 0) throw UserError.refusal(`data[0].${name}`, 'at least one number', width);
  return width;
}

function rowOf(data: readonly Sample<Row, Row>[], i: number, name: Side['name']): Row {
  const row: unknown = data[i]?.[name];
  if (!isList(row) && !isObject(row))
    throw UserError.refusal(`data[${i}].${name}`, 'an array or an object of numbers', row);
  return row;
}

/** The range of what the activation of the last layer can give; null: any number. */
const ranges: Readonly<Record<Activation, readonly [number, number] | null>> = {
  sigmoid: [0, 1],
  tanh: [-1, 1],
  relu: null,
  'leaky-relu': null,
};

/** @throws UserError (usage) for a target that the network cannot reach. */
export function checkReachable(
  values: ArrayLike<number>,
  activation: Activation,
  where: string,
  nameOf: (index: number) => string,
): void {
  const range = ranges[activation];
  if (range === null) return;
  for (let k = 0; k < values.length; k++)
    if (values[k] < range[0] || values[k] > range[1]) {
      const expected = `a number from ${range[0]} to ${range[1]}, the outputs of ${activation}`;
      throw UserError.refusal(`${where}${nameOf(k)}`, expected, values[k]);
    }
}

/** Writes the row of sample `i` into `out` from `at` on. @throws UserError (usage) naming the value that does not fit. */
export function encodeSample(
  data: readonly Sample<Row, Row>[],
  i: number,
  side: Side,
  out: Float32Array,
  at: number,
): void {
  const row = rowOf(data, i, side.name);
  // A name that was not there before would change what the outputs are; in an input it carries nothing.
  if (side.name === 'output' && side.lookup !== null && !isList(row))
    for (const key of Object.keys(row))
      if (!side.lookup.has(key))
        throw UserError.refusal(
          `data[${i}].output`,
          `the outputs ${[...side.lookup.keys()].join(', ')}`,
          key,
        );
  encode(row, side, `data[${i}].${side.name}`, out, at);
}

/** `where`: the row in messages. */
export function encode(
  row: Row,
  side: Side,
  where: string,
  out: Float32Array | Float64Array,
  at: number,
): void {
  const { lookup, width } = side;
  if (lookup === null) {
    if (!isList(row) || row.length !== width) throw unlike(where, side.name, row, width);
    for (let k = 0; k < width; k++) {
      const value = row[k];
      // Names are made for messages only: this is the hot loop of a training's start.
      if (typeof value !== 'number' || !Number.isFinite(value)) throw unfit(value, `${where}[${k}]`);
      out[at + k] = value;
    }
    return;
  }
  if (isList(row) || typeof row !== 'object' || row === null) throw unlike(where, side.name, row, null);
  for (const [key, place] of lookup) {
    const value = (Object.hasOwn(row, key) ? row[key] : undefined) as unknown;
    if (value !== undefined && (typeof value !== 'number' || !Number.isFinite(value)))
      throw unfit(value, `${where}${nameOf(key)}`);
    out[at + place] = value ?? 0;
  }
}

export const nameOf = (key: string) => (/^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);

const unfit = (value: unknown, where: string) => UserError.refusal(where, 'a finite number', value);

/** `width`: null if objects are expected. */
function unlike(where: number | string, name: string, row: unknown, width: number | null): UserError {
  const place = typeof where === 'number' ? `data[${where}].${name}` : where;
  if (width === null) return UserError.refusal(place, 'an object of numbers, as in the first sample', row);
  if (!isList(row)) return UserError.refusal(place, `an array of ${width} numbers`, row);
  const message = `${place}: expected ${width} numbers, got ${row.length}`;
  return new UserError(message, ExitCode.usage, {
    refused: { key: place, expected: `${width} numbers`, received: row.length },
  });
}
