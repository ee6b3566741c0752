/** The command line of the race: `npm run bench:peers -- --peers a,b --rounds 7`. */
import { Command } from 'commander';
import { parseWords } from '../../dist/commands/parse-words.js';
import { didYouMean } from '../../dist/config/nearest.js';
import { ExitCode, expectedGot, UserError } from '../../dist/user-error.js';
import type { Contestant } from './types.ts';

export interface CommandLine {
  /** In the order of the list of contestants; ours are always among them. */
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly record: boolean;
  readonly load: boolean;
  /** Folder for the results; null: a new one under results/. */
  readonly out: string | null;
  readonly debug: boolean;
}

interface Flags {
  readonly peers?: readonly Contestant[];
  readonly rounds: number;
  readonly record: boolean;
  readonly load: boolean;
  readonly out?: string;
  readonly debug: boolean;
}

const defaultRounds = 7;

/** @throws UserError (usage). Returns null if help was requested and has been printed. */
export function parseCommandLine(
  words: readonly string[],
  all: readonly Contestant[],
  print: (text: string) => void,
): CommandLine | null {
  const names = peerNames(all);
  const command = new Command('npm run bench:peers --')
    .description(
      'shardstep and other libraries on the same work (784-256-128-10 on MNIST to 97 %), in turn. Libraries are installed ' +
        'into the cache folder on first use (several GB); one that cannot be installed is reported as absent.',
    )
    .option('--peers <names>', `of ${names.join(', ')} (default: all)`, (text) => select(text, all))
    .option('--rounds <n>', 'samples of each measure, after a warm-up round', count, defaultRounds)
    .option('--record', 'write to results/records/, which is committed', false)
    .option('--no-load', 'omit the race beside busy processes')
    .option('--out <folder>', 'the folder of the results (default: a new folder under results/)')
    .option('--debug', 'show stack traces', false)
    .addHelpText('after', '\nExit codes: 0 done, 1 shardstep itself failed, 2 bad usage, 130 interrupted.')
    .allowExcessArguments(false);
  if (!parseWords(command, words, print)) return null;
  const { peers, out, ...flags } = command.opts<Flags>();
  return { ...flags, out: out ?? null, contestants: peers ?? all };
}

const peerNames = (all: readonly Contestant[]): string[] =>
  all.filter(({ role }) => role === 'peer').map(({ name }) => name);

function select(text: string, all: readonly Contestant[]): Contestant[] {
  const wanted = text.split(',').map((word) => word.trim());
  const names = [...peerNames(all), ...all.filter(({ role }) => role === 'ours').map(({ name }) => name)];
  for (const word of wanted) {
    if (names.includes(word)) continue;
    throw new UserError(
      `--peers: ${expectedGot(`names of ${names.join(', ')}`, word)}${didYouMean(word, names)}`,
      ExitCode.usage,
    );
  }
  return all.filter(({ name, role }) => role !== 'peer' || wanted.includes(name));
}

function count(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= 1000) return value;
  throw new UserError(`--rounds: ${expectedGot('an integer from 1 to 1000', text)}`, ExitCode.usage);
}
