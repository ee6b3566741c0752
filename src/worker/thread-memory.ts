/** Address space that worker threads need. */
import { requireAddressSpace } from '../memory/address-space.js';
import { plural } from '../numbers/words.js';

/**
 * Address space that a worker's V8 reserves for machine code of JavaScript, MiB; kernels are elsewhere. V8's own choice
 * is 512, all of what `ulimit -v` leaves on many shared machines.
 */
export const codeRangeSizeMb = 16;

/** Address space of a worker, measured; of all that a run takes besides; and of the part it takes after loading data. */
const [workerMiB, runMiB, laterMiB] = [96, 330, 60];

/** Before data are loaded. @throws UserError when the address space is limited to less than the run needs. */
export const requireRunMemory = (threads: number): void => requireMemory(threads, runMiB);

/** Before workers start. @throws UserError when the address space is limited to less than they need. */
export const requireWorkerMemory = (threads: number): void => requireMemory(threads, laterMiB);

function requireMemory(threads: number, besidesMiB: number): void {
  const needed = (threads * workerMiB + besidesMiB) * 2 ** 20;
  const fewer = threads > 1 ? 'fewer threads' : '';
  requireAddressSpace(needed, `a run and its ${plural(threads, 'worker thread')}`, fewer);
}
