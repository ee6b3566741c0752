/** What the caller's thread and the thread that trains send each other. */
import type { CsvValues } from '../data/csv-values.js';
import type { Dataset } from '../data/dataset.js';
import type { PicturesRequest } from '../data/pictures/load-pictures.js';
import type { LoadedKernels } from '../kernels/load.js';
import type { Tensor } from '../model/safetensors.js';
import type { Warning } from '../warnings.js';
import type { ModelBytes } from './files.js';
import type { SentRows } from './gather.js';
import type { FileKeys, SentData } from './send-data.js';
import type { Epoch, Recipe, TrainProgress } from './types.js';

/** Starts a training. */
export interface TrainRequest {
  readonly data: SentData;
  readonly recipe: string | Recipe | null;
  readonly threads: number | 'auto' | 'physical' | 'logical' | null;
  readonly seed: number | null;
  readonly out: string | null;
  /** The folder of a run that goes on. */
  readonly resume: string | null;
  /** The bytes of a model's file, and its name. */
  readonly from: ModelBytes | null;
  /** False: progress is not sent. */
  readonly progress: boolean;
  readonly logs: boolean;
}

export type ToHost =
  | { readonly kind: 'train'; readonly request: TrainRequest }
  /** Reads a data set, for an evaluation. */
  | {
      readonly kind: 'read';
      readonly keys: FileKeys;
      readonly values: CsvValues | null;
      readonly table: SentTable | null;
      readonly pictures: SentPictures | null;
    }
  /** Ends the training after its present step. */
  | { readonly kind: 'stop' };

export type FromHost =
  | { readonly kind: 'epoch'; readonly epoch: Epoch }
  | { readonly kind: 'progress'; readonly progress: TrainProgress }
  | { readonly kind: 'warning'; readonly warning: Warning }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info';
      readonly message: string;
    }
  | { readonly kind: 'done'; readonly result: SentResult }
  | { readonly kind: 'read'; readonly dataset: Dataset }
  | { readonly kind: 'failed'; readonly error: SentError };

/** Of a message after which the thread is idle. */
export type Last = Extract<FromHost, { kind: 'done' | 'read' | 'failed' }>;

export interface SentResult {
  /** The bytes of the model's file. */
  readonly bytes: Uint8Array;
  readonly kernels: LoadedKernels | null;
}

/** Rows of a table are read as a model has them: its encoder as in its file, and which rows. */
export interface SentTable {
  readonly json: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Names the model. */
  readonly source: string;
  readonly dir: string;
  readonly testFile: string | null;
  readonly test: number | null;
  /** Rows of a program, instead of a file, and what it says of them. */
  readonly given?: { readonly rows: SentRows; readonly keys: FileKeys };
}

/** Pictures in folders as a model takes them; `labels`: its classes. */
export type SentPictures = PicturesRequest & { readonly labels: readonly string[] | null };

/** An error loses its class on its way between threads. */
export interface SentError {
  /** Of UserError; null: another error, which is a bug. */
  readonly user: {
    readonly exitCode: number;
    readonly key: string | null;
    readonly expected: string | null;
    readonly received: unknown;
  } | null;
  readonly message: string;
  readonly stack: string | undefined;
  /** The training was stopped before there was a model. */
  readonly interrupted: boolean;
}
