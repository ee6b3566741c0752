/** The one shared memory of a session. */
import { UserError } from '../user-error.js';
import { addressSpace, limitWords } from './address-space.js';
import { partWords, requireMemory } from './memory-limit.js';

const lower = 'use a smaller train.batch, model.hidden or data.take';

/** `parts`: bytes by name, of which errors speak; `advice`: what takes less. @throws UserError if there is not enough memory. */
export function allocate(
  bytes: number,
  parts: Readonly<Record<string, number>> = { 'shared memory': bytes },
  advice = lower,
): WebAssembly.Memory {
  const pages = bytes / 65536;
  const megabytes = Math.ceil(bytes / 2 ** 20);
  if (pages > 65536) {
    throw new UserError(
      `this run needs ${megabytes} MiB of shared memory (${partWords(parts)}), more than WebAssembly's 4,096 MiB: ${advice}`,
    );
  }
  requireMemory(parts, advice);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    const space = addressSpace();
    const limit = space === null ? '' : `: ${limitWords(space)}`;
    throw new UserError(`could not allocate ${megabytes} MiB of shared memory${limit}`, 1, { cause });
  }
}
