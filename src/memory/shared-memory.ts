/** The one shared memory of a session. */
import { UserError } from '../user-error.js';
import { addressSpace, limitWords } from './address-space.js';

/** @throws UserError if there is not enough memory. */
export function allocate(bytes: number): WebAssembly.Memory {
  const pages = bytes / 65536;
  const megabytes = Math.ceil(bytes / 2 ** 20);
  if (pages > 65536) {
    throw new UserError(
      `this run needs ${megabytes} MiB of shared memory, more than WebAssembly's 4,096 MiB: use a smaller train.batch, model.hidden or data.take`,
    );
  }
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    const space = addressSpace();
    const limit = space === null ? '' : `: ${limitWords(space)}`;
    throw new UserError(`could not allocate ${megabytes} MiB of shared memory${limit}`, 1, { cause });
  }
}
