/** Writes feature vectors into shared memory: sparse lists of non-zeros, or dense rows of integers or of real numbers. */
import { chooseFirstLayer } from '../model/first-layer.js';
import { ExitCode, UserError } from '../user-error.js';
import type { FeatureStatistics } from './statistics.js';
import { sizeOf, type Values } from './transforms/transform.js';

/**
 * dense: rows of u16, which the kernels scale and shift; real: rows of f32, the inputs themselves; encoded: rows of f32 of a
 * table, from which a kernel makes the inputs.
 */
export type Packing = 'sparse' | 'dense' | 'real' | 'encoded';

/** A sparse entry keeps its feature index in 16 bits. */
const maxSparseFeatures = 65536;

/**
 * Of integers. `auto` decides by the share of non-zeros of the training images and the width of the first layer.
 * @throws UserError (usage) if sparse packing is requested and there are more than 65,536 features.
 */
export function choosePacking(
  asked: 'auto' | 'sparse' | 'dense',
  train: FeatureStatistics,
  outputs: number,
): Packing {
  const width = train.sums.length;
  if (asked === 'sparse' && width > maxSparseFeatures) {
    throw new UserError(
      `data.packing: sparse packing takes at most ${maxSparseFeatures} features, got ${width}`,
      ExitCode.usage,
    );
  }
  if (asked !== 'auto') return asked;
  const share = train.totalNonZeros / (train.count * width);
  return share <= chooseFirstLayer(outputs).sparseUpTo && width <= maxSparseFeatures ? 'sparse' : 'dense';
}

/** Dense: u16 [count][paddedWidth], the padding stays zero; real: f32. */
export function packDense(
  { values, count, shape }: Values,
  out: Uint16Array | Float32Array,
  paddedWidth: number,
): void {
  const width = sizeOf(shape);
  for (let row = 0; row < count; row++)
    out.set(values.subarray(row * width, (row + 1) * width), row * paddedWidth);
}
