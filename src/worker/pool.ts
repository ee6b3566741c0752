/** The Piscina worker pool: one worker for each thread, started early; each runs one long task per session. */
import { Piscina } from 'piscina';
import type { RankTask } from './index.js';
import { codeRangeSizeMb, requireWorkerMemory } from './thread-memory.js';

export interface WorkerPool<Task = RankTask> {
  /** Starts every rank; each promise settles when its worker leaves the session. */
  start(task: Omit<Task, 'rank'>): Promise<void>[];
  /**
   * Terminates the workers that have not left the session, in whatever they do. When this returns, none of the session's
   * threads that were lost or terminated runs any more; others start in their place.
   */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Workers begin to start at once; nothing is timed, recycled or awaited per step. `file`: the task's module.
 * @throws UserError when the address space is limited to less than they need.
 */
export function openPool<Task = RankTask>(
  threads: number,
  file = new URL('./index.js', import.meta.url),
): WorkerPool<Task> {
  requireWorkerMemory(threads);
  const piscina = new Piscina<Omit<Task, 'rank'> & { rank: number }, void>({
    filename: file.href,
    minThreads: threads,
    maxThreads: threads,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: 1,
    recordTiming: false,
    resourceLimits: { codeRangeSizeMb },
    atomics: 'disabled',
  });
  let session = new AbortController();
  let workers = piscina.threads;
  return {
    start(task) {
      session = new AbortController();
      workers = piscina.threads;
      const { signal } = session;
      return Array.from({ length: threads }, (_, rank) => piscina.run({ ...task, rank }, { signal }));
    },
    async stop() {
      session.abort();
      const replaced = workers.filter((worker) => !piscina.threads.includes(worker));
      // Piscina has begun to terminate them; this waits until they have exited.
      await Promise.all(replaced.map((worker) => worker.terminate()));
    },
    close: () => piscina.destroy(),
  };
}
