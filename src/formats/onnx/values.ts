/** What the names of an ONNX graph stand for while a chain of layers is looked for, and what operators make of them. */

import { quoted } from '../../user-error.js';
import type { Activation, ChainLayer, NetworkChain } from '../network-chain.js';
import type { OnnxNode, OnnxTensor } from './decode.js';
import { binary, gelu, identity, type Samples, unary } from './elementwise.js';
import { Element } from './schema.js';

/** What a name stands for. */
export type Value =
  | { readonly kind: 'constant'; readonly tensor: OnnxTensor }
  /** Input · scale − shift, each of one or `width` numbers. */
  | { readonly kind: 'input'; readonly scale: Float64Array; readonly shift: Float64Array }
  /** A function of each output of the last of `layers`. */
  | { readonly kind: 'layer'; readonly layers: readonly Layer[]; readonly samples: Samples }
  | { readonly kind: 'probabilities'; readonly layers: readonly Layer[]; readonly log: boolean }
  /** Sizes, which only reshaping may use. */
  | { readonly kind: 'sizes' }
  | { readonly kind: 'classes' }
  | { readonly kind: 'refused'; readonly reason: string };

export interface Layer extends ChainLayer {
  /** Before this layer; null before the first. */
  readonly activation: Activation | null;
  readonly scaling: NetworkChain['scaling'];
}

export const nameOf = ({ type, name, outputs }: OnnxNode) =>
  `${quoted(type)} (node ${quoted(name === '' ? (outputs[0] ?? '') : name)})`;
export const refused = (reason: string): Value => ({ kind: 'refused', reason });

export const inputTypes: readonly number[] = [
  Element.float,
  Element.double,
  Element.half,
  Element.uint8,
  Element.int32,
  Element.int64,
];

/** Rows stay in order, and values of a row too. */
export const unchanging: readonly string[] = [
  'Identity',
  'Dropout',
  'Flatten',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
];

/** Operators on sizes, for reshaping. */
export const sizesOf: readonly string[] = [
  'Gather',
  'Concat',
  'Slice',
  'Unsqueeze',
  'Squeeze',
  'Cast',
  'Mul',
  'Div',
  'Add',
  'ReduceProd',
  'Identity',
  'Reshape',
  'ConstantOfShape',
  'Equal',
  'Where',
];

/** Of scale s and shift t of s · x − t, with a constant c. */
export const changes: Readonly<Record<string, (s: number, t: number, c: number) => [number, number]>> = {
  Mul: (s, t, c) => [s * c, t * c],
  'Mul reversed': (s, t, c) => [s * c, t * c],
  Div: (s, t, c) => [s / c, t / c],
  Add: (s, t, c) => [s, t - c],
  'Add reversed': (s, t, c) => [s, t - c],
  Sub: (s, t, c) => [s, t + c],
  'Sub reversed': (s, t, c) => [-s, -t - c],
};

/** A shape that broadcasts as a whole sample: nothing but 1 before its sizes. */
export const isTrailing = (shape: readonly number[]) =>
  shape.length <= 4 && (shape.length < 2 || shape.every((size) => size >= 1));

export const isVector = ({ data, shape }: OnnxTensor, length: number) =>
  data.length === 1 || (data.length === length && shape.at(-1) === length);

export function constantOf(attributes: OnnxNode['attributes']): Value | null {
  const value =
    attributes.get('value') ??
    attributes.get('value_float') ??
    attributes.get('value_int') ??
    attributes.get('value_floats') ??
    attributes.get('value_ints');
  if (value === undefined || typeof value === 'string') return null;
  if (typeof value === 'object' && 'data' in value) return { kind: 'constant', tensor: value };
  const list = typeof value === 'number' ? [value] : value;
  const shape = typeof value === 'number' ? [] : [list.length];
  return {
    kind: 'constant',
    tensor: { name: '', shape, type: Element.double, data: Float64Array.from(list) },
  };
}

/** A constant of a constant: weights are often transposed or reshaped. */
export function changedConstant({ type, attributes }: OnnxNode, tensor: OnnxTensor): Value | null {
  if (type === 'Identity' || type === 'Cast') return { kind: 'constant', tensor };
  if (type !== 'Transpose' || tensor.shape.length !== 2)
    return sizesOf.includes(type) ? { kind: 'sizes' } : null;
  const order = attributes.get('perm');
  if (Array.isArray(order) && order[0] === 0) return { kind: 'constant', tensor };
  const [rows, columns] = tensor.shape;
  const data = tensor.data.slice();
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < columns; c++) data[c * rows + r] = tensor.data[r * columns + c];
  return { kind: 'constant', tensor: { ...tensor, shape: [columns, rows], data } };
}

/** To numbers with a point; the others would round. */
export function castTo(to: unknown, value: Value): Value | null {
  return to === Element.float || to === Element.double || (to === Element.half && value.kind === 'input')
    ? value
    : null;
}

/** A function of each output of a layer, from others and from numbers. */
export function elementwise({ type, attributes }: OnnxNode, inputs: readonly Value[]): Value | null {
  const own = inputs.find((value) => value.kind === 'layer');
  if (own === undefined) return null;
  const layers = own.layers;
  const samples = inputs.map((value) => {
    if (value.kind === 'layer') return value.layers === layers ? value.samples : null;
    const isNumber = value.kind === 'constant' && value.tensor.data.length === 1;
    return isNumber ? identity.map(() => value.tensor.data[0]) : null;
  });
  const [a, b] = samples;
  const by = binary[type];
  if (by !== undefined && inputs.length === 2 && a !== null && b !== null) {
    // A number for a layer of one output is its bias.
    if (layers[layers.length - 1].outputs === 1 && type === 'Add') return null;
    return { kind: 'layer', layers, samples: a.map((x, i) => by(x, b[i])) };
  }
  if (a === null || a === undefined) return null;
  const of = type === 'Gelu' ? gelu : unary[type];
  if (of !== undefined && inputs.length === 1) return { kind: 'layer', layers, samples: a.map(of) };
  if (type !== 'Clip') return null;
  const bound = (i: number, name: string, absent: number) => {
    const given = inputs[i];
    if (given?.kind === 'constant') return given.tensor.data[0];
    return Number(attributes.get(name) ?? absent);
  };
  const [low, high] = [bound(1, 'min', Number.NEGATIVE_INFINITY), bound(2, 'max', Number.POSITIVE_INFINITY)];
  return { kind: 'layer', layers, samples: a.map((x) => Math.min(high, Math.max(low, x))) };
}
