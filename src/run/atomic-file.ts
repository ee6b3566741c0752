/** Files that are always whole, with the old content or the new, also after a crash or a power cut. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, UserError } from '../user-error.js';

/**
 * Writes and syncs a temporary file beside the target, renames it over the target and syncs the folder: on ext4 and XFS
 * a rename may reach the disk before the data. Throws UserError (exit 1) and leaves no temporary file if that fails.
 */
export async function writeAtomic(file: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(file);
  try {
    await writeSynced(temporary, data);
    await fs.rename(temporary, file);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {});
    throw cannot('write', file, error, ExitCode.failure);
  }
  await syncFolder(path.dirname(file));
}

async function writeSynced(file: string, data: string | Uint8Array): Promise<void> {
  const handle = await fs.open(file, 'wx');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Windows has no such call, and some file systems refuse it: the rename is done nevertheless. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await fs.open(folder, 'r');
    await handle.sync().finally(() => handle.close());
  } catch {}
}

export function cannot(what: string, file: string, error: unknown, exitCode: ExitCode): UserError {
  const reasons: Record<string, string> = {
    EEXIST: 'a file is in the way',
    EISDIR: 'a folder is in the way',
    ENOTDIR: 'a part of the path is a file, not a folder',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space left on the device',
    ENOENT: 'the folder does not exist',
    EIO: 'the device reports an input/output error',
    EDQUOT: 'the disk quota is used up',
    EMFILE: 'too many files are open',
    ENFILE: 'too many files are open',
    ENAMETOOLONG: 'the name is too long',
    ELOOP: 'its links lead in a circle',
    EBUSY: 'another program uses it',
    ESTALE: 'the network folder has changed',
  };
  const code = errorCode(error);
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return new UserError(`cannot ${what} ${file}: ${reason}${code && ` (${code})`}`, exitCode, {
    cause: error,
  });
}

/** A failure of the operating system that reached no code with more knowledge of it; null for any other error. */
export function systemFailure(error: unknown): UserError | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, path: file } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return null;
  const isUnclear = file === undefined || code === 'ENOENT';
  if (isUnclear) return new UserError(error.message, ExitCode.failure, { cause: error });
  return cannot(syscall, file, error, ExitCode.failure);
}

export const errorCode = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

export function temporaryName(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomBytes(6).toString('hex')}.tmp`);
}
