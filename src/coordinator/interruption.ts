/** Ctrl-C: the first one ends the run cleanly, a second one ends the process at once. */
import { ExitCode } from '../user-error.js';

/** The run was stopped from outside; its results so far are kept. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted');
  }
}

/** A signal that is aborted by SIGINT, SIGTERM or, when a terminal is closed, SIGHUP. */
export function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(ExitCode.interrupted);
    controller.abort(new Interrupted());
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // nohup makes a process ignore SIGHUP, but Node resets that: the signal would end the process and lose the run.
  process.on('SIGHUP', stop);
  return controller.signal;
}
