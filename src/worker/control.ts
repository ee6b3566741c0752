/**
 * The control block in shared memory: commands from the coordinator, barriers among the ranks, and the abort
 * word that every wait watches. Words that different threads write lie on cache lines of their own.
 */
import type { PartName, Plan } from '../coordinator/plan.js';
import { Barrier, parkMs } from './barrier.js';

/** Why everyone should leave. */
export const AbortReason = { none: 0, interrupted: 1, workerError: 2, nonFinite: 3 } as const;
export type AbortReason = (typeof AbortReason)[keyof typeof AbortReason];

export const Operation = { steps: 1, evaluate: 2, finish: 3 } as const;
export type Operation = (typeof Operation)[keyof typeof Operation];

/** The parts by the number that an evaluate command carries. */
export const partNames: readonly PartName[] = ['train', 'validation', 'test'];

/** A command: its meaning depends on the operation. */
export interface Command {
  readonly operation: Operation;
  /** steps: the first step's number from 0, how many, and the first one's first sample; evaluate: the part. */
  readonly arguments: readonly [number, number, number, number];
}

/** Thrown out of a wait when someone set the abort word. */
export class Aborted extends Error {}

const line = 32; // Int32 words in 128 bytes
const Word = {
  command: 0,
  operation: 1,
  firstArgument: 2,
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
} as const;

export class Control {
  readonly #words: Int32Array;
  readonly #threads: number;

  constructor(plan: Plan, memory: WebAssembly.Memory) {
    this.#words = new Int32Array(memory.buffer, plan.regions.control.offset, plan.regions.control.bytes / 4);
    this.#threads = plan.threads;
  }

  /** A barrier for `parties` threads; `maxSpinMs`: how long a wait may spin before it parks. */
  barrier(parties: number, maxSpinMs: number): Barrier {
    return new Barrier(
      this.#words,
      Word.barrierCount,
      Word.barrierGeneration,
      Word.abort,
      parties,
      maxSpinMs,
    );
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

  /** The first reason stays. Wakes every waiter, wherever it waits. */
  abort(reason: AbortReason, detail = 0): void {
    // Only whoever moves the word off `none` may write the detail, and readers look at it after everyone left.
    if (Atomics.compareExchange(this.#words, Word.abort, AbortReason.none, reason) === AbortReason.none)
      Atomics.store(this.#words, Word.abortDetail, detail);
    for (const word of [Word.command, Word.done, Word.barrierGeneration, Word.ready])
      Atomics.notify(this.#words, word);
  }

  /**
   * A stop that everyone makes after the same step, so that the weights are whole: the coordinator requests it,
   * rank 0 announces the step before that step's first barrier, and every rank reads the announcement after the
   * step's last barrier, when it can no longer change.
   */
  requestStop(): void {
    Atomics.store(this.#words, Word.stopRequest, 1);
  }

  get stopRequested(): boolean {
    return Atomics.load(this.#words, Word.stopRequest) === 1;
  }

  announceStop(step: number): void {
    Atomics.store(this.#words, Word.stopAfter, step);
  }

  /** The step, counted from 1, after which everyone stops; 0 while none is announced. */
  get stopAfter(): number {
    return Atomics.load(this.#words, Word.stopAfter);
  }

  // The coordinator's side.

  /** Publishes a command; every worker of the previous one must be done. */
  send(command: Command): void {
    Atomics.store(this.#words, Word.operation, command.operation);
    command.arguments.forEach((value, i) => {
      Atomics.store(this.#words, Word.firstArgument + i, value);
    });
    Atomics.store(this.#words, Word.done, 0);
    Atomics.store(this.#words, Word.chunk, 0);
    // Last: a worker that sees the new generation also sees everything stored before it.
    Atomics.add(this.#words, Word.command, 1);
    Atomics.notify(this.#words, Word.command);
  }

  get allDone(): boolean {
    return Atomics.load(this.#words, Word.done) === this.#threads;
  }

  get allReady(): boolean {
    return Atomics.load(this.#words, Word.ready) === this.#threads;
  }

  /** Blocks for at most `timeoutMs`, less when a worker reports in. */
  waitForReport(word: 'done' | 'ready', timeoutMs: number): void {
    const seen = Atomics.load(this.#words, Word[word]);
    if (seen !== this.#threads && !this.aborted) Atomics.wait(this.#words, Word[word], seen, timeoutMs);
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
      // A wait returns at once when the word has already moved on; the time-out is for an abort that came just before.
      if (spins % 64 === 0 && performance.now() > spinUntil)
        Atomics.wait(this.#words, Word.command, seen, parkMs);
    }
    return seen + 1;
  }

  readCommand(): Command {
    const argument = (i: number) => Atomics.load(this.#words, Word.firstArgument + i);
    return {
      operation: Atomics.load(this.#words, Word.operation) as Operation,
      arguments: [argument(0), argument(1), argument(2), argument(3)],
    };
  }

  reportDone(): void {
    // What this worker wrote (weights, metrics) is ordered before the add, so the coordinator sees it.
    if (Atomics.add(this.#words, Word.done, 1) === this.#threads - 1) Atomics.notify(this.#words, Word.done);
  }

  /** Claims the next evaluation chunk. */
  claimChunk(): number {
    return Atomics.add(this.#words, Word.chunk, 1);
  }

  reportProgress(steps: number): void {
    Atomics.store(this.#words, Word.progress, steps);
  }
}
