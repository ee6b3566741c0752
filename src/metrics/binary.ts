/** Measures of one class against the others. */
import { log } from '../numbers/elementary.js';

/** A count of each outcome. */
export interface Outcomes {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly falseNegatives: number;
  readonly trueNegatives: number;
}

export function countOutcomes(
  count: number,
  isChosen: (i: number) => boolean,
  isTrue: (i: number) => boolean,
): Outcomes {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) counts[(isChosen(i) ? 2 : 0) + (isTrue(i) ? 1 : 0)] += 1;
  const [trueNegatives, falseNegatives, falsePositives, truePositives] = counts;
  return { truePositives, falsePositives, falseNegatives, trueNegatives };
}

/** Harmonic mean of precision and recall; 0 if nothing is recognised; null if there is nothing to recognise, and nothing was. */
export function f1Of({ truePositives, falsePositives, falseNegatives }: Outcomes): number | null {
  const all = 2 * truePositives + falsePositives + falseNegatives;
  return all === 0 ? null : (2 * truePositives) / all;
}

/** Share of the true ones that are recognised; null without any. */
export function recallOf({ truePositives, falseNegatives }: Outcomes): number | null {
  const all = truePositives + falseNegatives;
  return all === 0 ? null : truePositives / all;
}

/**
 * Area under the ROC curve: the share of pairs of a true and a false sample in which the true one has the higher score; equal
 * scores count half (Mann & Whitney 1947). Null if all samples are true, or all false. Sums of halves are exact.
 */
export function aucOf(scores: Float64Array, isTrue: (i: number) => boolean): number | null {
  // Without a function, numbers are sorted many times as fast; a NaN comes last.
  const [own, others] = [
    scores.filter((_, i) => isTrue(i)).sort(),
    scores.filter((_, i) => !isTrue(i)).sort(),
  ];
  if (own.length === 0 || others.length === 0) return null;
  if (Number.isNaN(own[own.length - 1]) || Number.isNaN(others[others.length - 1])) return null;
  let [below, upTo, wins] = [0, 0, 0];
  for (const score of own) {
    while (below < others.length && others[below] < score) below += 1;
    upTo = Math.max(upTo, below);
    while (upTo < others.length && others[upTo] === score) upTo += 1;
    wins += (below + upTo) / 2;
  }
  return wins / (own.length * others.length);
}

/** A probability of 0 would cost infinitely much; as in scikit-learn, none is below the rounding of a float64. */
export const surprise = (probability: number): number => -log(Math.max(probability, Number.EPSILON));
