/** Initial weights, drawn layer by layer, weights [out][in] before biases, whatever their place in memory. */
import type { Rng } from '../numbers/rng.js';
import { orthogonalMatrix } from './orthogonal.js';
import { biasName, weightName } from './parameters.js';
import type { Tensor } from './safetensors.js';

/**
 * - `torch`: U(±1/√in) for weights and biases, nn.Linear's default;
 * - `he`: U(±√(6/in)), variance 2/in (He et al. 2015), biases 0;
 * - `glorot`: U(±√(6/(in + out))), variance 2/(in + out) (Glorot & Bengio 2010), biases 0;
 * - `lecun`: U(±√(3/in)), variance 1/in (LeCun et al. 1998), biases 0;
 * - `orthogonal`: a random orthogonal matrix (Saxe, McClelland & Ganguli 2014), biases 0;
 * - `recipe`: as lecun, but variance 0.6/in for the last layer of a network with hidden layers;
 * - `zero`: all zero, right for softmax regression only (a convex problem).
 */
export type InitKind = 'torch' | 'he' | 'glorot' | 'lecun' | 'orthogonal' | 'recipe' | 'zero';

/** `sizes`: units from the input to the classes. */
export function initialTensors(sizes: readonly number[], kind: InitKind, rng: Rng): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (let l = 0; l + 1 < sizes.length; l++) {
    const [inputs, outputs] = [sizes[l], sizes[l + 1]];
    const isOutputOfHidden = l > 0 && l + 2 === sizes.length;
    const variance = { torch: 1 / 3, he: 2, glorot: 2, lecun: 1, recipe: isOutputOfHidden ? 0.6 : 1 };
    const units = kind === 'glorot' ? inputs + outputs : inputs;
    // A uniform draw from ±limit has the variance limit² / 3.
    const limit = kind === 'zero' || kind === 'orthogonal' ? 0 : Math.sqrt((3 * variance[kind]) / units);
    const draw = (count: number, bound: number) => {
      const data = new Float32Array(count);
      if (bound > 0) for (let i = 0; i < count; i++) data[i] = rng.symmetric(bound);
      return data;
    };
    const weights =
      kind === 'orthogonal' ? orthogonalMatrix(outputs, inputs, rng) : draw(outputs * inputs, limit);
    tensors.set(weightName(l), { shape: [outputs, inputs], data: weights });
    tensors.set(biasName(l), { shape: [outputs], data: draw(outputs, kind === 'torch' ? limit : 0) });
  }
  return tensors;
}
