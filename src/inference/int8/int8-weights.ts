/** The layers of a network as bytes, so that the kernels' sums cannot saturate. */

import { mostPair } from '../../kernels/int8/int8-kernels.js';
import type { Int8Layer } from '../../kernels/int8/int8-reference.js';
import { quantiseRows } from '../../model/quantise.js';
import { ExitCode, UserError } from '../../user-error.js';

/** A dense layer: weight f32 [outputs][inputs], bias f32 [outputs]. */
export interface DenseWeights {
  readonly name: string;
  readonly outputs: number;
  readonly inputs: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** Of the weights before rounding, which adds up to ½ to each of the two. */
const mostBefore = mostPair - 1;

/**
 * Symmetric for each output. Its scale is the greatest magnitude over 127, or as much more as the greatest sum of the
 * magnitudes of two neighbouring inputs takes, at most twice as much.
 * @throws UserError (usage) for a weight that is not finite.
 */
export function quantiseLayer({ name, outputs, inputs, weight, bias }: DenseWeights): Int8Layer {
  for (const [tensor, data] of Object.entries({ weight, bias }))
    if (!data.every(Number.isFinite))
      throw new UserError(
        `precision: int8 needs finite weights, ${name}.${tensor} has others`,
        ExitCode.usage,
      );
  const { values, scales } = quantiseRows(weight, outputs, inputs);
  for (let o = 0; o < outputs; o++) {
    const first = o * inputs;
    let most = 0;
    for (let i = 0; i < inputs; i += 2)
      most = Math.max(
        most,
        Math.abs(weight[first + i]) + (i + 1 < inputs ? Math.abs(weight[first + i + 1]) : 0),
      );
    if (most <= mostBefore * scales[o]) continue;
    scales[o] = most / mostBefore;
    for (let i = 0; i < inputs; i++) values[first + i] = Math.round(weight[first + i] / scales[o]);
  }
  return { outputs, inputs, values, scales, biases: bias };
}

/** The same on inputs x − shift: biases − weight · shift, by the weights before they were rounded. */
export function shiftedBiases(
  { outputs, inputs, weight, bias }: DenseWeights,
  shift: Float32Array,
): Float32Array {
  return Float32Array.from({ length: outputs }, (_, o) => {
    let sum = bias[o];
    for (let i = 0; i < inputs; i++) sum -= weight[o * inputs + i] * shift[i];
    return sum;
  });
}
