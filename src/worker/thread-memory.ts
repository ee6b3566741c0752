/** Address space that worker threads need. */
import { requireAddressSpace } from '../memory/address-space.js';
import { plural } from '../numbers/words.js';

/**
 * Address space that a worker's V8 reserves for machine code of JavaScript, MiB; kernels are elsewhere. V8's own choice
 * is 512, all of what `ulimit -v` leaves on many shared machines.
 */
export const codeRangeSizeMb = 16;

/** Address space of a worker, measured, and of what the main thread still takes while it runs. */
const [workerMiB, runMiB] = [96, 330];

/** @throws UserError when the address space is limited to less than they need. */
export function requireThreadMemory(threads: number): void {
  const needed = (threads * workerMiB + runMiB) * 2 ** 20;
  const fewer = threads > 1 ? 'fewer threads' : '';
  requireAddressSpace(needed, `a run and its ${plural(threads, 'worker thread')}`, fewer);
}
