/** The run of a model that averages several networks: their training, its records, and the average as the run's result. */
import type { Setup } from '../coordinator/setup.js';
import type { RunObserver, RunOutcome } from '../coordinator/training-run.js';
import type { Intervals } from '../metrics/intervals.js';
import type { Metrics } from '../metrics/metric.js';
import { taskOf } from '../metrics/metric.js';
import type { Plan } from '../plan/plan.js';
import { runLength } from '../plan/run-length.js';
import { trainMembers } from './members.js';
import { warnOfOutcomes } from './outcome-warnings.js';
import type { Progress } from './progress.js';
import { createRecorder, withWatch } from './recorder.js';
import type { SeedRuns } from './seed-runs.js';
import { testIntervalOf } from './test-interval.js';
import { warnOfRecords } from './warnings.js';

const silentProgress: Progress = { update() {}, note() {}, warn() {}, finish() {} };

/**
 * metrics.csv and the progress line are those of the first network; the log has the events of all, with their seeds.
 * @throws as training does; an interruption leaves no model.
 */
export async function runMembers(
  setup: Setup,
  plan: Plan,
  runs: Pick<SeedRuns, 'folder' | 'log' | 'watch' | 'record' | 'context' | 'targets'>,
): Promise<{
  readonly outcome: RunOutcome;
  readonly testAccuracy: number | null;
  readonly metrics: Metrics;
  readonly testMetrics: Metrics | null;
  readonly testInterval: Intervals | null;
}> {
  const { config } = setup;
  const { folder, log, watch = {}, record, context, targets } = runs;
  const { warn } = context.warnings;
  const { images, stepsPerEpoch } = runLength(config, plan.parts.train.count);
  record.metrics.measures(plan.metric);
  if (folder !== undefined) record.metrics.open(folder, warnOfRecords(warn));
  const observe = (member: number, seed: number): Partial<RunObserver> => {
    const isFirst = member === 0;
    const recorder = createRecorder({
      ...{ log, scalars: null, seed, config, stepsPerEpoch, warn },
      metrics: isFirst ? record.metrics : null,
      progress: isFirst ? context.progress : silentProgress,
      imagesPerEpoch: images,
      metric: plan.metric,
      hasAccuracy: taskOf(plan.target, plan.loss) !== 'regression',
    });
    const stopped: RunObserver['stopped'] = (unfinished) => {
      record.unfinished ??= unfinished;
    };
    return isFirst ? { ...withWatch(recorder, watch), stopped } : { ...recorder, stopped };
  };
  const started = performance.now();
  const { members, tensors, evaluation, metrics, testMetrics, tested } = await trainMembers(
    setup,
    plan.threads,
    observe,
  );
  const elapsedMs = performance.now() - started;
  record.coldMs ??= performance.now();
  if (folder !== undefined) record.metrics.flush();
  record.tensors = tensors;
  record.accuracy = evaluation.accuracy;
  record.members = members.map(({ seed, outcome: { epochs }, metrics, testMetrics }) => ({
    ...{ seed, epochs, metrics, testMetrics },
  }));
  const outcomes = members.map(({ outcome }) => outcome);
  warnOfOutcomes(outcomes, { config, targets, stepsPerEpoch }, warn);
  const sum = (key: 'images' | 'backwardImages') => outcomes.reduce((all, one) => all + one[key], 0);
  return {
    outcome: {
      ...outcomes[0],
      ...{ evaluation, images: sum('images'), backwardImages: sum('backwardImages') },
      ...{ trainMs: elapsedMs, residentMs: elapsedMs },
    },
    ...{ testAccuracy: testMetrics?.accuracy ?? null, metrics, testMetrics },
    testInterval: await testIntervalOf(config, tested),
  };
}
