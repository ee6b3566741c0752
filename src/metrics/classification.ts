/** How well the outputs of a classifier fit the classes of samples. */
import type { Loss } from '../loss/loss.js';
import { exp } from '../numbers/elementary.js';
import { atOnce, type Steps } from '../numbers/steps.js';
import { UserError } from '../user-error.js';
import { Calibration } from './calibration.js';

export interface ClassScores {
  readonly count: number;
  readonly accuracy: number;
  /** Of the accuracy, 95 % (Wilson 1927). */
  readonly interval: readonly [low: number, high: number];
  /** Mean over the samples. */
  readonly loss: number;
  /** Expected calibration error (Naeini et al. 2015) of the softmax in 15 bins; null if outputs are no logits. */
  readonly ece: number | null;
  /** [class of the sample][class of the largest output]. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly PerClass[];
}

export interface PerClass {
  readonly count: number;
  /** Share of the samples of this class that are recognised; null without samples. */
  readonly recall: number | null;
  /** Share of the samples recognised as this class that are of it; null without any. */
  readonly precision: number | null;
}

/** As scoringClasses, without a pause. */
export const scoreClasses = (...given: Parameters<typeof scoringClasses>): ClassScores =>
  atOnce(scoringClasses(...given));

/** A confusion of more classes is a matrix of gigabytes. */
const mostClasses = 4096;

/** Rows scored between two steps. */
const stride = 256;

/** `outputs`: f32 [count][classes]. Of several equal outputs the first counts, as in PyTorch's argmax. */
export function* scoringClasses(
  outputs: Float32Array,
  targets: Uint32Array,
  classes: number,
  loss: Loss,
): Steps<ClassScores> {
  if (classes > mostClasses)
    throw new UserError(`expected at most ${mostClasses} classes to evaluate on, got ${classes}`);
  const count = targets.length;
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const row = new Float64Array(classes);
  const gradient = new Float64Array(classes);
  const target = new Float64Array(1);
  const calibration = new Calibration();
  let [hits, lossSum] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (i % stride === stride - 1) yield { doing: 'scoring', share: i / count };
    row.set(outputs.subarray(i * classes, (i + 1) * classes));
    const chosen = row.indexOf(Math.max(...row));
    const hit = chosen === targets[i];
    confusion[targets[i]][Math.max(0, chosen)] += 1;
    hits += Number(hit);
    target[0] = targets[i];
    lossSum += loss.row(row, target, gradient);
    calibration.add(confidenceOf(row), hit);
  }
  return {
    count,
    accuracy: hits / count,
    interval: wilson(hits, count),
    loss: lossSum / count,
    ece: loss.name === 'cross-entropy' ? calibration.error : null,
    confusion,
    perClass: confusion.map((line, c) => {
      const chosen = confusion.reduce((sum, other) => sum + other[c], 0);
      const own = line.reduce((sum, n) => sum + n, 0);
      return {
        count: own,
        recall: own === 0 ? null : line[c] / own,
        precision: chosen === 0 ? null : line[c] / chosen,
      };
    }),
  };
}

/** The largest probability of the softmax. */
function confidenceOf(logits: Float64Array): number {
  const largest = Math.max(...logits);
  return 1 / logits.reduce((sum, logit) => sum + exp(logit - largest), 0);
}

/** 97.5 % quantile of the standard normal distribution. */
const z = 1.959964;
const zz = z * z;

function wilson(hits: number, count: number): [number, number] {
  const share = hits / count;
  const middle = (share + zz / (2 * count)) / (1 + zz / count);
  const half = (z / (1 + zz / count)) * Math.sqrt((share * (1 - share)) / count + zz / (4 * count * count));
  return [hits === 0 ? 0 : middle - half, hits === count ? 1 : middle + half];
}
