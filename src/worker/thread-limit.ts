/** Threads that the system refuses: RLIMIT_NPROC, or the limit of a container (`pids.max`). */
import { errorCode } from '../file-failure.js';
import { UserError } from '../user-error.js';

/** What Node says before the name of the system's error. */
const initialisation = /^Worker initialization failure: /;

/** The error of a thread that could not be started, in words for the user; any other error as it is. */
export function refusedThread(error: unknown): unknown {
  if (!(error instanceof Error) || errorCode(error) !== 'ERR_WORKER_INIT_FAILED') return error;
  const reason = error.message.replace(initialisation, '');
  const text =
    reason === 'EAGAIN'
      ? 'the system allows no more threads (EAGAIN): raise `ulimit -u` or the limit of the container, or use fewer `--threads`'
      : `the system starts no thread (${reason})`;
  return new UserError(text, undefined, { cause: error });
}
