/** The runs of a training command, one for each seed, and how they ended. */
import type { Config } from '../config/schema.js';
import type { Checkpoint } from '../coordinator/checkpoint.js';
import type { Setup } from '../coordinator/setup.js';
import { type Trainer, withTrainer } from '../coordinator/trainer.js';
import type { RunObserver, RunOutcome } from '../coordinator/training-run.js';
import { type Evaluation, measured } from '../coordinator/work.js';
import type { TargetValues } from '../data/target.js';
import { isReached, type Metric, type Metrics, metricOf, metricsOf, taskOf } from '../metrics/metric.js';
import { mean } from '../numbers/statistics.js';
import type { Plan } from '../plan/plan.js';
import { runLength } from '../plan/run-length.js';
import type { RunFacts } from './checkpoint-file.js';
import { Checkpoints } from './checkpoints.js';
import type { CommandContext } from './command-context.js';
import type { EventFile } from './event-file.js';
import type { RunLog } from './log.js';
import type { RunStatus } from './log-schema.js';
import { warnOfOutcomes } from './outcome-warnings.js';
import { createRecorder, withWatch } from './recorder.js';
import type { Resumed } from './resume.js';
import { eventFileName, type RunFolder, scalarsPath } from './run-folder.js';
import { testIntervalOf } from './test-interval.js';
import type { Kept, SeedResult } from './train-result.js';
import { warnOfRecords } from './warnings.js';

export interface SeedRuns {
  readonly config: Config;
  readonly seeds: number;
  /** Its metrics.csv and event files grow as the runs go on; without a folder they are written at the end. */
  readonly folder?: RunFolder;
  /** Of the samples of the evaluations. */
  readonly targets: TargetValues;
  readonly log: RunLog;
  /** Sees what the record sees. */
  readonly watch?: Partial<RunObserver>;
  /** Of one seed, in a folder: what its checkpoints say of the run, and the run that goes on. Null: none are written. */
  readonly checkpoints?: { readonly facts: RunFacts; readonly resumed: Resumed | null } | null;
  /** Filled as the runs end. */
  readonly record: Kept;
  readonly context: CommandContext;
}

/** As runSeeds, on a trainer that is opened for them; or the networks of an average, on trainers of their own. */
export async function trainSeeds(
  setup: Setup,
  plan: Plan,
  runs: Omit<SeedRuns, 'config' | 'targets'>,
): Promise<void> {
  const { config, data } = setup;
  const { targets } = data.parts[config.stop.on];
  if (config.model.members > 1) {
    const { runMembers } = await import('./average-run.js');
    const average = await runMembers(setup, plan, { ...runs, targets });
    const status = statusOf([average.outcome], config.stop.target, metricOf(plan.metric));
    runs.record.results.push({ ...average, seed: config.seed, status });
    return;
  }
  await withTrainer(setup, plan, (trainer) => runSeeds(trainer, { ...runs, config, targets }));
}

/** Trains with seeds seed, seed + 1, … */
export async function runSeeds(
  trainer: Trainer,
  { config, seeds, folder, targets, log, watch = {}, record, context, checkpoints: about = null }: SeedRuns,
): Promise<void> {
  const { session } = trainer;
  const length = runLength(config, session.plan.parts.train.count);
  const { images, stepsPerEpoch } = length;
  const from = about?.resumed?.checkpoint ?? null;
  const metric = metricOf(session.plan.metric);
  record.metrics.measures(metric.name);
  const unwritten = warnOfRecords(context.warnings.warn);
  if (folder !== undefined) record.metrics.open(folder, unwritten);
  for (let run = 0; run < seeds; run++) {
    const seed = (config.seed + run) % 2 ** 32;
    const scalars = await openScalars(config, from);
    if (scalars !== null) record.scalars.set(seed, scalars);
    if (folder !== undefined) scalars?.open(scalarsPath(folder, seed, seeds), unwritten);
    const observer = createRecorder({
      log,
      metrics: run === 0 ? record.metrics : null,
      scalars,
      progress: context.progress,
      ...(seeds > 1 ? { seed } : {}),
      config,
      imagesPerEpoch: images,
      stepsPerEpoch,
      metric: metric.name,
      hasAccuracy: taskOf(session.plan.target, session.plan.loss) !== 'regression',
      warn: context.warnings.warn,
    });
    const checkpoints =
      folder === undefined || about === null
        ? null
        : Checkpoints.of(
            {
              ...{ config, folder: folder.path, facts: about.facts, length, warn: context.warnings.warn },
              flush() {
                log.flush();
                record.metrics.flush();
                scalars?.flush();
              },
              records: ['log.ndjson', 'metrics.csv', eventFileName].map(folder.file),
              from: from?.state ?? null,
              metric,
              best: about.resumed?.best ? measured(about.resumed.best, metric.name) : null,
            },
            session,
          );
    const training = trainer.train(
      seed,
      {
        ...withWatch(observer, watch),
        ...checkpoints?.observer,
        ordered: (fromMs, toMs) => session.profile?.ordered(fromMs, toMs),
        stopped(unfinished, state) {
          session.profile?.finish(unfinished.residentMs);
          record.unfinished = unfinished;
          // Weights that diverged are useless, and so are weights from the middle of a step.
          // The last evaluation is of earlier ones.
          if (!context.signal.aborted || !session.isWhole) return;
          record.tensors ??= session.parameters();
          checkpoints?.interrupted(state);
        },
      },
      { from },
    );
    const outcome = await training.finally(async () => {
      await checkpoints?.finish();
      record.checkpointStep = checkpoints?.writtenStep ?? null;
    });
    session.profile?.finish(outcome.residentMs);
    record.coldMs ??= performance.now();
    // Few files stay open at once, and no rows are held back while further seeds run.
    if (folder !== undefined) {
      record.metrics.flush();
      scalars?.close();
    }
    const metrics = await metricsAtEnd(trainer, config, outcome);
    const { tested, judged, testMetrics } = await testedAtEnd(trainer, config, outcome);
    const testInterval = seeds === 1 ? await testIntervalOf(config, judged) : null;
    const status = statusOf([outcome], config.stop.target, metric);
    record.results.push({
      seed,
      status,
      outcome,
      testAccuracy: tested?.accuracy ?? null,
      metrics,
      testMetrics,
      testInterval,
    });
    if (record.tensors === null) {
      record.tensors = session.parameters();
      record.accuracy = outcome.evaluation?.accuracy ?? null;
    }
  }
  const outcomes = record.results.map(({ outcome }) => outcome);
  warnOfOutcomes(outcomes, { config, targets, stepsPerEpoch }, context.warnings.warn);
}

/** Null without log.tensorboard, as in most runs. */
async function openScalars({ log }: Config, from: Checkpoint | null): Promise<EventFile | null> {
  if (!log.tensorboard) return null;
  const { EventFile } = await import('./event-file.js');
  return new EventFile(Date.now() - (from?.state.elapsedMs ?? 0), from !== null);
}

const accuracyOf = ({ accuracy }: Evaluation): Metrics => (accuracy === null ? {} : { accuracy });

/** Of the weights that the run ended with, on stop.on. */
export async function metricsAtEnd(
  { session }: Pick<Trainer, 'session'>,
  { stop }: Config,
  { evaluation, weights }: RunOutcome,
): Promise<Metrics> {
  if (evaluation === null) return {};
  if (stop.on === 'train' || session.plan.scores === null) return accuracyOf(evaluation);
  // The last evaluation was of later weights.
  if (weights.of === 'best evaluation') await session.evaluate(stop.on);
  return { ...accuracyOf(evaluation), ...metricsOf(session.judged(stop.on)) };
}

/** On the test samples; `tested`: null if the run was evaluated on them, or without any. */
export async function testedAtEnd(
  { session }: Pick<Trainer, 'session'>,
  { stop }: Config,
  { evaluation }: Pick<RunOutcome, 'evaluation'>,
) {
  const isTested = stop.on !== 'test' && session.plan.parts.test.count > 0;
  const tested = isTested ? await session.evaluate('test') : null;
  const judged = isTested || (stop.on === 'test' && evaluation !== null) ? session.judged('test') : null;
  return { tested, judged, testMetrics: tested && { ...accuracyOf(tested), ...metricsOf(judged) } };
}

/** The status of finished runs, by the mean of their metric. */
export const judgeSeeds = (
  results: readonly SeedResult[],
  target: number | null,
  { metric }: Plan,
): RunStatus =>
  statusOf(
    results.map(({ outcome }) => outcome),
    target,
    metricOf(metric),
  );

function statusOf(outcomes: readonly RunOutcome[], target: number | null, metric: Metric): RunStatus {
  if (target === null) return 'done';
  const worst = metric.better === 'higher' ? 0 : Number.POSITIVE_INFINITY;
  const values = outcomes.map(({ evaluation }) => (evaluation && measured(evaluation, metric.name)) ?? worst);
  return isReached(metric, mean(values), target) ? 'reached' : 'missed';
}
