/**
 * The address space that `ulimit -v` leaves to the process. V8 reserves it in large pieces, and ends the whole process if
 * it gets none. So the need is compared with what is left first. Linux reports limit and use; other systems do not.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../user-error.js';

const mebibyte = 2 ** 20;

export interface AddressSpace {
  readonly limitBytes: number;
  readonly freeBytes: number;
}

/** Null if there is no limit. `root`: a test points it at an artificial /proc. */
export function addressSpace(root = '/'): AddressSpace | null {
  const limit = /^Max address space\s+(\d+)/m.exec(read(join(root, 'proc/self/limits')))?.[1];
  const usedKiB = /^VmSize:\s+(\d+) kB/m.exec(read(join(root, 'proc/self/status')))?.[1];
  if (limit === undefined || usedKiB === undefined) return null;
  const limitBytes = Number(limit);
  return { limitBytes, freeBytes: Math.max(0, limitBytes - Number(usedKiB) * 1024) };
}

/** @throws UserError if `what` (a plural) need more than is left. `instead`: an alternative that needs less, or empty. */
export function requireAddressSpace(bytes: number, what: string, instead: string, root = '/'): void {
  const space = addressSpace(root);
  if (space === null || bytes <= space.freeBytes) return;
  const needed = Math.ceil(bytes / mebibyte);
  const enough = Math.ceil((bytes - space.freeBytes + space.limitBytes) / 1024 / 1000) * 1000;
  throw new UserError(
    `${what} need about ${needed} MiB of address space, and ${limitWords(space)}: ` +
      `raise it to ulimit -v ${enough}${instead === '' ? '' : `, or use ${instead}`}`,
  );
}

/** For messages about allocations that failed. */
export function limitWords(space: AddressSpace): string {
  const [limit, free] = [space.limitBytes, space.freeBytes].map((bytes) => Math.floor(bytes / mebibyte));
  return `ulimit -v allows ${limit} MiB, of which ${free} MiB are left`;
}

/**
 * Of a limited address space, the allocator gives each of libuv's four threads 64 MiB of its own. Two inflate as fast on
 * two cores. Before libuv starts them: it reads the variable then, unless the user has set it.
 */
export function fewerPoolThreads(environment: Record<string, string | undefined>, root = '/'): void {
  if (addressSpace(root) !== null) environment.UV_THREADPOOL_SIZE ||= '2';
}

/** Words to add to an error that a limited address space explains; null for any other error. */
export function limitBehind(error: unknown): string | null {
  const space =
    error instanceof Error && /allocat|out of memory/i.test(error.message) ? addressSpace() : null;
  return space && limitWords(space);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
