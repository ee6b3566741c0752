/**
 * Cross entropy of the softmax p of the outputs: L = −Σ t_c log p_c, ∂L/∂z = p Σ t − t. The target t has label smoothing and
 * class weights as in PyTorch: t_c = w_c ((1 − ε) [c = y] + ε / classes). Weights scale the loss of a row; sums over rows
 * are not divided by the sum of their weights.
 */
import { exp, log } from '../numbers/elementary.js';
import { isHit } from './is-hit.js';
import type { Loss } from './loss.js';

export const crossEntropy = (smoothing: number, weights: readonly number[] | null): Loss => ({
  name: 'cross-entropy',
  row(outputs, target, gradient) {
    const label = target[0];
    const classes = outputs.length;
    const even = smoothing / classes;
    let max = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) max = Math.max(max, outputs[c]);
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      gradient[c] = exp(outputs[c] - max);
      sum += gradient[c];
    }
    const logSum = max + log(sum);
    let [loss, whole] = [0, 0];
    const share = (c: number) => (weights?.[c] ?? 1) * ((c === label ? 1 - smoothing : 0) + even);
    for (let c = 0; c < classes; c++) {
      loss += share(c) * (logSum - outputs[c]);
      whole += share(c);
    }
    // Without weights the shares sum to 1.
    const factor = weights === null ? 1 : whole;
    for (let c = 0; c < classes; c++) gradient[c] = (gradient[c] / sum) * factor - share(c);
    return loss;
  },
  isRight: (outputs, target) => isHit(outputs, target[0]),
  describe: () => [{ op: 'softmax' }],
});
