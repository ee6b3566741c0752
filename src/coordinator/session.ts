/**
 * A session: shared memory, data and workers for one plan. It trains and evaluates on command, any number of runs in
 * sequence, and never blocks the event loop for long.
 */
import { setImmediate as yieldToEvents } from 'node:timers/promises';
import type { Backend } from '../backend/backend.js';
import { openBackend } from '../backend/open-backend.js';
import { SquaredGradients } from '../backend/squared-gradients.js';
import { gradientBuffers, measuresFirst } from '../config/capabilities.js';
import type { PartName } from '../data/dataset.js';
import { instantiateKernels } from '../kernels/kernels.js';
import type { KernelModules } from '../kernels/load.js';
import { packerBytes, RowPacker } from '../kernels/row-packer.js';
import { allocate } from '../memory/shared-memory.js';
import { doublesIn, floatsIn, wordsIn } from '../memory/views.js';
import type { Judged } from '../metrics/judged.js';
import type { Tensor } from '../model/safetensors.js';
import { EventLoopWatch } from '../numbers/event-loop.js';
import { inTurns } from '../numbers/steps.js';
import { fillConstants, fillingSamples } from '../plan/fill-memory.js';
import { memoryParts } from '../plan/memory-parts.js';
import type { Plan } from '../plan/plan.js';
import type { Goal } from '../plan/prepare-targets.js';
import { extractedAtSlot, statsPerRank } from '../sync/phase-clock.js';
import { strategies } from '../sync/strategy.js';
import { AbortReason, Control, type RunCommand } from '../worker/control.js';
import type { WorkerPool } from '../worker/pool.js';
import { Ranks } from '../worker/ranks.js';
import { nonFiniteLoss } from '../worker/session-errors.js';
import { type LastingVectors, lastingVectors } from './checkpoint.js';
import { Interrupted } from './interruption.js';
import { MadeInputs } from './made-inputs.js';
import { type ParameterStore, parameterStore } from './parameter-store.js';
import { readEvaluation, readJudged, readOutputs, readPhaseTimes } from './readings.js';
import { openProfile, type SessionProfile } from './session-profile.js';
import type { SessionSetup } from './setup.js';
import { StepRecord } from './step-metrics.js';
import type { Done, Evaluation, PhaseTimes, StepMetrics, Work } from './work.js';

/** Longest time for which the event loop is blocked, and so the longest delay of signals and progress. */
const burstMs = 5;

/** How long an interrupted session waits for the common last step of all ranks, which leaves its weights whole. */
const wholeStepMs = 400;
const nowhere = { offset: 0, bytes: 0 };

export class Session {
  readonly plan: Plan;
  /** What the rest of a run depends on besides its state: see checkpoint.ts. */
  readonly lasting: LastingVectors;
  readonly #memory: WebAssembly.Memory;
  readonly #goal: Goal;
  readonly #control: Control;
  readonly #backend: Backend;
  readonly #ranks: Ranks;
  readonly #store: ParameterStore;
  readonly #steps: StepRecord;
  /** In a profiled run: the stamps of all ranks. */
  readonly profile: SessionProfile | null;
  /** A signal outlives its sessions and must not keep their memory. */
  #unlisten = () => {};
  #sharesThread = false;
  readonly #made: MadeInputs;
  readonly #eventLoop = new EventLoopWatch();
  /** With direction features: the parameters came with their transform, which is kept. */
  #hasTransform = false;

  private constructor(
    plan: Plan,
    memory: WebAssembly.Memory,
    modules: KernelModules | null,
    pool: WorkerPool,
    profile: SessionProfile | null,
    goal: Goal,
  ) {
    this.plan = plan;
    this.#goal = goal;
    this.lasting = lastingVectors(plan, memory);
    this.#memory = memory;
    this.#control = new Control(plan, memory);
    this.#made = new MadeInputs(plan.directions?.keepsEvaluated ?? false);
    this.profile = profile;
    const { backend } = openBackend(plan, modules, memory, plan.threads, profile?.instruments);
    this.#backend =
      plan.noise === null ? backend : new SquaredGradients(plan, plan.noise, memory, plan.threads, backend);
    this.#store = parameterStore(plan, memory);
    this.#steps = new StepRecord(plan, memory);
    this.#ranks = new Ranks({ plan, modules, memory }, pool, this.#control);
  }

  /**
   * Lays out and fills the memory, and waits for the workers to be ready. If `signal` is aborted, the session's current
   * operation ends with `Interrupted`. `sharesThread`: other sessions run in this thread at the same time.
   * @throws UserError if there is not enough memory, WorkerFailure if a worker fails to start.
   */
  static async open(
    plan: Plan,
    { data, kernels, packsOnce = false, sharesThread = false }: SessionSetup,
    pool: WorkerPool,
    signal: AbortSignal,
  ): Promise<Session> {
    signal.throwIfAborted();
    const engine = kernels?.modules.engine ?? null;
    const memory = allocate(plan.bytes + (engine === null ? 0 : packerBytes), memoryParts(plan));
    const packer = engine && new RowPacker(instantiateKernels(engine, memory), memory, plan.bytes);
    fillConstants(plan, data, memory);
    // Only a profiled run pays for loading it.
    const profile = plan.profile && (await openProfile(plan, plan.profile, memory));
    const session = new Session(plan, memory, kernels?.modules ?? null, pool, profile, data.goal);
    session.#sharesThread = sharesThread;
    const interrupt = () => session.#interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    session.#unlisten = () => signal.removeEventListener('abort', interrupt);
    // The workers start meanwhile.
    await inTurns(fillingSamples(plan, data, memory, packer, packsOnce), signal, () => {});
    await session.#ready();
    return session;
  }

  async #ready(): Promise<void> {
    this.#ranks.expect('start');
    await this.#until('ready', () => this.#control.allReady);
  }

  /**
   * After a WorkerFailure: new workers take the place of the lost ones. The memory stays: the caller restores a checkpoint.
   * @throws Interrupted; WorkerFailure if a worker fails to start.
   */
  async restart(): Promise<void> {
    await this.#ranks.left();
    if (this.#control.stopRequested) throw new Interrupted();
    this.#ranks.restart();
    await this.#ready();
  }

  /** Requests that every rank stops after the same step; ranks that take too long are aborted in the middle of it. */
  #interrupt(): void {
    this.#control.requestStop();
    setTimeout(() => this.#control.abort(AbortReason.interrupted), wholeStepMs).unref();
  }

  /** Whether the parameters are those after a whole step; false if the session was aborted within a step. */
  get isWhole(): boolean {
    return !this.#control.aborted;
  }

  /** The epoch's order: i32 [training images], to be filled before the epoch's first step. */
  get order(): Int32Array {
    return new Int32Array(this.#memory.buffer, this.plan.regions.order.offset, this.plan.parts.train.count);
  }

  /** With direction features: the order of the epoch's batches, i32. */
  get batches(): Int32Array {
    return wordsIn(this.#memory, this.plan.directions?.batches ?? nowhere);
  }

  /** Selective back-propagation: the epoch's draws, uniform in [0, 2^32), to be filled like the order; else empty. */
  get draws(): Uint32Array {
    return this.#unsigned(this.plan.selection?.draws);
  }

  /** Dropout: the seed of the run's masks, to be written before its first step; else empty. */
  get maskSeed(): Uint32Array {
    return this.#unsigned(this.plan.dropout?.seed);
  }

  #unsigned = ({ offset, bytes } = nowhere) => new Uint32Array(this.#memory.buffer, offset, bytes / 4);

  /** When the direction features of the run's training images were ready; milliseconds since the Unix epoch. */
  get extractedAt(): number {
    return doublesIn(this.#memory, this.plan.regions.stats)[extractedAtSlot];
  }

  /** Sets the parameters from named tensors and the optimiser's state to zero: the start of a run. */
  setParameters(tensors: ReadonlyMap<string, Tensor>, source: string, prefix = ''): void {
    this.#hasTransform = this.#store.write(tensors, source, prefix);
    for (const [name, vector] of this.lasting) if (name !== 'parameters') vector.fill(0);
    floatsIn(this.#memory, this.plan.regions.stats).fill(0);
    this.begin(0);
  }

  /** Begins a run whose vectors are set and which has done `steps`: anything that derives from others is made anew. */
  begin(steps: number): void {
    this.#control.reportProgress(steps); // The first tick comes before the first step is reported.
    this.#control.startRun();
    this.refresh();
    this.#made.reset();
  }

  /** The parameters as they are in memory, f32 [plan.parameters], padding included; `refresh` after a change. */
  get vector(): Float32Array {
    return floatsIn(this.#memory, this.plan.regions.parameters);
  }

  refresh(): void {
    this.#backend.refresh(this.plan.slices.flat());
  }

  parameters(): Map<string, Tensor> {
    return this.#store.read();
  }

  /**
   * Runs some steps and then, if requested, an evaluation, in one command: no rank waits for the coordinator in
   * between.
   * @throws Interrupted; UserError if the loss is not finite; WorkerFailure.
   */
  async run(work: Work, onTick?: (step: number) => void): Promise<Done> {
    this.#steps.begin();
    if (this.#control.stopRequested) throw new Interrupted();
    const { first, rates, firstSample, epochSamples, extract, evaluate } = work;
    doublesIn(this.#memory, this.plan.regions.rates).set(rates);
    const { stored, restarts } = this.#made.begin(evaluate, extract);
    if (restarts) this.#control.restartEvaluated();
    const command = {
      first,
      count: rates.length,
      firstSample,
      epochSamples,
      extract,
      fit: extract && !this.#hasTransform,
      evaluate: evaluate === null ? null : { part: evaluate, stored },
    };
    this.profile?.sending(command);
    try {
      await this.#execute(command, rates, onTick);
    } finally {
      this.profile?.done();
    }
    if (this.#control.stopAfter !== null) throw new Interrupted();
    if (evaluate !== null) this.#made.evaluated(evaluate);
    return {
      metrics: this.#steps.read(rates.length, work),
      evaluation: evaluate === null ? null : readEvaluation(this.plan, this.#memory, evaluate, this.#goal),
    };
  }

  async #execute(command: RunCommand, rates: readonly number[], onTick?: (step: number) => void) {
    this.#ranks.expect('command');
    this.#control.send(command);
    if (strategies[this.plan.sync].coordinated && this.plan.directions?.team.trainers !== 'one')
      await this.#combine(command.first, rates);
    await this.#until('done', () => this.#control.allDone, onTick);
  }

  /** After a run that threw: the metrics of the steps that all ranks had finished. */
  finishedSteps(work: Work): StepMetrics[] {
    const { stopAfter, progress } = this.#control;
    if (stopAfter === null || !this.isWhole)
      return this.#steps.read(this.#steps.finished(work, progress), work);
    return this.#steps.read(Math.max(0, Math.min(work.rates.length, stopAfter - work.first)), work);
  }

  /** Accuracy and mean loss over a whole part. */
  async evaluate(part: PartName): Promise<Evaluation> {
    const none = { first: 0, rates: [], firstSample: 0, epochSamples: 0, extract: false, evaluate: part };
    const { evaluation } = await this.run(none);
    if (evaluation === null) throw new Error('an evaluation was requested and not made');
    return evaluation;
  }

  /** Of the last evaluation, which was of this part: what metrics are computed from, null if the plan keeps no outputs; the outputs, f32 [count][outputs]. */
  judged = (part: PartName): Judged | null => readJudged(this.plan, this.#memory, part, this.#goal);
  outputs = (part: PartName): Float32Array => readOutputs(this.plan, this.#memory, part);
  /** Time spent in each phase since the parameters were set. */
  phaseTimes = (): PhaseTimes => readPhaseTimes(this.plan, this.#memory);

  /** Releases the workers; the worker pool can serve another session afterwards. */
  async close(): Promise<void> {
    this.#unlisten();
    if (!this.#control.aborted) this.#control.send(null);
    await this.#ranks.left();
  }

  /** The coordinator's share of every averaged step: between the barriers it reduces and updates. */
  async #combine(first: number, rates: readonly number[]): Promise<void> {
    const strategy = strategies[this.plan.sync];
    const allSlices = this.plan.slices.flat();
    const buffers = gradientBuffers(this.plan.sync, this.plan.threads);
    const barrier = this.#control.barrier(this.plan.threads + 1, 0);
    const stats = doublesIn(this.#memory, this.plan.regions.stats);
    const measures = measuresFirst(this.plan.optimizer);
    let yieldedAt = performance.now();
    const meet = async () => {
      const { generation, last } = barrier.arrive();
      while (!last && !barrier.poll(generation, burstMs)) await this.#checkpoint();
      if (performance.now() - yieldedAt > burstMs) {
        await this.#checkpoint();
        yieldedAt = performance.now();
      }
    };
    for (let i = 0; i < rates.length; i++) {
      await meet();
      const started = performance.now();
      const step = { number: first + i + 1, learningRate: rates[i] };
      strategy.combine?.({ backend: this.#backend, allSlices, buffers, measures, ...step });
      stats[this.plan.threads * statsPerRank] += performance.now() - started;
      this.profile?.combined();
      await meet();
      if (this.#control.stopAfter === first + i + 1) return;
    }
  }

  /**
   * Waits in short bursts, so that signals, logs and progress are handled in between. A short command does not yield at
   * all: a turn of the event loop takes as long as a tenth of a millisecond.
   */
  async #until(
    word: 'done' | 'ready',
    reached: () => boolean,
    onTick?: (step: number) => void,
  ): Promise<void> {
    while (!reached()) {
      if (this.#sharesThread) await this.#control.nextReport(word, burstMs);
      else this.#control.waitForReport(word, Math.max(0, burstMs - this.#eventLoop.blockedMs()));
      if (reached()) break;
      await this.#checkpoint();
      onTick?.(this.#control.progress);
    }
    if (this.#control.aborted || this.#eventLoop.blockedMs() >= burstMs) await this.#checkpoint();
  }

  /** Yields to the event loop, then throws if the session was stopped. */
  async #checkpoint(): Promise<void> {
    await yieldToEvents();
    this.#ranks.watch();
    if (!this.#control.aborted) return;
    await this.#ranks.left();
    switch (this.#control.abortReason) {
      case AbortReason.interrupted:
        throw new Interrupted();
      case AbortReason.nonFinite:
        throw nonFiniteLoss(this.#control.abortDetail);
      default:
        throw this.#ranks.failure;
    }
  }
}
