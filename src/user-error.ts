/**
 * Errors that a user can correct: one clear line, a documented exit code and no stack trace.
 * Any other error is a bug, and shows its stack only under `--debug`.
 */

/** Exit codes of every command. */
export const ExitCode = {
  done: 0,
  failure: 1,
  usage: 2,
  targetMissed: 3,
  /** By SIGHUP, SIGINT and SIGTERM. */
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** For programs that handle an error by what was wrong. */
export interface Refused {
  /** A dotted key of the configuration, or the name of an argument, such as `train.batch` or `data.inputs`. */
  readonly key?: string;
  /** What would have been accepted, in words. */
  readonly expected?: string;
  readonly received?: unknown;
}

/** An error that the caller can correct. */
export class UserError extends Error {
  override readonly name = 'UserError';
  /** `usage`: a wrong argument or configuration; `failure`: bad files or data, or a machine that cannot do it. */
  readonly code: 'usage' | 'failure' | 'interrupted';
  /** Of the command line. */
  readonly exitCode: ExitCode;
  /** Null if there is none. */
  readonly key: string | null;
  readonly expected: string | null;
  readonly received: unknown;

  /** `exitCode` is `failure` for bad files, `usage` for a wrong flag or configuration. */
  constructor(
    message: string,
    exitCode: ExitCode = ExitCode.failure,
    options?: ErrorOptions & { readonly refused?: Refused },
  ) {
    super(legible(message), options);
    this.exitCode = exitCode;
    this.code =
      exitCode === ExitCode.usage ? 'usage' : exitCode === ExitCode.interrupted ? 'interrupted' : 'failure';
    const { key = null, expected = null, received = null } = options?.refused ?? refusedIn(this.message);
    this.key = key;
    this.expected = expected;
    this.received = received;
  }

  /** `KEY: expected …, got …`: an argument or key that is refused. `source`: a file or the like, before the message. */
  static refusal(key: string, expected: string, received: unknown, source = ''): UserError {
    const message = `${source}${key}: ${expectedGot(expected, received)}`;
    return new UserError(message, ExitCode.usage, { refused: { key, expected, received } });
  }
}

/** At most so many characters: a longer text loses its end, or its middle if some characters of the end are kept. */
export function shortened(text: string, most: number, end = 0): string {
  return text.length > most ? `${text.slice(0, most - end)}…${text.slice(text.length - end)}` : text;
}

/** A name from a file in a message, in quotes: names may be of any length. */
export function quoted(name: string): string {
  return `"${shortened(JSON.stringify(name).slice(1, -1), longestName)}"`;
}

const longestName = 80;
/** More than any name in a path, which is shown whole. */
const longestWord = 255;
const longestMessage = 1000;

/** What a message repeats of files, command lines and systems may be of any length: every refusal can be read. */
const legible = (message: string): string =>
  shortened(
    message.replace(/[^\s/\\]+/g, (word) =>
      word.length > longestWord ? shortened(word, longestName, 20) : word,
    ),
    longestMessage,
    250,
  );

/** What the wording of refusals says, for those that are thrown as text alone. `received` is then text too. */
function refusedIn(message: string): Refused {
  const [, key, expected, received] =
    /^(?:[^:]+: )?([a-z]\w*(?:\.\w+|\[\d+\])+)(?:=[^:]*)?: expected (.+), got (.+)$/.exec(message) ?? [];
  return key === undefined || expected === undefined ? {} : { key, expected, received };
}

/** Characters of a value in a message; a file that is no configuration may be one long value. */
const longestShown = 200;

/** `expected an integer from 1 up, got "abc" (string)`: the wording of every refusal. */
export function expectedGot(expected: string, received: unknown): string {
  const type = received === null ? 'null' : Array.isArray(received) ? 'array' : typeof received;
  // JSON has no NaN or Infinity, and would call them null.
  const shown =
    typeof received === 'number' || typeof received === 'bigint'
      ? String(received)
      : (JSON.stringify(received) ?? String(received));
  return `expected ${expected}, got ${shown === type ? shown : `${shortened(shown, longestShown)} (${type})`}`;
}
