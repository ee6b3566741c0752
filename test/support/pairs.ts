/**
 * What the tests of whole runs ask of the program, and the only file of theirs that knows where its modules are: a
 * configuration from words, a run of it, plain or profiled, its weights as a file, and what these say again in another
 * session or outside any.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { describeKeys } from '../../dist/config/keys.js';
import { resolveConfig } from '../../dist/config/load.js';
import type { Config } from '../../dist/config/schema.js';
import { toYaml } from '../../dist/config/yaml-text.js';
import { type Checkpoint, capture, restore } from '../../dist/coordinator/checkpoint.js';
import { type PreparedData, prepareData } from '../../dist/coordinator/prepare-data.js';
import { shapeOf } from '../../dist/coordinator/resources.js';
import { Session } from '../../dist/coordinator/session.js';
import { type RunOutcome, startParameters, trainOnce } from '../../dist/coordinator/training-run.js';
import type { Evaluation, StepMetrics } from '../../dist/coordinator/work.js';
import type { Dataset } from '../../dist/data/dataset.js';
import { Pipeline } from '../../dist/data/transforms/pipeline.js';
import { sampleKind } from '../../dist/data/transforms/transform.js';
import { Predictor } from '../../dist/inference/predictor.js';
import {
  checkInitialWeights,
  readInitialWeights,
  weightsMetadata,
} from '../../dist/inference/weights-file.js';
import { type LoadedKernels, loadKernels } from '../../dist/kernels/load.js';
import { readSafetensors, type Tensor, writeSafetensors } from '../../dist/model/safetensors.js';
import { makePlan } from '../../dist/plan/make-plan.js';
import { profilePlan } from '../../dist/profile/profile-plan.js';
import { UserError } from '../../dist/user-error.js';
import type { Warn } from '../../dist/warnings.js';
import { openPool, type WorkerPool } from '../../dist/worker/pool.js';
import { Diverged } from '../../dist/worker/session-errors.js';

export { someMnist } from './training.ts';
export type { Config, Dataset, Evaluation, Tensor };
export { readSafetensors, writeSafetensors };

const pools = new Map<number, WorkerPool>();
const kernels = new Map<string, LoadedKernels>();
const folder = mkdtempSync(join(tmpdir(), 'shardstep-pairs-'));

after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await Promise.all([...pools.values()].map((pool) => pool.close()));
});

/** Every key of a configuration that takes a value, once. */
export const allKeys = (): string[] => [...new Set(describeKeys().map(({ key }) => key))];

/** Null where the words are refused. */
export async function configured(words: readonly string[]): Promise<Config | null> {
  try {
    return (await resolveConfig({ file: null, overrides: words, environment: {} })).config;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** As it is printed, and read again. */
export async function printedAndRead(config: Config): Promise<Config> {
  const file = join(folder, 'printed.yaml');
  writeFileSync(file, toYaml(config));
  return (await resolveConfig({ file, overrides: [], environment: {} })).config;
}

/** Images ready for runs of one configuration: made once, as they only are read. */
export interface Prepared {
  readonly config: Config;
  readonly dataset: Dataset;
  readonly data: PreparedData;
}

/** Null where the data contradict the configuration, such as batches larger than the training part. */
export function prepared(config: Config, dataset: Dataset): Prepared | null {
  try {
    return { config, dataset, data: prepareData(dataset, config) };
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

export interface Trained {
  /** By name, in the order of a weights file: the network's, the features' and the normalisation's. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly losses: readonly number[];
  /** That the run ended with, on stop.on; then on the test part, of the weights that it ended with. */
  readonly last: Evaluation | null;
  readonly test: Evaluation;
  readonly packing: string;
}

/** Trains from the seed's parameters; null where the loss became infinite, of which nothing is to be said. */
export async function train(
  { config, data }: Prepared,
  threads: number,
  profiled = false,
): Promise<Trained | null> {
  const session = await open(config, data, threads, profiled);
  try {
    startParameters(session, config, config.seed, null);
    const losses: number[] = [];
    const outcome = await trainOnce(session, config, config.seed, {
      step: (_, { loss }) => losses.push(loss),
      ordered: (from, to) => session.profile?.ordered(from, to),
    });
    session.profile?.finish(outcome.residentMs);
    return await trained(session, data, losses, outcome);
  } catch (error) {
    if (error instanceof Diverged) return null;
    throw error;
  } finally {
    await session.close();
  }
}

/** Of a session whose run has just ended. */
async function trained(
  session: Session,
  data: PreparedData,
  losses: readonly number[],
  outcome: RunOutcome,
): Promise<Trained> {
  const test = await session.evaluate('test');
  const tensors = new Map([...session.parameters(), ...data.pipeline.tensors()]);
  return { tensors, losses, last: outcome.evaluation, test, packing: session.plan.input.packing };
}

/**
 * As `train`, stopped after its first command at or after a step, and gone on with in another session on `resumedBy`
 * threads. Null as there; also if the run ends before.
 */
export async function trainInParts(
  { config, data }: Prepared,
  threads: number,
  step: number,
  resumedBy: number,
): Promise<Trained | null> {
  const losses: number[] = [];
  const observer = { step: (_: unknown, { loss }: StepMetrics) => losses.push(loss) };
  let left: Checkpoint | null = null;
  const stop = new Error('stopped');
  const first = await open(config, data, threads, false);
  try {
    startParameters(first, config, config.seed, null);
    await trainOnce(first, config, config.seed, {
      ...observer,
      atMost: (at) => (at.step < step ? step - at.step : Number.POSITIVE_INFINITY),
      between(state) {
        if (state.step < step) return;
        left = capture(first, state);
        throw stop;
      },
    });
  } catch (error) {
    if (error !== stop && !(error instanceof Diverged)) throw error;
  } finally {
    await first.close();
  }
  if (left === null) return null;
  const session = await open(config, data, resumedBy, false);
  try {
    startParameters(session, config, 9, null);
    const outcome = await trainOnce(session, config, config.seed, observer, true, restore(session, left));
    return await trained(session, data, losses, outcome);
  } catch (error) {
    if (error instanceof Diverged) return null;
    throw error;
  } finally {
    await session.close();
  }
}

/** A file that a run has just left describes its network. */
const unexpected: Warn = (code, message) => {
  throw new Error(`${code}: ${message}`);
};

/** The bytes of final.safetensors. */
export const weightsFile = ({ tensors, packing }: Trained, { config, dataset, data }: Prepared): Uint8Array =>
  writeSafetensors(
    new Map([...tensors, ...(data.goal.scale?.tensors() ?? [])]),
    weightsMetadata(
      config,
      dataset,
      packing,
      { accuracy: null, on: 'test', sync: 'owner', sha256: {} },
      data.pipeline.encoding?.json ?? null,
    ),
  );

/**
 * The test part by a session that starts from a weights file, as model.init.file does, before any step. `labels`: of
 * the test images, instead of their own.
 */
export async function evaluateFile(
  { config, dataset }: Prepared,
  bytes: Uint8Array,
  threads: number,
  labels: Uint32Array | null = null,
): Promise<Evaluation> {
  const file = join(folder, 'initial.safetensors');
  writeFileSync(file, bytes);
  const { model } = config;
  const starting: Config = { ...config, model: { ...model, init: { ...model.init, file } } };
  const weights = readInitialWeights(starting);
  if (weights !== null) checkInitialWeights(weights, starting, dataset, unexpected);
  const initial = weights?.tensors ?? null;
  const data = prepareData(dataset, starting, initial);
  const { test } = data.parts;
  const labelled = { ...data, parts: { ...data.parts, test: { ...test, targets: labels ?? test.targets } } };
  const session = await open(starting, labelled, threads, false);
  try {
    startParameters(session, starting, starting.seed, initial);
    return await session.evaluate('test');
  } finally {
    await session.close();
  }
}

/** Logits outside any session of the test images, transforms and weights from a weights file: f32 [count][classes]. */
export async function predict(
  { config, dataset, data }: Prepared,
  bytes: Uint8Array,
  threads: number,
): Promise<Float32Array> {
  const tensors = readSafetensors(bytes, 'weights');
  const stored = { tensors, prefix: '', source: 'weights' };
  const pipeline = Pipeline.restore(config.data, dataset.test.shape, stored, sampleKind(dataset.test));
  const network = { config, facts: data.facts, pipeline };
  const predictor = await Predictor.open(network, tensors, kernelsFor(shapeOf(config)), 'weights', {
    threads,
    cores: 2,
  });
  try {
    return predictor.predict(dataset.test.values);
  } finally {
    await predictor.close();
  }
}

/** Tensors of a weights file on disk. */
export const readWeights = (file: string): Map<string, Tensor> => readSafetensors(readFileSync(file), file);

/** Pools are shared by the sessions of a test file, one session at a time each. */
async function open(
  config: Config,
  data: PreparedData,
  threads: number,
  profiled: boolean,
): Promise<Session> {
  const plan = makePlan(config, data.facts, threads, 2, profiled ? profilePlan(null) : null);
  const pool = pools.get(threads) ?? openPool(threads);
  pools.set(threads, pool);
  const loaded = config.backend.name === 'js' ? null : kernelsFor(shapeOf(config));
  return Session.open(plan, { data, kernels: loaded }, pool, new AbortController().signal);
}

function kernelsFor(shape: ReturnType<typeof shapeOf>): LoadedKernels {
  const key = JSON.stringify(shape);
  const loaded = kernels.get(key) ?? loadKernels(undefined, shape);
  kernels.set(key, loaded);
  return loaded;
}
