/**
 * Losses that are a sum over the outputs of a function of the difference d = z − y. A class as target is one-hot.
 *
 * - squared-error: ½ d² (of classes: Hui & Belkin 2021, "Evaluation of neural architectures trained with square loss vs
 *   cross-entropy in classification tasks");
 * - absolute-error: |d|;
 * - huber: ½ d² up to |d| = δ, then δ (|d| − ½ δ) (Huber 1964).
 */
import type { TargetFacts } from '../data/target.js';
import { isHit } from './is-hit.js';
import type { Loss } from './loss.js';

export type DifferenceLoss = 'squared-error' | 'absolute-error' | 'huber';

/** The loss of a difference, and its slope. */
interface Curve {
  of(difference: number): number;
  slope(difference: number): number;
}

const squared: Curve = { of: (d) => 0.5 * d * d, slope: (d) => d };

const absolute: Curve = { of: Math.abs, slope: Math.sign };

const huber = (delta: number): Curve => ({
  of(d) {
    const size = Math.abs(d);
    return size <= delta ? 0.5 * d * d : delta * (size - 0.5 * delta);
  },
  slope: (d) => Math.max(-delta, Math.min(delta, d)),
});

const curveOf = (name: DifferenceLoss, delta: number) =>
  name === 'huber' ? huber(delta) : name === 'absolute-error' ? absolute : squared;

/** `delta`: of huber. */
export function ofDifferences(name: DifferenceLoss, { kind }: TargetFacts, delta = 1): Loss {
  const curve = curveOf(name, delta);
  const isClass = kind === 'class';
  return {
    name,
    row(outputs, target, gradient) {
      let loss = 0;
      for (let k = 0; k < outputs.length; k++) {
        const difference = outputs[k] - (isClass ? Number(k === target[0]) : target[k]);
        gradient[k] = curve.slope(difference);
        loss += curve.of(difference);
      }
      return loss;
    },
    isRight: (outputs, target) => isClass && isHit(outputs, target[0]),
    // Differences from one-hot targets estimate probabilities, which may leave the range from 0 to 1.
    describe: () => (isClass ? [{ op: 'shares' }] : []),
  };
}
