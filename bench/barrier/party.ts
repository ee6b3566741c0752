/** One thread that meets others at a barrier, and verifies after each meeting that all have arrived and none is ahead. */
import { parentPort, workerData } from 'node:worker_threads';
import { Aborted } from '../../dist/worker/aborted.js';
import { Barrier } from '../../dist/worker/barrier.js';
import { type PartyTask, Place, strideWords } from './places.ts';

const { words, rank, parties, count, maxSpinMs } = workerData as PartyTask;
const barrier = new Barrier(words, Place.count, Place.generation, Place.abort, parties, maxSpinMs);
const arrivals = Place.arrivals;
let faults = 0;
try {
  for (let meeting = 1; meeting <= count; meeting++) {
    Atomics.store(words, arrivals + rank * strideWords, meeting);
    barrier.wait();
    for (let other = 0; other < parties; other++) {
      const arrived = Atomics.load(words, arrivals + other * strideWords);
      if (arrived !== meeting && arrived !== meeting + 1) faults++;
    }
  }
} catch (error) {
  // Only the watchdog aborts.
  if (!(error instanceof Aborted)) throw error;
}
parentPort?.postMessage(faults);
