/**
 * Data, kernels and workers, which every run needs before its memory is planned, loaded in parallel as far as possible.
 */
import type { Config } from '../config/schema.js';
import type { Dataset } from '../data/dataset.js';
import { fitToData } from '../data/fit-to-data.js';
import { factsOf } from '../data/target.js';
import { croppedShape } from '../data/transforms/crop-pool.js';
import { sizeOf } from '../data/transforms/transform.js';
import { checkInitialWeights, type InitialWeights, readInitialWeights } from '../inference/weights-file.js';
import type { LoadedKernels } from '../kernels/load.js';
import { outputsFor } from '../loss/loss.js';
import type { CoreCount } from '../machine/cores.js';
import type { TensorFlowVersions } from '../machine/hardware.js';
import { addressSpace } from '../memory/address-space.js';
import type { Tensor } from '../model/safetensors.js';
import { chooseSync } from '../plan/choose-sync.js';
import { makePlan } from '../plan/make-plan.js';
import type { DataFacts, Plan, ProfilePlan, SyncName } from '../plan/plan.js';
import {
  chooseThreads,
  fixedThreads,
  idleRanks,
  oversubscription,
  type ThreadChoice,
} from '../plan/threads.js';
import { recipeOfTable } from '../tables/training/table-recipe.js';
import type { Warn } from '../warnings.js';
import { requireRunMemory } from '../worker/thread-memory.js';
import { type PreparedData, refuseEmptyPart, trainingImages } from './prepare-data.js';
import { OwnResources, type Resources } from './resources.js';

export interface SetupOptions {
  readonly config: Config;
  readonly cores: CoreCount;
  readonly signal: AbortSignal;
  /** Receives a line for people. */
  readonly note: (line: string) => void;
  readonly warn: Warn;
  /** Keys that the user set. If given, the other keys are fitted to the data, each with a note. */
  readonly given?: ReadonlySet<string>;
  /** Ready samples, named by the configuration's data.set; by default the files are read that it names. */
  readonly dataset?: Dataset;
  /** Resources that several setups share; a setup's own by default. */
  readonly resources?: Resources;
  /** The weights that training starts from, instead of model.init.file. */
  readonly from?: { readonly weights: InitialWeights; readonly source: string };
  /** Called while the data are read and workers start. */
  readonly meanwhile?: () => void;
  /** One session is opened, so rows of a table may leave the memory that they were read into. */
  readonly packsOnce?: boolean;
  /** False for a setup whose sessions have other thread counts than the configuration's. */
  readonly startsWorkers?: boolean;
  /** Whether sessions of several setups run in this thread at the same time: none then blocks it while it waits. */
  readonly sharesThread?: boolean;
}

/** Facts about a future run; its workers may be starting. */
export interface Setup extends Omit<SetupOptions, 'resources' | 'dataset' | 'from' | 'meanwhile'> {
  readonly resources: Resources;
  /** Null if plain TypeScript computes, for platforms without kernels. */
  readonly kernels: LoadedKernels | null;
  /** Null if the kernels of this package compute. */
  readonly tensorflow: TensorFlowVersions | null;
  readonly dataset: Dataset;
  readonly data: PreparedData;
  /** The tensors of model.init.file; null without one. */
  readonly initial: ReadonlyMap<string, Tensor> | null;
  readonly threads: ThreadChoice;
  /** Milliseconds by phase; loading the data and compiling the kernels overlap. */
  readonly phases: Record<string, number>;
}

/** What a session needs of it. */
export type SessionSetup = Pick<Setup, 'data' | 'kernels' | 'packsOnce' | 'sharesThread'>;

/**
 * Reads and prepares the data while the kernels are compiled and the workers start, if their number is already known.
 * @throws UserError for bad data or weights; Interrupted.
 */
export async function openSetup(options: SetupOptions): Promise<Setup> {
  const { cores, signal, note, warn, resources = new OwnResources(signal, note, warn) } = options;
  let { config } = options;
  const phases: Record<string, number> = {};
  try {
    const weights = options.from?.weights ?? readInitialWeights(config);
    const initial = weights?.tensors ?? null;
    const source = options.from?.source ?? config.model.init.file ?? '';
    const reading = { weights, source, evaluates: false };
    const fixed = fixedThreads(config, cores);
    const asked = config.parallel.threads;
    const over = typeof asked === 'number' && fixed ? oversubscription(asked, fixed.count, cores) : null;
    if (over !== null) warn('threads-above-limit', over);
    // Several networks are trained by sessions of fewer threads.
    const isApart = options.startsWorkers === false || config.model.members > 1;
    const count = isApart ? null : (fixed?.count ?? null);
    const startWorkers = () => {
      if (count !== null) resources.warm(count);
    };
    if (count !== null) requireRunMemory(count);
    // Of a limited address space, threads that inflate or write take what they can get, but workers need their share.
    const isLimited = addressSpace() !== null;
    if (isLimited) startWorkers();
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const loading = timed(
      phases,
      'load data',
      () => options.dataset ?? resources.dataset(config, begin, reading),
    );
    // The files are still being read; if compiling fails meanwhile, its error is the one to report.
    const settled = loading.then(
      () => {},
      () => {},
    );
    await Promise.race([begun, settled]);
    let kernels = await timed(phases, 'compile kernels', () => resources.kernels(config));
    // After compiling, whose flags would slow their start. The plan reaches them with their task.
    startWorkers();
    if (!isLimited) options.meanwhile?.();
    const { backend } = config;
    const tensorflow =
      backend.name === 'tfjs-node'
        ? await timed(phases, 'load TensorFlow', () => loadForAll(backend.threadsPerWorker))
        : null;
    for (const reason of kernels?.refused ?? [])
      warn('kernels-refused', `kernel level ${reason}; it is not used`);
    const dataset = await loading;
    signal.throwIfAborted();
    const { given } = options;
    const chosen = given === undefined ? null : recipeOfTable(config, dataset, given);
    const fitting = given === undefined ? null : fitToData(chosen?.config ?? config, dataset, given);
    for (const line of [...(chosen?.notes ?? []), ...(fitting?.notes ?? [])]) note(line);
    if (fitting !== null && fitting.config !== config) {
      config = fitting.config;
      kernels = resources.kernels(config);
    }
    if (options.dataset !== undefined && options.dataset.name !== config.data.set)
      throw new Error(`data.set=${config.data.set} beside samples of ${options.dataset.name}`);
    refuseEmptyPart(config, dataset);
    if (weights !== null) checkInitialWeights(weights, config, dataset, warn, options.from?.source);
    const data = await timed(phases, 'prepare data', () => resources.prepared(config, dataset, initial));
    for (const { code, message } of data.warnings) warn(code, message);
    for (const line of data.goal.notes) note(line);
    const { sync } = chooseSync(config, data.facts);
    const threads = threadsFor(config, cores, dataset, sync, data.facts);
    const idle = idleRanks(config, sync, threads.count);
    if (idle !== null) note(idle);
    return { ...options, config, resources, phases, kernels, tensorflow, dataset, data, initial, threads };
  } catch (error) {
    if (options.resources === undefined) await resources.close();
    throw error;
  }
}

/** By the actual data: 200 rows of a table are not 60,000 images. */
export function threadsFor(
  config: Config,
  cores: CoreCount,
  dataset: Dataset,
  sync: SyncName,
  { packing, features, stored }: Pick<DataFacts, 'packing' | 'features' | 'stored'>,
): ThreadChoice {
  const { train, validation, test, target } = dataset;
  const count = trainingImages(dataset, config);
  const held = validation?.count ?? train.count - count;
  const evaluated = { train: 0, test: test.count, validation: held }[config.stop.on];
  // Direction features and linear maps have work of their own in the estimate.
  const inputs =
    packing === 'encoded'
      ? features
      : stored !== null
        ? stored.fields
        : sizeOf(croppedShape(train.shape, config.data));
  const classes = outputsFor(config.loss, factsOf(target));
  return chooseThreads(config, cores, { train: count, evaluated, inputs, classes }, sync);
}

/** The plan of a run with `threads` threads, by default the number chosen. */
export function planFor(
  { config, data, cores, threads }: Setup,
  count = threads.count,
  profile: ProfilePlan | null = null,
): Plan {
  const pinned = cores.pins ? cores.speeds : [];
  return makePlan(config, data.facts, count, cores.available, profile, pinned);
}

/** Sets up, passes the setup to `use`, and ends its workers in every case. */
export async function withSetup<T>(options: SetupOptions, use: (setup: Setup) => Promise<T>): Promise<T> {
  const setup = await openSetup(options);
  try {
    return await use(setup);
  } finally {
    await setup.resources.close();
  }
}

/** Runs `work` and adds its duration to `phases[name]`. */
export async function timed<T>(
  phases: Record<string, number>,
  name: string,
  work: () => T | Promise<T>,
): Promise<T> {
  const started = performance.now();
  try {
    return await work();
  } finally {
    phases[name] = (phases[name] ?? 0) + performance.now() - started;
  }
}

/** In the main thread, before any worker does. */
async function loadForAll(threadsPerWorker: number): Promise<TensorFlowVersions> {
  const { loadTensorFlow } = await import('../backend/tfjs/library.js');
  return loadTensorFlow(threadsPerWorker).versions;
}
