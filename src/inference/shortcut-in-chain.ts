/**
 * A shortcut as part of a chain of operations. Behind ReLU every layer has two more units for each output k, which are
 * max(0, s) and max(0, −s) of s = (S · x)_k and stay as they are up to the last layer: s = max(0, s) − max(0, −s), exactly.
 */
import type { Op } from '../model/op.js';
import { ExitCode, UserError } from '../user-error.js';

type Dense = Extract<Op, { readonly op: 'dense' }>;

/**
 * `chain`: dense layers with activations between; `shortcut`: f32 [outputs][inputs].
 * @throws UserError (usage) for another activation than ReLU, or for no hidden layer.
 */
export function withinChain(chain: readonly Op[], shortcut: Float32Array, source: string): Op[] {
  const layers = chain.filter((op) => op.op === 'dense');
  const other = chain.find(({ op }) => op !== 'dense' && op !== 'relu');
  if (other !== undefined || layers.length === 1)
    throw new UserError(
      `${source}: model.shortcut: expected false, or layers with relu, for an export: other formats than safetensors have one chain of ` +
        `layers; got true with ${other?.op ?? 'no hidden layer'}`,
      ExitCode.usage,
    );
  const { outputs } = layers[layers.length - 1];
  let index = 0;
  return chain.map((op) => {
    if (op.op !== 'dense') return op;
    index++;
    if (index === 1) return first(op, shortcut, outputs);
    return index === layers.length ? last(op) : middle(op, 2 * outputs);
  });
}

/** Then rows S and −S. */
function first({ inputs, outputs: units, weight, bias }: Dense, shortcut: Float32Array, outputs: number): Op {
  const all = new Float32Array((units + 2 * outputs) * inputs);
  all.set(weight);
  all.set(shortcut, units * inputs);
  all.set(
    shortcut.map((value) => -value),
    (units + outputs) * inputs,
  );
  return dense(inputs, all, bias);
}

/** Then an identity of the `more` last units. */
function middle({ inputs, outputs: units, weight, bias }: Dense, more: number): Op {
  const width = inputs + more;
  const all = new Float32Array((units + more) * width);
  place(weight, units, inputs, all, width);
  for (let k = 0; k < more; k++) all[(units + k) * width + inputs + k] = 1;
  return dense(width, all, bias);
}

/** Then the differences of the two halves. */
function last({ inputs, outputs, weight, bias }: Dense): Op {
  const width = inputs + 2 * outputs;
  const all = new Float32Array(outputs * width);
  place(weight, outputs, inputs, all, width);
  for (let k = 0; k < outputs; k++) {
    all[k * width + inputs + k] = 1;
    all[k * width + inputs + outputs + k] = -1;
  }
  return dense(width, all, bias);
}

function place(
  from: ArrayLike<number>,
  rows: number,
  columns: number,
  to: Float32Array,
  width: number,
): void {
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < columns; i++) to[row * width + i] = from[row * columns + i];
}

/** Units without a bias are the last. */
function dense(inputs: number, weight: Float32Array, bias: Dense['bias']): Op {
  const outputs = weight.length / inputs;
  const biases = new Float32Array(outputs);
  biases.set(bias);
  return { op: 'dense', inputs, outputs, weight, bias: biases };
}
