/** The command line: flags, commands and their help. What a command does is in the file of its name. */
import { Command } from 'commander';
import { nearest } from '../config/nearest.js';
import { asksForRace } from '../fast-start/words.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import { parseWords } from './parse-words.js';

export interface Flags {
  readonly config?: string;
  readonly threads?: string;
  /** sweep */
  readonly repeats?: number;
  /** race, train */
  readonly seeds?: number;
  readonly out?: string;
  readonly json: boolean;
  readonly quiet?: boolean;
  readonly printConfig?: boolean;
  /** train */
  readonly printPlan?: boolean;
  /** study */
  readonly dryRun?: boolean;
  readonly only?: readonly string[];
  /** lr-find */
  readonly from?: number;
  readonly to?: number;
  readonly steps?: number;
  /** profile */
  readonly cpuProf?: boolean;
  readonly logLevel?: string;
  /** compare */
  readonly force?: boolean;
  readonly debug: boolean;
}

export interface ParsedCommand {
  readonly command: CommandName;
  readonly flags: Flags;
  /** `key=value` words; the paths of a command that reads logs. */
  readonly overrides: readonly string[];
}

const commandNames = [
  'race',
  'train',
  'sweep',
  'profile',
  'study',
  'lr-find',
  'hardware',
  'report',
  'compare',
  'check-log',
] as const;
export type CommandName = (typeof commandNames)[number];
/** Commands whose words are paths. */
const readers: readonly CommandName[] = ['report', 'compare', 'check-log'];

const exitCodes = `
Exit codes: 0 done, 1 runtime failure, 2 bad usage or configuration, 3 target missed, 130 interrupted.
With --seeds, 0 and 3 are decided by the mean accuracy; of a race, by its own as well.`;

function count(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= 100_000) return value;
    throw new UserError(`--${name}: ${expectedGot('an integer from 1 to 100000', text)}`, ExitCode.usage);
  };
}

function rate(name: string) {
  return (text: string): number => {
    const value = Number(text);
    if (text !== '' && value > 0 && value <= 1e6) return value;
    throw new UserError(`--${name}: ${expectedGot('a number above 0 and up to 1e6', text)}`, ExitCode.usage);
  };
}

function names(text: string): string[] {
  const found = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (found.length > 0) return found;
  throw new UserError(
    `--only: ${expectedGot('names of comparisons, separated by commas', text)}`,
    ExitCode.usage,
  );
}

function folder(text: string): string {
  if (text !== '') return text;
  throw new UserError(`--out: ${expectedGot('the path of a folder', text)}`, ExitCode.usage);
}

/** Flags that all training commands take. */
function withRunFlags(command: Command): Command {
  return command
    .argument('[key=value...]', 'settings that override the configuration file, such as train.batch=256')
    .option(
      '--config <file>',
      'YAML configuration (train, profile: configs/mnist-97.yaml, sweep: configs/sweep.yaml)',
    )
    .option(
      '--threads <counts>',
      'train, profile: a count, physical (default), logical or auto; sweep: also 1,2,4 or 1..12',
    )
    .option('--out <folder>', 'the run folder (default: a new one under results/)', folder)
    .option('--print-config', 'print the resolved configuration as YAML and stop', false)
    .option('--log-level <level>', 'level of log.ndjson (also LOG_LEVEL)')
    .option('--quiet', 'no progress on stderr', false);
}

function withCommonFlags(command: Command): Command {
  return command
    .option('--json', 'one JSON object on stdout', false)
    .option('--debug', 'show stack traces', false);
}

/**
 * Parses the words after `node dist/coordinator`. Without a command, nothing or flags of the race ask for the race,
 * `--threads` for a sweep (unless `--seeds` asks for training), and anything else trains.
 * @throws UserError (usage). Returns null when help or the version was asked for and has been printed.
 */
export function parseCommandLine(
  words: readonly string[],
  version: string,
  print: (text: string) => void,
): ParsedCommand | null {
  const named = commandNames.find((name) => name === words[0]);
  const has = (flag: string) => words.some((word) => word === flag || word.startsWith(`${flag}=`));
  const other = has('--threads') && !has('--seeds') ? 'sweep' : 'train';
  const implied = asksForRace(words) ? 'race' : other;
  const asksForHelp = words.length === 1 && ['--help', '-h', 'help', '--version', '-V'].includes(words[0]);
  let parsed: ParsedCommand | null = null;
  const program = buildProgram(version, (command, flags, overrides) => {
    parsed = { command, flags, overrides };
  });
  if (!parseWords(program, named || asksForHelp ? words : [implied, ...words], print)) return null;
  if (parsed !== null) checkWords(parsed);
  return parsed;
}

function buildProgram(
  version: string,
  found: (command: CommandName, flags: Flags, overrides: string[]) => void,
): Command {
  const program = new Command('node dist/coordinator')
    .description(
      'A multi-threaded data-parallel trainer for small neural networks on CPUs.\n' +
        'Without a command: the race; with --threads: a scaling sweep; with settings: training.',
    )
    .version(version, '-V, --version')
    .addHelpText('after', exitCodes);
  withCommonFlags(program.command('race'))
    .description('reach the target of configs/mnist-97.yaml as soon as possible, then repeat it')
    .option('--seeds <n>', 'repetitions, on one thread and on all physical cores', count('seeds'), 20)
    .option('--profile-startup', 'where the time from the start of the process went', false)
    .option(
      '--compile-kernels',
      'do so in the race too, instead of taking the code that the build kept',
      false,
    )
    .option('--out <folder>', 'the run folder (default: a new one under results/)', folder)
    .option('--quiet', 'no progress on stderr', false)
    .action((flags: Flags) => found('race', flags, []));
  withCommonFlags(withRunFlags(program.command('train')))
    .description('train a network and leave a run folder under results/')
    .option(
      '--seeds <n>',
      'train with seeds seed, seed + 1, …; print mean, SD, min, share',
      count('seeds'),
      1,
    )
    .option('--print-plan', 'print the plan of the run (sizes, offsets, slices) as JSON and stop', false)
    .action((overrides: string[], flags: Flags) => found('train', flags, overrides));
  withCommonFlags(withRunFlags(program.command('sweep')))
    .description('measure speed-up against thread count')
    .option('--repeats <n>', 'timed repeats of each thread count, after one warm-up', count('repeats'), 5)
    .action((overrides: string[], flags: Flags) => found('sweep', flags, overrides));
  withCommonFlags(program.command('study'))
    .description('compare variants of recipes in pairs of seeds; the plan and its cost come first')
    .option('--config <file>', 'YAML study file', 'quick')
    .option('--out <folder>', 'the study folder; cells that are finished in it are not run again', folder)
    .option('--only <names>', 'only these comparisons, separated by commas', names)
    .option('--dry-run', 'print the plan and its estimated cost and stop', false)
    .option('--quiet', 'no progress on stderr', false)
    .action((flags: Flags) => found('study', flags, []));
  withCommonFlags(program.command('lr-find'))
    .description('learning-rate range test: the loss while the rate rises exponentially')
    .argument('[key=value...]', 'settings that override the configuration file, such as train.batch=256')
    .option('--config <file>', 'YAML configuration', 'mnist-97')
    .option('--from <rate>', 'the first rate', rate('from'), 1e-4)
    .option('--to <rate>', 'the last rate', rate('to'), 10)
    .option('--steps <n>', 'steps from the first to the last', count('steps'), 100)
    .option('--out <folder>', 'the run folder (default: a new one under results/)', folder)
    .option('--quiet', 'no progress on stderr', false)
    .action((overrides: string[], flags: Flags) => found('lr-find', flags, overrides));
  withCommonFlags(withRunFlags(program.command('profile')))
    .description('train as train does, and tell where the time goes: phases, roofline, trace, bottleneck')
    .option('--cpu-prof', 'a V8 CPU profile of every thread too; it slows what it watches', false)
    .action((overrides: string[], flags: Flags) => found('profile', flags, overrides));
  withCommonFlags(program.command('hardware'))
    .description('print the hardware card, measured speeds included')
    .action((flags: Flags) => found('hardware', flags, []));
  addReaders(program, found);
  return program;
}

function addReaders(
  program: Command,
  found: (command: CommandName, flags: Flags, paths: string[]) => void,
): void {
  withCommonFlags(program.command('report'))
    .description('write report.html, report.md and CSVs about runs, also of other machines')
    .argument('<run...>', 'run folders, NDJSON logs, or folders of either')
    .option('--out <folder>', 'where the report goes (default: a new folder under results/reports/)', folder)
    .option('--quiet', 'no progress on stderr', false)
    .action((paths: string[], flags: Flags) => found('report', flags, paths));
  withCommonFlags(program.command('compare'))
    .description('two runs, sweeps or folders of runs: time, throughput and accuracy, and what differs')
    .argument('<a>', 'run folder, NDJSON log or folder of runs')
    .argument('<b>', 'the same')
    .option('--force', 'compare although data or recipe differ', false)
    .action((a: string, b: string, flags: Flags) => found('compare', flags, [a, b]));
  withCommonFlags(program.command('check-log'))
    .description('say everything that is wrong with logs; exit 1 for any damage')
    .argument('<log...>', 'NDJSON logs, run folders or folders of either')
    .action((paths: string[], flags: Flags) => found('check-log', flags, paths));
}

/** A lone word is most likely a misspelt command. */
function checkWords({ command, overrides }: ParsedCommand): void {
  if (readers.includes(command)) return;
  const stray = overrides.find((word) => !word.includes('='));
  if (stray === undefined) return;
  const close = nearest(stray, commandNames);
  const hint = close === null ? '' : `; did you mean ${close}?`;
  throw new UserError(
    `expected key=value or one of the commands ${commandNames.join(', ')}, got "${stray}"${hint}`,
    ExitCode.usage,
  );
}
