/** The `train` command: one run, or one for each of several seeds, and the run folder they leave. */
import type { ResolvedConfig } from '../config/load.js';
import type { Tensor } from '../model/safetensors.js';
import { mean } from '../report/statistics.js';
import { ExitCode, UserError } from '../user-error.js';
import { chooseThreads } from './choose-threads.js';
import type { CommandContext } from './command-context.js';
import type { CoreCount } from './cores.js';
import { readInitialTensors } from './initial-tensors.js';
import { openLog, type RunLog, type RunStatus } from './log.js';
import { createRecorder, recordFailure } from './recorder.js';
import { createRunFolder, describeRun, MetricsWriter, readVersions } from './run-folder.js';
import type { Session } from './session.js';
import { planFor, type Setup, setUp, withPool, withSession } from './setup.js';
import { finishTraining, type Kept, type SeedResult } from './train-result.js';
import { runLength, startParameters, trainOnce } from './training-run.js';

export interface TrainOptions {
  readonly resolved: ResolvedConfig;
  readonly cores: CoreCount;
  readonly seeds: number;
  readonly out: string | null;
  readonly printPlan: boolean;
}

/** Workers start before the data is known, so `auto` judges by the size of MNIST and its like. */
const [usualImages, usualPixels] = [{ train: 60_000, evaluated: 10_000 }, 784];

export async function train(options: TrainOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, out } = options;
  const { config, name } = resolved;
  const { signal, progress } = context;
  const initialTensors = readInitialTensors(config.model.init.file);
  const choice = chooseThreads(config, options.cores, usualImages, usualPixels);
  const threads = choice.count;
  // Workers take longest to start, so they start first; the plan reaches them with their task.
  return withPool(threads, async (pool) => {
    const setup = await setUp(config, options.cores, signal, progress);
    const plan = planFor(setup, threads);
    if (options.printPlan) {
      context.stdout(JSON.stringify(plan, null, 2));
      return ExitCode.done;
    }
    setup.phases.startup = context.startupMs;
    const folder = await createRunFolder({ root: 'results', out, name });
    const log = openLog(folder.file('log.ndjson'), config.log.level);
    const description = describeRun({ name, command: context.command, seed: config.seed });
    log.event('run_start', { name, command: context.command, versions: readVersions(), seed: config.seed });
    log.event('config', { config });
    log.event('plan', { plan, threads: choice });
    const record: Kept = {
      results: [],
      metrics: new MetricsWriter(),
      unfinished: null,
      tensors: null,
      coldMs: null,
    };
    let failure: unknown = null;
    try {
      await withSession(setup, plan, pool, signal, (session) =>
        runSeeds(session, setup, options, initialTensors, log, record, context),
      );
    } catch (error) {
      failure = error;
      recordFailure(log, error);
    }
    progress.finish();
    const status = overallStatus(record.results, config.stop.target, failure, signal.aborted);
    const exitCode = exitCodeOf(status, failure);
    await finishTraining({
      resolved,
      seeds: options.seeds,
      setup,
      plan,
      folder,
      log,
      description,
      record,
      status,
      exitCode,
      failure,
      context,
    });
    if (failure !== null && !signal.aborted) throw failure;
    return exitCode;
  });
}

async function runSeeds(
  session: Session,
  setup: Setup,
  options: TrainOptions,
  initialTensors: ReadonlyMap<string, Tensor> | null,
  log: RunLog,
  record: Kept,
  context: CommandContext,
): Promise<void> {
  const { config } = setup;
  const { images, stepsPerEpoch } = runLength(config, session.plan.parts.train.count);
  for (let run = 0; run < options.seeds; run++) {
    const seed = (config.seed + run) % 2 ** 32;
    startParameters(session, config, seed, initialTensors);
    const observer = createRecorder({
      log,
      metrics: run === 0 ? record.metrics : null,
      progress: context.progress,
      ...(options.seeds > 1 ? { seed } : {}),
      every: config.log.every,
      on: config.stop.on,
      epochs: config.train.epochs,
      imagesPerEpoch: images,
      batch: config.train.batch,
      stepsPerEpoch,
    });
    const outcome = await trainOnce(session, config, seed, {
      ...observer,
      stopped(unfinished) {
        record.unfinished = unfinished;
        // Weights that diverged serve nobody, nor do weights from the middle of a step.
        if (context.signal.aborted && session.isWhole) record.tensors ??= session.parameters();
      },
    });
    record.coldMs ??= performance.now();
    const onValidation = config.stop.on === 'validation';
    const testAccuracy = onValidation ? (await session.evaluate('test')).accuracy : null;
    const accuracy = outcome.evaluation?.accuracy ?? 0;
    const { target } = config.stop;
    const status = target === null ? 'done' : accuracy >= target ? 'reached' : 'missed';
    record.results.push({ seed, status, outcome, testAccuracy });
    record.tensors ??= session.parameters();
  }
}

function overallStatus(
  results: readonly SeedResult[],
  target: number | null,
  failure: unknown,
  interrupted: boolean,
): RunStatus {
  if (interrupted) return 'interrupted';
  if (failure !== null) return 'failed';
  if (target === null) return 'done';
  return mean(results.map(({ outcome }) => outcome.evaluation?.accuracy ?? 0)) >= target
    ? 'reached'
    : 'missed';
}

function exitCodeOf(status: RunStatus, failure: unknown): ExitCode {
  if (status === 'failed') return failure instanceof UserError ? failure.exitCode : ExitCode.failure;
  return {
    reached: ExitCode.done,
    done: ExitCode.done,
    missed: ExitCode.targetMissed,
    interrupted: ExitCode.interrupted,
  }[status];
}
