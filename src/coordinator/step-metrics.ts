/** The workers' sums for each step of a command, read by the coordinator. */

import { doublesIn } from '../memory/views.js';
import type { Plan } from '../plan/plan.js';
import { squaresPerParty } from '../plan/plan-noise.js';
import { strategies } from '../sync/strategy.js';
import { metricsPerRank } from '../worker/step-loop.js';
import type { GradientSquares, StepMetrics, Work } from './work.js';

export class StepRecord {
  readonly #plan: Plan;
  readonly #metrics: Float64Array;
  readonly #times: Float64Array;
  readonly #claims: boolean;
  readonly #trained: Float64Array | null;
  readonly #squares: Float64Array | null;

  constructor(plan: Plan, memory: WebAssembly.Memory) {
    this.#plan = plan;
    this.#metrics = doublesIn(memory, plan.regions.metrics);
    this.#times = doublesIn(memory, plan.regions.times);
    this.#trained = plan.selection === null ? null : doublesIn(memory, plan.selection.trained);
    this.#squares = plan.noise === null ? null : doublesIn(memory, plan.noise);
    this.#claims = strategies[plan.sync].claims ?? false;
  }

  /** Before a command is sent: claimed steps end in any order, so unfinished steps must be marked as such. */
  begin(): void {
    if (this.#claims) this.#times.fill(0);
  }

  /**
   * Number of steps of aborted work that all ranks have finished, without a gap. `progress`: the last reported step.
   */
  finished({ first, rates }: Work, progress: number): number {
    if (this.#claims) {
      const unfinished = this.#times.subarray(0, rates.length).indexOf(0);
      return unfinished < 0 ? rates.length : unfinished;
    }
    // When rank 0 reports a step, the other ranks have finished the previous step, but may still be in this one.
    return Math.max(0, Math.min(rates.length, progress - 1 - first));
  }

  /** The first `count` steps of the work. */
  read(count: number, { first, firstSample, epochSamples }: Work): StepMetrics[] {
    const { threads, batch, ringSteps } = this.#plan;
    // Hogwild's steps may end in another order: a step counts as finished if all steps before it are finished too.
    let finishedAt = 0;
    return Array.from({ length: count }, (_, i) => {
      const rows = Math.min(batch, epochSamples - firstSample - i * batch);
      let lossSum = 0;
      let correct = 0;
      for (let rank = 0; rank < threads; rank++) {
        const slot = (i * threads + rank) * metricsPerRank;
        lossSum += this.#metrics[slot];
        correct += this.#metrics[slot + 1];
      }
      finishedAt = Math.max(finishedAt, this.#times[i]);
      return {
        loss: Math.fround(lossSum / rows),
        batchAccuracy: correct / rows,
        images: rows,
        trainedImages: this.#trained?.[(first + i) % ringSteps] ?? rows,
        squares: rows < batch ? null : this.#squaresOf((first + i) % ringSteps),
        finishedAt,
      };
    });
  }

  /** Sums over the parties of a step. */
  #squaresOf(place: number): GradientSquares | null {
    if (this.#squares === null) return null;
    const parties = this.#plan.threads + 1;
    const sum = (which: number) =>
      Array.from(
        { length: parties },
        (_, party) => this.#squares?.[(place * parties + party) * squaresPerParty + which] ?? 0,
      ).reduce((total, each) => total + each, 0);
    return { small: sum(0), big: sum(1) };
  }
}
