/**
 * The integer kernels in plain TypeScript. Integers are exact; the floats after them are rounded to float32 after each
 * operation, as the kernels' are at every level. So results are compared bit by bit.
 */
import { mostInput } from './int8-kernels.js';

/** The inputs of a row, u7 [width], and the value of a 1. */
export interface Row {
  readonly inputs: Uint8Array;
  readonly scale: number;
}

/** Bytes as inputs of seven bits. */
export function halved(values: Uint8Array): Uint8Array {
  return values.map((value) => Math.min((value + 1) >> 1, mostInput));
}

/** Units at least 0 as inputs: in 127 steps up to the greatest. */
export function quantisedUnits(units: Float32Array): Row {
  const fround = Math.fround;
  const greatest = units.reduce((most, value) => Math.max(most, value), 0);
  const factor = fround(mostInput / greatest);
  // The sum with 1.5 · 2^23 keeps an integer, halves to even.
  const magic = 12582912;
  const step = (value: number) => fround(fround(fround(value * factor) + magic) - magic);
  const inputs = Uint8Array.from(units, (value) => (greatest === 0 ? 0 : step(value)));
  return { inputs, scale: fround(greatest / mostInput) };
}

export interface Int8Layer {
  readonly outputs: number;
  readonly inputs: number;
  /** i8 [outputs][inputs] */
  readonly values: Int8Array;
  /** f32 [outputs] */
  readonly scales: Float32Array;
  readonly biases: Float32Array;
}

/** The sum of products of a unit. */
function unitSum({ values, inputs: width }: Int8Layer, unit: number, inputs: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < width; i++) sum += values[unit * width + i] * inputs[i];
  return sum;
}

/** f32 [outputs] */
export function forward(layer: Int8Layer, { inputs, scale }: Row, isRelu: boolean): Float32Array {
  const fround = Math.fround;
  return Float32Array.from({ length: layer.outputs }, (_, unit) => {
    const scaled = fround(fround(unitSum(layer, unit, inputs)) * layer.scales[unit]);
    const value = fround(fround(scaled * fround(scale)) + layer.biases[unit]);
    return isRelu ? Math.max(value, 0) : value;
  });
}
