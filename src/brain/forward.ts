/** The outputs of a network for one row, in the arithmetic of brain.js: sums in float64, layers in float32. */
import type { OnlineLayer } from '../kernels/online/memory.js';
import type { Activation } from './options.js';

export function forward(
  layers: readonly OnlineLayer[],
  row: Float32Array | Float64Array,
  activation: Activation,
  leakyReluAlpha: number,
): Float32Array {
  const activate = activationOf(activation, leakyReluAlpha);
  let from = row;
  let to = new Float32Array(0);
  for (const { inputs, outputs, weights, biases } of layers) {
    to = new Float32Array(outputs);
    for (let node = 0, w = 0; node < outputs; node++) {
      let sum = biases[node];
      for (let k = 0; k < inputs; k++, w++) sum += weights[w] * from[k];
      to[node] = activate(sum);
    }
    from = to;
  }
  return to;
}

function activationOf(activation: Activation, alpha: number): (sum: number) => number {
  if (activation === 'sigmoid') return (sum) => 1 / (1 + Math.exp(-sum));
  if (activation === 'tanh') return Math.tanh;
  return activation === 'relu' ? (sum) => Math.max(sum, 0) : (sum) => Math.max(sum, alpha * sum);
}
