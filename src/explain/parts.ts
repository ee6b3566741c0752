/** What an explanation consists of. */
import type { MetricName } from '../config/choices.js';
import type { PartName } from '../data/dataset.js';
import type { ReliabilityBin, ResidualBin } from '../metrics/calibration.js';
import type { ColumnImportance } from './importance.js';

export interface Importances {
  readonly metric: MetricName;
  readonly better: 'higher' | 'lower';
  /** Of the rows in their own order. */
  readonly value: number;
  /** Of the part, perhaps fewer than it has. */
  readonly rows: number;
  readonly repeats: number;
  readonly columns: readonly ColumnImportance[];
}

export type CalibrationParts =
  /** `ece`: expected calibration error (Naeini et al. 2015). */
  | { readonly kind: 'shares'; readonly ece: number; readonly bins: readonly ReliabilityBin[] }
  | { readonly kind: 'values'; readonly targets: readonly ResidualsOfTarget[] };

export interface ResidualsOfTarget {
  readonly name: string;
  /** Mean of prediction − target. */
  readonly bias: number;
  readonly bins: readonly ResidualBin[];
  /** Some rows. */
  readonly points: readonly { readonly predicted: number; readonly target: number }[];
}

export interface WorstRow {
  /** In the file, from 1: of its line, or of its row if its lines are not known. */
  readonly place: number;
  readonly loss: number;
  /** One for each target. */
  readonly targets: readonly (string | number)[];
  readonly predicted: readonly (string | number)[];
  /** Of the predicted class; null of values and labels. */
  readonly probability: number | null;
  /** By column; null: not read again. */
  readonly cells: ReadonlyMap<string, string> | null;
}

export interface Explanation {
  readonly part: PartName;
  readonly rows: number;
  /** Null: see `leftOut`. */
  readonly importance: Importances | null;
  readonly calibration: CalibrationParts;
  /** [true class][predicted class] rows; null of values, labels, and more classes than it is of use for. */
  readonly confusion: readonly (readonly number[])[] | null;
  readonly worst: {
    readonly place: 'line' | 'row';
    readonly file: string;
    readonly rows: readonly WorstRow[];
  };
  readonly leftOut: readonly string[];
}
