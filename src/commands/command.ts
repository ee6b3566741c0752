/** What a command is: a file that exports `command`, and a line in table.ts. */
import type { Command as Parser } from 'commander';
import type { Raced } from '../fast-start/race.js';
import type { CommandContext } from '../run/command-context.js';
import type { ExitCode } from '../user-error.js';

/** Flags of every command. */
export interface CommonFlags {
  readonly json: boolean;
  readonly debug: boolean;
  /** Flags of the commands that show progress. */
  readonly quiet?: boolean;
}

export interface CommandLine extends CommandContext {
  /**
   * The race that ran before the command was loaded, or the reason for its failure; null if the command line selects no
   * race.
   */
  readonly raced: Raced | Error | null;
}

/** `Flags`: the command's flags, besides those of every command. */
export interface Command<Flags = object> {
  /** Declares arguments and options; name, description and common flags are already declared. */
  declare(parser: Parser): unknown;
  /** `words`: `key=value` words, or the paths of a command that reads logs. */
  run(words: readonly string[], flags: CommonFlags & Flags, line: CommandLine): ExitCode | Promise<ExitCode>;
}
