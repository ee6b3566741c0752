/** Cross entropy of the softmax of the outputs, with a smoothed target: (1 − ε) one-hot + ε / classes. */
import { crossEntropy as reference } from '../kernels/reference.js';
import type { Loss } from './loss.js';

export const crossEntropy = (smoothing: number): Loss => ({
  name: 'cross-entropy',
  row(outputs, target, gradient) {
    const { loss, delta } = reference(Array.from(outputs), target, smoothing);
    gradient.set(delta);
    return loss;
  },
  describe: () => [{ op: 'softmax' }],
});
