/**
 * Primitive operations: each fitted transform, layer and loss lowers to a few of them, and the export formats are written
 * over them alone. A model is a chain: an operation takes the result of the one before, the first takes the values of a
 * sample as given. Values are float32, but operations before the last one that rounds (`lookup`, `moments`, `fixedPoint`)
 * are computed in float64, as the transforms do, so that every reader rounds alike.
 */
import type { TableBlock } from '../kernels/expansion.js';
import { sizeOf } from '../numbers/size.js';

export type Op =
  /** y = table[x]; x: integers from 0 to 255. */
  | { readonly op: 'lookup'; readonly table: Uint8Array }
  /** Redraws a grey image [rows, columns, 1] by its moments, to integers: normaliseMoments of data/transforms/moments.ts. */
  | { readonly op: 'moments' }
  /** Removes `by` pixels from each side of a grey image. */
  | { readonly op: 'crop'; readonly by: number }
  /** The sum of each 2×2 block of a grey image; an odd last row or column is left out. */
  | { readonly op: 'sumPool' }
  /** y[p] = x[p] · scale[p] − shift[p]; a single scale is for every p. */
  | { readonly op: 'affine'; readonly scale: Floats; readonly shift: Floats }
  /** y = clip(⌊(x + bound) / step + ½⌋, 0, 65535) · step − bound. */
  | { readonly op: 'fixedPoint'; readonly step: number; readonly bound: number }
  /** Direction features of an image of 28×28 pixels: directionFeatures of kernels/directions, with the kernels' factor. */
  | { readonly op: 'directions'; readonly drawing: Drawing }
  /** y = x, then p_i · p_j − mean for i ≤ j, with p = weight · x + bias; weight [components][inputs]. */
  | {
      readonly op: 'products';
      readonly components: number;
      readonly weight: Floats;
      readonly bias: Floats;
      readonly mean: Floats;
    }
  /** y = weight · x + bias; weight [outputs][inputs]. */
  | {
      readonly op: 'dense';
      readonly inputs: number;
      readonly outputs: number;
      readonly weight: Floats;
      readonly bias: Floats;
    }
  /** gelu: the form with tanh (Hendrycks & Gimpel 2016). */
  | { readonly op: 'relu' | 'tanh' | 'gelu' | 'sigmoid' }
  /** y[f] = a part of x[columns[f]]: the value, or of days since 2000-01-01 what comes round again (partOf of tables). */
  | { readonly op: 'fields'; readonly columns: readonly number[]; readonly parts: readonly DayPart[] }
  /** A stored row of a table, NaN: missing, to inputs: expandStored of kernels/expansion.ts. */
  | {
      readonly op: 'expand';
      readonly fields: number;
      readonly width: number;
      readonly blocks: readonly TableBlock[];
    }
  /** y[k] = e^x[k] where `which` is 1, else x[k]. */
  | { readonly op: 'exp'; readonly which: Uint8Array }
  /** Outputs to probabilities. */
  | { readonly op: 'softmax' }
  /** Outputs to probabilities: max(0, x) over its sum; uniform if no output is above 0. */
  | { readonly op: 'shares' };

type Floats = Float32Array | Float64Array;

/** The month and its share, of 12; the weekday, of 7, from Sunday; the hour, of 24. */
export type DayPart = 'value' | 'year' | 'week' | 'day';

/** How direction features are made; see DirectionShape. */
export interface Drawing {
  readonly grid: number;
  readonly pool: number;
  readonly size: number;
  readonly aspect: boolean;
  readonly allRows: boolean;
  readonly sobel: boolean;
}

/** A column of a table, whose value is a number: NaN if it is missing. */
export interface InputColumn {
  readonly name: string;
  /** number; yes/no: 0 or 1; date: days since 2000-01-01; category: its number from 1, 0 for others. */
  readonly type: 'number' | 'category' | 'yes/no' | 'date';
  readonly categories?: readonly string[];
  /** Of yes/no: the word of 0 and that of 1. */
  readonly words?: readonly [string, string];
  /** How its cells are written, if they are not plain. */
  readonly number?: {
    readonly decimal: '.' | ',';
    readonly thousands: '' | ',' | '.' | ' ' | "'";
    readonly unit: string;
  };
  readonly date?: string;
}

/** Classes, values in units of their own, or labels that each hold or not. */
export type OutputKind = 'class' | 'value' | 'labels';

/** A model from raw values to probabilities, or to values. */
export interface Graph {
  /** Absent: class. */
  readonly kind?: OutputKind;
  /** Of a table: what the values of a sample are; absent: pixels or other numbers, none of them missing. */
  readonly columns?: readonly InputColumn[];
  /** Names of the table's other columns, which rows may have. */
  readonly otherColumns?: readonly string[];
  /** Shape of a sample as given. */
  readonly input: readonly number[];
  /** Kind of a sample's values; `uint8`: integers from 0 to 255. */
  readonly values: 'uint8' | 'float32';
  /** The name of each class, value or label, in the order of the outputs. */
  readonly labels: readonly string[];
  /** From the values to the outputs of the network (logits, for cross entropy), or to values in their units. */
  readonly ops: readonly Op[];
  /** From the outputs to probabilities; of values none. */
  readonly probabilities: readonly Op[];
}

/** Shape of the result of an operation. */
export function shapeAfter(op: Op, input: readonly number[]): readonly number[] {
  const width = sizeOf(input);
  switch (op.op) {
    case 'crop':
      return [input[0] - 2 * op.by, input[1] - 2 * op.by, 1];
    case 'sumPool':
      return [input[0] >> 1, input[1] >> 1, 1];
    case 'directions':
      return [8 * op.drawing.pool * op.drawing.pool];
    case 'products':
      return [width + (op.components * (op.components + 1)) / 2];
    case 'dense':
      return [op.outputs];
    case 'fields':
      return [op.columns.length];
    case 'expand':
      return [op.width];
    default:
      return input;
  }
}
