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
 * How long workers may take to leave, by the reason. They may be in the middle of a step, which may take seconds, or hang. Without
 * a reason, they leave at the end of the session: parallel.heartbeat.
 */
const graceMs = {
  [AbortReason.interrupted]: 50,
  [AbortReason.workerError]: 200,
  [AbortReason.nonFinite]: 1000,
};

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

  /**
   * Waits until every rank has left the session, or for as long as is reasonable; then those that have not are terminated, unless
   * the run was interrupted: closing the pool ends them. After a loss no lost thread runs any more.
   */
  async left(): Promise<void> {
    const { abortReason: reason } = this.#control;
    const left = Promise.allSettled(this.#ended).then(() => true);
    const longestMs = reason === AbortReason.none ? this.#task.plan.heartbeatMs : graceMs[reason];
    const haveLeft = await Promise.race([left, sleep(longestMs, false, { ref: false })]);
    if (reason === AbortReason.interrupted) return;
    if (!haveLeft || reason === AbortReason.workerError) await this.#pool.stop();
  }

  /** The root error of a loss. */
  get failure(): WorkerFailure {
    return this.#failure ?? new WorkerFailure(this.#control.abortDetail, 'left the session early');
  }

  /** After a loss, when all have left: a new start of every rank, new workers in the place of those that are gone. */
  restart(): void {
    this.#control.reset();
    this.#heartbeat.restart();
    this.#start();
  }
}
