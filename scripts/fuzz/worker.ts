/** Opens the inputs of one format; another thread sees which is being opened, and ends this one if it takes too long. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Fuzzing, fuzz } from '../../test/support/fuzz/fuzz.ts';

export interface FuzzTask extends Fuzzing {
  readonly first: number;
  readonly count: number;
  /** Shared: the number of the input. */
  readonly current: Float64Array;
}

const task = workerData as FuzzTask;
const tally = await fuzz(task, task.first, task.count, (number) => {
  task.current[0] = number;
});
parentPort?.postMessage(tally);
