/** How work on data files ends when the caller's AbortSignal says so: a `UserError`, exit code 130. */
import { ExitCode, UserError } from '../user-error.js';

/** @param doing what was going on, such as `reading data/mnist/train-images-idx3-ubyte.gz`. */
export function interruption(doing: string, signal: AbortSignal | undefined): UserError {
  return new UserError(`interrupted while ${doing}`, ExitCode.interrupted, { cause: signal?.reason });
}

/** @throws UserError with exit code `interrupted` when the signal is set. */
export function throwIfInterrupted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw interruption(doing, signal);
}
