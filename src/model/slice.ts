/**
 * A slice of the parameters: some consecutive rows of one panel of one layer, so it is contiguous in memory. It has one
 * owner.
 */
export interface Slice {
  readonly layer: number;
  readonly panel: number;
  /** Weight rows [firstRow, lastRow), one per input; the bias row is not counted. */
  readonly firstRow: number;
  readonly lastRow: number;
  /** Whether the bias row, which follows row `inputs − 1`, belongs to the slice. */
  readonly bias: boolean;
  /** First float in the parameter vector, and the number of floats, bias row included; a multiple of 16. */
  readonly offset: number;
  readonly floats: number;
  /** Sparse first layer: feature ranges [firstRange, lastRange) covered. */
  readonly firstRange: number;
  readonly lastRange: number;
}
