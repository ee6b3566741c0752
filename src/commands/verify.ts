/** The `verify` command: trains a run again and compares it with the record, to the last bit. */
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { resolveConfig } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { OwnResources } from '../coordinator/resources.js';
import { planFor, type Setup, withSetup } from '../coordinator/setup.js';
import { withTrainer } from '../coordinator/trainer.js';
import { type Position, silent } from '../coordinator/training-run.js';
import type { StepMetrics } from '../coordinator/work.js';
import { cannot, errorCode } from '../file-failure.js';
import { type Level, levels, levelsHere } from '../kernels/levels.js';
import { countCores } from '../machine/cores.js';
import { gatherHardware } from '../machine/hardware.js';
import { readWholeFile } from '../memory/whole-file.js';
import { readSafetensors, type Tensor } from '../model/safetensors.js';
import { grouped } from '../numbers/words.js';
import type { CommandContext } from '../run/command-context.js';
import { readVersions } from '../run/run-folder.js';
import { metricsAtEnd, testedAtEnd } from '../run/seed-runs.js';
import { emptyRecord, finalWeights } from '../run/train-result.js';
import {
  type Circumstances,
  type Explanation,
  explanations,
  firstOtherLoss,
  lossesIn,
  type Measured,
  type OtherMetric,
  otherMetrics,
  type TensorDifference,
  tensorDifferences,
} from '../run/verification.js';
import { ExitCode, UserError } from '../user-error.js';
import type { Command } from './command.js';
import { quietOption } from './option-values.js';

export const command: Command = {
  declare: (parser) =>
    parser.argument('<run>', 'the folder of a finished training run').option(...quietOption),
  run: ([folder], _, line) => verify(folder, line),
};

const metricsFile = z.record(z.string(), z.number().nullable());
const resultFile = z.object({
  status: z.string(),
  seed: z.number(),
  threads: z.number(),
  sync: z.string(),
  backend: z.string(),
  wasmLevel: z.string().nullable(),
  accuracy: z.number().nullable(),
  metrics: metricsFile.nullish(),
  testMetrics: metricsFile.nullish(),
  runs: z.array(z.object({ accuracy: z.number().nullable(), metrics: metricsFile.optional() })).optional(),
});
const metaFile = z.object({
  versions: z.object({ shardstep: z.string(), node: z.string() }),
  dataSha256: z.record(z.string(), z.string()),
  wasmSha256: z.record(z.string(), z.string()),
  hardware: z.object({ arch: z.string(), processor: z.string().nullable() }).nullable(),
});

interface Recorded {
  readonly folder: string;
  readonly config: Config;
  readonly result: z.infer<typeof resultFile>;
  readonly circumstances: Circumstances;
  /** Of final.safetensors. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly sha256: string;
  readonly losses: ReadonlyMap<number, number>;
}

async function verify(folder: string, context: CommandContext): Promise<ExitCode> {
  const recorded = await readRecord(folder);
  const { signal, progress, warnings } = context;
  const note = (line: string) => progress.note(line);
  const resources = new OwnResources(signal, note, warnings.warn, false, levelsOf(recorded));
  const about = {
    config: recorded.config,
    cores: await countCores(),
    signal,
    note,
    warn: warnings.warn,
    resources,
  };
  try {
    return await withSetup(about, (setup) => compare(recorded, setup, context));
  } finally {
    await resources.close();
  }
}

/** @throws UserError (usage) if the folder holds no run that can be trained again. */
async function readRecord(folder: string): Promise<Recorded> {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UserError(`${folder}: expected the folder of a run`, ExitCode.usage);
  const read = (name: string) => {
    try {
      return readWholeFile(path.join(folder, name));
    } catch (error) {
      if (errorCode(error) !== 'ENOENT')
        throw cannot('read', path.join(folder, name), error, ExitCode.failure);
      throw new UserError(
        `${folder}: expected a finished training run, but it has no ${name}`,
        ExitCode.usage,
      );
    }
  };
  const result = parse(resultFile, read('result.json'), path.join(folder, 'result.json'));
  if (result.status === 'interrupted' || result.status === 'failed')
    throw new UserError(
      `${folder}: expected a finished run, this one was ${result.status}; nothing to compare`,
      ExitCode.usage,
    );
  if (result.sync === 'hogwild' && result.threads > 1)
    throw new UserError(
      `${folder}: expected a run that can be repeated; the updates of parallel.sync=hogwild with ${result.threads} threads have no order, so no two runs have the same bits`,
      ExitCode.usage,
    );
  const meta = parse(metaFile, read('meta.json'), path.join(folder, 'meta.json'));
  const weights = read('final.safetensors');
  const { config } = await resolveConfig({
    file: path.join(folder, 'config.yaml'),
    overrides: [`seed=${result.seed}`, `parallel.threads=${result.threads}`],
  });
  if (config.data.set === 'memory')
    throw new UserError(
      `${folder}: expected data in files; the run was trained on data in the memory of a program`,
      ExitCode.usage,
    );
  return {
    folder,
    config,
    result,
    circumstances: {
      ...meta.versions,
      arch: meta.hardware?.arch ?? 'unknown',
      processor: meta.hardware?.processor ?? 'unknown',
      backend: result.backend,
      kernels: result.wasmLevel ?? 'none',
      sync: result.sync,
      threads: result.threads,
      wasm: meta.wasmSha256,
      data: meta.dataSha256,
    },
    tensors: readSafetensors(weights, path.join(folder, 'final.safetensors')),
    sha256: sha256(weights),
    losses: lossesIn(read('metrics.csv').toString()),
  };
}

function parse<T>(schema: z.ZodType<T>, bytes: Buffer, file: string): T {
  try {
    return schema.parse(JSON.parse(bytes.toString()));
  } catch (error) {
    throw new UserError(`${file}: expected the file of a training run`, ExitCode.usage, { cause: error });
  }
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** The level of the record if this machine has it, and those below. */
function levelsOf({ result }: Recorded): readonly Level[] {
  const best = (levels as readonly string[]).indexOf(result.wasmLevel ?? '');
  return levelsHere().filter((level) => levels.indexOf(level) >= best);
}

/** With --json, as it is. */
interface Verification {
  readonly schema: 1;
  readonly run: string;
  /** Weights, losses, accuracy and metrics have the same bits. */
  readonly equal: boolean;
  /** SHA-256 of both files, and the tensors that differ. */
  readonly weights: {
    readonly recorded: string;
    readonly again: string;
    readonly tensors: readonly TensorDifference[];
  };
  /** The first step whose loss differs. */
  readonly loss: ReturnType<typeof firstOtherLoss>;
  readonly accuracy: { readonly recorded: number | null; readonly again: number | null };
  /** Those of the record. */
  readonly metrics: { readonly compared: number; readonly other: readonly OtherMetric[] };
  readonly circumstances: readonly Explanation[];
}

/** Trains in memory: nothing is written. */
async function compare(recorded: Recorded, setup: Setup, context: CommandContext): Promise<ExitCode> {
  const { config, result } = recorded;
  const plan = planFor(setup, result.threads);
  const losses = new Map<number, number>();
  const record = emptyRecord(null);
  const observer = { ...silent, step: ({ step }: Position, { loss }: StepMetrics) => losses.set(step, loss) };
  let metrics: Measured = { metrics: null, testMetrics: null };
  if (config.model.members > 1) {
    const { trainMembers } = await import('../run/members.js');
    const observed = (member: number) => (member === 0 ? observer : {});
    const average = await trainMembers(setup, plan.threads, observed);
    const { tensors, evaluation } = average;
    metrics = average;
    Object.assign(record, { tensors, accuracy: evaluation.accuracy });
  } else
    await withTrainer(setup, plan, async (trainer) => {
      const outcome = await trainer.train(config.seed, observer);
      record.accuracy = outcome.evaluation?.accuracy ?? null;
      record.tensors = trainer.session.parameters();
      const atEnd = await metricsAtEnd(trainer, config, outcome);
      metrics = { ...(await testedAtEnd(trainer, config, outcome)), metrics: atEnd };
    });
  const bytes = finalWeights(setup, plan, record);
  const again = readSafetensors(bytes, 'the run trained again');
  const facts = await gatherHardware();
  const now: Circumstances = {
    ...readVersions(),
    arch: facts.arch,
    processor: facts.processor ?? 'unknown',
    backend: plan.backend,
    kernels: setup.kernels?.level ?? 'none',
    sync: plan.sync,
    threads: plan.threads,
    wasm: { ...setup.kernels?.sha256 },
    data: { ...setup.dataset.sha256 },
  };
  const tensors = tensorDifferences(recorded.tensors, again);
  const otherLoss = firstOtherLoss(recorded.losses, losses);
  const accuracy = result.runs?.[0]?.accuracy ?? result.accuracy;
  const compared = otherMetrics(metricsOf(result), metrics);
  const equal =
    tensors.length === 0 && otherLoss === null && accuracy === record.accuracy && compared.other.length === 0;
  const found: Verification = {
    schema: 1,
    run: recorded.folder,
    equal,
    weights: { recorded: recorded.sha256, again: sha256(bytes), tensors },
    loss: otherLoss,
    accuracy: { recorded: accuracy, again: record.accuracy },
    metrics: compared,
    circumstances: explanations(recorded.circumstances, now),
  };
  context.progress.finish();
  context.stdout(context.json ? JSON.stringify(found) : words(found).join('\n'));
  return equal ? ExitCode.done : ExitCode.failure;
}

/** Of the first seed: the means over several are no values of a run. */
const metricsOf = ({ metrics, testMetrics, runs }: Recorded['result']): Measured =>
  runs === undefined
    ? { metrics: metrics ?? null, testMetrics: testMetrics ?? null }
    : { metrics: runs[0]?.metrics ?? null, testMetrics: null };

function words({ run, equal, weights, loss, accuracy, metrics, circumstances }: Verification): string[] {
  const [first] = weights.tensors;
  const explained = circumstances.filter(({ kind }) => kind === 'explains');
  return [
    `${run}: ${equal ? 'the same bits' : 'differs'}`,
    first === undefined
      ? `weights    equal, sha256 ${weights.recorded}${weights.recorded === weights.again ? '' : `; the rest of the file differs: ${weights.again}`}`
      : `weights    ${weights.tensors.length === 1 ? 'one tensor differs' : `${weights.tensors.length} tensors differ, first`}: ${difference(first)}`,
    loss === null
      ? 'losses     equal'
      : `losses     differ from step ${loss.step} on: ${loss.recorded} in the record, ${loss.again ?? 'no such step'} now`,
    accuracy.recorded === accuracy.again
      ? `accuracy   equal, ${accuracy.recorded ?? 'not evaluated'}`
      : `accuracy   ${accuracy.recorded} in the record, ${accuracy.again} now`,
    ...(metrics.compared === 0 ? [] : [metricsInWords(metrics)]),
    ...circumstances.map(({ kind, text }) =>
      kind === 'explains' ? `may differ for ${text}` : `does not matter: ${text}`,
    ),
    ...(equal || explained.length > 0
      ? []
      : [
          'nothing explains the difference: the same bits are promised, so this is a defect, or the record was changed',
        ]),
  ];
}

function metricsInWords({ compared, other: [first, ...others] }: Verification['metrics']): string {
  if (first === undefined) return `metrics    equal, ${compared}`;
  const { name, on, recorded, again } = first;
  const more = others.length === 0 ? '' : `, and ${others.length} more`;
  return `metrics    ${name}${on === 'testMetrics' ? ' of the test samples' : ''} ${recorded} in the record, ${again} now${more}`;
}

const difference = ({ tensor, values, of, largest }: TensorDifference) =>
  values === null
    ? `${tensor}, which one of them lacks or has with another shape`
    : `${tensor}: ${grouped(values)} of ${grouped(of)} values, by at most ${largest?.toPrecision(3)}`;
