/** The Piscina worker pool: one worker for each thread, started early; each runs one long task per session. */
import { Piscina } from 'piscina';
import type { RankTask } from './index.js';
import { refusedThread } from './thread-limit.js';
import { codeRangeSizeMb, requireWorkerMemory } from './thread-memory.js';

export interface WorkerPool<Task = RankTask> {
  /** Starts every rank; each promise settles when its worker leaves the session. */
  start(task: Omit<Task, 'rank'>): Promise<void>[];
  /**
   * Terminates the workers that have not left the session, in whatever they do. When this returns, none of the session's
   * threads that were lost or terminated runs any more; `start` replaces them.
   */
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** The task of every training. */
export const rankFile = new URL('./entry.cjs', import.meta.url);

/**
 * Workers begin to start at once; nothing is timed, recycled or awaited per step. `file`: the task's module.
 * @throws UserError when the address space is limited to less than they need, or when the system allows no more threads.
 */
export function openPool<Task = RankTask>(threads: number, file = rankFile): WorkerPool<Task> {
  requireWorkerMemory(threads);
  const piscina = openPiscina<Omit<Task, 'rank'> & { rank: number }>(threads, file);
  let session = new AbortController();
  let workers = piscina.threads;
  /** Rejects what the session waits for. Between sessions nothing waits: the next one starts another worker. */
  let lost = (_error: unknown) => {};
  // A worker that ends before it has its task: Piscina has no promise to reject.
  piscina.on('error', (error) => lost(refusedThread(error)));
  piscina.on('workerDestroy', () =>
    queueMicrotask(() => {
      if (piscina.queueSize > 0 && piscina.threads.length < threads)
        lost(new Error('a worker exited before its task'));
    }),
  );
  /** Why no session can start any more; null if it can. */
  let refused: unknown = null;
  /** @throws UserError if a lost worker cannot be replaced. */
  function run(task: Omit<Task, 'rank'> & { rank: number }): Promise<void> {
    if (refused !== null) throw refused;
    const own = new AbortController();
    try {
      const end = piscina.run(task, { signal: own.signal });
      session.signal.addEventListener('abort', () => own.abort(), { once: true });
      return end;
    } catch (error) {
      // The task stays in Piscina's queue, with a promise that nobody can handle: it must never be rejected.
      refused = refusedThread(error);
      throw refused;
    }
  }
  return {
    start(task) {
      session = new AbortController();
      const loss = new Promise<never>((_, reject) => {
        lost = reject;
      });
      loss.catch(() => {});
      const ended = Array.from({ length: threads }, async (_, rank) => {
        try {
          await Promise.race([run({ ...task, rank }), loss]);
        } catch (error) {
          throw refusedThread(error);
        }
      });
      workers = piscina.threads;
      return ended;
    },
    async stop() {
      session.abort();
      const gone = workers.filter((worker) => !piscina.threads.includes(worker));
      // Piscina has begun to terminate them; this waits until they have exited.
      await Promise.all(gone.map((worker) => worker.terminate()));
    },
    async close() {
      if (refused === null) await piscina.destroy();
      else await Promise.all(piscina.threads.map((worker) => worker.terminate()));
    },
  };
}

function openPiscina<Task>(threads: number, file: URL): Piscina<Task, void> {
  try {
    const piscina = new Piscina<Task, void>({
      filename: file.href,
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: 1,
      recordTiming: false,
      resourceLimits: { codeRangeSizeMb },
      atomics: 'disabled',
    });
    // Lost workers are replaced when a session starts, where an error reaches its caller; Piscina would start them in an event.
    piscina.options.minThreads = 0;
    return piscina;
  } catch (error) {
    throw refusedThread(error);
  }
}
