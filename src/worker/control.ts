/**
 * The control block in shared memory: commands from the coordinator, barriers among the ranks, and the abort word that
 * every wait watches. Words that different threads write are on separate cache lines.
 */
import type { PartName } from '../data/dataset.js';
import { wordsIn } from '../memory/views.js';
import type { Plan } from '../plan/plan.js';
import { Aborted } from './aborted.js';
import { Barrier, parkMs } from './barrier.js';

/** Why all ranks should leave. */
export const AbortReason = { none: 0, interrupted: 1, workerError: 2, nonFinite: 3 } as const;
export type AbortReason = (typeof AbortReason)[keyof typeof AbortReason];

const partNames: readonly PartName[] = ['train', 'validation', 'test'];

/** Some steps, then an evaluation; either may be left out. */
export interface RunCommand {
  /** The first step's number from 0, and the number of steps. */
  readonly first: number;
  readonly count: number;
  /** Start of the first step's batch in the epoch's order, and the number of samples of the order that are used. */
  readonly firstSample: number;
  readonly epochSamples: number;
  /** With direction features: make those of the run's training images first; fit the transform on them. */
  readonly extract: boolean;
  readonly fit: boolean;
  readonly evaluate: EvaluateCommand | null;
}

export interface EvaluateCommand {
  readonly part: PartName;
  /** With direction features: those of the part are already in memory, from its last evaluation in the same run. */
  readonly stored: boolean;
}

export type Milestone = 'fitted' | 'trained';

const line = 32; // Int32 words in 128 bytes
const Word = {
  command: 0,
  firstArgument: 1,
  done: line,
  barrierCount: 2 * line,
  barrierGeneration: 3 * line,
  abort: 4 * line,
  abortDetail: 4 * line + 1,
  ready: 5 * line,
  chunk: 6 * line,
  progress: 7 * line,
  stopRequest: 8 * line,
  stopAfter: 9 * line,
  extractedChunk: 10 * line,
  aheadChunk: 11 * line,
  fitted: 12 * line,
  trained: 13 * line,
  workersCount: 14 * line,
  workersGeneration: 15 * line,
  claimedStep: 16 * line,
  run: 17 * line,
  loaded: 18 * line,
} as const;

/** Words on which a thread may sleep. */
const waitedFor = [
  Word.command,
  Word.done,
  Word.barrierGeneration,
  Word.ready,
  Word.fitted,
  Word.trained,
  Word.workersGeneration,
];

export class Control {
  readonly #words: Int32Array;
  readonly #threads: number;

  constructor(plan: Plan, memory: WebAssembly.Memory) {
    this.#words = wordsIn(memory, plan.regions.control);
    this.#threads = plan.threads;
  }

  /** The barrier of a step, for `parties` threads; `maxSpinMs`: how long a wait may spin before it parks. */
  barrier(parties: number, maxSpinMs: number): Barrier {
    const { barrierCount, barrierGeneration, abort } = Word;
    return new Barrier(this.#words, barrierCount, barrierGeneration, abort, parties, maxSpinMs);
  }

  /** A barrier of the workers alone, because the coordinator may already be at a step's barrier. */
  workersBarrier(maxSpinMs: number): Barrier {
    const { workersCount, workersGeneration, abort } = Word;
    return new Barrier(this.#words, workersCount, workersGeneration, abort, this.#threads, maxSpinMs);
  }

  get aborted(): boolean {
    return Atomics.load(this.#words, Word.abort) !== AbortReason.none;
  }

  get abortReason(): AbortReason {
    return Atomics.load(this.#words, Word.abort) as AbortReason;
  }

  get abortDetail(): number {
    return Atomics.load(this.#words, Word.abortDetail);
  }

  /** Only the first reason is kept. Wakes every waiter at every word. */
  abort(reason: AbortReason, detail = 0): void {
    // Only the thread that changes the word from `none` may write the detail; it is read after every rank has left.
    if (Atomics.compareExchange(this.#words, Word.abort, AbortReason.none, reason) === AbortReason.none)
      Atomics.store(this.#words, Word.abortDetail, detail);
    for (const word of waitedFor) Atomics.notify(this.#words, word);
  }

  /**
   * A stop of all ranks after the same step, so that the weights are whole. The coordinator requests it. Rank 0
   * announces the step before that step's first barrier. Every rank reads the announcement after the step's last
   * barrier, when it can no longer change.
   */
  requestStop(): void {
    Atomics.store(this.#words, Word.stopRequest, 1);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.#words, Word.stopRequest) === 1;
  }

  /** `step` is 0 if the run is stopped before its first one. The word is one more, because memory begins as 0. */
  announceStop(step: number): void {
    Atomics.store(this.#words, Word.stopAfter, step + 1);
  }

  /** The step, counted from 1, after which every rank stops; null while none is announced. */
  get stopAfter(): number | null {
    const announced = Atomics.load(this.#words, Word.stopAfter);
    return announced === 0 ? null : announced - 1;
  }

  // The coordinator's side.

  /** For new ranks, when no former one runs any more: all words are as at the start of a session. */
  reset(): void {
    this.#words.fill(0);
  }

  /** Publishes a command; every worker of the previous one must be done. Null: leave. */
  send(command: RunCommand | null): void {
    const { first = 0, count = -1, firstSample = 0, epochSamples = 0 } = command ?? {};
    const { extract, fit, evaluate } = command ?? {};
    const part = evaluate == null ? -1 : partNames.indexOf(evaluate.part);
    const flags = [extract ?? false, part, evaluate?.stored ?? false, fit ?? false].map(Number);
    [first, count, firstSample, epochSamples, ...flags].forEach((value, i) => {
      Atomics.store(this.#words, Word.firstArgument + i, value);
    });
    Atomics.store(this.#words, Word.done, 0);
    Atomics.store(this.#words, Word.chunk, 0);
    Atomics.store(this.#words, Word.claimedStep, 0);
    if (extract) {
      this.restartEvaluated();
      for (const word of [Word.extractedChunk, Word.fitted]) Atomics.store(this.#words, word, 0);
    }
    if (count > 0) Atomics.store(this.#words, Word.trained, 0);
    // Last: a worker that sees the new generation also sees everything stored before it.
    Atomics.add(this.#words, Word.command, 1);
    Atomics.notify(this.#words, Word.command);
  }

  /** A round of a predictor: `images` of them, `chunk` at a time, none of which is in memory yet. */
  sendRound(images: number, chunk: number): void {
    Atomics.store(this.#words, Word.firstArgument, chunk);
    Atomics.store(this.#words, Word.firstArgument + 1, images);
    Atomics.store(this.#words, Word.done, 0);
    Atomics.store(this.#words, Word.chunk, 0);
    Atomics.store(this.#words, Word.loaded, 0);
    // Last, as in `send`.
    Atomics.add(this.#words, Word.command, 1);
    Atomics.notify(this.#words, Word.command);
  }

  /** Images are in memory, from the first: written before the store, so that a reader of the number sees them. */
  announceLoaded(images: number): void {
    Atomics.store(this.#words, Word.loaded, images);
  }

  /** The direction features of the evaluated part must be made again, or those of another part. */
  restartEvaluated(): void {
    Atomics.store(this.#words, Word.aheadChunk, 0);
  }

  /** The parameters were set from outside: data derived from the former ones, outside their regions, is invalid. */
  startRun(): void {
    Atomics.add(this.#words, Word.run, 1);
  }

  get allDone(): boolean {
    return Atomics.load(this.#words, Word.done) === this.#threads;
  }

  get allReady(): boolean {
    return Atomics.load(this.#words, Word.ready) === this.#threads;
  }

  /** Blocks for at most `timeoutMs`, or until a worker reports. */
  waitForReport(word: 'done' | 'ready', timeoutMs: number): void {
    const seen = Atomics.load(this.#words, Word[word]);
    if (seen !== this.#threads && !this.aborted) Atomics.wait(this.#words, Word[word], seen, timeoutMs);
  }

  /** The same without blocking, for a thread in which other sessions run too. */
  async nextReport(word: 'done' | 'ready', timeoutMs: number): Promise<void> {
    const seen = Atomics.load(this.#words, Word[word]);
    if (seen === this.#threads || this.aborted) return;
    await Atomics.waitAsync(this.#words, Word[word], seen, timeoutMs).value;
  }

  get progress(): number {
    return Atomics.load(this.#words, Word.progress);
  }

  // The workers' side.

  reportReady(): void {
    Atomics.add(this.#words, Word.ready, 1);
    Atomics.notify(this.#words, Word.ready);
  }

  /** Waits for the command after generation `seen`; returns its generation. */
  nextCommand(seen: number, spinMs: number): number {
    const spinUntil = performance.now() + spinMs;
    for (let spins = 1; Atomics.load(this.#words, Word.command) === seen; spins++) {
      if (this.aborted) throw new Aborted();
      // A wait returns at once if the word has already changed; the time-out is for an abort that came just before.
      if (spins % 64 === 0 && performance.now() > spinUntil)
        Atomics.wait(this.#words, Word.command, seen, parkMs);
    }
    return seen + 1;
  }

  /** Null: leave the session. */
  readCommand(): RunCommand | null {
    const argument = (i: number) => Atomics.load(this.#words, Word.firstArgument + i);
    const count = argument(1);
    if (count < 0) return null;
    return {
      first: argument(0),
      count,
      firstSample: argument(2),
      epochSamples: argument(3),
      extract: argument(4) === 1,
      fit: argument(7) === 1,
      evaluate: argument(5) < 0 ? null : { part: partNames[argument(5)], stored: argument(6) === 1 },
    };
  }

  /** Images of the round; below 0: leave the session. */
  get roundImages(): number {
    return Atomics.load(this.#words, Word.firstArgument + 1);
  }

  get roundChunk(): number {
    return Atomics.load(this.#words, Word.firstArgument);
  }

  /** Spins until so many images of the round are in memory: the coordinator is copying them. @throws Aborted */
  awaitLoaded(images: number): void {
    for (let spins = 1; Atomics.load(this.#words, Word.loaded) < images; spins++) {
      if (spins % 4096 !== 0) continue;
      if (this.aborted) throw new Aborted();
      // Another process may have its core: no one notifies, the time-out ends the wait.
      const seen = Atomics.load(this.#words, Word.loaded);
      if (spins % 65536 === 0 && seen < images) Atomics.wait(this.#words, Word.loaded, seen, 1);
    }
  }

  reportDone(): void {
    // The worker's writes (weights, metrics) are ordered before the add, so the coordinator sees them.
    if (Atomics.add(this.#words, Word.done, 1) === this.#threads - 1) Atomics.notify(this.#words, Word.done);
  }

  /** Changes whenever a run starts. */
  get run(): number {
    return Atomics.load(this.#words, Word.run);
  }

  /** Claims the command's next step, from 0; beyond the last if none is left. */
  claimStep(): number {
    return Atomics.add(this.#words, Word.claimedStep, 1);
  }

  /** How many claims this command has had, including those beyond its last step. */
  get claims(): number {
    return Atomics.load(this.#words, Word.claimedStep);
  }

  /** Claims the next evaluation chunk. */
  claimChunk(): number {
    return Atomics.add(this.#words, Word.chunk, 1);
  }

  /** Claims the next chunk of training images to extract. */
  claimExtraction(): number {
    return Atomics.add(this.#words, Word.extractedChunk, 1);
  }

  /** Claims the next chunk of the evaluated part whose direction features no rank has made yet. */
  claimAhead(): number {
    return Atomics.add(this.#words, Word.aheadChunk, 1);
  }

  /**
   * Announces a milestone to the ranks that did not do the work: the transform is in memory, or the parameters after
   * the command's last step are.
   */
  announce(milestone: Milestone): void {
    Atomics.store(this.#words, Word[milestone], 1);
    Atomics.notify(this.#words, Word[milestone]);
  }

  hasReached(milestone: Milestone): boolean {
    return Atomics.load(this.#words, Word[milestone]) === 1;
  }

  /** Spins for `spinMs`, then sleeps until the milestone is announced. @throws Aborted */
  await(milestone: Milestone, spinMs: number): void {
    const spinUntil = performance.now() + spinMs;
    for (let spins = 1; !this.hasReached(milestone); spins++) {
      if (this.aborted) throw new Aborted();
      if (spins % 64 === 0 && performance.now() > spinUntil)
        Atomics.wait(this.#words, Word[milestone], 0, parkMs);
    }
  }

  reportProgress(steps: number): void {
    Atomics.store(this.#words, Word.progress, steps);
  }
}
