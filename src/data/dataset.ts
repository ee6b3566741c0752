/**
 * A data set in memory, and the rules for all of them, in every format. Reading files is elsewhere: `idx.ts`, `csv.ts`;
 * finding them: `load.ts`.
 */
import { UserError } from '../user-error.js';
import type { Target, TargetValues } from './target.js';
import type { Values } from './transforms/transform.js';

export type PartName = 'train' | 'validation' | 'test';

/**
 * Samples and their targets. Grey images are [count][rows][columns][1], row-major, 0 to 255; real numbers are float32. The
 * values may be a view of a larger buffer: mind `byteOffset`.
 */
export interface Samples extends Values {
  readonly values: Uint8Array | Float32Array;
  /** u32 [count]: the class of each sample; f32 [count][width of the target]: its values. */
  readonly targets: TargetValues;
  /** Of a table, u32 [count]: the row of the file that each sample is, from 0, header not counted. */
  readonly fileRows?: Uint32Array;
}

export interface Dataset {
  /** The requested `data.set`. */
  readonly name: string;
  /** The folder that the files were read from, absolute; `memory` for samples of a program. */
  readonly source: string;
  readonly train: Samples;
  /** Of no samples, if a program gives none. */
  readonly test: Samples;
  /** Samples that come as a validation part; null: data.validation holds out some of the training samples. */
  readonly validation: Samples | null;
  /** Of classes, the largest number over all parts is the last one. */
  readonly target: Target;
  /** Names of real inputs, all different, by which other files are read; absent: they go by position. */
  readonly inputs?: readonly string[];
  /** SHA-256 (hexadecimal) of the uncompressed content, by canonical file name without `.gz`. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** Images of files, with their classes. */
export interface PixelSamples extends Samples {
  readonly values: Uint8Array;
  readonly targets: Uint32Array;
}

export interface PixelDataset extends Dataset {
  readonly target: Extract<Target, { readonly kind: 'class' }>;
  readonly train: PixelSamples;
  readonly test: PixelSamples;
}

/** The files of each half of a part, for error messages; a CSV file holds both halves. */
export interface PartPaths {
  readonly images: string;
  readonly labels: string;
}

/** 1 + the largest target; 0 for none. */
export function countClasses(labels: Uint32Array): number {
  let largest = -1;
  // Not for-of: V8 runs its iterator slowly until it has compiled it, and this loop runs once.
  for (let i = 0; i < labels.length; i++) if (labels[i] > largest) largest = labels[i];
  return largest + 1;
}

/**
 * Refuses labels of `classes` and above.
 * @throws UserError naming the file, the first such label and its place (counted from 0).
 */
export function checkLabels(labels: Uint32Array, classes: number, path: string): void {
  if (countClasses(labels) <= classes) return;
  const index = labels.findIndex((label) => label >= classes);
  throw new UserError(
    `${path}: label ${labels[index]} at index ${index}, expected 0 to ${classes - 1}; for other data set data.set=idx`,
  );
}

/**
 * Refuses a test part whose images have another size than those of the training part.
 * @throws UserError naming both files and both sizes (rows x columns).
 */
export function checkSameSize(train: Samples, trainPath: string, test: Samples, testPath: string): void {
  const [rows, columns] = train.shape;
  if (test.shape[0] === rows && test.shape[1] === columns) return;
  throw new UserError(
    `${testPath}: the images are ${test.shape[0]}x${test.shape[1]}, expected ${rows}x${columns} as in ${trainPath}`,
  );
}
