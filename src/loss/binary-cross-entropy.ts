/**
 * Cross entropy of the sigmoid σ of each output with a target y of 0 or 1: L = Σ log(1 + e^z) − y z, ∂L/∂z = σ(z) − y. One
 * output for two classes, whose number is the target, or one output for each of several labels of a sample.
 */
import type { TargetFacts } from '../data/target.js';
import { exp, log } from '../numbers/elementary.js';
import type { Loss } from './loss.js';

export const binaryCrossEntropy = ({ kind }: TargetFacts): Loss => ({
  name: 'binary-cross-entropy',
  row(outputs, target, gradient) {
    let loss = 0;
    for (let k = 0; k < outputs.length; k++) {
      const z = outputs[k];
      // Neither power is above 1: no overflow.
      const power = exp(-Math.abs(z));
      loss += Math.max(z, 0) + log(1 + power) - target[k] * z;
      gradient[k] = (z > 0 ? 1 : power) / (1 + power) - target[k];
    }
    return loss;
  },
  isRight(outputs, target) {
    for (let k = 0; k < outputs.length; k++)
      if (Number.isNaN(outputs[k]) || outputs[k] > 0 !== target[k] > 0.5) return false;
    return true;
  },
  // With a first output of 0, the softmax of two outputs is the sigmoid: see inference/saved-model.ts.
  describe: () => [{ op: kind === 'class' ? 'softmax' : 'sigmoid' }],
});
