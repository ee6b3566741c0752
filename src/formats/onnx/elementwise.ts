/**
 * Recognises activations by their values: exporters write gelu as six to ten operators in many orders. A function of one
 * value is kept as its values at many points, so that any expression costs the same to follow.
 */
import type { Activation } from '../network-chain.js';

/** From −20 to 20, denser around 0, and far away. */
const points = Float64Array.from([
  ...Array.from({ length: 401 }, (_, i) => (i - 200) / 10),
  ...Array.from({ length: 200 }, (_, i) => (i - 99.5) / 400),
  ...[-1e4, -317, -51, 51, 317, 1e4],
]);

/** The function's values at the points. */
export type Samples = Float64Array;

export const identity: Samples = points;

export const gelu = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044_715 * x ** 3)));

const known: Readonly<Record<Activation, (x: number) => number>> = {
  relu: (x) => Math.max(0, x),
  tanh: Math.tanh,
  gelu,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
};

/** Constants of the file are float32; gelu by the error function differs by up to 5e-4. */
const tolerance = 3e-6;

/** Null if it is none of ours. */
export function activationOf(samples: Samples): Activation | null {
  for (const name of ['relu', 'tanh', 'gelu', 'sigmoid'] as const)
    if (samples.every((value, i) => isClose(value, known[name](points[i])))) return name;
  return null;
}

const isClose = (value: number, expected: number) =>
  Math.abs(value - expected) <= tolerance * Math.max(1, Math.abs(expected));

/** Operators of one value. */
export const unary: Readonly<Record<string, (x: number) => number>> = {
  Relu: known.relu,
  Tanh: Math.tanh,
  Neg: (x) => -x,
  Abs: Math.abs,
  Sqrt: Math.sqrt,
  Sigmoid: known.sigmoid,
};

/** Operators of two values, one of which may be a number. */
export const binary: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Max: Math.max,
  Min: Math.min,
};
