/** When a run ends: target reached, patience exhausted, or epochs and steps used up. */
import type { Config } from '../config/schema.js';

export type StopReason = 'target' | 'patience' | 'epochs' | 'steps';

export class StopRule {
  readonly #stop: Config['stop'];
  #best = Number.NEGATIVE_INFINITY;
  #evaluationsSinceBest = 0;

  constructor(stop: Config['stop']) {
    this.#stop = stop;
  }

  /** Takes the next evaluation's accuracy; says whether the run should end, and why. */
  judge(accuracy: number): 'target' | 'patience' | null {
    const { target, patience, minDelta } = this.#stop;
    if (target !== null && accuracy >= target) return 'target';
    if (accuracy > this.#best + minDelta) {
      this.#best = accuracy;
      this.#evaluationsSinceBest = 0;
    } else {
      this.#evaluationsSinceBest++;
    }
    return patience !== null && this.#evaluationsSinceBest >= patience ? 'patience' : null;
  }
}
