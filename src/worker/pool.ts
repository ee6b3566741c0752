/** The Piscina worker pool: one worker for each thread, started early; each runs one long task per session. */
import { Piscina } from 'piscina';
import { requireAddressSpace } from '../memory/address-space.js';
import { plural } from '../numbers/words.js';
import type { RankTask } from './index.js';

/**
 * Address space that a worker's V8 reserves for machine code of JavaScript, MiB; kernels are elsewhere. V8's own choice
 * is 512, all of what `ulimit -v` leaves on many shared machines.
 */
const codeRangeSizeMb = 16;

/** Address space of a worker, measured, and of what the main thread still takes while it runs. */
const [workerMiB, runMiB] = [96, 330];

export interface WorkerPool<Task = RankTask> {
  /** Starts every rank; each promise settles when its worker leaves the session. */
  start(task: Omit<Task, 'rank'>): Promise<void>[];
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
  const needed = (threads * workerMiB + runMiB) * 2 ** 20;
  const fewer = threads > 1 ? 'fewer threads' : '';
  requireAddressSpace(needed, `a run and its ${plural(threads, 'worker thread')}`, fewer);
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
  return {
    start: (task) => Array.from({ length: threads }, (_, rank) => piscina.run({ ...task, rank })),
    close: () => piscina.destroy(),
  };
}
