/** Ctrl-C and other signals: the first one ends the run cleanly, a second one ends the process at once. */
import { ExitCode } from '../user-error.js';

/** The exit code by signal: 128 and its number, as shells report it. SIGHUP: a terminal was closed. */
const codes = {
  SIGINT: ExitCode.interrupted,
  SIGTERM: ExitCode.terminated,
  // nohup makes a process ignore SIGHUP, but Node resets that: the signal would end the process and lose the run.
  SIGHUP: ExitCode.hungUp,
} as const;

/** The run was stopped from outside; its results so far are kept. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode = ExitCode.interrupted) {
    super('interrupted');
    this.exitCode = exitCode;
  }
}

/** The exit code of a command whose signal was aborted. */
export const codeOf = ({ reason }: AbortSignal): ExitCode =>
  reason instanceof Interrupted ? reason.exitCode : ExitCode.interrupted;

/** A signal that is aborted by SIGINT, SIGTERM or SIGHUP. */
export function listenForInterrupt(): AbortSignal {
  const controller = new AbortController();
  for (const [signal, code] of Object.entries(codes))
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(code);
      controller.abort(new Interrupted(code));
    });
  return controller.signal;
}
