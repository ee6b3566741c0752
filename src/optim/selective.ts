/**
 * Selective back-propagation (Jiang et al. 2019, "Accelerating Deep Learning by Focusing on the Biggest Losers"): an
 * example of loss L is trained on with probability CDF(L)^β, so the largest losses always and the share 1 / (1 + β) of
 * all on average. Here the distribution is that of the batch's own losses instead of a history of recent ones, as in
 * Composer's SelectiveBackprop: nothing carries over from step to step.
 */
export class Selector {
  readonly #beta: number;
  readonly #sorted: Float64Array;

  constructor(beta: number, batch: number) {
    this.#beta = beta;
    this.#sorted = new Float64Array(batch);
  }

  /**
   * Writes the rows that are trained on to `rows`, ascending, and returns how many there are: at least one, unless a
   * loss is NaN. losses: f64 of every row; draws: one for each row, uniform in [0, 2^32).
   */
  choose(losses: Float64Array, draws: Uint32Array, rows: Int32Array): number {
    const sorted = this.#sorted.subarray(0, losses.length);
    sorted.set(losses);
    sorted.sort();
    let chosen = 0;
    for (let row = 0; row < losses.length; row++) {
      const percentile = countUpTo(sorted, losses[row]) / sorted.length;
      if (draws[row] < percentile ** this.#beta * 2 ** 32) rows[chosen++] = row;
    }
    return chosen;
  }
}

/** How many of the ascending values are at most `value`. */
function countUpTo(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
