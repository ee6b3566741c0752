/** Where a training that diverged holds values that are not finite, and the likely cause. It is read after the failure only. */
import type { Tensor } from '../model/safetensors.js';
import { Diverged } from './session-errors.js';

export interface DivergedRun {
  /** The parameters with which the loss was computed, in the order of the layers. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The training samples as they reach the network: [count][width]. */
  readonly inputs: ArrayLike<number>;
  readonly width: number;
  readonly learningRate: number;
  /** data.normalise. */
  readonly normalise: string;
  /** The tensors of the file that the training starts from, and its name; null: the parameters are drawn. */
  readonly initial: ReadonlyMap<string, Tensor> | null;
  readonly file: string;
}

/** Inputs above this are far from the scale of initial weights. */
const largeInput = 1000;

/** The same error, with the first layer or sample that is not finite. */
export function explained(error: Diverged, run: DivergedRun): Diverged {
  const { step, what } = error;
  const heading = `the ${what === 'loss' ? 'loss is' : 'weights are'} not finite at step ${step}`;
  return new Diverged(`${heading}: ${cause(run)}`, step, what);
}

function cause({ tensors, inputs, width, learningRate, normalise, initial, file }: DivergedRun): string {
  const lower = `the training diverged; lower optimizer.lr, which is ${learningRate}`;
  const given = initial && firstNotFinite(initial);
  if (given !== null) return `${file}, from which the training starts, holds ${given}`;
  const found = firstNotFinite(tensors);
  if (found !== null) return `${found}, the first tensor with such a value; ${lower}`;
  const [row, most] = extremes(inputs, width);
  if (row !== null)
    return `input ${row % width} of training sample ${Math.floor(row / width)} is ${inputs[row]} with data.normalise=${normalise}; the values of the data are too large`;
  const largest = largestOf(tensors);
  const overflow = `the weights are finite, at most ${short(largest.value)} in ${largest.name}, and the outputs overflow`;
  return most > largeInput && normalise === 'none'
    ? `${overflow}; inputs are as large as ${short(most)}: set data.normalise=standardise, or lower optimizer.lr, which is ${learningRate}`
    : `${overflow}; ${lower}`;
}

/** `NaN in 0.weight at [3, 17]`; null if all values are finite. */
function firstNotFinite(tensors: ReadonlyMap<string, Tensor>): string | null {
  for (const [name, { data, shape }] of tensors) {
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return `${data[at]} in ${name} at ${placeOf(shape, at)}`;
  }
  return null;
}

/** `[3, 17]`: the indices of a place in a tensor. */
function placeOf(shape: readonly number[], at: number): string {
  let rest = at;
  const indices = shape.toReversed().map((size) => {
    const index = rest % size;
    rest = Math.floor(rest / size);
    return index;
  });
  return `[${indices.reverse().join(', ')}]`;
}

/** The place of the first input that is not finite, or null; and the largest magnitude of the others. */
function extremes(inputs: ArrayLike<number>, width: number): [place: number | null, most: number] {
  let most = 0;
  if (!(inputs instanceof Float32Array) || width === 0) return [null, most];
  for (let i = 0; i < inputs.length; i++) {
    if (!Number.isFinite(inputs[i])) return [i, most];
    most = Math.max(most, Math.abs(inputs[i]));
  }
  return [null, most];
}

function largestOf(tensors: ReadonlyMap<string, Tensor>): { readonly name: string; readonly value: number } {
  let largest = { name: 'none', value: 0 };
  for (const [name, { data }] of tensors)
    for (const value of data) if (Math.abs(value) > largest.value) largest = { name, value: Math.abs(value) };
  return largest;
}

const short = (value: number) => String(Number(value.toPrecision(3)));
