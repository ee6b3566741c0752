/**
 * The ranks of a session on a worker pool, from the coordinator's side: their start, their end, and why the first of them was
 * lost. A lost rank aborts the others.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AbortReason, type Control } from './control.js';
import { Heartbeat } from './heartbeat.js';
import type { RankTask } from './index.js';
import type { WorkerPool } from './pool.js';
import { hanging, WorkerFailure } from './session-errors.js';

/**
 * How long an aborted session waits for workers in the middle of a step, which may take seconds. After an interruption closing
 * the pool ends them anyway; after a loss they are terminated.
 */
const [interruptedGraceMs, lostGraceMs] = [50, 200];

export class Ranks {
  readonly #task: Omit<RankTask, 'rank'>;
  readonly #pool: WorkerPool;
  readonly #control: Control;
  readonly #heartbeat: Heartbeat;
  #ended: readonly Promise<void>[] = [];
  #failure: WorkerFailure | null = null;

  constructor(task: Omit<RankTask, 'rank'>, pool: WorkerPool, control: Control) {
    this.#task = task;
    this.#pool = pool;
    this.#control = control;
    this.#heartbeat = new Heartbeat(task.plan, task.memory);
    this.#start();
  }

  #start(): void {
    this.#failure = null;
    const ended = this.#pool.start(this.#task);
    this.#ended = ended;
    ended.forEach((end, rank) => {
      end.catch((error: unknown) => {
        // Those of an earlier start are terminated.
        if (this.#ended === ended) this.#lost(new WorkerFailure(rank, error, this.#heartbeat.place(rank)));
      });
    });
  }

  #lost(failure: WorkerFailure): void {
    this.#failure ??= failure;
    this.#control.abort(AbortReason.workerError, failure.rank);
  }

  /** Before they are waited for: until they are ready, or have executed a command. */
  expect(work: 'start' | 'command'): void {
    this.#heartbeat.begin(work);
  }

  /** Every few milliseconds meanwhile. */
  watch(): void {
    if (this.#control.aborted) return;
    const hang = this.#heartbeat.tick();
    if (hang !== null) this.#lost(hanging(hang));
  }

  /** Waits until every rank has left the session, or for as long as is reasonable; after a loss none is in it any more. */
  async left(): Promise<void> {
    const left = Promise.allSettled(this.#ended);
    if (!this.#control.aborted) return void (await left);
    const isLost = this.#control.abortReason === AbortReason.workerError;
    const graceMs = isLost ? lostGraceMs : interruptedGraceMs;
    if (isLost || this.#control.abortReason === AbortReason.interrupted)
      await Promise.race([left, sleep(graceMs, undefined, { ref: false })]);
    else await left;
    if (isLost) await this.#pool.stop();
  }

  /** The root error of a loss. */
  get failure(): WorkerFailure {
    return this.#failure ?? new WorkerFailure(this.#control.abortDetail, 'left the session early');
  }

  /** After a loss, when all have left: a new start of every rank, new workers in the place of those that are gone. */
  restart(): void {
    this.#control.reset();
    this.#start();
  }
}
