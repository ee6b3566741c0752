/** The `sweep` command: runs the same work at several thread counts and reports the speed-up over one thread. */

import { planFor, type Setup, withSetup } from '../coordinator/setup.js';
import { type Trainer, withTrainer } from '../coordinator/trainer.js';
import { median } from '../numbers/statistics.js';
import { chooseSync } from '../plan/choose-sync.js';
import { imagesOf, runLength } from '../plan/run-length.js';
import type { CommandContext } from '../run/command-context.js';
import { endRun } from '../run/run-ending.js';
import { shownFolder } from '../run/run-folder.js';
import { type SweepRow, sweepCsv, sweepMarkdown } from '../run/sweep-table.js';
import { type Ended, withRun } from '../run/with-run.js';
import { ExitCode } from '../user-error.js';
import type { Warning } from '../warnings.js';
import type { Command } from './command.js';
import { count } from './option-values.js';
import { beginSweep, declareTraining, type SweepBeginning, type TrainingFlags } from './training-options.js';

interface Flags extends TrainingFlags {
  readonly repeats: number;
}

export const command: Command<Flags> = {
  declare: (parser) =>
    declareTraining(parser).option(
      '--repeats <n>',
      'timed repeats of each thread count, after one warm-up',
      count('repeats'),
      5,
    ),
  async run(words, flags, line) {
    const beginning = await beginSweep(words, flags, line);
    if (beginning === null) return ExitCode.done;
    return sweep({ ...beginning, repeats: flags.repeats }, line);
  },
};

export interface SweepOptions extends SweepBeginning {
  readonly repeats: number;
}

/**
 * Measures one thread count: a warm-up run that is not counted, then the repeats. Evaluations are omitted, except with
 * direction features: making those of the evaluated images is most of the threads' work. Each time is added to
 * `samplesMs` at once, so that an interruption keeps it.
 */
async function measure(
  setup: Setup,
  threads: number,
  repeats: number,
  { progress }: CommandContext,
  samplesMs: number[],
): Promise<Omit<SweepRow, 'speedup' | 'efficiency'>> {
  const { config } = setup;
  const plan = planFor(setup, threads);
  const samples = async (trainer: Trainer) => {
    const shares = { compute: 0, synchronisation: 0, update: 0 };
    let images = 0;
    for (let repeat = 0; repeat <= repeats; repeat++) {
      const outcome = await trainer.train(config.seed, {}, { evaluates: plan.directions !== null });
      const elapsedMs = plan.directions === null ? outcome.trainMs : outcome.residentMs;
      progress.note(
        `${threads} thread${threads === 1 ? '' : 's'}, ${repeat === 0 ? 'warm-up' : `repeat ${repeat}/${repeats}`}: ${elapsedMs.toFixed(1)} ms`,
      );
      if (repeat === 0) continue;
      images = outcome.images;
      samplesMs.push(elapsedMs);
      const { compute, update } = trainer.session.phaseTimes();
      shares.compute += compute / elapsedMs / repeats;
      shares.update += update / elapsedMs / repeats;
    }
    shares.synchronisation = Math.max(0, 1 - shares.compute - shares.update);
    const medianMs = median(samplesMs);
    return {
      threads,
      samplesMs,
      medianMs,
      imagesPerSecond: (images / medianMs) * 1000,
      oversubscribed: plan.oversubscribed,
      shares,
    };
  };
  return withTrainer(setup, plan, samples);
}

function withSpeedup(row: Omit<SweepRow, 'speedup' | 'efficiency'>, baselineMs: number): SweepRow {
  const speedup = baselineMs / row.medianMs;
  return { ...row, speedup, efficiency: speedup / row.threads };
}

export function sweep(options: SweepOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, cores, threads, repeats, place } = options;
  const { config, given } = resolved;
  const { signal, progress, warnings } = context;
  const note = (line: string) => progress.note(line);
  const { warn } = warnings;
  return withSetup({ config, given, cores, signal, note, warn, startsWorkers: false }, (setup) => {
    // Plans are checked before the folder is created.
    for (const count of [1, ...threads]) planFor(setup, count);
    const rows: SweepRow[] = [];
    let baseline: SweepRow | null = null;
    let unfinished: { threads: number; samplesMs: number[] } | null = null;
    const measured = async (count: number) => {
      unfinished = { threads: count, samplesMs: [] };
      const row = await measure(setup, count, repeats, context, unfinished.samplesMs);
      unfinished = null;
      return row;
    };
    return withRun({ ...resolved, config: setup.config }, place, context, {
      async body({ log }) {
        // Speed-up is relative to one thread, so one thread is always measured.
        const single = await measured(1);
        baseline = withSpeedup(single, single.medianMs);
        for (const count of threads) {
          const row = count === 1 ? baseline : withSpeedup(await measured(count), single.medianMs);
          rows.push(row);
          log.event('sweep_row', row);
        }
      },
      judge: () => 'done',
      async end(run, ended) {
        run.log.event('speedup', {
          baselineThreads: 1,
          rows: rows.map(({ threads: count, speedup, efficiency }) => ({
            threads: count,
            speedup,
            efficiency,
          })),
        });
        const result = resultJson(options, setup, ended, {
          baseline,
          rows,
          unfinished,
          warnings: warnings.list,
        });
        const { failure } = ended;
        const reason = failure instanceof Error ? failure.message : 'all thread counts measured';
        const markdown = sweepMarkdown(rows);
        const files = { 'sweep.csv': sweepCsv(rows), 'sweep.md': `${markdown}\n` };
        const show = (hardware: readonly string[]) => {
          const card = hardware.length > 0 ? ['', ...hardware] : [];
          const folder = `folder     ${shownFolder(run.folder)}`;
          if (context.json) context.stdout(JSON.stringify(result));
          else if (rows.length > 0) context.stdout([markdown, ...card, folder].join('\n'));
        };
        await endRun({ ...run, ...ended, setup }, { reason, result, files, show });
      },
    });
  });
}

interface Measured {
  readonly baseline: SweepRow | null;
  readonly rows: readonly SweepRow[];
  readonly warnings: readonly Warning[];
  /** The thread count being measured when the sweep ended. */
  readonly unfinished: { readonly threads: number; readonly samplesMs: readonly number[] } | null;
}

function resultJson(
  { resolved: { name }, threads, repeats }: SweepOptions,
  setup: Setup,
  { status }: Ended,
  { baseline, rows, unfinished, warnings }: Measured,
) {
  const { config } = setup;
  const { facts } = setup.data;
  const { images, stepsPerEpoch, totalSteps } = runLength(config, facts.parts.train.count);
  return {
    schema: 1,
    name,
    status,
    // A sweep trains to measure time: it evaluates nothing and has no target.
    accuracy: null,
    target: null,
    threads: threads[threads.length - 1],
    seed: config.seed,
    epochs: config.train.epochs,
    steps: totalSteps,
    images: imagesOf(totalSteps, stepsPerEpoch, config.train.batch, images),
    residentMs: rows.at(-1)?.medianMs ?? null,
    coldMs: performance.now(),
    phases: setup.phases,
    sync: chooseSync(config, facts).sync,
    packing: facts.packing,
    backend: config.backend.name,
    tensorflow: setup.tensorflow,
    wasmLevel: setup.kernels?.level ?? null,
    cores: setup.cores,
    warnings,
    repeats,
    baseline,
    rows,
    unfinished,
  };
}
