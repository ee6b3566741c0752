/** The outputs of a network for one row, in the arithmetic of brain.js: sums in float64, layers in float32. */
import type { OnlineLayer } from '../kernels/online/memory.js';
import type { Activation } from './options.js';

export function forward(
  layers: readonly OnlineLayer[],
  row: Float32Array,
  activation: Activation,
  leakyReluAlpha: number,
): Float32Array {
  const activate = activationOf(activation, leakyReluAlpha);
  let from = row;
  for (const { inputs, outputs, weights, biases } of layers) {
    const to = new Float32Array(outputs);
    for (let node = 0, w = 0; node < outputs; node++) {
      let sum = biases[node];
      for (let k = 0; k < inputs; k++, w++) sum += weights[w] * from[k];
      to[node] = activate(sum);
    }
    from = to;
  }
  return from;
}

function activationOf(activation: Activation, alpha: number): (sum: number) => number {
  if (activation === 'sigmoid') return (sum) => 1 / (1 + Math.exp(-sum));
  if (activation === 'tanh') return Math.tanh;
  return activation === 'relu'
    ? (sum) => (sum < 0 ? 0 : sum)
    : (sum) => Math.max(sum, alpha * sum);
}
