/**
 * Selective back-propagation (Jiang et al. 2019, "Accelerating Deep Learning by Focusing on the Biggest Losers"): an
 * example of loss L is trained on with probability CDF(L)^β. So the largest losses are always trained on, and on
 * average the share 1 / (1 + β) of all. The distribution is that of the batch's own losses instead of a history of
 * recent ones, as in Composer's SelectiveBackprop: no state is carried from step to step. Equal losses share the mean
 * of their ranks; otherwise many losses at 0 would count as large.
 */
import { pow } from '../numbers/elementary.js';

export class Selector {
  readonly #beta: number;
  readonly #sorted: Float64Array;

  constructor(beta: number, batch: number) {
    this.#beta = beta;
    this.#sorted = new Float64Array(batch);
  }

  /**
   * Writes the selected rows to `rows`, ascending, and returns their number, at least one. losses: f64 of every row;
   * draws: one for each row, uniform in [0, 2^32).
   */
  choose(losses: Float64Array, draws: Uint32Array, rows: Int32Array): number {
    const count = losses.length;
    const sorted = this.#sorted.subarray(0, count);
    sorted.set(losses);
    sorted.sort();
    let chosen = 0;
    for (let row = 0; row < count; row++) {
      const below = countWhile(sorted, (loss) => loss < losses[row]);
      const upTo = countWhile(sorted, (loss) => loss <= losses[row]);
      const percentile = (below + upTo + 1) / (2 * count);
      if (draws[row] < pow(percentile, this.#beta) * 2 ** 32) rows[chosen++] = row;
    }
    if (chosen === 0) rows[chosen++] = Math.max(0, losses.indexOf(sorted[count - 1]));
    return chosen;
  }
}

/** The number of values that fulfil a condition, if only the leading values fulfil it. */
function countWhile(values: Float64Array, holds: (value: number) => boolean): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(values[middle])) low = middle + 1;
    else high = middle;
  }
  return low;
}
