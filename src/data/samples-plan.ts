/** The places of a run's samples in its memory, and the orders in which they are read. */
import type { StoredSizes } from '../kernels/expansion.js';
import { sparseBytes } from '../kernels/sparse-rows.js';
import type { Region, Take } from '../memory/arena.js';
import type { PartName } from './dataset.js';
import type { Packing } from './packing.js';

export interface PartPlan {
  readonly count: number;
  /** Sparse: entries; dense: u16 rows; real and encoded: f32 rows. */
  readonly values: Region;
  /** Sparse: u32 [count · ranges + 1], the address of each row's ranges. */
  readonly starts: Region;
  /** i32 [count]: the class of each sample; f32 [count][width of the target]: its values, as the network sees them. */
  readonly targets: Region;
}

export interface SampleSizes {
  readonly parts: Readonly<Record<PartName, { readonly count: number; readonly nonZeros: number }>>;
  /** directions: made during the run, elsewhere. */
  readonly packing: Packing | 'directions';
  /** Dense and real: values of a row. */
  readonly width: number;
  /** Encoded: numbers of a stored row, and of the table of blocks. */
  readonly stored: StoredSizes | null;
  /** Values of a sample's target. */
  readonly targetWidth: number;
  /** Sparse: feature ranges of a row. */
  readonly ranges: number;
  /** Whether samples are read through lists of places. */
  readonly listed: boolean;
}

/**
 * shift: f32 [width]; blocks: f32, of rows of a table, and rangeEnds: i32 [ranges], if they become entries; order: i32, the epoch's samples (a transform within the run has an order of its own); identity:
 * i32 0, 1, 2 …
 */
export interface SampleRegions {
  readonly shift: Region;
  readonly blocks: Region;
  readonly rangeEnds: Region;
  readonly order: Region;
  readonly identity: Region;
}

export function planSamples(
  take: Take,
  { parts, packing, width, targetWidth, stored, ranges, listed }: SampleSizes,
): { readonly parts: Readonly<Record<PartName, PartPlan>>; readonly regions: SampleRegions } {
  const valueBytes = {
    sparse: (count: number, nonZeros: number) => sparseBytes(count, nonZeros, ranges),
    dense: (count: number) => count * width * 2,
    real: (count: number) => count * width * 4,
    encoded: (count: number) => count * (stored?.fields ?? 0) * 4,
    directions: () => 0,
  };
  const part = ({ count, nonZeros }: { readonly count: number; readonly nonZeros: number }): PartPlan => ({
    count,
    values: take(valueBytes[packing](count, nonZeros)),
    starts: take(packing === 'sparse' ? (count * ranges + 1) * 4 : 0),
    targets: take(count * targetWidth * 4),
  });
  const largest = Math.max(...Object.values(parts).map(({ count }) => count));
  return {
    parts: { train: part(parts.train), validation: part(parts.validation), test: part(parts.test) },
    regions: {
      shift: take(width * 4),
      blocks: take((stored?.blocks ?? 0) * 4),
      rangeEnds: take(packing === 'encoded' ? ranges * 4 : 0),
      order: take(packing === 'directions' ? 0 : parts.train.count * 4),
      identity: take(listed ? largest * 4 : 0),
    },
  };
}
