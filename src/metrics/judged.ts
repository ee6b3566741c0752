/** What metrics are computed from. */

export interface JudgedClasses {
  readonly kind: 'class';
  readonly classes: number;
  /** f64 [count][classes]. */
  readonly probabilities: Float64Array;
  /** u32 [count]: the predicted class; of several equal outputs the first. A row with a NaN has none: `classes`. */
  readonly chosen: Uint32Array;
  /** u32 [count]. */
  readonly targets: Uint32Array;
}

/** Several labels of a sample, each 0 or 1. */
export interface JudgedLabels {
  readonly kind: 'labels';
  readonly width: number;
  /** Logits, f32 [count][width]. */
  readonly outputs: Float32Array;
  /** f32 [count][width]. */
  readonly targets: Float32Array;
}

/** In the units of the targets. */
export interface JudgedValues {
  readonly kind: 'value';
  readonly width: number;
  /** f64 [count][width]. */
  readonly predicted: Float64Array;
  /** f32 [count][width]. */
  readonly targets: Float32Array;
}

export type Judged = JudgedClasses | JudgedLabels | JudgedValues;

/** Mean of those that are defined; null if none is. */
export function meanOfDefined(values: readonly (number | null)[]): number | null {
  const defined = values.filter((value) => value !== null);
  return defined.length === 0 ? null : defined.reduce((sum, value) => sum + value, 0) / defined.length;
}
