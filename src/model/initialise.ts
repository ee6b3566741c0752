/** Initial weights, drawn layer by layer, weights [out][in] before biases, whatever their place in memory. */
import type { Rng } from '../data/rng.js';
import { biasName, weightName } from './parameters.js';
import type { Tensor } from './safetensors.js';

/**
 * - `torch`: U(±1/√in) for weights and biases, nn.Linear's default;
 * - `he`: U(±√(6/in)), variance 2/in (He et al. 2015), biases 0;
 * - `lecun`: U(±√(3/in)), variance 1/in (LeCun et al. 1998), biases 0;
 * - `recipe`: as lecun, but variance 0.6/in for the last layer of a network with hidden layers;
 * - `zero`: all zero, right for softmax regression only (a convex problem).
 */
export type InitKind = 'torch' | 'he' | 'lecun' | 'recipe' | 'zero';

/** `sizes`: units from the input to the classes. */
export function initialTensors(sizes: readonly number[], kind: InitKind, rng: Rng): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (let l = 0; l + 1 < sizes.length; l++) {
    const [inputs, outputs] = [sizes[l], sizes[l + 1]];
    const isOutputOfHidden = l > 0 && l + 2 === sizes.length;
    const variance = { torch: 1 / 3, he: 2, lecun: 1, recipe: isOutputOfHidden ? 0.6 : 1, zero: 0 }[kind];
    const limit = Math.sqrt((3 * variance) / inputs);
    const draw = (count: number, bound: number) => {
      const data = new Float32Array(count);
      if (bound > 0) for (let i = 0; i < count; i++) data[i] = rng.symmetric(bound);
      return data;
    };
    tensors.set(weightName(l), { shape: [outputs, inputs], data: draw(outputs * inputs, limit) });
    tensors.set(biasName(l), { shape: [outputs], data: draw(outputs, kind === 'torch' ? limit : 0) });
  }
  return tensors;
}
