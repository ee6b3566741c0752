/** The `sweep` command: the same work at several thread counts, and the speed-up over one thread. */
import type { ResolvedConfig } from '../config/load.js';
import { readInitialTensors } from '../coordinator/initial-tensors.js';
import type { Session } from '../coordinator/session.js';
import { planFor, type Setup, setUp, withPool, withSession } from '../coordinator/setup.js';
import { startParameters, trainOnce } from '../coordinator/training-run.js';
import type { CoreCount } from '../machine/cores.js';
import type { Tensor } from '../model/safetensors.js';
import { median } from '../numbers/statistics.js';
import { imagesOf, runLength } from '../plan/run-length.js';
import type { CommandContext } from '../run/command-context.js';
import { recordFailure } from '../run/recorder.js';
import { beginRun } from '../run/run-beginning.js';
import { endRun } from '../run/run-ending.js';
import { shownFolder } from '../run/run-folder.js';
import { ExitCode } from '../user-error.js';
import { type SweepRow, sweepCsv, sweepMarkdown } from './sweep-table.js';

export interface SweepOptions {
  readonly resolved: ResolvedConfig;
  readonly cores: CoreCount;
  /** Ascending. */
  readonly threads: readonly number[];
  readonly repeats: number;
  readonly out: string | null;
}

/**
 * One thread count: a warm-up run that is not counted, then the repeats, evaluations left out, except on direction
 * features: making those of the evaluated images is most of what the threads share. Each time goes
 * into `samplesMs` as soon as it is known, so that an interruption keeps it.
 */
async function measure(
  setup: Setup,
  threads: number,
  repeats: number,
  { signal, progress }: CommandContext,
  initialTensors: ReadonlyMap<string, Tensor> | null,
  samplesMs: number[],
): Promise<Omit<SweepRow, 'speedup' | 'efficiency'>> {
  const { config } = setup;
  const plan = planFor(setup, threads);
  const samples = async (session: Session) => {
    const shares = { compute: 0, synchronisation: 0, update: 0 };
    let images = 0;
    for (let repeat = 0; repeat <= repeats; repeat++) {
      startParameters(session, config, config.seed, initialTensors);
      const outcome = await trainOnce(session, config, config.seed, {}, plan.directions !== null);
      const elapsedMs = plan.directions === null ? outcome.trainMs : outcome.residentMs;
      progress.note(
        `${threads} thread${threads === 1 ? '' : 's'}, ${repeat === 0 ? 'warm-up' : `repeat ${repeat}/${repeats}`}: ${elapsedMs.toFixed(1)} ms`,
      );
      if (repeat === 0) continue;
      images = outcome.images;
      samplesMs.push(elapsedMs);
      const { compute, update } = session.phaseTimes();
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
  return withPool(threads, (pool) => withSession(setup, plan, pool, signal, samples));
}

function withSpeedup(row: Omit<SweepRow, 'speedup' | 'efficiency'>, baselineMs: number): SweepRow {
  const speedup = baselineMs / row.medianMs;
  return { ...row, speedup, efficiency: speedup / row.threads };
}

export async function sweep(options: SweepOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, threads, repeats, out } = options;
  const { config, name } = resolved;
  const { signal, progress } = context;
  const initialTensors = readInitialTensors(config);
  const setup = await setUp(config, options.cores, signal, progress, initialTensors);
  const { folder, log, description } = await beginRun(resolved, out, context);
  const rows: SweepRow[] = [];
  let baseline: SweepRow | null = null;
  let unfinished: { threads: number; samplesMs: number[] } | null = null;
  const measured = async (count: number) => {
    unfinished = { threads: count, samplesMs: [] };
    const row = await measure(setup, count, repeats, context, initialTensors, unfinished.samplesMs);
    unfinished = null;
    return row;
  };
  let failure: unknown = null;
  try {
    // Speed-up is against one thread, so one thread is measured even where it was not asked for.
    const single = await measured(1);
    baseline = withSpeedup(single, single.medianMs);
    for (const count of threads) {
      const row = count === 1 ? baseline : withSpeedup(await measured(count), single.medianMs);
      rows.push(row);
      log.event('sweep_row', row);
    }
  } catch (error) {
    failure = error;
    recordFailure(log, error);
  }
  progress.finish();
  const interrupted = signal.aborted;
  const status = interrupted ? 'interrupted' : failure === null ? 'done' : 'failed';
  const exitCode = interrupted ? ExitCode.interrupted : failure === null ? ExitCode.done : ExitCode.failure;
  log.event('speedup', {
    baselineThreads: 1,
    rows: rows.map(({ threads: count, speedup, efficiency }) => ({ threads: count, speedup, efficiency })),
  });
  const reason = failure instanceof Error ? failure.message : 'all thread counts measured';
  const { images, stepsPerEpoch, totalSteps } = runLength(config, setup.data.facts.parts.train.count);
  const result = {
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
    sync: config.parallel.sync,
    packing: setup.data.facts.packing,
    backend: config.backend.name,
    tensorflow: setup.tensorflow,
    wasmLevel: setup.kernels?.level ?? null,
    cores: setup.cores,
    repeats,
    baseline,
    rows,
    unfinished,
  };
  const markdown = sweepMarkdown(rows);
  const ending = { setup, folder, log, description, status, exitCode } as const;
  const hardware = await endRun(ending, reason, result, {
    'sweep.csv': sweepCsv(rows),
    'sweep.md': `${markdown}\n`,
  });
  if (context.json) context.stdout(JSON.stringify(result));
  else {
    context.stdout(
      [markdown, ...(hardware.length > 0 ? ['', ...hardware] : []), `folder     ${shownFolder(folder)}`].join(
        '\n',
      ),
    );
  }
  if (interrupted) context.stderr(`interrupted; what was measured is in ${shownFolder(folder)}`);
  else if (failure !== null) throw failure;
  return exitCode;
}
