/**
 * Half the squared distance of the outputs z from the one-hot target y: L = ½ Σ (z − y)², ∂L/∂z = z − y (Hui & Belkin 2021,
 * "Evaluation of neural architectures trained with square loss vs cross-entropy in classification tasks").
 */
import type { Loss } from './loss.js';

export const squaredError: Loss = {
  name: 'squared-error',
  row(outputs, target, gradient) {
    let loss = 0;
    for (let k = 0; k < outputs.length; k++) {
      const difference = outputs[k] - (k === target ? 1 : 0);
      gradient[k] = difference;
      loss += 0.5 * difference * difference;
    }
    return loss;
  },
  // Least squares on one-hot targets estimate probabilities, which may leave the range from 0 to 1.
  describe: () => [{ op: 'shares' }],
};
