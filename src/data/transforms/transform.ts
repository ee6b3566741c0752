/**
 * Transforms: operations on samples before they reach a network. A transform is fitted once on the training samples, or
 * restored from the tensors of a file; the SAME object then serves training, evaluation, prediction and saving.
 */
import type { Config } from '../../config/schema.js';
import type { SampleKernels } from '../../kernels/sample-kernels.js';
import type { Op } from '../../model/op.js';
import type { Tensor } from '../../model/safetensors.js';
import type { Steps } from '../../numbers/steps.js';
import type { RowsOnDemand } from './rows-on-demand.js';

/** Of one sample: [28, 28, 1] for a grey image, [13] for a row of a table. */
export type Shape = readonly number[];

export { sizeOf } from '../../numbers/size.js';

/** float32: real inputs; uint8: pixels from 0 to 255. */
export type ValueKind = 'uint8' | 'float32';

export const kindOf = (values: Values['values']): ValueKind =>
  values instanceof Float32Array ? 'float32' : 'uint8';

/** Of rows of a table. */
export function storedValues(values: Values['values']): Float32Array {
  if (values instanceof Float32Array) return values;
  throw new Error('rows of a table are stored as float32');
}
/** Without reading the values, which rows on demand would make. */
export const sampleKind = (samples: Pick<Values, 'values' | 'rows'>): ValueKind =>
  samples.rows === undefined ? kindOf(samples.values) : 'float32';

/** Samples before they become the inputs of a network: pixels, integers made of them, or real numbers. */
export interface Values {
  /** [count][product of the shape]. */
  readonly values: Uint8Array | Uint16Array | Float32Array;
  readonly count: number;
  readonly shape: Shape;
  /** The value of full light: 255 times the number of pixels summed in a value; 1 for real numbers. */
  readonly full: number;
  /** Of rows of a table: what their encoder is fitted with. */
  readonly table?: TableRows;
  /** Of rows that are not in memory: `values` makes a copy of all of them. */
  readonly rows?: RowsOnDemand;
}

/** Rows as read: numbers, and the places of words in lists of their own. */
export interface TableRows {
  /** Of the training rows; or the encoder of a model, by which the rows were read. */
  fit(train: Values, options: Config['data']['encoding']): Steps<Encoding>;
}

/** A fitted encoder of rows, from rows as read to stored ones, and from these to inputs. */
export interface Encoding {
  /** For the kernels, f32: see `kernels/expansion.ts`. */
  readonly blocks: Float32Array;
  /** Of a model's file, which restores the encoder from them. */
  readonly json: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Whether `encode` returns its argument. */
  readonly keepsValues: boolean;
  /** As `Fitted.apply`. */
  encode(rows: Values, out: Values['values'] | null): Values;
}

/** input = value · scale − shift[p]: applied by the kernels when they read packed integers. Real rows are inputs. */
export interface Affine {
  readonly scale: number;
  /** f32 [product of the shape]. */
  readonly shift: Float32Array;
}

export interface Fitted {
  /** Shape of a sample after the transform. */
  readonly output: Shape;
  /** Whether `apply` returns its argument. */
  readonly keepsValues: boolean;
  /** Whether blank pixels stay 0, so that sparse rows stay sparse. */
  readonly keepsZeros: boolean;
  /**
   * `out`: takes the values if there are others, as many as come; null: a new array. `kernels`: may do the work, with the
   * same results.
   */
  apply(samples: Values, out: Values['values'] | null, kernels?: SampleKernels | null): Values;
  /** The map that the kernels apply afterwards; null if the transform does not change it. */
  readonly affine: Affine | null;
  /** Of rows of a table, which become inputs in each step; null: the values are packed as inputs. */
  readonly encoding: Encoding | null;
  /** The same on the values of one sample, without its affine map. */
  describe(): Op[];
  /** The tensors that a file needs to restore it; none if the configuration is enough. */
  tensors(): ReadonlyMap<string, Tensor>;
}

/** The source of tensors. */
export interface Stored {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Prefix of each name. */
  readonly prefix: string;
  /** Names the file in messages. */
  readonly source: string;
}

export interface Transform {
  /** From samples of the training part, those of other parts have the same shape. @throws UserError (usage) */
  fit(train: Values, kernels?: SampleKernels | null): Steps<Fitted>;
  /**
   * Restores from the tensors of a file; null if some are missing. `input`: the training samples, or none.
   * @throws UserError if they do not fit samples of this shape.
   */
  restore(stored: Stored, input: Values): Fitted | null;
}

/** A row of the table of transforms. */
export interface TransformKind {
  /** Settings that samples of a weights file must agree on; a file holds them all. */
  readonly keys: readonly (keyof Config['data'])[];
  /** The transform that a configuration selects, if any. */
  of(data: Config['data']): Transform | null;
}
