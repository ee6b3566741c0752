/**
 * What many runs of many recipes share: data sets read once, kernels compiled once, and pools that stay warm. A pool is
 * lent to one session at a time; several of the same size may be out at once.
 */
import type { Config } from '../config/schema.js';
import { readInitialTensors } from '../coordinator/initial-tensors.js';
import { type PreparedData, prepareData } from '../coordinator/prepare-data.js';
import { Session } from '../coordinator/session.js';
import { downloadNotes, shapeOf } from '../coordinator/setup.js';
import type { Dataset } from '../data/dataset.js';
import { loadDataset } from '../data/load.js';
import type { DirectionShape } from '../kernels/directions/spec.js';
import { type LoadedKernels, loadKernels } from '../kernels/load.js';
import type { CoreCount } from '../machine/cores.js';
import type { Tensor } from '../model/safetensors.js';
import { makePlan } from '../plan/make-plan.js';
import { chooseThreads } from '../plan/threads.js';
import type { Progress } from '../run/progress.js';
import { openPool, type WorkerPool } from '../worker/pool.js';

/** A session on a lent pool, and what its runs start from. */
export interface Bench {
  readonly config: Config;
  readonly session: Session;
  readonly threads: number;
  readonly initialTensors: ReadonlyMap<string, Tensor> | null;
  close(): Promise<void>;
}

/** Data of a few recipes are kept; each may be tens of megabytes. */
const preparedAtOnce = 3;

export class Workbench {
  readonly #cores: CoreCount;
  readonly #signal: AbortSignal;
  readonly #progress: Progress;
  readonly #datasets = new Map<string, Promise<Dataset>>();
  readonly #prepared = new Map<string, PreparedData>();
  readonly #kernels = new Map<string, LoadedKernels>();
  /** By number of threads: pools that nobody uses. */
  readonly #idle = new Map<number, WorkerPool[]>();
  readonly #all: WorkerPool[] = [];

  constructor(cores: CoreCount, signal: AbortSignal, progress: Progress) {
    this.#cores = cores;
    this.#signal = signal;
    this.#progress = progress;
  }

  /** Read once for each data set. @throws UserError for bad data. */
  dataset({ data }: Config): Promise<Dataset> {
    const key = JSON.stringify([data.set, data.dir]);
    const options = { signal: this.#signal, onProgress: downloadNotes(this.#progress) };
    const loading = this.#datasets.get(key) ?? loadDataset(data, options);
    this.#datasets.set(key, loading);
    return loading;
  }

  /** `shape`: of the direction features that are needed; null: none. */
  kernels(shape: DirectionShape | null = null): LoadedKernels {
    const key = JSON.stringify(shape);
    const loaded = this.#kernels.get(key) ?? loadKernels(undefined, shape);
    this.#kernels.set(key, loaded);
    return loaded;
  }

  threads(config: Config, train: number): number {
    const evaluated = 10_000;
    return chooseThreads(config, this.#cores, { train, evaluated }, 784).count;
  }

  async #data(config: Config): Promise<PreparedData> {
    const dataset = await this.dataset(config);
    const key = JSON.stringify([config.data, config.model.hidden[0], config.train.batch]);
    const data = this.#prepared.get(key) ?? prepareData(dataset, config);
    // The one used last stays longest.
    this.#prepared.delete(key);
    this.#prepared.set(key, data);
    for (const oldest of this.#prepared.keys()) {
      if (this.#prepared.size <= preparedAtOnce) break;
      this.#prepared.delete(oldest);
    }
    return data;
  }

  /** @throws UserError for a configuration that the data contradicts, Interrupted. */
  async open(config: Config): Promise<Bench> {
    this.#signal.throwIfAborted();
    const data = await this.#data(config);
    const threads = this.threads(config, data.facts.parts.train.count);
    const plan = makePlan(config, data.facts, threads, this.#cores.available);
    const initialTensors = readInitialTensors(config);
    const pool = this.#borrow(threads);
    // A session listens for as long as its signal lives, and with it its memory would.
    const interruption = new AbortController();
    const interrupt = () => interruption.abort(this.#signal.reason);
    this.#signal.addEventListener('abort', interrupt, { once: true });
    const kernels = config.backend.name === 'js' ? null : this.kernels(shapeOf(config));
    const session = await Session.open(plan, data, kernels, pool, interruption.signal);
    return {
      config,
      session,
      threads,
      initialTensors,
      close: async () => {
        await session.close();
        this.#signal.removeEventListener('abort', interrupt);
        this.#idle.set(threads, [...(this.#idle.get(threads) ?? []), pool]);
      },
    };
  }

  #borrow(threads: number): WorkerPool {
    const idle = this.#idle.get(threads)?.pop();
    if (idle !== undefined) return idle;
    const pool = openPool(threads);
    this.#all.push(pool);
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((pool) => pool.close()));
  }
}
