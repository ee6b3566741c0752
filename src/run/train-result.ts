/** The output of a training run: the files of its run folder, and the card or the JSON on stdout. */
import { createHash } from 'node:crypto';
import type { ResolvedConfig } from '../config/load.js';
import type { Setup } from '../coordinator/setup.js';
import type { RunOutcome, UnfinishedOutcome } from '../coordinator/training-run.js';
import { factsOf, widthOf } from '../data/target.js';
import { weightsMetadata } from '../inference/weights-file.js';
import type { MeasuredSpeed } from '../machine/hardware.js';
import { baselineOf } from '../metrics/baseline.js';
import type { Intervals } from '../metrics/intervals.js';
import { type Metrics, meanMetrics, taskOf } from '../metrics/metric.js';
import { type Tensor, writeSafetensors } from '../model/safetensors.js';
import { maximum, mean, median, minimum, standardDeviation } from '../numbers/statistics.js';
import type { Plan } from '../plan/plan.js';
import { runLength } from '../plan/run-length.js';
import type { CommandContext } from './command-context.js';
import type { EventFile } from './event-file.js';
import { inferenceWords } from './inference-speed.js';
import type { RunLog } from './log.js';
import type { RunStatus } from './log-schema.js';
import { MetricsWriter } from './metrics-file.js';
import { describeNetwork, describeOptimizer, describeSchedule } from './recipe-words.js';
import { metricInWords, type ResultCardInput, resultCard, type SeedRun } from './result-card.js';
import type { Resumed } from './resume.js';
import { endRun, type RunEnding, type RunResults } from './run-ending.js';
import { type RunFolder, scalarsPath, shownFolder } from './run-folder.js';

export interface SeedResult {
  readonly seed: number;
  readonly status: RunStatus;
  readonly outcome: RunOutcome;
  /** On the test set, if the run itself was not evaluated on it and there is one. */
  readonly testAccuracy: number | null;
  /** Of the weights that the run ended with, on stop.on and on the test samples. */
  readonly metrics: Metrics;
  readonly testMetrics: Metrics | null;
  /** 95 %, of a table's test rows; null of several seeds and of other sets. */
  readonly testInterval: Intervals | null;
}

/** A network of an average, by itself, on the samples of `stop.on` and on the test samples if those are others. */
export interface MemberResult {
  readonly seed: number;
  readonly epochs: number;
  readonly metrics: Metrics;
  readonly testMetrics: Metrics | null;
}

/** The results of a run, filled as it goes, so that an interruption keeps what exists. */
export interface Kept {
  readonly results: SeedResult[];
  metrics: MetricsWriter;
  /** By seed, with log.tensorboard. */
  readonly scalars: Map<number, EventFile>;
  /** The work done by the run that was interrupted or failed. */
  unfinished: UnfinishedOutcome | null;
  tensors: Map<string, Tensor> | null;
  /** Steps at the last checkpoint; null without one. */
  checkpointStep: number | null;
  /** The last evaluation of these tensors; null without one. */
  accuracy: number | null;
  /** The networks of an average, each by itself. */
  members: readonly MemberResult[] | null;
  coldMs: number | null;
}

/** Before the first run; `coldMs`: if it is known already. */
export const emptyRecord = (coldMs: number | null): Kept => ({
  results: [],
  metrics: new MetricsWriter(),
  scalars: new Map(),
  unfinished: null,
  tensors: null,
  checkpointStep: null,
  accuracy: null,
  members: null,
  coldMs,
});

/** The first events of a run, or none if a run goes on as it was; its rows follow those before. */
export function beginRecords(
  resumed: Resumed | null,
  rows: number | null,
  { setup, plan, log, record }: { setup: Setup; plan: Plan; log: RunLog; record: Kept },
): void {
  if (resumed?.facts.threads !== plan.threads) log.event('plan', { plan, threads: setup.threads });
  if (resumed !== null) record.metrics = new MetricsWriter(rows);
}

/** A profile as it is shown. */
export interface ShownProfile {
  readonly text: string;
  readonly json: object;
  readonly measured: MeasuredSpeed;
}

export type TrainingResult = ReturnType<typeof resultJson>;

export interface TrainingEnding extends RunEnding {
  readonly resolved: ResolvedConfig;
  /** Number of seeds requested. */
  readonly seeds: number;
  readonly plan: Plan;
  readonly record: Kept;
  readonly failure: unknown;
  readonly context: CommandContext;
  /** The `race` command, whose repetitions are recorded: the race itself; null if there was none. */
  readonly race?: RaceSummary | null;
  /** The `profile` command: its report, shown instead of the card. */
  readonly profiled?: ShownProfile | null;
  /** Of the command, besides those of every run: files, keys of result.json, and lines above the card. */
  readonly files?: RunResults['files'];
  readonly keys?: Readonly<Record<string, unknown>>;
  readonly lines?: readonly string[];
  readonly others?: RunResults['others'];
  /** Files that show the result. */
  readonly pages?: (result: TrainingResult) => RunResults['files'];
  /** On the card, after the scores: label and words. */
  readonly cardLines?: ResultCardInput['lines'];
  /** The same seeds on other thread counts, and the speed-up of `plan` over one thread. */
  readonly otherThreads?: readonly { readonly threads: number; readonly runs: readonly SeedRun[] }[];
  readonly speedup?: number | null;
}

/** The race from a bare process, for result.json and the log. Milliseconds. */
export interface RaceSummary {
  readonly accuracy: number;
  /** Number of leading training images. */
  readonly images: number;
  readonly coldMs: number;
  readonly phases: Readonly<Record<string, number>>;
  readonly wasmLevel: string;
  readonly kernels: string;
}

export const seedRuns = ({ results }: Kept): SeedRun[] =>
  results.map(({ seed, status, outcome, testAccuracy, metrics }) => ({
    seed,
    status,
    // Without an evaluation as low as can be; null if the targets are values.
    accuracy: outcome.evaluation === null ? 0 : outcome.evaluation.accuracy,
    residentMs: outcome.residentMs,
    ...(testAccuracy === null ? {} : { testAccuracy }),
    metrics,
  }));

/** Writes the run folder and prints the card; a run that was interrupted or failed has no card. */
export async function finishTraining(ending: TrainingEnding): Promise<void> {
  const { setup, folder, record, status, failure, context, profiled } = ending;
  const final = record.tensors === null ? null : finalWeights(setup, ending.plan, record);
  const result = { ...resultJson(ending, final), ...ending.keys };
  const reason = failure instanceof Error ? failure.message : (record.results[0]?.outcome.reason ?? status);
  const weights: Record<string, Uint8Array> = final === null ? {} : { 'final.safetensors': final };
  const show = async (hardware: readonly string[]) => {
    if (context.json)
      return context.stdout(JSON.stringify(profiled ? { ...result, profile: profiled.json } : result));
    if (status === 'interrupted' || status === 'failed') return;
    const lines = profiled
      ? [profiled.text, ...hardware, '', `folder     ${shownFolder(folder)}`]
      : [...(ending.lines ?? []), ...membersLine(record), ...(await cardOf(ending, result, hardware))];
    context.stdout(lines.join('\n'));
  };
  await endRun(
    { ...ending, measured: profiled?.measured ?? null },
    {
      ...{ reason, result, show },
      files: { ...weights, ...ending.files, ...ending.pages?.(result) },
      others: [
        () => record.metrics.write(folder),
        () => writeScalars(record.scalars, ending.seeds, folder),
        ...(ending.others ?? []),
      ],
    },
  );
}

/** How good the networks of an average are by themselves. */
function membersLine({ members }: Kept): string[] {
  if (members === null) return [];
  const all = members.map(({ metrics, testMetrics }) => testMetrics ?? metrics);
  const [name] = Object.keys(all[0]) as (keyof Metrics)[];
  const values = all.flatMap((metrics) => metrics[name] ?? []);
  const each = values.length === 0 ? '' : `: mean ${name} ${metricInWords(name, mean(values))}`;
  return [`average    of ${members.length} networks; each by itself${each}`, ''];
}

async function cardOf(
  { setup, plan, record, race, speedup, folder, cardLines = [] }: TrainingEnding,
  result: TrainingResult,
  hardware: readonly string[],
): Promise<string[]> {
  const { config } = setup;
  const { tensors } = record;
  return resultCard({
    ...result,
    ...(race ? { race, phases: race.phases } : {}),
    accuracyOn: config.stop.on,
    unit: setup.dataset.train.table === undefined ? 'image' : 'row',
    network: describeNetwork(plan),
    images: runLength(config, plan.parts.train.count).images,
    batch: config.train.batch,
    optimizer: describeOptimizer(config.optimizer, config.train.batch),
    schedule: describeSchedule(config.schedule),
    syncReason: config.parallel.sync === 'auto' ? plan.syncReason : undefined,
    speedup: speedup ?? null,
    inference: tensors && (await inferenceWords(setup, tensors, plan.threads)),
    hardware: [...hardware],
    lines: cardLines,
    folder: shownFolder(folder),
  });
}

/** The bytes of the model's file: weights, transforms, and what describes them. The record has tensors. */
export function finalWeights(
  { config, dataset, data }: Setup,
  plan: Plan,
  { tensors, accuracy }: Kept,
): Uint8Array {
  return writeSafetensors(
    new Map([...(tensors ?? []), ...data.pipeline.tensors(), ...(data.goal.scale?.tensors() ?? [])]),
    weightsMetadata(
      ...([config, dataset, plan.input.packing] as const),
      { accuracy, on: config.stop.on, sync: plan.sync, sha256: dataset.sha256 },
      data.pipeline.encoding?.json ?? null,
    ),
  );
}

/** Nobody knows what is good on them: they are judged beside a baseline. */
const isOwnSet = ({ dataset: { name, train } }: Setup) => train.table !== undefined || name === 'images';

/** Of all training samples, those held out for validation included; on the test samples. */
function baselineOfRun({ dataset: { train, test, target }, config }: Setup) {
  const areLabels = taskOf(factsOf(target), config.loss) === 'labels';
  const baseline = baselineOf(train.targets, test.targets, widthOf(target), areLabels);
  if (baseline === null || target.kind === 'value') return baseline;
  return { ...baseline, class: target.labels[Number(baseline.class)] };
}

/** Ends the event files. Those of the race are made here, because its repetitions run before the folder exists. */
async function writeScalars(scalars: Kept['scalars'], seeds: number, folder: RunFolder): Promise<void> {
  for (const [seed, file] of scalars) {
    if (!file.isOpen) file.open(scalarsPath(folder, seed, seeds));
    file.finish();
  }
}

/**
 * result.json. Times in milliseconds. Over several seeds, accuracy is the mean (for the race, its own) and every time
 * of a run the median. `final`: the bytes of final.safetensors.
 */
function resultJson(ending: TrainingEnding, final: Uint8Array | null) {
  const { setup, plan, record, status, resolved, seeds, failure, race, otherThreads, speedup } = ending;
  const { config } = setup;
  const outcomes = record.results.map(({ outcome }) => outcome);
  const accuracies = outcomes.flatMap(({ evaluation }) =>
    evaluation === null ? 0 : (evaluation.accuracy ?? []),
  );
  const hasAccuracy = accuracies.length > 0;
  const first = outcomes[0] ?? record.unfinished;
  const runs = seedRuns(record);
  const reached = record.results.filter((result) => result.status === 'reached').length;
  const none = outcomes.length === 0;
  const tested = record.results.flatMap(({ testAccuracy }) => testAccuracy ?? []);
  const testedMetrics = record.results.flatMap(({ testMetrics }) => testMetrics ?? []);
  // Times are medians over the finished runs, or those of the run that did not finish.
  const timed = none ? (record.unfinished === null ? [] : [record.unfinished]) : outcomes;
  const medianOf = (key: 'trainMs' | 'evaluateMs' | 'residentMs') => median(timed.map((run) => run[key]));
  return {
    schema: 1,
    name: resolved.name,
    status,
    reason: failure instanceof Error ? failure.message : (outcomes[0]?.reason ?? null),
    accuracy:
      race?.accuracy ??
      (none ? (first?.evaluation?.accuracy ?? null) : hasAccuracy ? mean(accuracies) : null),
    accuracyOn: config.stop.on,
    ...(tested.length > 0 ? { testAccuracy: mean(tested) } : {}),
    metric: plan.metric,
    metrics: none
      ? (first?.evaluation?.metrics ?? null)
      : meanMetrics(record.results.map(({ metrics }) => metrics)),
    ...(testedMetrics.length > 0 ? { testMetrics: meanMetrics(testedMetrics) } : {}),
    ...(record.results[0]?.testInterval ? { testInterval: record.results[0].testInterval } : {}),
    ...(record.members === null ? {} : { members: record.members }),
    ...(isOwnSet(setup) ? { baseline: baselineOfRun(setup) } : {}),
    weights: first?.weights ?? null,
    weightsSha256: final && createHash('sha256').update(final).digest('hex'),
    loss: first?.evaluation?.loss ?? null,
    target: config.stop.target,
    threads: plan.threads,
    oversubscribed: plan.oversubscribed,
    sync: plan.sync,
    syncReason: plan.syncReason,
    packing: plan.input.packing,
    backend: plan.backend,
    tensorflow: setup.tensorflow,
    wasmLevel: setup.kernels?.level ?? null,
    seed: config.seed,
    epochs: first?.epochs ?? 0,
    steps: first?.steps ?? 0,
    images: first?.images ?? 0,
    backwardImages: first?.backwardImages ?? 0,
    ...(plan.noise === null ? {} : { noiseScale: first?.noiseScale ?? null }),
    imagesPerSecond:
      timed.length === 0 ? 0 : median(timed.map(({ images, trainMs }) => (images / trainMs) * 1000)),
    residentMs: timed.length === 0 ? 0 : medianOf('residentMs'),
    coldMs: record.coldMs ?? 0,
    phases: {
      ...setup.phases,
      ...(timed.length === 0 ? {} : { train: medianOf('trainMs'), evaluate: medianOf('evaluateMs') }),
    },
    warnings: ending.context.warnings.list,
    ...(race === undefined ? {} : { race, otherThreads, speedup }),
    ...(seeds > 1
      ? {
          runs,
          ...(none || !hasAccuracy
            ? {}
            : {
                summary: {
                  n: runs.length,
                  mean: mean(accuracies),
                  sd: standardDeviation(accuracies),
                  min: minimum(accuracies),
                  max: maximum(accuracies),
                  reached,
                  share: reached / runs.length,
                },
              }),
        }
      : {}),
  };
}
