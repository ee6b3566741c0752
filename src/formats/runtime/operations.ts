/**
 * The primitive operations of `model/op.ts` in plain JavaScript, in float64. Each function refers to nothing outside,
 * because export formats contain its text: no other function, no constant of this file, no package.
 */
import { redrawByMoments } from '../../data/transforms/moments.js';
import type { Op } from '../../model/op.js';
import { directions } from './directions.js';
import { expand, exponential, fields } from './expand.js';

export type Numbers = ArrayLike<number>;

export type OpName = Op['op'];

type Of<Name extends OpName, Each = Op> = Each extends { readonly op: infer Own }
  ? Name extends Own
    ? Each
    : never
  : never;

/** Functions that operations call: part of their text, and passed, because a bundler may rename functions. */
export const helpers = { redrawByMoments, directions, fields, expand, exponential } as const;
export type Helpers = typeof helpers;

/** From the values before an operation, and their shape, to the values after it. */
export type Operation<Name extends OpName = OpName> = (
  x: Numbers,
  op: Of<Name>,
  shape: readonly number[],
  helpers: Helpers,
) => Numbers;

export const operations: { readonly [Name in OpName]: Operation<Name> } = {
  lookup(x, op) {
    return Array.from(x, (value) => op.table[value]);
  },

  moments(x, _, shape, { redrawByMoments }) {
    const out = new Float64Array(x.length);
    redrawByMoments(x, shape[0], shape[1], out);
    return out;
  },

  crop(x, op, shape) {
    const [rows, columns] = [shape[0] - 2 * op.by, shape[1] - 2 * op.by];
    const out = new Float64Array(rows * columns);
    for (let i = 0; i < out.length; i++) {
      const y = Math.floor(i / columns) + op.by;
      out[i] = x[y * shape[1] + op.by + (i % columns)];
    }
    return out;
  },

  sumPool(x, _, shape) {
    const [rows, columns] = [shape[0] >> 1, shape[1] >> 1];
    const out = new Float64Array(rows * columns);
    for (let i = 0; i < out.length; i++) {
      const at = 2 * Math.floor(i / columns) * shape[1] + 2 * (i % columns);
      out[i] = x[at] + x[at + 1] + x[at + shape[1]] + x[at + shape[1] + 1];
    }
    return out;
  },

  affine(x, op) {
    const one = op.scale.length === 1;
    const out = new Float64Array(x.length);
    for (let p = 0; p < out.length; p++) out[p] = x[p] * op.scale[one ? 0 : p] - op.shift[p];
    return out;
  },

  fixedPoint(x, op) {
    const out = new Float64Array(x.length);
    for (let p = 0; p < out.length; p++) {
      const stored = Math.min(65535, Math.max(0, Math.round((x[p] + op.bound) / op.step)));
      out[p] = stored * op.step - op.bound;
    }
    return out;
  },

  directions(x, op, _, { directions }) {
    return directions(x, op.drawing);
  },

  fields(x, op, _, { fields }) {
    return fields(x, op);
  },

  expand(x, op, _, { expand }) {
    return expand(x, op);
  },

  exp(x, op, _, { exponential }) {
    return exponential(x, op);
  },

  products(x, op) {
    const { components, weight, bias, mean } = op;
    const p = new Float64Array(components);
    for (let k = 0; k < components; k++) {
      p[k] = bias[k];
      for (let i = 0; i < x.length; i++) p[k] += weight[k * x.length + i] * x[i];
    }
    const out = new Float64Array(x.length + mean.length);
    out.set(x);
    for (let i = 0, n = 0; i < components; i++)
      for (let j = i; j < components; j++, n++) out[x.length + n] = p[i] * p[j] - mean[n];
    return out;
  },

  dense(x, op) {
    const { inputs, outputs, weight, bias } = op;
    const out = new Float64Array(outputs);
    for (let o = 0; o < outputs; o++) {
      let sum = bias[o];
      for (let i = 0, at = o * inputs; i < inputs; i++) sum += weight[at + i] * x[i];
      out[o] = sum;
    }
    return out;
  },

  relu(x) {
    return Float64Array.from(x, (value) => Math.max(0, value));
  },

  tanh(x) {
    return Float64Array.from(x, (value) => Math.tanh(value));
  },

  gelu(x) {
    const slope = Math.sqrt(2 / Math.PI);
    return Float64Array.from(
      x,
      (value) => 0.5 * value * (1 + Math.tanh(slope * (value + 0.044715 * value ** 3))),
    );
  },

  sigmoid(x) {
    return Float64Array.from(x, (value) => 1 / (1 + Math.exp(-value)));
  },

  softmax(x) {
    const out = Float64Array.from(x);
    const most = out.reduce((a, b) => Math.max(a, b));
    const powers = out.map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((value) => value / sum);
  },

  shares(x) {
    const positive = Float64Array.from(x, (value) => Math.max(0, value));
    const sum = positive.reduce((a, b) => a + b, 0);
    return positive.map((value) => (sum > 0 ? value / sum : 1 / positive.length));
  },
};
