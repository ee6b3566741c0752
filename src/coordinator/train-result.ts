/** What a training run leaves: the files of its run folder, and the card or the JSON on stdout. */
import type { ResolvedConfig } from '../config/load.js';
import { toYaml } from '../config/yaml-text.js';
import { type Tensor, writeSafetensors } from '../model/safetensors.js';
import { resultCard } from '../report/result-card.js';
import { maximum, mean, median, minimum, standardDeviation } from '../report/statistics.js';
import type { ExitCode } from '../user-error.js';
import type { CommandContext } from './command-context.js';
import { gatherHardware, hardwareLines } from './hardware.js';
import type { RunLog, RunStatus } from './log.js';
import type { Plan } from './plan.js';
import { measureSpeed } from './probe.js';
import { describeNetwork, describeOptimizer, describeSchedule } from './recipe-words.js';
import {
  type describeRun,
  type MetricsWriter,
  type RunFolder,
  shownFolder,
  writeAtomic,
} from './run-folder.js';
import type { Setup } from './setup.js';
import { type RunOutcome, runLength, type UnfinishedOutcome } from './training-run.js';

export interface SeedResult {
  readonly seed: number;
  readonly status: RunStatus;
  readonly outcome: RunOutcome;
  /** On the test set, where the run itself looked at the validation part only. */
  readonly testAccuracy: number | null;
}

/** Everything that a run leaves, filled as it goes, so that an interruption keeps what there is. */
export interface Kept {
  readonly results: SeedResult[];
  readonly metrics: MetricsWriter;
  /** What the run that was interrupted or failed had done. */
  unfinished: UnfinishedOutcome | null;
  tensors: Map<string, Tensor> | null;
  coldMs: number | null;
}

export interface Ending {
  readonly resolved: ResolvedConfig;
  /** How many seeds were asked for. */
  readonly seeds: number;
  readonly setup: Setup;
  readonly plan: Plan;
  readonly folder: RunFolder;
  readonly log: RunLog;
  readonly description: ReturnType<typeof describeRun>;
  readonly record: Kept;
  readonly status: RunStatus;
  readonly exitCode: ExitCode;
  readonly failure: unknown;
  readonly context: CommandContext;
}

/** Writes the run folder and prints the card; an interrupted run leaves at once, without the hardware card. */
export async function finishTraining(ending: Ending): Promise<void> {
  const { setup, folder, log, description, record, status, exitCode, failure, context } = ending;
  const { config } = setup;
  const skipHardware = status === 'interrupted' || status === 'failed';
  const facts = skipHardware ? null : await gatherHardware();
  const measured = skipHardware ? null : measureSpeed(setup.kernels);
  if (facts !== null) log.event('hardware', { ...facts, measured });
  const result = resultJson(ending);
  const reason = failure instanceof Error ? failure.message : (record.results[0]?.outcome.reason ?? status);
  log.event('run_stop', { status, reason, exitCode, elapsedMs: performance.now() });
  log.close();
  const meta = await description.finish({
    hardware: facts === null ? null : { ...facts, measured },
    dataSha256: { ...setup.dataset.sha256 },
    wasmSha256: { [setup.kernels.level]: setup.kernels.sha256 },
  });
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  await Promise.all([
    writeAtomic(folder.file('config.yaml'), toYaml(config)),
    writeAtomic(folder.file('meta.json'), json(meta)),
    writeAtomic(folder.file('result.json'), json(result)),
    record.metrics.write(folder),
    ...(record.tensors === null
      ? []
      : [writeAtomic(folder.file('final.safetensors'), writeSafetensors(record.tensors, { format: 'pt' }))]),
  ]);
  if (context.json) context.stdout(JSON.stringify(result));
  else if (!skipHardware) {
    const hardware = facts === null ? [] : hardwareLines(facts, measured);
    const { sync } = config.parallel;
    const card = resultCard({
      ...result,
      accuracyOn: config.stop.on,
      network: describeNetwork(ending.plan),
      images: runLength(config, ending.plan.parts.train.count).images,
      batch: config.train.batch,
      optimizer: describeOptimizer(config.optimizer),
      schedule: describeSchedule(config.schedule),
      sync,
      speedup: null,
      hardware,
      folder: shownFolder(folder),
    });
    context.stdout(card.join('\n'));
  }
  if (status === 'interrupted') context.stderr(`interrupted; what was measured is in ${shownFolder(folder)}`);
}

/** result.json. Times in milliseconds; over several seeds, accuracy is the mean and residentMs the median. */
function resultJson({ setup, plan, record, status, resolved, seeds, failure }: Ending) {
  const { config } = setup;
  const outcomes = record.results.map(({ outcome }) => outcome);
  const accuracies = outcomes.map(({ evaluation }) => evaluation?.accuracy ?? 0);
  const first = outcomes[0] ?? record.unfinished;
  const runs = record.results.map(({ seed, status: runStatus, outcome, testAccuracy }) => ({
    seed,
    status: runStatus,
    accuracy: outcome.evaluation?.accuracy ?? 0,
    residentMs: outcome.residentMs,
    ...(testAccuracy === null ? {} : { testAccuracy }),
  }));
  const reached = record.results.filter((result) => result.status === 'reached').length;
  const none = outcomes.length === 0;
  return {
    schema: 1,
    name: resolved.name,
    status,
    reason: failure instanceof Error ? failure.message : (outcomes[0]?.reason ?? null),
    accuracy: none ? (first?.evaluation?.accuracy ?? null) : mean(accuracies),
    accuracyOn: config.stop.on,
    ...(config.stop.on === 'validation' && !none
      ? { testAccuracy: mean(record.results.map((result) => result.testAccuracy ?? 0)) }
      : {}),
    loss: first?.evaluation?.loss ?? null,
    target: config.stop.target,
    threads: plan.threads,
    oversubscribed: plan.oversubscribed,
    sync: plan.sync,
    packing: plan.input.packing,
    wasmLevel: setup.kernels.level,
    seed: config.seed,
    epochs: first?.epochs ?? 0,
    steps: first?.steps ?? 0,
    images: first?.images ?? 0,
    imagesPerSecond:
      first === null
        ? 0
        : median((none ? [first] : outcomes).map(({ images, trainMs }) => (images / trainMs) * 1000)),
    residentMs: none ? (first?.residentMs ?? 0) : median(outcomes.map(({ residentMs }) => residentMs)),
    coldMs: record.coldMs ?? 0,
    phases: {
      ...setup.phases,
      ...(first === null ? {} : { train: first.trainMs, evaluate: first.evaluateMs }),
    },
    ...(seeds > 1
      ? {
          runs,
          ...(none
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
