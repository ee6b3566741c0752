/** Runs commander: its errors become one line in our format, and its output goes to the caller's writer. */
import { type Command, CommanderError } from 'commander';
import { ExitCode, UserError } from '../user-error.js';

/**
 * Lets `program` and its commands act on the words. False if help or the version was requested and has been printed.
 * @throws UserError (usage) for words that it does not accept.
 */
export function parseWords(
  program: Command,
  words: readonly string[],
  print: (text: string) => void,
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
    const message = error.message
      .replace(/^error: /, '')
      .replace(/\n\(Did you mean (.*)\?\)/, '; did you mean $1?');
    throw new UserError(message.replace(/\s*\n\s*/g, ' '), ExitCode.usage);
  }
}
