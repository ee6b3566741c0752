/** Sessions for tests: a configuration in words, real data, real workers. */
import { readFileSync } from 'node:fs';
import { after } from 'node:test';
import { resolveConfig } from '../../dist/config/load.js';
import { OwnResources, type Resources } from '../../dist/coordinator/resources.js';
import type { Session } from '../../dist/coordinator/session.js';
import { openSetup, planFor } from '../../dist/coordinator/setup.js';
import { Trainer } from '../../dist/coordinator/trainer.js';
import type { StepMetrics } from '../../dist/coordinator/work.js';
import type { Dataset, PixelDataset, PixelSamples } from '../../dist/data/dataset.js';
import { loadDataset } from '../../dist/data/load.js';
import { sizeOf } from '../../dist/data/transforms/transform.js';
import type { Core } from '../../dist/machine/core-speeds.js';
import { readSafetensors, type Tensor } from '../../dist/model/safetensors.js';
import type { Plan } from '../../dist/plan/plan.js';
import type { WorkerPool } from '../../dist/worker/pool.js';

let mnist: Promise<PixelDataset> | undefined;

export function realMnist(): Promise<PixelDataset> {
  mnist ??= loadDataset({ set: 'mnist', dir: null });
  return mnist;
}

/**
 * The first images of MNIST's two parts; those of the training part from `skipped` on. A session prepares every image it
 * is given, which of all 70,000 takes half a second.
 */
export async function someMnist(train: number, test: number, skipped = 0): Promise<PixelDataset> {
  const all = await realMnist();
  const some = (set: PixelSamples, from: number, count: number): PixelSamples => {
    const size = sizeOf(set.shape);
    const values = set.values.slice(from * size, (from + count) * size);
    return { ...set, values, targets: set.targets.slice(from, from + count), count };
  };
  return { ...all, train: some(all.train, skipped, train), test: some(all.test, 0, test) };
}

export async function configure(...overrides: string[]) {
  return (await resolveConfig({ file: null, overrides, environment: {} })).config;
}

export interface OpenSession {
  readonly trainer: Trainer;
  /** The trainer's. */
  readonly session: Session;
  readonly plan: Plan;
}

const never = new AbortController().signal;
const cores = { physical: 2, logical: 2, available: 2 };

/** Opened as every command does, on `dataset`. Pools are shared by the sessions of a test file, one at a time each. */
export async function openSession(
  dataset: Dataset,
  threads: number,
  overrides: readonly string[],
  signal = never,
  change = (plan: Plan) => plan,
  speeds: readonly Core[] = [],
): Promise<OpenSession> {
  const config = await configure(...overrides);
  const setup = await openSetup({
    ...{
      config,
      cores: { ...cores, speeds, pins: speeds.length > 0 },
      signal,
      note: () => {},
      warn: () => {},
      startsWorkers: false,
    },
    resources: lending(dataset),
  });
  const trainer = await Trainer.open(setup, change(planFor(setup, threads)));
  return { trainer, session: trainer.session, plan: trainer.plan };
}

const shared = new OwnResources(
  never,
  () => {},
  () => {},
  true,
);
const pools = new Map<number, WorkerPool>();
after(() => shared.close());

/** A pool is not given back: its next session may have it as soon as this one is closed. */
function lending(dataset: Dataset): Resources {
  return {
    dataset: async () => dataset,
    prepared: (...given) => shared.prepared(...given),
    kernels: (config) => shared.kernels(config),
    warm: () => {},
    borrow(threads) {
      const pool = pools.get(threads) ?? shared.borrow(threads);
      pools.set(threads, pool);
      return pool;
    },
    giveBack: async () => {},
    async discard(pool) {
      for (const [threads, each] of pools) if (each === pool) pools.delete(threads);
      await shared.discard(pool);
    },
    close: async () => {},
  };
}

/** Steps on pixels, without an evaluation: what each tells. */
export async function takeSteps(
  session: Session,
  first: number,
  rates: readonly number[],
  firstSample: number,
  epochSamples: number,
): Promise<StepMetrics[]> {
  const work = { first, rates, firstSample, epochSamples, extract: false, evaluate: null };
  return (await session.run(work)).metrics;
}

/** 0, 1, 2 …: file order. */
export function fileOrder(session: Session): void {
  const { order } = session;
  for (let i = 0; i < order.length; i++) order[i] = i;
}

export interface GoldenCase {
  readonly name: string;
  readonly losses: number[];
  readonly correct: number[];
  readonly lr: number;
  readonly batch: number;
  readonly tensors: Map<string, Tensor>;
}

export function readGolden(name: string): GoldenCase {
  const folder = new URL('../golden/', import.meta.url);
  const facts = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
  const tensors = readSafetensors(readFileSync(new URL(`${name}.safetensors`, folder)), name);
  return { name, ...facts, tensors };
}

/** Greatest absolute difference over the greatest magnitude of `expected`. */
export function relativeError(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let magnitude = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(got[i] - expected[i]));
    magnitude = Math.max(magnitude, Math.abs(expected[i]));
  }
  return difference / magnitude;
}

/** Random u8 images of any size, a share of whose pixels is not zero, with labels below `classes`. */
export function syntheticDataset(options: {
  rows: number;
  columns: number;
  classes: number;
  train: number;
  test: number;
  density: number;
  seed: number;
}): PixelDataset {
  let state = options.seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const part = (count: number) => ({
    values: Uint8Array.from({ length: count * options.rows * options.columns }, () =>
      random() < options.density ? 1 + Math.floor(random() * 255) : 0,
    ),
    targets: Uint32Array.from({ length: count }, (_, i) =>
      i < options.classes ? options.classes - 1 - i : Math.floor(random() * options.classes),
    ),
    count,
    shape: [options.rows, options.columns, 1],
    full: 255,
  });
  return {
    name: 'idx',
    source: 'memory',
    train: part(options.train),
    test: part(options.test),
    validation: null,
    target: {
      kind: 'class',
      labels: Array.from({ length: options.classes }, (_, index) => String(index)),
    },
    sha256: {},
  };
}
