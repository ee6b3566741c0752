/** What every training command does first, as much of it at once as possible: data, kernels, workers, memory. */

import type { Config } from '../config/schema.js';
import type { Dataset } from '../data/dataset.js';
import { loadDataset } from '../data/load.js';
import { type DirectionShape, directionShape } from '../kernels/directions/spec.js';
import { type LoadedKernels, loadKernels } from '../kernels/load.js';
import type { CoreCount } from '../machine/cores.js';
import type { TensorFlowVersions } from '../machine/hardware.js';
import type { Tensor } from '../model/safetensors.js';
import { makePlan } from '../plan/make-plan.js';
import type { Plan, ProfilePlan } from '../plan/plan.js';
import type { Progress } from '../run/progress.js';
import { openPool, type WorkerPool } from '../worker/pool.js';
import { type PreparedData, prepareData } from './prepare-data.js';
import { Session } from './session.js';

export interface Setup {
  readonly config: Config;
  readonly cores: CoreCount;
  /** Null where plain TypeScript computes, which is for platforms that have none. */
  readonly kernels: LoadedKernels | null;
  /** Null where the kernels of this package compute. */
  readonly tensorflow: TensorFlowVersions | null;
  readonly dataset: Dataset;
  readonly data: PreparedData;
  /** Milliseconds by phase; loading the data and compiling the kernels overlap. */
  readonly phases: Record<string, number>;
}

/** Runs `work` and adds its duration to `phases[name]`. */
export async function timed<T>(phases: Record<string, number>, name: string, work: () => T | Promise<T>) {
  const started = performance.now();
  try {
    return await work();
  } finally {
    phases[name] = (phases[name] ?? 0) + performance.now() - started;
  }
}

/** Loads and prepares the data while the kernels are compiled; `initial`: see prepareData. @throws UserError for bad data. */
export async function setUp(
  config: Config,
  cores: CoreCount,
  signal: AbortSignal,
  progress: Progress,
  initial: ReadonlyMap<string, Tensor> | null = null,
): Promise<Setup> {
  const phases: Record<string, number> = {};
  const loading = timed(phases, 'load data', () =>
    loadDataset(config.data, { signal, onProgress: downloadNotes(progress) }),
  );
  // The files are being read; if compiling fails meanwhile, that error is the one to report.
  loading.catch(() => {});
  const { backend } = config;
  const kernels =
    backend.name === 'js'
      ? null
      : await timed(phases, 'compile kernels', () => loadKernels(undefined, shapeOf(config)));
  const tensorflow =
    backend.name === 'tfjs-node'
      ? await timed(phases, 'load TensorFlow', () => loadForAll(backend.threadsPerWorker))
      : null;
  for (const reason of kernels?.refused ?? []) progress.note(`kernel level refused: ${reason}`);
  const dataset = await loading;
  signal.throwIfAborted();
  const data = await timed(phases, 'prepare data', () => prepareData(dataset, config, initial));
  return { config, cores, kernels, tensorflow, dataset, data, phases };
}

/** In the main thread, before a worker does. */
async function loadForAll(threadsPerWorker: number): Promise<TensorFlowVersions> {
  const { loadTensorFlow } = await import('../backend/tfjs/library.js');
  return loadTensorFlow(threadsPerWorker).versions;
}

/** The direction features that a configuration needs; null for pixels. */
export function shapeOf({ data }: Config): DirectionShape | null {
  return data.features.kind === 'directions' ? directionShape(data.features) : null;
}

/** The plan of a run with `threads` threads. */
export function planFor(setup: Setup, threads: number, profile: ProfilePlan | null = null): Plan {
  return makePlan(setup.config, setup.data.facts, threads, setup.cores.available, profile);
}

/** Starts a pool, hands it to `use`, and ends it whatever happens. */
export async function withPool<T>(threads: number, use: (pool: WorkerPool) => Promise<T>): Promise<T> {
  const pool = openPool(threads);
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}

/** Opens a session on a pool, hands it to `use`, and closes it whatever happens. */
export async function withSession<T>(
  setup: Setup,
  plan: Plan,
  pool: WorkerPool,
  signal: AbortSignal,
  use: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await timed(setup.phases, 'start workers', () =>
    Session.open(plan, setup.data, setup.kernels, pool, signal),
  );
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

/** A line when a download begins and every eighth of it, for people who wait. */
export function downloadNotes(progress: Progress) {
  const said = new Map<string, number>();
  return ({
    file,
    receivedBytes,
    totalBytes,
  }: {
    file: string;
    receivedBytes: number;
    totalBytes: number | null;
  }) => {
    const share = totalBytes === null ? 0 : Math.floor((8 * receivedBytes) / totalBytes);
    if (said.get(file) === share) return;
    said.set(file, share);
    const of = totalBytes === null ? '' : ` of ${(totalBytes / 1e6).toFixed(1)}`;
    progress.note(`downloading ${file}: ${(receivedBytes / 1e6).toFixed(1)}${of} MB`);
  };
}
