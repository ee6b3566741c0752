/** The command line: finds the command and its words and flags. What a command does is in its own file. */
import { Command as Parser } from 'commander';
import { didYouMean } from '../config/nearest.js';
import { asksForRace } from '../fast-start/words.js';
import { ExitCode, quoted, UserError } from '../user-error.js';
import type { CommandLine, CommonFlags } from './command.js';
import { parseWords } from './parse-words.js';
import { type CommandEntry, settings, table } from './table.js';

export interface ParsedCommand {
  readonly command: string;
  readonly flags: CommonFlags;
  /** `key=value` words; the paths of a command that reads logs. */
  readonly words: readonly string[];
  run(line: CommandLine): ExitCode | Promise<ExitCode>;
}

const exitCodes = `
Exit codes: 0 done, 1 runtime failure, 2 bad usage or configuration, 3 target missed, 129, 130, 143 interrupted by SIGHUP, SIGINT, SIGTERM.
With --seeds, the mean accuracy decides between 0 and 3; for the race, its own accuracy must reach the target too.`;

/**
 * Parses the words after `node dist/coordinator`. Without the name of a command: no words, or flags of the race only,
 * select the race; `--threads` selects a sweep (with `--seeds`, training); any other words select training.
 * Returns null if help or the version was requested and has been printed. @throws UserError (usage).
 */
export async function parseCommandLine(
  typed: readonly string[],
  version: string,
  print: (text: string) => void,
): Promise<ParsedCommand | null> {
  const words = typed[0] === 'help' && typed.length > 1 ? helpOf(typed) : typed;
  const asksForHelp = words.length === 1 && ['--help', '-h', 'help', '--version', '-V'].includes(words[0]);
  const named = table.find(({ name }) => name === words[0]);
  const has = (flag: string) => words.some((word) => word === flag || word.startsWith(`${flag}=`));
  const other = has('--threads') && !has('--seeds') ? 'sweep' : 'train';
  const implied = asksForRace(words) ? 'race' : other;
  const chosen = named ?? table.find(({ name }) => name === implied);
  const program = programOf(version);
  // Only for commands that load the keys anyway.
  const spelling = chosen?.words === settings ? await import('./spelling.js') : null;
  let parsed: ParsedCommand | null = null;
  for (const entry of table) {
    const parser = program.command(entry.name).description(entry.description);
    const isLoaded = entry === chosen && !asksForHelp;
    const command = isLoaded ? (await entry.load()).command : null;
    if (command !== null) command.declare(parser);
    else if (entry.words !== undefined) parser.arguments(entry.words);
    parser.option('--json', 'one JSON object on stdout', false).option('--debug', 'show stack traces', false);
    if (command === null) continue;
    parser.action(() => {
      const flags = parser.opts<CommonFlags>();
      const given = parser.args;
      if (spelling !== null)
        refuseStray(given, (stray) => spelling.hintForWord(stray, words, names(), named?.name ?? null));
      parsed = {
        command: entry.name,
        flags,
        words: given,
        // The values of a command's flags come from the parser on which that command declared them.
        run: (line) => command.run(given, flags as never, line),
      };
    });
  }
  const hint =
    spelling === null
      ? undefined
      : (flag: string, near: string | null) => spelling.hintForFlag(flag, words, near);
  if (!parseWords(program, named || asksForHelp ? words : [implied, ...words], print, hint)) return null;
  return parsed;
}

/** As typed: the package's bin, or the program of a checkout. */
const programName = () =>
  /(^|[\\/])shardstep(\.cmd)?$/.test(process.argv[1] ?? '') ? 'shardstep' : 'node dist/coordinator';

function programOf(version: string): Parser {
  return new Parser(programName())
    .description(
      'A multi-threaded data-parallel trainer for small neural networks on CPUs.\n' +
        'Without a command: the race; with --threads: a scaling sweep; with settings: training.',
    )
    .version(version, '-V, --version')
    .addHelpText('after', exitCodes);
}

const names = () => table.map(({ name }: CommandEntry) => name);

/** `help train` is `train --help`. */
function helpOf([, topic]: readonly string[]): string[] {
  if (names().includes(topic)) return [topic, '--help'];
  const known = names().map((name) => `help ${name}`);
  const hint = didYouMean(`help ${topic}`, known);
  throw new UserError(
    `expected one of ${known.join(', ')}, got ${quoted(`help ${topic}`)}${hint}`,
    ExitCode.usage,
  );
}

/** A single word without `=` is most likely a misspelt command. */
function refuseStray(given: readonly string[], hint: (stray: string) => string): void {
  const stray = given.find((word) => !word.includes('='));
  if (stray === undefined) return;
  throw new UserError(
    `expected key=value or one of the commands ${names().join(', ')}, got ${quoted(stray)}${hint(stray)}`,
    ExitCode.usage,
  );
}
