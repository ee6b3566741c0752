/**
 * Resources that setups may share: data sets, compiled kernels, worker pools. A study shares them among many setups.
 */
import type { Config } from '../config/schema.js';
import { columnsOf, configuredTask } from '../config/target-rules.js';
import type { Dataset } from '../data/dataset.js';
import type { DownloadProgress } from '../data/download.js';
import { type DataRequest, loadDataset } from '../data/load.js';
import { type InitialWeights, picturesLike, tableKey } from '../inference/weights-file.js';
import { type DirectionShape, directionShape } from '../kernels/directions/spec.js';
import type { Level } from '../kernels/levels.js';
import { type LoadedKernels, loadKernels } from '../kernels/load.js';
import { SampleKernels } from '../kernels/sample-kernels.js';
import type { Tensor } from '../model/safetensors.js';
import { inTurns } from '../numbers/steps.js';
import type { Warn } from '../warnings.js';
import { openPool, type WorkerPool } from '../worker/pool.js';
import { type PreparedData, preparingData } from './prepare-data.js';

/** How a table, or pictures in folders, are read: as the model of these weights has it, if it is one of a table; whether nothing is trained. */
export interface TableReading {
  readonly weights: InitialWeights | null;
  readonly source: string;
  readonly evaluates: boolean;
}

const unread: TableReading = { weights: null, source: '', evaluates: false };

type InitialTensors = ReadonlyMap<string, Tensor> | null;

export interface Resources {
  /** `begun`: as of loadDataset. `reading`: of a table. @throws UserError for bad data. */
  dataset(config: Config, begun?: () => void, reading?: TableReading): Promise<Dataset>;
  /** @throws UserError for data that do not fit; Interrupted. */
  prepared(config: Config, dataset: Dataset, initial: InitialTensors): Promise<PreparedData>;
  /** Null for plain TypeScript, which has none. */
  kernels(config: Config): LoadedKernels | null;
  /** Starts a pool that will be borrowed. */
  warm(threads: number): void;
  borrow(threads: number): WorkerPool;
  giveBack(pool: WorkerPool, threads: number): Promise<void>;
  /** Called instead of returning a pool: ends a pool whose workers may not have left their session. */
  discard(pool: WorkerPool): Promise<void>;
  close(): Promise<void>;
}

/** Prepared data of a few recipes are kept; each may be tens of megabytes. */
const preparedAtOnce = 3;

/** Data sets and kernels are kept as long as this object; a worker pool is lent to one session at a time. */
export class OwnResources implements Resources {
  readonly #signal: AbortSignal;
  readonly #note: (line: string) => void;
  readonly #warn: Warn;
  readonly #datasets = new Map<string, Promise<Dataset>>();
  readonly #kernels = new Map<string, LoadedKernels>();
  /** Idle worker pools, by number of threads. */
  readonly #idle = new Map<number, WorkerPool[]>();
  readonly #all = new Set<WorkerPool>();
  readonly #shared: boolean;
  readonly #levels: readonly Level[] | undefined;
  readonly #prepared = new Map<string, { readonly dataset: Dataset; readonly data: PreparedData }>();

  /**
   * `shared`: prepared data are kept and returned pools stay warm for later setups. `levels`: of the kernels, to be tried
   * in this order.
   */
  constructor(
    signal: AbortSignal,
    note: (line: string) => void,
    warn: Warn,
    shared = false,
    levels?: readonly Level[],
  ) {
    this.#levels = levels;
    this.#signal = signal;
    this.#note = note;
    this.#warn = warn;
    this.#shared = shared;
  }

  dataset(config: Config, begun: () => void = () => {}, reading = unread): Promise<Dataset> {
    const { data } = config;
    const { set, dir, testFile, test, target, task, columns, images, encoding } = data;
    const request = dataRequest(config);
    const { source, evaluates } = reading;
    const asked = {
      dir,
      testFile,
      test,
      target,
      task,
      columns,
      images,
      encoding: source === '' ? null : encoding,
    };
    const key = JSON.stringify([request, asked, source, evaluates]);
    const [note, warn] = [this.#note, this.#warn];
    if (set === 'table' || set === 'images') {
      const read = set === 'table' ? this.#table : this.#pictures;
      const own = this.#datasets.get(key) ?? read.call(this, data, begun, reading);
      this.#datasets.set(key, own);
      return own;
    }
    const options = { signal: this.#signal, onProgress: downloadNotes(note), note, warn, begun };
    const loading = this.#datasets.get(key) ?? loadDataset(request, options);
    this.#datasets.set(key, loading);
    return loading;
  }

  async #table(
    data: Config['data'],
    begun: () => void,
    { weights, source, evaluates }: TableReading,
  ): Promise<Dataset> {
    begun();
    // Loaded if needed only.
    const [{ loadTable }, { tableModelOf }] = await Promise.all([
      import('../tables/training/load-table.js'),
      import('../tables/training/table-model.js'),
    ]);
    const json = weights?.metadata[tableKey];
    const model = weights === null || json === undefined ? null : tableModelOf(json, weights.tensors, source);
    const [note, warn, signal] = [this.#note, this.#warn, this.#signal];
    return loadTable(data, { note, warn, signal, model, evaluates });
  }

  async #pictures(
    data: Config['data'],
    begun: () => void,
    { weights, evaluates }: TableReading,
  ): Promise<Dataset> {
    begun();
    const [{ loadPictures }, { decoderOf }] = await Promise.all([
      import('../data/pictures/load-pictures.js'),
      import('../worker/picture-decoder.js'),
    ]);
    const [note, warn, signal] = [this.#note, this.#warn, this.#signal];
    const { images, labels } = picturesLike(weights?.metadata ?? {}, data.images, evaluates);
    const options = { note, warn, signal, decoder: decoderOf(), labels: evaluates ? labels : null };
    return loadPictures({ ...data, images }, options);
  }

  async prepared(config: Config, dataset: Dataset, initial: InitialTensors): Promise<PreparedData> {
    const engine = config.backend.name === 'js' ? null : this.kernelsFor(shapeOf(config)).modules.engine;
    const kernels = engine && new SampleKernels(engine);
    const prepare = () => inTurns(preparingData(dataset, config, initial, kernels), this.#signal, this.#note);
    if (!this.#shared) return prepare();
    const key = JSON.stringify([config.data, config.model, config.loss, config.train.batch, config.seed]);
    const kept = this.#prepared.get(key);
    const data = kept?.dataset === dataset ? kept.data : await prepare();
    // The one used last stays longest.
    this.#prepared.delete(key);
    this.#prepared.set(key, { dataset, data });
    for (const oldest of this.#prepared.keys()) {
      if (this.#prepared.size <= preparedAtOnce) break;
      this.#prepared.delete(oldest);
    }
    return data;
  }

  kernels(config: Config): LoadedKernels | null {
    return config.backend.name === 'js' ? null : this.kernelsFor(shapeOf(config));
  }

  /** `shape`: of the direction features that are needed; null: none. */
  kernelsFor(shape: DirectionShape | null): LoadedKernels {
    const key = JSON.stringify(shape);
    const loaded = this.#kernels.get(key) ?? loadKernels(this.#levels, shape);
    this.#kernels.set(key, loaded);
    return loaded;
  }

  warm(threads: number): void {
    if (this.#idleOf(threads).length === 0) this.#idleOf(threads).push(this.#open(threads));
  }

  borrow(threads: number): WorkerPool {
    return this.#idleOf(threads).pop() ?? this.#open(threads);
  }

  async giveBack(pool: WorkerPool, threads: number): Promise<void> {
    if (this.#shared) this.#idleOf(threads).push(pool);
    else await this.discard(pool);
  }

  async discard(pool: WorkerPool): Promise<void> {
    this.#all.delete(pool);
    await pool.close();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((pool) => pool.close()));
  }

  #idleOf(threads: number): WorkerPool[] {
    const idle = this.#idle.get(threads) ?? [];
    this.#idle.set(threads, idle);
    return idle;
  }

  #open(threads: number): WorkerPool {
    const pool = openPool(threads);
    this.#all.add(pool);
    return pool;
  }
}

/** What the configuration says of the files. */
function dataRequest(config: Config): DataRequest {
  const { set, dir, label, target } = config.data;
  const task = configuredTask(config);
  const values = set === 'csv' && task !== 'classification' ? { columns: columnsOf(target), task } : null;
  return { set, dir, label, values };
}

/** The direction features that a configuration needs; null for pixels. */
export function shapeOf({ data }: Config): DirectionShape | null {
  return data.features.kind === 'directions' ? directionShape(data.features) : null;
}

/** For people who wait; `loadDataset` announces the download. */
const downloadNoteMs = 10_000;

/** A line from time to time. */
function downloadNotes(note: (line: string) => void) {
  let notedMs = performance.now();
  return ({ file, receivedBytes, totalBytes }: DownloadProgress) => {
    if (performance.now() < notedMs + downloadNoteMs) return;
    notedMs = performance.now();
    const of = totalBytes === null ? '' : ` of ${(totalBytes / 1e6).toFixed(1)}`;
    note(`downloading ${file}: ${(receivedBytes / 1e6).toFixed(1)}${of} MB`);
  };
}
