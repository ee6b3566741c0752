/** The `train` command: one run, or one for each of several seeds, and the run folder they leave. */
import { readFileSync } from 'node:fs';
import type { ResolvedConfig } from '../config/load.js';
import { toYaml } from '../config/yaml-text.js';
import { readSafetensors, type Tensor, writeSafetensors } from '../model/safetensors.js';
import { resultCard } from '../report/result-card.js';
import { maximum, mean, median, minimum, standardDeviation } from '../report/statistics.js';
import { ExitCode, UserError } from '../user-error.js';
import type { CommandContext } from './command-context.js';
import { countCores } from './cores.js';
import { gatherHardware, hardwareLines } from './hardware.js';
import { openLog, type RunLog, type RunStatus } from './log.js';
import { measureSpeed } from './probe.js';
import { describeNetwork, describeOptimizer, describeSchedule } from './recipe-words.js';
import { createRecorder } from './recorder.js';
import {
  createRunFolder,
  describeRun,
  MetricsWriter,
  type RunFolder,
  readVersions,
  writeAtomic,
} from './run-folder.js';
import type { Session } from './session.js';
import { openPool, planFor, type Setup, setUp, threadCount, withSession } from './setup.js';
import { type RunOutcome, runLength, startParameters, trainOnce } from './training-run.js';

export interface TrainOptions {
  readonly resolved: ResolvedConfig;
  readonly seeds: number;
  readonly out: string | null;
  readonly printPlan: boolean;
}

interface SeedResult {
  readonly seed: number;
  readonly status: RunStatus;
  readonly outcome: RunOutcome;
  /** On the test set, where the run itself looked at the validation part only. */
  readonly testAccuracy: number | null;
}

/** Everything that a run leaves, filled as it goes, so that an interruption keeps what there is. */
interface Kept {
  readonly results: SeedResult[];
  readonly metrics: MetricsWriter;
  tensors: Map<string, Tensor> | null;
  coldMs: number | null;
}

export async function train(options: TrainOptions, context: CommandContext): Promise<ExitCode> {
  const { resolved, out } = options;
  const { config, name } = resolved;
  const { signal, progress } = context;
  const initialTensors = readInitialTensors(config.model.init.file);
  const cores = await countCores();
  const threads = threadCount(config.parallel.threads, cores);
  // Workers take longest to start, so they start first; the plan reaches them with their task.
  const pool = openPool(threads);
  let setup: Setup;
  try {
    setup = await setUp(config, signal, progress);
    if (options.printPlan) {
      context.stdout(JSON.stringify(planFor(setup, threads), null, 2));
      await pool.close();
      return ExitCode.done;
    }
  } catch (error) {
    await pool.close();
    throw error;
  }
  setup.phases.startup = context.startupMs;
  const folder = await createRunFolder({ root: 'results', out, name }).catch(async (error: unknown) => {
    await pool.close();
    throw error;
  });
  const log = openLog(folder.file('log.ndjson'), config.log.level);
  const description = describeRun({ name, command: context.command, seed: config.seed });
  const plan = planFor(setup, threads);
  log.event('run_start', { name, command: context.command, versions: readVersions(), seed: config.seed });
  log.event('config', { config });
  log.event('plan', { plan });
  const record: Kept = { results: [], metrics: new MetricsWriter(), tensors: null, coldMs: null };
  let failure: unknown = null;
  try {
    await withSession(setup, plan, pool, signal, (session) =>
      runSeeds(session, setup, options, initialTensors, log, record, context),
    );
  } catch (error) {
    failure = error;
  }
  progress.finish();
  const status = overallStatus(record.results, config.stop.target, failure, signal.aborted);
  const exitCode = exitCodeOf(status, failure);
  await finish({
    options,
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
  const { images, stepsPerEpoch, totalSteps } = runLength(config, session.plan.parts.train.count);
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
      totalSteps,
    });
    const outcome = await trainOnce(session, config, seed, observer);
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

function readInitialTensors(file: string | null): Map<string, Tensor> | null {
  if (file === null) return null;
  try {
    return readSafetensors(readFileSync(file), file);
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UserError(`model.init.file: cannot read ${file}: ${reason}`, ExitCode.failure, { cause });
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

interface Ending {
  readonly options: TrainOptions;
  readonly setup: Setup;
  readonly plan: ReturnType<typeof planFor>;
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
async function finish(ending: Ending): Promise<void> {
  const { options, setup, folder, log, description, record, status, exitCode, failure, context } = ending;
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
      folder: options.out ?? folder.path.replace(`${process.cwd()}/`, ''),
    });
    context.stdout(card.join('\n'));
  }
  if (status === 'interrupted') context.stderr(`interrupted; what was measured is in ${folder.path}`);
}

/** result.json. Times in milliseconds; over several seeds, accuracy is the mean and residentMs the median. */
function resultJson({ setup, plan, record, status, options, failure }: Ending) {
  const { config } = setup;
  const outcomes = record.results.map(({ outcome }) => outcome);
  const accuracies = outcomes.map(({ evaluation }) => evaluation?.accuracy ?? 0);
  const [first] = outcomes;
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
    name: options.resolved.name,
    status,
    reason: failure instanceof Error ? failure.message : (first?.reason ?? null),
    accuracy: none ? null : mean(accuracies),
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
    imagesPerSecond: none ? 0 : median(outcomes.map(({ images, trainMs }) => (images / trainMs) * 1000)),
    residentMs: none ? 0 : median(outcomes.map(({ residentMs }) => residentMs)),
    coldMs: record.coldMs ?? 0,
    phases: {
      ...setup.phases,
      ...(first === undefined ? {} : { train: first.trainMs, evaluate: first.evaluateMs }),
    },
    ...(options.seeds > 1
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
