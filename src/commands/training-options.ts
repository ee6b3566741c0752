/** Shared by the commands that train: flags, the configuration resolved from them, and checks before workers start. */
import type { Command as Parser } from 'commander';
import { type ResolvedConfig, resolveConfig } from '../config/load.js';
import { parseThreadList } from '../config/thread-list.js';
import { type CoreCount, countCores } from '../machine/cores.js';
import { oversubscription } from '../plan/threads.js';
import type { CommandContext } from '../run/command-context.js';
import { type RunPlace, refusePlace } from '../run/folder-claim.js';
import type { Progress } from '../run/progress.js';
import { baseOf, type Resumed, refuseOtherConfig } from '../run/resume.js';
import { ExitCode, UserError } from '../user-error.js';
import { environmentLevel } from './environment-level.js';
import { folder, outOption, overwriteOption, quietOption } from './option-values.js';

export interface TrainingFlags {
  readonly config?: string;
  readonly threads?: string;
  readonly out?: string;
  readonly overwrite: boolean;
  readonly printConfig: boolean;
  readonly logLevel?: string;
}

export function declareSettings(parser: Parser): Parser {
  return parser.argument(
    '[key=value...]',
    'settings that override the configuration file, such as train.batch=256',
  );
}

/** Flags of train, sweep and profile. */
export function declareTraining(parser: Parser): Parser {
  return declareRun(
    declareSettings(parser)
      .option(
        '--config <file>',
        'YAML configuration (train, profile: configs/mnist-97.yaml, sweep: configs/sweep.yaml)',
      )
      .option(
        '--threads <counts>',
        'train, profile: a count, physical (default), logical or auto; sweep: also 1,2,4 or 1..12',
      ),
  );
}

/** Flags of every command that trains one recipe. */
export function declareRun(parser: Parser): Parser {
  return parser
    .option(outOption, 'the run folder (default: a new one under results/)', folder)
    .option(...overwriteOption)
    .option('--print-config', 'print the resolved configuration as YAML, then stop', false)
    .option('--log-level <level>', 'level of log.ndjson (also LOG_LEVEL)')
    .option(...quietOption);
}

/** The first step of a command that trains. */
export interface Beginning {
  readonly resolved: ResolvedConfig;
  readonly cores: CoreCount;
  readonly place: RunPlace;
}

/** Null if the configuration was requested and has been printed. @throws UserError (usage). */
export async function beginTraining(
  name: 'train' | 'profile' | 'fit',
  words: readonly string[],
  flags: TrainingFlags,
  context: CommandContext,
  resumed: Resumed | null = null,
  settings: Readonly<Record<string, unknown>> = {},
  /** The default one. */
  recipe = 'mnist-97',
): Promise<Beginning | null> {
  const cores = await countCores();
  const threads = oneCount(name, flags.threads?.trim(), cores);
  const file = flags.config ?? (resumed === null ? implied(recipe) : null);
  return begin(file, words, { ...flags, threads, resumed, settings }, cores, context);
}

function oneCount(name: string, text: string | undefined, cores: CoreCount): Given['threads'] {
  if (text === undefined || text === 'auto' || text === 'physical') return text;
  const counts = parseThreadList(text, cores);
  if (counts.length > 1)
    throw new UserError(`--threads: ${name} takes one count; several are a sweep`, ExitCode.usage);
  return counts[0];
}

export interface SweepBeginning extends Beginning {
  /** Ascending. */
  readonly threads: readonly number[];
}

export async function beginSweep(
  words: readonly string[],
  flags: TrainingFlags,
  context: CommandContext,
): Promise<SweepBeginning | null> {
  const cores = await countCores();
  const threads = parseThreadList(flags.threads ?? 'physical', cores);
  if (words.some((word) => word.startsWith('parallel.threads=')))
    throw new UserError('parallel.threads: a sweep takes its counts from --threads', ExitCode.usage);
  const given = { ...flags, threads: undefined };
  const beginning = await begin(flags.config ?? implied('sweep'), words, given, cores, context);
  const most = threads[threads.length - 1];
  const over = beginning && oversubscription(most, most, cores);
  if (over !== null) context.warnings.warn('threads-above-limit', over);
  return beginning && { ...beginning, threads };
}

/** The default recipe of a command, used if the user names none. */
export interface Implied {
  readonly implied: string;
}

export const implied = (name: string): Implied => ({ implied: name });

interface Given {
  readonly threads?: number | 'auto' | 'physical' | undefined;
  readonly printConfig?: boolean;
  readonly logLevel?: string;
  readonly out?: string;
  readonly overwrite?: boolean;
  readonly resumed?: Resumed | null;
  /** Of flags, by their keys; undefined: of a flag that was not given. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Like beginTraining, for a command whose threads are those of the configuration. */
export async function begin(
  file: string | Implied | null,
  words: readonly string[],
  { threads, printConfig, logLevel, out, overwrite = false, resumed = null, settings = {} }: Given,
  cores: CoreCount,
  context: CommandContext,
): Promise<Beginning | null> {
  const resolved = await resolveConfig({
    ...(file === null || typeof file === 'string' ? { file } : { file: file.implied, implied: true }),
    ...(resumed === null ? {} : { base: baseOf(resumed) }),
    overrides: words,
    flags: { ...settings, 'parallel.threads': threads, 'log.level': logLevel ?? levelBelow(words, context) },
  });
  for (const line of resolved.notes) context.progress.note(line);
  if (printConfig === true) {
    const { toYaml } = await import('../config/yaml-text.js');
    context.stdout(toYaml(resolved.config).trimEnd());
    return null;
  }
  const place = { out: out ?? null, overwrite, resumed };
  // Before workers start and files are read.
  refusePlace(place);
  if (resumed !== null) refuseOtherConfig(resumed, resolved.config);
  if (resolved.config.backend.name === 'tfjs-node')
    (await import('../backend/tfjs/library.js')).requirePackage();
  noteSlowRuntime(context.progress);
  return { resolved, cores, place };
}

/** LOG_LEVEL overrides the file, and the command line overrides LOG_LEVEL. */
function levelBelow(words: readonly string[], { warnings }: CommandContext): string | undefined {
  if (words.some((word) => word.startsWith('log.level='))) return undefined;
  return environmentLevel(process.env, warnings.warn);
}

/** 256-bit kernels need a newer V8 than Node 20's. */
export function noteSlowRuntime(progress: Progress): void {
  const [major] = process.versions.node.split('.').map(Number);
  if (major >= 22 || process.arch !== 'x64') return;
  progress.note(
    `Node ${process.versions.node} runs 128-bit kernels; Node 22 and newer, such as that of \`npm start -- …\` in a checkout, are about three times as fast`,
  );
}
