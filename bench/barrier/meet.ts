/** Real threads that meet at one barrier many times. */
import { Worker } from 'node:worker_threads';
import { type PartyTask, Place, strideWords } from './places.ts';

export interface Meetings {
  readonly parties: number;
  readonly count: number;
  readonly maxSpinMs: number;
  /** Threads that only use cores meanwhile. */
  readonly neighbours: number;
}

export interface Met {
  /** Of the slowest thread: the smallest number of meetings that one has come to. */
  readonly meetings: number;
  /** Seen after a meeting: a thread that had not come, or was more than one ahead. */
  readonly faults: number;
  readonly elapsedMs: number;
}

/** Without a meeting for so long the threads hang: they are aborted, and `meetings` is less than `count`. */
const patienceMs = 60_000;

export async function meet({ parties, count, maxSpinMs, neighbours }: Meetings): Promise<Met> {
  const shared = new SharedArrayBuffer(4 * (Place.arrivals + parties * strideWords));
  const words = new Int32Array(shared);
  const busy = Array.from({ length: neighbours }, () => new Worker('for (;;);', { eval: true }));
  const least = () =>
    Math.min(
      ...Array.from({ length: parties }, (_, rank) =>
        Atomics.load(words, Place.arrivals + rank * strideWords),
      ),
    );
  let [seen, seenAt] = [0, performance.now()];
  const watchdog = setInterval(() => {
    const now = least();
    if (now !== seen) [seen, seenAt] = [now, performance.now()];
    else if (performance.now() - seenAt > patienceMs) {
      Atomics.store(words, Place.abort, 1);
      Atomics.notify(words, Place.generation);
    }
  }, 1000);
  const started = performance.now();
  try {
    const faults = await Promise.all(
      Array.from({ length: parties }, (_, rank) => {
        const workerData: PartyTask = { words, rank, parties, count, maxSpinMs };
        return party(workerData);
      }),
    );
    const elapsedMs = performance.now() - started;
    return { meetings: least(), faults: faults.reduce((sum, found) => sum + found, 0), elapsedMs };
  } finally {
    clearInterval(watchdog);
    await Promise.all(busy.map((worker) => worker.terminate()));
  }
}

const party = (workerData: PartyTask) =>
  new Promise<number>((resolve, reject) => {
    const worker = new Worker(new URL('./party.ts', import.meta.url), { workerData });
    worker.once('message', resolve).once('error', reject);
  });
