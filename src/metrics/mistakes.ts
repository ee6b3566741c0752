/** The samples that a classifier gets wrong most surely. */
import type { Loss } from '../loss/loss.js';
import { toProbabilities } from '../loss/probabilities.js';

export interface Mistake {
  /** Of the sample, from 0. */
  readonly index: number;
  /** Index of the sample's class. */
  readonly target: number;
  /** Index of the most probable class. */
  readonly chosen: number;
  /** Of `chosen`. */
  readonly probability: number;
}

export interface Mistakes {
  /** Of all mistakes. */
  readonly count: number;
  readonly worst: readonly Mistake[];
}

/**
 * The mistakes with the highest probability of a wrong class, at most `most`, the worst first; of equal ones the first
 * sample. `outputs`: of the network, f32 [count][classes]; of several equal ones the first counts.
 */
export function worstMistakes(
  outputs: Float32Array,
  targets: Uint32Array,
  classes: number,
  loss: Pick<Loss, 'name'>,
  most: number,
): Mistakes {
  const mistakes: Mistake[] = [];
  for (const [index, target] of targets.entries()) {
    const row = outputs.slice(index * classes, (index + 1) * classes);
    const chosen = Math.max(0, row.indexOf(Math.max(...row)));
    if (chosen === target) continue;
    toProbabilities(loss, row, classes);
    mistakes.push({ index, target, chosen, probability: row[chosen] });
  }
  mistakes.sort((a, b) => b.probability - a.probability);
  return { count: mistakes.length, worst: mistakes.slice(0, most) };
}
