/**
 * The threads of a predictor: one for each rank but the caller's. They are no Piscina pool: a pool whose tasks never end
 * keeps the process alive, and its package would be loaded into the caller's thread.
 */
import { Worker } from 'node:worker_threads';
import { refusedThread } from '../worker/thread-limit.js';
import { codeRangeSizeMb, requireRunMemory } from '../worker/thread-memory.js';
import type { InferenceTask } from './chunk-forward.js';

export class RankThreads {
  readonly #workers: readonly Worker[];
  /** Each settles when its thread ends. */
  readonly ended: readonly Promise<void>[];

  /** @throws UserError when the address space is limited to less than they need, or when the system allows no more threads. */
  constructor(threads: number, task: Omit<InferenceTask, 'rank'>) {
    requireRunMemory(threads);
    const file = new URL('./worker.js', import.meta.url);
    const started: Worker[] = [];
    this.#workers = started;
    try {
      for (let rank = 0; rank < threads; rank++) {
        const workerData: InferenceTask = { ...task, rank };
        started.push(new Worker(file, { workerData, execArgv: [], resourceLimits: { codeRangeSizeMb } }));
      }
    } catch (error) {
      for (const worker of started) void worker.terminate();
      throw refusedThread(error);
    }
    this.ended = this.#workers.map(
      (worker) =>
        new Promise((resolve, reject) => {
          worker.once('error', (error) => reject(refusedThread(error)));
          worker.once('exit', (code) =>
            code === 0 ? resolve() : reject(new Error(`the thread has ended with exit code ${code}`)),
          );
        }),
    );
    // A program that ends does not wait for threads that wait for it.
    for (const worker of this.#workers) worker.unref();
  }

  /** Waits for the threads, after the command to leave. */
  async close(): Promise<void> {
    for (const worker of this.#workers) worker.ref();
    await Promise.allSettled(this.ended);
  }
}
