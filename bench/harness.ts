/** What every bench shares: sessions that stay open side by side, alternating rounds, spreads, tables, the machine. */
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { resolveConfig } from '../dist/config/load.js';
import type { Config } from '../dist/config/schema.js';
import type { PreparedData } from '../dist/coordinator/prepare-data.js';
import { OwnResources } from '../dist/coordinator/resources.js';
import type { Session } from '../dist/coordinator/session.js';
import { openSetup, planFor, type Setup } from '../dist/coordinator/setup.js';
import { Trainer as CoordinatorTrainer } from '../dist/coordinator/trainer.js';
import type { RunObserver, RunOutcome } from '../dist/coordinator/training-run.js';
import type { PhaseTimes } from '../dist/coordinator/work.js';
import type { Dataset, PixelDataset } from '../dist/data/dataset.js';
import { loadDataset } from '../dist/data/load.js';
import type { DirectionShape } from '../dist/kernels/directions/spec.js';
import type { LoadedKernels } from '../dist/kernels/load.js';
import { countCores } from '../dist/machine/cores.js';
import { aligned } from '../dist/numbers/columns.js';
import { maximum, median, minimum } from '../dist/numbers/statistics.js';
import type { Plan, ProfilePlan } from '../dist/plan/plan.js';
import { type Collector, collectorOf } from '../dist/profile/collector.js';
import type { Table } from '../scripts/performance/record-format.ts';

export const root = fileURLToPath(new URL('../', import.meta.url));

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** In the order of measuring. */
  readonly samples: readonly number[];
}

export function spread(samples: readonly number[]): Spread {
  return { median: median(samples), min: minimum(samples), max: maximum(samples), samples };
}

/** `median (min–max)` */
export function shown({ median: middle, min, max }: Spread, digits = 1): string {
  return `${middle.toFixed(digits)} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}

/** Sample by sample: both lists are of cases that took turns, so neighbours in time meet. */
export function ratios(above: readonly number[], below: readonly number[]): number[] {
  return above.map((sample, i) => sample / below[i]);
}

/** One thread, and one for each physical core. */
export async function singleAndAll(): Promise<number[]> {
  const { physical } = await countCores();
  return physical === 1 ? [1] : [1, physical];
}

export interface Case {
  readonly name: string;
  /** One sample. */
  readonly run: () => number | Promise<number>;
}

/**
 * Samples of every case, taken in turn: a slow period of the machine affects all of them. Rounds alternate their
 * direction, so that no case always follows the same one. `warmUp` rounds come first and are returned separately.
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
  readonly data: PreparedData;
  readonly plan: Plan;
  readonly session: Session;
  /** In a profiled session: the stamps of its last run. */
  readonly profile: Collector | null;
  /** A whole run from freshly drawn parameters, and its time by phase; the configuration's seed by default. */
  train(
    evaluates: boolean,
    seed?: number,
    observer?: Partial<RunObserver>,
  ): Promise<RunOutcome & { readonly phases: PhaseTimes }>;
  close(): Promise<void>;
}

const never = new AbortController().signal;
const resources = new OwnResources(
  never,
  () => {},
  () => {},
);

/** Compiled once for each shape of direction features; null: pixels. */
export function loadedKernels(shape: DirectionShape | null = null): LoadedKernels {
  return resources.kernelsFor(shape);
}

export const mnistImages = (): Promise<PixelDataset> => loadDataset({ set: 'mnist', dir: null });

/** A data set that replaces the configuration's, and separate worker pools. */
class BenchResources extends OwnResources {
  readonly #dataset: Dataset | undefined;

  constructor(dataset: Dataset | undefined) {
    super(
      never,
      () => {},
      () => {},
    );
    this.#dataset = dataset;
  }

  override dataset(config: Config): Promise<Dataset> {
    return this.#dataset === undefined ? resources.dataset(config) : Promise.resolve(this.#dataset);
  }

  override kernelsFor(shape: DirectionShape | null): LoadedKernels {
    return resources.kernelsFor(shape);
  }
}

/** Data and kernels; no workers yet. */
export async function setUp(
  file: string | null,
  overrides: readonly string[] = [],
  dataset?: Dataset,
): Promise<Setup> {
  const { config } = await resolveConfig({ file, overrides, environment: {}, directory: root });
  return openSetup({
    ...{
      config,
      cores: await countCores(),
      signal: never,
      note: () => {},
      warn: () => {},
      startsWorkers: false,
    },
    resources: new BenchResources(dataset),
  });
}

/** A warm worker pool with its session. Several may be open at once: workers without a command sleep. */
export async function openTrainer(
  file: string | null,
  overrides: readonly string[],
  threads: number,
  dataset?: Dataset,
  profile: ProfilePlan | null = null,
): Promise<Trainer> {
  const setup = await setUp(file, overrides, dataset);
  const { config } = setup;
  const plan = planFor(setup, threads, profile);
  const trainer = await CoordinatorTrainer.open(setup, plan);
  const { session } = trainer;
  return {
    config,
    threads,
    data: setup.data,
    plan,
    session,
    profile: profile === null ? null : collectorOf(session),
    async train(evaluates, seed = config.seed, observer = {}) {
      session.profile?.restart();
      const ordered = (fromMs: number, toMs: number) => session.profile?.ordered(fromMs, toMs);
      const outcome = await trainer.train(seed, { ordered, ...observer }, { evaluates });
      session.profile?.finish(outcome.residentMs);
      return { ...outcome, phases: session.phaseTimes() };
    },
    close: () => trainer.close(),
  };
}

export function machineLine(): string {
  const [first] = os.cpus();
  return `${first?.model.trim() ?? 'unknown processor'}, ${os.availableParallelism()} cores available, Node ${process.versions.node}, WebAssembly ${loadedKernels().level}, load ${os.loadavg()[0]?.toFixed(2)}`;
}

/** Prints a table of a record, and returns it. */
export function printed(shown: Table): Table {
  const { title, note, rows } = shown;
  console.log(`${[title, ...(note === undefined ? [] : [note]), aligned(rows)].join('\n\n')}\n`);
  return shown;
}
