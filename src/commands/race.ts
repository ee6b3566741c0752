/**
 * The `race` command after its result is printed: verifies everything that the race used, repeats the recipe with other
 * seeds on one thread and on all physical cores, and writes the run folder.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isatty } from 'node:tty';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.js';
import { planFor, withSetup } from '../coordinator/setup.js';
import { type Trainer, withTrainer } from '../coordinator/trainer.js';
import { loadDataset } from '../data/load.js';
import { dataFolder } from '../fast-start/data-files.js';
import type { Raced } from '../fast-start/race.js';
import { raceRecipe } from '../fast-start/recipe.js';
import { countCores } from '../machine/cores.js';
import { median } from '../numbers/statistics.js';
import { chooseSync } from '../plan/choose-sync.js';
import { coreThreads } from '../plan/threads.js';
import type { CommandContext } from '../run/command-context.js';
import { createProgress } from '../run/progress.js';
import { judgeSeeds, runSeeds } from '../run/seed-runs.js';
import { emptyRecord, finishTraining, type Kept, type RaceSummary, seedRuns } from '../run/train-result.js';
import { withRun } from '../run/with-run.js';
import { ExitCode, UserError } from '../user-error.js';
import { checkRace, checkRepetition } from './check-race.js';
import type { Command } from './command.js';
import { count, folder, outOption, overwriteOption, quietOption } from './option-values.js';
import { type Beginning, begin } from './training-options.js';

interface Flags {
  readonly seeds: number;
  readonly out?: string;
  readonly overwrite: boolean;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    parser
      .option('--seeds <n>', 'repetitions, on one thread and on all physical cores', count('seeds'), 20)
      .option('--profile-startup', 'print where the time since the start of the process went', false)
      .option(
        '--compile-kernels',
        'compile the kernels instead of loading the machine code cached by the build',
        false,
      )
      .option(outOption, 'the run folder (default: a new one under results/)', folder)
      .option(...overwriteOption)
      .option(...quietOption),
  async run(words, { seeds, ...place }, line) {
    const beginning = await begin('mnist-97', words, place, await countCores(), line);
    if (beginning === null) return ExitCode.done;
    if (dataFolder(process.env) === null && (await getsFiles(beginning, line))) return raceAgain(line);
    const raced = line.raced ?? new Error('the race was skipped: these options do not select it');
    return finishRace({ ...beginning, raced, seeds }, line);
  },
};

/** Gets the files of MNIST. Returns whether a race can now start: in another process, which begins with it. */
async function getsFiles({ resolved }: Beginning, { signal, progress, warnings }: CommandContext) {
  const note = (text: string) => progress.note(text);
  const { set, dir } = resolved.config.data;
  await loadDataset({ set, dir }, { signal, note, warn: warnings.warn });
  return dataFolder(process.env) !== null;
}

async function raceAgain({ signal }: CommandContext): Promise<ExitCode> {
  const { argv, execArgv, execPath } = process;
  const child = spawn(execPath, [...execArgv, ...argv.slice(1)], { stdio: 'inherit' });
  // A terminal interrupts both.
  if (!isatty(0)) signal.addEventListener('abort', () => child.kill('SIGINT'));
  const [code] = await once(child, 'close');
  return code ?? ExitCode.failure;
}

export interface RaceOptions extends Beginning {
  /** The result of the race, or the reason for its failure. */
  readonly raced: Raced | Error;
  readonly seeds: number;
}

export async function finishRace(options: RaceOptions, context: CommandContext) {
  const { resolved, cores, seeds, place } = options;
  const { config, name } = resolved;
  const { signal, progress } = context;
  const raced = options.raced instanceof Error ? null : options.raced;
  if (raced !== null && !isDeepStrictEqual(raced.recipe, raceRecipe(name, config)))
    throw new UserError(
      `configs/${name}.yaml has changed since the program was built: npm run build`,
      ExitCode.usage,
    );
  const note = (line: string) => progress.note(line);
  const { warn } = context.warnings;
  return withSetup({ config, cores, signal, note, warn, startsWorkers: false }, (setup) => {
    if (raced !== null) checkRace(raced, setup);
    else progress.note(`no race from a cold start: ${String(options.raced)}`);
    setup.phases.startup = context.startupMs;
    const { targets } = setup.data.parts[config.stop.on];
    const { count: all } = coreThreads(cores, chooseSync(config, setup.data.facts).sync);
    const counts = all === 1 ? [1] : [1, all];
    const groups = counts.map((threads) => ({
      threads,
      plan: planFor(setup, threads),
      record: emptyRecord(raced?.elapsedMs ?? null),
    }));
    const silent = { ...context, progress: createProgress({ stream: process.stderr, quiet: true }) };
    /** The recipe as the race ran it, and its weights; they become config.yaml and final.safetensors in the folder. */
    const leading: Config = { ...config, data: { ...config.data, shuffle: false } };
    let raceWeights: Pick<Kept, 'tensors' | 'accuracy'> = { tensors: null, accuracy: null };
    // Interrupted before the second thread count: the results of the first are reported.
    const lastGroup = () => groups.findLast(({ record }) => record.results.length > 0) ?? groups[0];
    return withRun(resolved, place, context, {
      async body({ log }) {
        if (raced !== null) log.event('race', raceFacts(raced));
        for (const { threads, plan, record } of groups) {
          const on = `${seeds} seed${seeds === 1 ? '' : 's'} on ${threads} thread${threads === 1 ? '' : 's'}`;
          progress.note(`repeating with ${on}`);
          log.event('plan', { plan, threads: { count: threads, reason: 'the race is repeated on it' } });
          await withTrainer(setup, plan, async (trainer) => {
            const repeated = await repeat(trainer, leading);
            if (raced !== null) checkRepetition(raced, repeated, threads);
            raceWeights = { tensors: trainer.session.parameters(), accuracy: repeated };
            await runSeeds(trainer, { config, seeds, targets, log, record, context: silent });
          });
        }
      },
      judge() {
        const status = judgeSeeds(lastGroup().record.results, config.stop.target, lastGroup().plan);
        const missed = raced !== null && status === 'reached' && raced.accuracy < raced.recipe.target;
        return missed ? 'missed' : status;
      },
      async end(run, ended) {
        const last = lastGroup();
        const others = groups.filter((group) => group !== last && group.record.results.length > 0);
        await finishTraining({
          ...{ ...run, ...ended, resolved, seeds, context },
          setup: { ...setup, config: leading },
          plan: last.plan,
          record: { ...last.record, ...raceWeights },
          race: raced === null ? null : raceFacts(raced),
          otherThreads: others.map(({ threads, record }) => ({ threads, runs: seedRuns(record) })),
          speedup: speedupOf(groups),
        });
      },
    });
  });
}

/** Repeats the race in a session, with the same images in the same order; this also warms the workers. */
async function repeat(trainer: Trainer, config: Config): Promise<number> {
  const { evaluation } = await trainer.train(config.seed, {}, { config });
  return evaluation?.accuracy ?? Number.NaN;
}

function raceFacts({ recipe, accuracy, elapsedMs, marks, level, compiled }: Raced): RaceSummary {
  const phases = marks.map(([phase, atMs], i) => [phase, atMs - (marks[i - 1]?.[1] ?? 0)]);
  return {
    accuracy,
    images: recipe.images,
    coldMs: elapsedMs,
    phases: Object.fromEntries(phases),
    wasmLevel: level,
    kernels: compiled,
  };
}

/** Ratio of the medians, most threads over one; null until both exist. */
function speedupOf(groups: readonly { readonly record: Kept }[]): number | null {
  const [single, most] = [groups[0], groups[groups.length - 1]].map(({ record }) =>
    record.results.map(({ outcome }) => outcome.residentMs),
  );
  if (groups.length < 2 || single.length === 0 || most.length === 0) return null;
  return median(single) / median(most);
}
