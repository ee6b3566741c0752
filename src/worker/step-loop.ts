/** What one rank does in a command: some training steps, or its share of an evaluation. */
import type { Backend, ShardResult } from '../backend/backend.js';
import type { PartName, Plan } from '../coordinator/plan.js';
import { type Step, strategies } from '../sync/strategy.js';
import { Aborted, AbortReason, type Control } from './control.js';
import { PhaseClock, phases, statsPerRank } from './phase-clock.js';

/** Longest spin at a barrier while every thread can have a core of its own. */
const barrierSpinMs = 2;

/** A step's sums, per rank, in the metrics ring. */
export const metricsPerRank = 2;

export class StepLoop {
  readonly #plan: Plan;
  readonly #control: Control;
  readonly #rank: number;
  readonly #step: Step;
  readonly #rates: Float64Array;
  readonly #metrics: Float64Array;
  readonly #times: Float64Array;
  readonly #chunks: Float64Array;
  readonly #clock: PhaseClock;

  constructor(plan: Plan, memory: WebAssembly.Memory, control: Control, backend: Backend, rank: number) {
    const { regions, threads } = plan;
    const doubles = ({ offset, bytes }: { offset: number; bytes: number }) =>
      new Float64Array(memory.buffer, offset, bytes / 8);
    this.#plan = plan;
    this.#control = control;
    this.#rank = rank;
    this.#rates = doubles(regions.rates);
    this.#metrics = doubles(regions.metrics);
    this.#times = doubles(regions.times);
    this.#chunks = doubles(regions.chunks);
    const stats = doubles(regions.stats);
    this.#clock = new PhaseClock(stats.subarray(rank * statsPerRank, rank * statsPerRank + phases.length));
    const strategy = strategies[plan.sync];
    const barrier = control.barrier(
      threads + Number(strategy.coordinated),
      // The coordinator needs a core for its part of an averaged step: do not spin in its way.
      plan.oversubscribed || strategy.coordinated ? 0 : barrierSpinMs,
    );
    this.#step = {
      backend,
      rank,
      number: 0,
      learningRate: 0,
      firstSample: 0,
      batchRows: 0,
      shard: { first: 0, last: 0 },
      result: { lossSum: 0, correct: 0 },
      ownSlices: plan.slices[rank],
      allSlices: plan.slices.flat(),
      buffers: strategy.gradientBuffers(threads),
      clock: this.#clock,
      barrier: () => barrier.wait(),
    };
  }

  /**
   * Steps `first` … `first + count − 1` of the run; the first one's batch starts at `firstSample` of the
   * epoch's order, which has `epochSamples` samples.
   * @throws Aborted when anyone stops the run; a loss that is not finite stops it.
   */
  steps(first: number, count: number, firstSample: number, epochSamples: number): void {
    const { batch, threads, sync } = this.#plan;
    const step = this.#step;
    const work = strategies[sync].work;
    for (let i = 0; i < count; i++) {
      // A single worker meets nobody at its barriers, so the abort word is looked at here too.
      if (this.#control.aborted) throw new Aborted();
      step.number = first + i + 1;
      step.learningRate = this.#rates[i];
      step.firstSample = firstSample + i * batch;
      step.batchRows = Math.min(batch, epochSamples - step.firstSample);
      step.shard = shardRows(step.batchRows, threads, this.#rank);
      if (this.#rank === 0 && this.#control.stopRequested) this.#control.announceStop(step.number);
      work(step);
      const slot = (i * threads + this.#rank) * metricsPerRank;
      this.#metrics[slot] = step.result.lossSum;
      this.#metrics[slot + 1] = step.result.correct;
      if (!Number.isFinite(step.result.lossSum)) {
        this.#control.abort(AbortReason.nonFinite, step.number);
        throw new Aborted();
      }
      if (this.#rank === 0) {
        this.#times[i] = performance.timeOrigin + performance.now();
        this.#control.reportProgress(step.number);
      }
      if (this.#control.stopAfter === step.number) break;
    }
    this.#clock.enter(null);
  }

  /** Claims chunks of the part until none is left; each chunk's sums go to its own place. */
  evaluate(part: PartName): void {
    const { evaluationChunk, parts } = this.#plan;
    const { count } = parts[part];
    const result: ShardResult = { lossSum: 0, correct: 0 };
    for (;;) {
      const chunk = this.#control.claimChunk();
      const first = chunk * evaluationChunk;
      if (first >= count) return;
      if (this.#control.aborted) throw new Aborted();
      this.#step.backend.evaluate(part, first, Math.min(count, first + evaluationChunk), result);
      this.#chunks[2 * chunk] = result.lossSum;
      this.#chunks[2 * chunk + 1] = result.correct;
    }
  }
}

/** Rank `rank`'s rows of a batch: contiguous, sizes differing by at most one, empty when there are too few. */
export function shardRows(rows: number, threads: number, rank: number): { first: number; last: number } {
  return { first: Math.floor((rows * rank) / threads), last: Math.floor((rows * (rank + 1)) / threads) };
}
