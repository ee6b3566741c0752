/** Graphs that hold every operation, with numbers from a generator: for tests that need no training. */
import type { Graph, Op } from '../../dist/model/op.js';

function floats(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const drawing = { grid: 12, pool: 4, size: 0.22, aspect: false, allRows: false, sobel: false };

const dense = (inputs: number, outputs: number): Op => ({
  ...{ op: 'dense', inputs, outputs },
  weight: floats(inputs * outputs, inputs + outputs).map((value) => value / inputs),
  bias: floats(outputs, outputs),
});

const labels = ['0', '"two"', 'dréi'];

/** A table, moments, crop, pooling, a rounded map of float64, layers, tanh and gelu. */
export const pixelGraph: Graph = {
  input: [10, 12, 1],
  values: 'uint8',
  labels,
  ops: [
    { op: 'lookup', table: Uint8Array.from({ length: 256 }, (_, x) => Math.min(255, 2 * x)) },
    { op: 'moments' },
    { op: 'crop', by: 1 },
    { op: 'sumPool' },
    {
      op: 'affine',
      scale: Float64Array.from(floats(20, 3), (value) => value / 999),
      shift: Float64Array.from(floats(20, 5)),
    },
    { op: 'fixedPoint', step: 1 / 1024, bound: 32 },
    dense(20, 6),
    { op: 'tanh' },
    dense(6, 5),
    { op: 'gelu' },
    dense(5, 3),
  ],
  probabilities: [{ op: 'shares' }],
};

/** Direction features with products. */
export const directionGraph: Graph = {
  input: [28, 28, 1],
  values: 'uint8',
  labels,
  ops: [
    { op: 'directions', drawing },
    { op: 'products', components: 2, weight: floats(256, 9), bias: floats(2, 1), mean: floats(3, 2) },
    { op: 'affine', scale: floats(131, 7), shift: floats(131, 8) },
    dense(131, 3),
  ],
  probabilities: [{ op: 'softmax' }],
};

/** Numbers instead of integers. */
export const realGraph: Graph = {
  input: [4],
  values: 'float32',
  labels,
  ops: [
    { op: 'affine', scale: Float32Array.of(2), shift: floats(4, 4) },
    dense(4, 4),
    { op: 'relu' },
    dense(4, 3),
  ],
  probabilities: [{ op: 'softmax' }],
};

export const smallGraphs = { pixels: pixelGraph, directions: directionGraph, numbers: realGraph } as const;

/** A sample with something on it. */
export function sampleOf({ input, values }: Graph, seed = 1): Uint8Array | Float32Array {
  const size = input.reduce((product, each) => product * each, 1);
  const drawn = floats(size, seed);
  return values === 'float32' ? drawn : Uint8Array.from(drawn, (value) => Math.max(0, 255 * value));
}
