/** Distributes a run's reports to the log, metrics.csv and the progress line. */

import type { MetricName } from '../config/choices.js';
import type { Config } from '../config/schema.js';
import { type RunObserver, silent } from '../coordinator/training-run.js';
import { type Evaluation, measured } from '../coordinator/work.js';
import { imagesOf } from '../plan/run-length.js';
import type { Warn } from '../warnings.js';
import { WorkerFailure } from '../worker/session-errors.js';
import type { EventFile } from './event-file.js';
import type { RunLog } from './log.js';
import type { MetricsWriter } from './metrics-file.js';
import type { Progress } from './progress.js';

export interface RecorderOptions {
  readonly log: RunLog;
  /** Null for the later runs of many seeds: metrics.csv holds the first run. */
  readonly metrics: MetricsWriter | null;
  /** For TensorBoard; null without log.tensorboard. */
  readonly scalars: EventFile | null;
  readonly progress: Progress;
  /** Set in runs over many seeds. */
  readonly seed?: number;
  readonly config: Config;
  readonly imagesPerEpoch: number;
  readonly stepsPerEpoch: number;
  /** Decides on the run. */
  readonly metric: MetricName;
  /** False if the targets are values. */
  readonly hasAccuracy: boolean;
  readonly warn: Warn;
}

export function createRecorder(options: RecorderOptions): RunObserver {
  const { log, metrics, scalars, progress, config, imagesPerEpoch, stepsPerEpoch, warn } = options;
  const { metric, hasAccuracy } = options;
  const { every } = config.log;
  const { batch, epochs } = config.train;
  const seed = options.seed === undefined ? {} : { seed: options.seed };
  let last: Parameters<RunObserver['step']> | null = null;
  let lastWritten = 0;
  const seen = (step: number) => imagesOf(step, stepsPerEpoch, batch, imagesPerEpoch);
  const show = (
    { step, epoch, elapsedMs }: { step: number; epoch: number; elapsedMs: number },
    evaluation: Evaluation | null,
  ) => {
    const done = Math.min((step - (epoch - 1) * stepsPerEpoch) * batch, imagesPerEpoch);
    const imagesPerSecond = elapsedMs > 0 ? (seen(step) / elapsedMs) * 1000 : null;
    const loss = last === null ? null : last[1].loss;
    progress.update({
      epoch,
      epochs,
      images: done,
      imagesPerEpoch,
      elapsedMs,
      imagesPerSecond,
      unit: config.data.set === 'table' ? 'row' : 'image',
      loss,
      accuracy: evaluation?.accuracy ?? null,
      metric: shownMetric(evaluation, metric),
      evaluated: evaluation !== null,
    });
  };
  const writeRow = ([{ step, epoch, elapsedMs }, { loss, batchAccuracy }, lr]: NonNullable<typeof last>) => {
    lastWritten = step;
    metrics?.step({ step, epoch, loss, lr, elapsedMs });
    scalars?.scalars(step, elapsedMs, { loss, learning_rate: lr });
    log.event('step', {
      ...seed,
      step,
      epoch,
      loss,
      batchAccuracy: hasAccuracy ? batchAccuracy : null,
      lr,
      elapsedMs,
    });
  };
  return {
    ...silent,
    step(position, stepMetrics, lr) {
      last = [position, stepMetrics, lr];
      if (every > 0 && position.step % every === 0) writeRow(last);
    },
    evaluation(position, evaluation) {
      const { accuracy, loss, metrics: other } = evaluation;
      // An evaluated step is always in metrics.csv, regardless of log.every.
      if (last !== null && lastWritten !== position.step) writeRow(last);
      metrics?.evaluated(accuracy, measured(evaluation, metric));
      scalars?.scalars(position.step, position.elapsedMs, scalarsOf(evaluation));
      const more = other === undefined ? {} : { metrics: { ...other } };
      log.event('eval', { ...seed, ...position, on: config.stop.on, accuracy, loss, ...more });
      show(position, evaluation);
    },
    noiseScale(position, estimate) {
      log.event('noise_scale', { ...seed, ...position, ...estimate });
    },
    epoch({ step, epoch, elapsedMs }, loss, evaluation) {
      const accuracy = evaluation?.accuracy ?? null;
      const imagesPerSecond = (seen(step) / elapsedMs) * 1000;
      log.event('epoch', { ...seed, epoch, steps: step, loss, accuracy, elapsedMs, imagesPerSecond });
    },
    lost({ step }, failure) {
      recordFailure(log, failure, step);
      const how = `a new worker has taken its place, and the run goes on from step ${step}`;
      warn('worker-replaced', `${failure.message}; ${how}`);
    },
    tick(position) {
      show(position, null);
    },
  };
}

/** For the progress line, if it is not the accuracy. */
function shownMetric(
  evaluation: Evaluation | null,
  name: MetricName,
): { name: string; value: number } | null {
  const value = evaluation && name !== 'accuracy' ? measured(evaluation, name) : null;
  return value === null ? null : { name, value };
}

/** Those that are defined. */
function scalarsOf({ accuracy, metrics = {} }: Evaluation): Record<string, number> {
  const all = Object.entries({ accuracy, ...metrics });
  return Object.fromEntries(all.flatMap(([name, value]) => (value === null ? [] : [[name, value]])));
}

/** Logs a worker's failure with its root error; `run_stop` alone records any other end. `resumedFrom`: the run goes on. */
export function recordFailure(log: RunLog, error: unknown, resumedFrom?: number): void {
  if (!(error instanceof WorkerFailure)) return;
  const { rank, place, message, cause } = error;
  const stack = cause instanceof Error ? cause.stack : undefined;
  log.event('worker_error', {
    rank,
    message,
    ...(place === null ? {} : { step: place.step, activity: place.activity }),
    ...(stack === undefined ? {} : { stack }),
    ...(resumedFrom === undefined ? {} : { resumedFrom }),
  });
}

/** Each report goes to both. */
export function withWatch(observer: RunObserver, watch: Partial<RunObserver>): RunObserver {
  return {
    ...observer,
    step(...report) {
      observer.step(...report);
      watch.step?.(...report);
    },
    evaluation(...report) {
      observer.evaluation(...report);
      watch.evaluation?.(...report);
    },
    epoch(...report) {
      observer.epoch(...report);
      watch.epoch?.(...report);
    },
    tick(...report) {
      observer.tick(...report);
      watch.tick?.(...report);
    },
  };
}
