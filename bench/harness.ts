/** What every bench shares: sessions that stay open side by side, alternating rounds, spreads, JSON, the machine. */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { markdownTable } from 'markdown-table';
import { resolveConfig } from '../dist/config/load.js';
import type { Config } from '../dist/config/schema.js';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { Session } from '../dist/coordinator/session.js';
import { shapeOf } from '../dist/coordinator/setup.js';
import {
  type RunObserver,
  type RunOutcome,
  startParameters,
  trainOnce,
} from '../dist/coordinator/training-run.js';
import type { PhaseTimes } from '../dist/coordinator/work.js';
import type { Dataset } from '../dist/data/dataset.js';
import { loadDataset } from '../dist/data/load.js';
import type { DirectionShape } from '../dist/kernels/directions/spec.js';
import { type LoadedKernels, loadKernels } from '../dist/kernels/load.js';
import { countCores } from '../dist/machine/cores.js';
import { maximum, median, minimum } from '../dist/numbers/statistics.js';
import { makePlan } from '../dist/plan/make-plan.js';
import type { DataFacts, Plan, ProfilePlan } from '../dist/plan/plan.js';
import type { Collector } from '../dist/profile/collector.js';
import { openPool } from '../dist/worker/pool.js';

export const root = fileURLToPath(new URL('../', import.meta.url));

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** In the order in which they were taken. */
  readonly samples: readonly number[];
}

export function spread(samples: readonly number[]): Spread {
  return { median: median(samples), min: minimum(samples), max: maximum(samples), samples };
}

/** `median (min–max)` */
export function shown({ median: middle, min, max }: Spread, digits = 1): string {
  return `${middle.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

export interface Case {
  readonly name: string;
  /** One sample. */
  readonly run: () => number | Promise<number>;
}

/**
 * Samples of every case, taken in turn: what slows the machine for a while slows all of them. Rounds are run
 * forth and back, so that no case always follows the same one. `warmUp` rounds come first and are returned apart.
 */
export async function alternate(
  cases: readonly Case[],
  { rounds, warmUp = 1 }: { rounds: number; warmUp?: number },
): Promise<Map<string, { readonly first: readonly number[]; readonly samples: readonly number[] }>> {
  const taken = new Map(cases.map(({ name }) => [name, { first: [] as number[], samples: [] as number[] }]));
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const { name, run } of round % 2 === 0 ? cases : cases.toReversed()) {
      const sample = await run();
      taken.get(name)?.[round < warmUp ? 'first' : 'samples'].push(sample);
    }
  }
  return taken;
}

export interface Trainer {
  readonly config: Config;
  readonly threads: number;
  readonly packing: DataFacts['packing'];
  readonly plan: Plan;
  /** Of a profiled session: the stamps of its last run. */
  readonly profile: Collector | null;
  /** A whole run from freshly drawn parameters, and where its time went; the configuration's seed by default. */
  train(
    evaluates: boolean,
    seed?: number,
    observer?: RunObserver,
  ): Promise<RunOutcome & { readonly phases: PhaseTimes }>;
  close(): Promise<void>;
}

const kernels = new Map<string, LoadedKernels>();
let mnist: Promise<Dataset> | undefined;

/** Compiled once for each shape of direction features; null: pixels. */
export function loadedKernels(shape: DirectionShape | null = null): LoadedKernels {
  const key = JSON.stringify(shape);
  const loaded = kernels.get(key) ?? loadKernels(undefined, shape);
  kernels.set(key, loaded);
  return loaded;
}

export function mnistImages(): Promise<Dataset> {
  mnist ??= loadDataset({ set: 'mnist', dir: null });
  return mnist;
}

/** A warm pool with its session. Several may be open at once: workers without a command sleep. */
export async function openTrainer(
  file: string | null,
  overrides: readonly string[],
  threads: number,
  dataset?: Dataset,
  profile: ProfilePlan | null = null,
): Promise<Trainer> {
  const { config } = await resolveConfig({ file, overrides, environment: {}, directory: root });
  const data = prepareData(dataset ?? (await mnistImages()), config);
  const plan = makePlan(config, data.facts, threads, (await countCores()).available, profile);
  const pool = openPool(threads);
  const session = await Session.open(
    plan,
    data,
    loadedKernels(shapeOf(config)),
    pool,
    new AbortController().signal,
  );
  return {
    config,
    threads,
    packing: data.facts.packing,
    plan,
    profile: session.profile,
    async train(evaluates, seed = config.seed, observer = {}) {
      startParameters(session, config, seed, null);
      session.profile?.restart();
      const ordered = (fromMs: number, toMs: number) => session.profile?.ordered(fromMs, toMs);
      const outcome = await trainOnce(session, config, seed, { ordered, ...observer }, evaluates);
      session.profile?.finish();
      return { ...outcome, phases: session.phaseTimes() };
    },
    async close() {
      await session.close();
      await pool.close();
    },
  };
}

export function machineLine(): string {
  const [first] = os.cpus();
  return `${first?.model.trim() ?? 'unknown processor'}, ${os.availableParallelism()} cores available, Node ${process.versions.node}, WebAssembly ${loadedKernels().level}, load ${os.loadavg()[0]?.toFixed(2)}`;
}

export function table(rows: readonly (readonly string[])[]): string {
  const align = rows[0].map((_, column) => (column === 0 ? 'l' : 'r'));
  return markdownTable(
    rows.map((row) => [...row]),
    { align, stringLength: (cell) => [...cell].length },
  );
}

/** Keeps all samples in results/, says where. */
export function writeResults(name: string, results: Record<string, unknown>): void {
  mkdirSync(`${root}results`, { recursive: true });
  const stamp = new Date().toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-');
  const file = `results/bench-${name}_${stamp}.json`;
  const text = JSON.stringify({ schema: 1, bench: name, machine: machineLine(), ...results }, null, 2);
  writeFileSync(`${root}${file}`, `${text}\n`);
  console.log(`\nall samples: ${file}`);
}
