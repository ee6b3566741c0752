/** How work on data files ends if the caller's AbortSignal is aborted: a `UserError`, exit code 130. */
import { ExitCode, UserError } from '../user-error.js';

/** @param doing the interrupted operation, such as `reading data/mnist/train-images-idx3-ubyte.gz`. */
export function interruption(doing: string, signal: AbortSignal | undefined): UserError {
  return new UserError(`interrupted while ${doing}`, ExitCode.interrupted, { cause: signal?.reason });
}

/** @throws UserError with exit code `interrupted` if the signal is aborted. */
export function throwIfInterrupted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw interruption(doing, signal);
}
