/**
 * Errors that a user can correct: one clear line, a documented exit code and no stack trace.
 * Any other error is a bug, and shows its stack only under `--debug`.
 */

/** Exit codes of every command. */
export const ExitCode = { done: 0, failure: 1, usage: 2, targetMissed: 3, interrupted: 130 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode: ExitCode;

  /** `exitCode` is `failure` for bad files, `usage` for a wrong flag or configuration. */
  constructor(message: string, exitCode: ExitCode = ExitCode.failure, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Characters of a value in a message; a file that is no configuration may be one long value. */
const longestShown = 200;

/** `expected an integer from 1 up, got "abc" (string)`: the wording of every refusal. */
export function expectedGot(expected: string, received: unknown): string {
  const type = received === null ? 'null' : Array.isArray(received) ? 'array' : typeof received;
  // JSON has no NaN or Infinity, and would call them null.
  const shown =
    typeof received === 'number' ? String(received) : (JSON.stringify(received) ?? String(received));
  const cut = shown.length > longestShown ? `${shown.slice(0, longestShown)}…` : shown;
  return `expected ${expected}, got ${shown === type ? shown : `${cut} (${type})`}`;
}
