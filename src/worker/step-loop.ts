/** One rank's work in a command: some training steps, or its share of an evaluation. */
import type { Backend, ShardResult } from '../backend/backend.js';
import { gradientBuffers, measuresFirst } from '../config/capabilities.js';
import type { PartName } from '../data/dataset.js';
import { doublesIn } from '../memory/views.js';
import type { Plan } from '../plan/plan.js';
import { RankRows } from '../plan/rank-rows.js';
import { Balance } from '../sync/balance.js';
import { PhaseClock, statsPerRank } from '../sync/phase-clock.js';
import type { Replica } from '../sync/replica.js';
import { type Step, strategies } from '../sync/strategy.js';
import { Aborted } from './aborted.js';
import { AbortReason, type Control, type RunCommand } from './control.js';
import type { Instruments } from './instruments.js';
import type { Selection } from './selection.js';

/**
 * Longest spin at a barrier while every thread can have a core of its own: several times the cost of falling asleep and
 * waking, because a thread that sleeps makes the others wait for its wake-up at the next barrier.
 */
export const barrierSpinMs = 1;

/** A step's sums, per rank, in the metrics ring. */
export const metricsPerRank = 2;

/** Null if the workers step together; if every row of a batch is trained on; if the run is not profiled. */
export interface LoopParts {
  readonly replica: Replica | null;
  readonly selection: Selection | null;
  readonly instruments: Instruments | null;
}

const always = () => true;

export class StepLoop {
  readonly #plan: Plan;
  readonly #control: Control;
  readonly #rank: number;
  readonly #step: Step;
  readonly #rates: Float64Array;
  readonly #metrics: Float64Array;
  readonly #times: Float64Array;
  readonly #chunks: Float64Array;
  readonly clock: PhaseClock;
  readonly #work: (step: Step) => void;
  readonly #ranks: RankRows;
  #run = 0;

  constructor(
    plan: Plan,
    memory: WebAssembly.Memory,
    control: Control,
    backend: Backend,
    rank: number,
    { replica, selection, instruments }: LoopParts = { replica: null, selection: null, instruments: null },
  ) {
    const { regions, threads } = plan;
    this.#plan = plan;
    this.#control = control;
    this.#rank = rank;
    this.#rates = doublesIn(memory, regions.rates);
    this.#metrics = doublesIn(memory, regions.metrics);
    this.#times = doublesIn(memory, regions.times);
    this.#chunks = doublesIn(memory, regions.chunks);
    this.#ranks = new RankRows(plan, memory);
    const stats = doublesIn(memory, regions.stats);
    const own = stats.subarray(rank * statsPerRank, (rank + 1) * statsPerRank);
    const strategy = strategies[plan.sync];
    const { work } = strategy;
    this.#work = selection === null ? work : (step) => selection.step(step, work);
    const parties = threads + Number(strategy.coordinated);
    this.clock = instruments?.clock(own, parties) ?? new PhaseClock(own);
    this.clock.beat('idle'); // the first sign of life
    const barrier = control.barrier(
      parties,
      // The coordinator needs a core for its share of an averaged step: do not spin on it.
      plan.oversubscribed || strategy.coordinated ? 0 : barrierSpinMs,
    );
    // Before the barrier, so that no rank applies this step: the weights stay those that gave the loss.
    const wait = () => {
      this.#refuseNonFinite();
      barrier.wait();
    };
    this.#step = {
      backend: selection?.trainer ?? backend,
      rank,
      ranks: threads,
      number: 0,
      learningRate: 0,
      firstSample: 0,
      batchRows: 0,
      rows: { first: 0, last: 0 },
      shard: { first: 0, last: 0 },
      result: { lossSum: 0, correct: 0 },
      ownSlices: plan.slices[rank],
      ownUnits: plan.units?.ranks[rank] ?? { first: 0, last: 0 },
      allSlices: plan.slices.flat(),
      buffers: gradientBuffers(plan.sync, threads),
      measures: measuresFirst(plan.optimizer),
      balance: plan.balance === null ? null : new Balance(plan, plan.balance, memory, rank, this.#ranks),
      replica,
      local: plan.local ?? { steps: 1, from: 0 },
      clock: this.clock,
      barrier: instruments?.barrier(wait, parties) ?? wait,
    };
  }

  /** The command's steps. @throws Aborted if the run is stopped; a loss that is not finite stops it. */
  steps(command: RunCommand): void {
    const { begin, claims, finish } = strategies[this.#plan.sync];
    const { run } = this.#control;
    if (run !== this.#run) begin?.(this.#step);
    this.#run = run;
    if (claims) this.#claimedSteps(command);
    else this.#stepsTogether(command);
    finish?.(this.#step);
    if (claims && this.#rank === 0 && this.#control.stopRequested) {
      // No rank claims any more and every claimed step is done: its rank came to the barriers of `finish` afterwards.
      this.#control.announceStop(command.first + Math.min(this.#control.claims, command.count));
    }
    this.clock.enter(null);
  }

  #stepsTogether({ first, count, firstSample, epochSamples }: RunCommand): void {
    const { batch, threads, sync } = this.#plan;
    const step = this.#step;
    const { meets = always } = strategies[sync];
    const work = this.#work;
    for (let i = 0; i < count; i++) {
      // A single worker does not wait at its barriers, so the abort word is also read here.
      if (this.#control.aborted) throw new Aborted();
      step.number = first + i + 1;
      this.clock.startStep(step.number);
      step.learningRate = this.#rates[i];
      step.firstSample = firstSample + i * batch;
      step.batchRows = Math.min(batch, epochSamples - step.firstSample);
      step.rows.last = step.batchRows;
      this.#ranks.begin(step.batchRows);
      step.shard.first = this.#ranks.start(this.#rank);
      step.shard.last = this.#ranks.start(this.#rank + 1);
      if (this.#rank === 0 && this.#control.stopRequested && meets(step))
        this.#control.announceStop(step.number);
      work(step);
      const slot = (i * threads + this.#rank) * metricsPerRank;
      this.#metrics[slot] = step.result.lossSum;
      this.#metrics[slot + 1] = step.result.correct;
      this.#refuseNonFinite();
      if (this.#rank === 0) {
        this.#times[i] = performance.timeOrigin + performance.now();
        // Readers of `progress` assume that all ranks have finished step n − 1.
        if (meets(step)) this.#control.reportProgress(step.number);
      }
      if (this.#control.stopAfter === step.number) break;
    }
  }

  /** Stops the run if the rank's loss of the present step is not finite. @throws Aborted */
  #refuseNonFinite(): void {
    const { number, result } = this.#step;
    if (Number.isFinite(result.lossSum)) return;
    this.#control.abort(AbortReason.nonFinite, number);
    throw new Aborted();
  }

  /** Steps that this rank claims, in sequence; it alone writes their sums. */
  #claimedSteps({ first, count, firstSample, epochSamples }: RunCommand): void {
    const { batch, threads } = this.#plan;
    const step = this.#step;
    const work = this.#work;
    while (!this.#control.stopRequested) {
      if (this.#control.aborted) throw new Aborted();
      const i = this.#control.claimStep();
      if (i >= count) return;
      step.number = first + i + 1;
      this.clock.startStep(step.number);
      step.learningRate = this.#rates[i];
      step.firstSample = firstSample + i * batch;
      step.batchRows = Math.min(batch, epochSamples - step.firstSample);
      step.rows.last = step.batchRows;
      work(step);
      const row = i * threads * metricsPerRank;
      this.#metrics.fill(0, row, row + threads * metricsPerRank);
      this.#metrics[row] = step.result.lossSum;
      this.#metrics[row + 1] = step.result.correct;
      this.#refuseNonFinite();
      // Written last: a step that has a time is done.
      this.#times[i] = performance.timeOrigin + performance.now();
      this.#control.reportProgress(step.number);
    }
  }

  /**
   * The command's steps by this rank alone. All are reported at the end, each with an equal share of the total time.
   */
  stepsAlone({ first, count, firstSample, epochSamples }: RunCommand, backend: Backend): void {
    const now = () => performance.timeOrigin + performance.now();
    const started = now();
    const stride = this.#plan.threads * metricsPerRank;
    this.clock.startStep(first + 1);
    this.clock.enter('compute');
    backend.trainAlone({
      count,
      firstSample,
      epochSamples,
      rates: this.#rates.byteOffset,
      metrics: this.#metrics.byteOffset,
      metricsStride: stride * 8,
    });
    this.clock.enter(null);
    const share = (now() - started) / count;
    for (let i = 0; i < count; i++) {
      this.#times[i] = started + (i + 1) * share;
      if (Number.isFinite(this.#metrics[i * stride])) continue;
      this.#control.abort(AbortReason.nonFinite, first + i + 1);
      throw new Aborted();
    }
    this.#control.reportProgress(first + count);
    if (this.#control.stopRequested) this.#control.announceStop(first + count);
  }

  /** Claims chunks of the part until none is left; each chunk's sums are written to its own place. */
  evaluate(part: PartName, backend: Backend): void {
    const { evaluationChunk, parts } = this.#plan;
    const { count } = parts[part];
    const result: ShardResult = { lossSum: 0, correct: 0 };
    for (;;) {
      const chunk = this.#control.claimChunk();
      const first = chunk * evaluationChunk;
      if (first >= count) break;
      if (this.#control.aborted) throw new Aborted();
      this.clock.beat('evaluate');
      backend.evaluate(part, first, Math.min(count, first + evaluationChunk), 0, result);
      this.#chunks[2 * chunk] = result.lossSum;
      this.#chunks[2 * chunk + 1] = result.correct;
    }
    this.clock.beat('idle');
  }
}
