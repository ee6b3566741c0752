/** Files that are always whole, with the old content or the new, also after a crash or a power cut. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { cannot, errorCode } from '../file-failure.js';
import { plural } from '../numbers/words.js';
import { ExitCode, UserError } from '../user-error.js';

/** A file's contents, whole or in pieces. */
export type Contents = string | Uint8Array | readonly Uint8Array[];

/**
 * Writes and syncs a temporary file beside the target, renames it over the target and syncs the folder: on ext4 and XFS
 * a rename may reach the disk before the data. Throws UserError (exit 1) and leaves no temporary file if that fails.
 */
export async function writeAtomic(file: string, data: Contents): Promise<void> {
  const temporary = temporaryName(file);
  try {
    await writeSynced(temporary, data);
    await fs.rename(temporary, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {});
    throw cannot('write', file, error, ExitCode.failure);
  }
}

async function writeSynced(file: string, data: Contents): Promise<void> {
  const handle = await fs.open(file, 'wx');
  try {
    const pieces = typeof data === 'string' || data instanceof Uint8Array ? [data] : data;
    for (const piece of pieces) await handle.writeFile(piece);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows has no such call, some file systems refuse it, and a folder may be writable but not readable. */
const unsyncable = ['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EPERM', 'EACCES', 'EISDIR', 'EBADF'];

/** Where folders cannot be synced, the rename is done nevertheless. @throws the error of a device that fails. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch (error) {
    if (!unsyncable.includes(errorCode(error))) throw error;
  }
}

/** Waits for all, so that a file that fails stops no other. Returns the first failure, with the number of the others; null without one. */
export async function firstFailure(works: readonly Promise<unknown>[]): Promise<unknown> {
  const failures = (await Promise.allSettled(works)).flatMap((work) =>
    work.status === 'rejected' ? [work.reason as unknown] : [],
  );
  const [first, ...others] = failures;
  if (first === undefined) return null;
  if (others.length === 0 || !(first instanceof UserError)) return first;
  return new UserError(`${first.message} (and ${plural(others.length, 'more file')})`, first.exitCode, {
    cause: first,
  });
}

export function temporaryName(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
}
