/** Operations on files that fail: one line with the operation, the file and the reason in words. */
import { ExitCode, type Refused, UserError } from './user-error.js';

/**
 * `what`: the operation, a verb first, such as `write`. `before` stands before the message. `exitCode`: if the path is the
 * reason; a failure of the machine is never bad usage. An error that is a line for the user already is returned as it is.
 */
export function cannot(
  what: string,
  file: string,
  error: unknown,
  exitCode: ExitCode = ExitCode.failure,
  { before = '', ...options }: { readonly before?: string; readonly refused?: Refused } = {},
): UserError {
  if (error instanceof UserError) return error;
  const isRead = /^(read|open|list)\b/.test(what);
  const reasons: Record<string, string> = {
    EEXIST: 'a file is in the way',
    EISDIR: isRead ? 'it is a folder' : 'a folder is in the way',
    ENOTDIR: 'a part of the path is a file, not a folder',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space left on the device',
    ENOENT: isRead ? 'it does not exist' : 'the folder does not exist',
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
  const isOfMachine = ['EIO', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ESTALE'].includes(code);
  return new UserError(
    `${before}cannot ${what} ${file}: ${reason}${code && ` (${code})`}`,
    isOfMachine ? ExitCode.failure : exitCode,
    { cause: error, ...options },
  );
}

/** A failure of the operating system that reached no code with more knowledge of it; null for any other error. */
export function systemFailure(error: unknown): UserError | null {
  if (!(error instanceof Error)) return null;
  const { code, syscall, path: file } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return null;
  const isUnclear = file === undefined || code === 'ENOENT';
  if (isUnclear) return new UserError(error.message, ExitCode.failure, { cause: error });
  return cannot(syscall, file, error);
}

export const errorCode = (error: unknown) =>
  error instanceof Error && 'code' in error ? String(error.code) : '';
