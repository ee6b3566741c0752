/** Runs commander: its errors become one line in our format, and its output goes to the caller's writer. */
import { type Command, CommanderError } from 'commander';
import { ExitCode, UserError } from '../user-error.js';

const noHint = (_: string, nearest: string | null) => (nearest === null ? '' : `; did you mean ${nearest}?`);

/**
 * Lets `program` and its commands act on the words. False if help or the version was requested and has been printed.
 * `hint`: the suggestion for an unknown flag: empty or `; did you mean …?`.
 * @throws UserError (usage) for words that it does not accept.
 */
export function parseWords(
  program: Command,
  words: readonly string[],
  print: (text: string) => void,
  hint: (flag: string, nearest: string | null) => string = noHint,
): boolean {
  for (const each of [program, ...program.commands]) {
    each.exitOverride().configureOutput({
      writeOut: (text) => print(text.trimEnd()),
      outputError: () => {},
      writeErr: () => {},
    });
  }
  try {
    program.parse(words, { from: 'user' });
    return true;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return false;
    const unknown = /^error: unknown option '(.*?)'(?:\n\(Did you mean (.*)\?\))?$/s.exec(error.message);
    const message =
      unknown === null
        ? error.message.replace(/^error: /, '').replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?')
        : `unknown option '${unknown[1]}'${hint(unknown[1], unknown[2] ?? null)}`;
    throw new UserError(message.replace(/\s*\n\s*/g, ' '), ExitCode.usage);
  }
}
