/** What a program passes to the library, and what it gets back. */
import type { Inputs, MemoryData, MemoryPart, Targets } from '../data/memory-set.js';
import type { ClassScores } from '../metrics/classification.js';
import type { Metrics } from '../metrics/metric.js';
import type { Model } from './model.js';

export type { Inputs, MemoryData, MemoryPart, Targets };

/**
 * A table: a file (CSV, TSV, JSON lines, Parquet; also gzip), the column to predict (the last), a file of test rows or a share
 * of the rows (a fifth), and types of columns that are found wrongly.
 */
export interface TableData {
  readonly table: string;
  readonly target?: string | number;
  readonly testFile?: string;
  readonly test?: number;
  readonly columns?: Readonly<Record<string, string>>;
}

/** A row of a table: its values by the names of the columns. Missing: null, undefined or left out. */
export type DataRow = Readonly<Record<string, string | number | bigint | boolean | Date | null | undefined>>;

/**
 * Rows of a table that a program has. `target`: the column to predict; or `targets`: one for each row. `test`: a share, or a
 * number, of the rows (a fifth). `columns`: types of columns that are found wrongly, or that come one by one.
 */
export interface RowData {
  readonly inputs: Iterable<DataRow> | AsyncIterable<DataRow>;
  readonly target?: string;
  readonly targets?: Iterable<string | number | boolean> | AsyncIterable<string | number | boolean>;
  readonly test?: number;
  readonly columns?: Readonly<Record<string, string>>;
}

/** Samples in memory that come one by one; the other keys are those of `MemoryData`. */
export interface SampleStream extends Omit<MemoryData, 'inputs' | 'targets'> {
  readonly inputs: Iterable<ArrayLike<number>> | AsyncIterable<ArrayLike<number>>;
  readonly targets: Targets | Iterable<number | string> | AsyncIterable<number | string>;
}

/** Pairs of an input (a row, or numbers) and its target (a class; of numbers, an array of values is a regression). */
export interface PairData extends Pick<RowData, 'columns' | 'test'>, Pick<MemoryData, 'shape' | 'labels'> {
  readonly pairs:
    | Iterable<readonly [DataRow | ArrayLike<number>, unknown]>
    | AsyncIterable<readonly [DataRow | ArrayLike<number>, unknown]>;
}

/**
 * Pictures of any size: a folder with a folder of PNG, JPEG, WebP or GIF files for each class, or with `train` and `test` of such
 * folders. `size`, `fit` and `colour` are `data.images.size`, `.fit` and `.colour` of docs/config.md; `test`: the share of the
 * pictures that is held out (a fifth). Needs the package sharp.
 */
export interface PicturesData {
  readonly images: string;
  readonly size?: number | readonly [rows: number, columns: number];
  readonly fit?: 'crop' | 'pad' | 'stretch';
  readonly colour?: 'auto' | 'grey' | 'colour';
  readonly test?: number;
}

/**
 * A data set: in memory, rows or samples that come one by one, known by name, IDX files in a folder (also EMNIST and QMNIST), the
 * binary files of CIFAR-10, CSV files of pixels (a folder or one file), pictures in folders, or a table.
 */
export type Data =
  | MemoryData
  | RowData
  | SampleStream
  | PairData
  | { readonly set: 'mnist' | 'fashion-mnist' | 'kmnist'; readonly dir?: string }
  | { readonly set: 'cifar-10' | 'emnist' | 'qmnist'; readonly dir: string }
  | { readonly idx: string }
  | { readonly csv: string; readonly label?: string | number }
  | PicturesData
  | TableData;

/** Keys of a configuration, nested or dotted: `{ train: { epochs: 3 } }`, `{ 'train.epochs': 3 }`. See docs/config.md. */
export type Recipe = Readonly<Record<string, unknown>>;

/** Takes pino's calls: an object of fields, then a message. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface TrainOptions {
  /** The name of a recipe such as `mnist-97`, the path of a YAML file, or its keys. Default: the defaults of each key. */
  readonly recipe?: string | Recipe;
  /** Worker threads. Default: those of the recipe, else as many as pay off, at most the physical cores. */
  readonly threads?: number | 'auto' | 'physical' | 'logical';
  /** Of every random number. Default: that of the recipe, else 1, so two equal calls give equal models. */
  readonly seed?: number;
  /** Ends the training; the promise is then rejected with the signal's reason, an AbortError by default. */
  readonly signal?: AbortSignal;
  /** A run folder to write, as the command line does, with checkpoints by the recipe's `checkpoint.every`. Default: none. */
  readonly out?: string;
  /**
   * The folder of a training that was stopped or killed: it goes on there from its last checkpoint, to the same weights. The
   * recipe is the one of then; the data must be the same.
   */
  readonly resume?: string;
  /** Silent by default. */
  readonly logger?: Logger;
  /** A model to start from: fine-tuning. */
  readonly from?: Model | string | URL | Uint8Array;
  /** Called at most ten times a second. */
  readonly onProgress?: (progress: TrainProgress) => void;
}

export interface TrainProgress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  readonly step: number;
  readonly steps: number;
  readonly elapsedMs: number;
  /** Null before the first step. */
  readonly etaMs: number | null;
  /** Of the last evaluation, as of an epoch; null before the first. */
  readonly metrics: Metrics | null;
}

export interface Epoch {
  /** From 1. */
  readonly epoch: number;
  /** Mean training loss of its steps. */
  readonly loss: number;
  /** Share of samples whose class is recognised; null if the epoch was not evaluated. */
  readonly accuracy: number | null;
  /** By the names of `model.metrics()`: all of a regression, else the accuracy and those that the recipe needs; null as above. */
  readonly metrics: Metrics | null;
  /** The samples that `accuracy` and `metrics` are of; `train`: the training samples, while they were trained on. */
  readonly on: 'test' | 'validation' | 'train';
  readonly step: number;
  readonly elapsedMs: number;
  /** Estimate of the remaining time, milliseconds. */
  readonly etaMs: number;
}

/** A result that may differ from the caller's intention. The codes are in docs/warnings.md. */
export interface TrainWarning {
  readonly code: string;
  readonly message: string;
}

export interface ClassPrediction {
  readonly kind: 'class';
  readonly label: string;
  /** Index of the label in `labels`. */
  readonly index: number;
  /** [classes], in the order of `labels`. */
  readonly probabilities: Float32Array;
}

/** How well a model does: accuracy with its 95 % interval, mean loss, confusion, recall and precision of each class. */
export interface Evaluation extends ClassScores {
  /** Of values far from those that the model was trained on. */
  readonly warnings: readonly TrainWarning[];
}

export interface PredictOptions {
  /** Threads; default 1. */
  readonly threads?: number | 'physical' | 'logical';
  /** The network's outputs instead of probabilities. */
  readonly logits?: boolean;
  /** f32 [count][classes]: takes the results, and is returned. */
  readonly out?: Float32Array;
}

export interface ImageOptions {
  /**
   * The set whose images the sample is to resemble: `mnist` fits the ink into 20×20 and centres it, `plain` only scales the
   * picture. Default: that of the model's training, `plain` for data of one's own.
   */
  readonly as?: 'mnist' | 'fashion-mnist' | 'kmnist' | 'plain';
}
