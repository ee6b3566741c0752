/** The distributions of initial weights. */

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

/**
 * Largest absolute value of a uniform draw; 0: weights are not drawn uniformly. `isOutput`: the last layer of a network
 * with hidden layers.
 */
export function initialBound(kind: InitKind, inputs: number, outputs: number, isOutput: boolean): number {
  if (kind === 'zero' || kind === 'orthogonal') return 0;
  const variance = { torch: 1 / 3, he: 2, glorot: 2, lecun: 1, recipe: isOutput ? 0.6 : 1 }[kind];
  const units = kind === 'glorot' ? inputs + outputs : inputs;
  // A uniform draw from ±limit has the variance limit² / 3.
  return Math.sqrt((3 * variance) / units);
}
