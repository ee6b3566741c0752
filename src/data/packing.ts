/** Writing feature vectors into shared memory: sparse lists of non-zeros, or dense rows. */
import { ExitCode, UserError } from '../user-error.js';
import type { Features } from './features.js';
import type { FeatureStatistics } from './statistics.js';

export type Packing = 'sparse' | 'dense';

/**
 * Above this share of non-zeros the dense kernels are faster: measured 0.53 for 196-128-10 and 0.57 for
 * 784-256-128-10 (`npm run bench -- packing`).
 */
const sparseUpTo = 0.5;

/** A sparse entry keeps its feature in 16 bits. */
const maxSparseFeatures = 65536;

/**
 * `auto` chooses by the share of non-zeros of the training images.
 * @throws UserError (usage) when sparse packing is asked for and there are more than 65,536 features.
 */
export function choosePacking(asked: Packing | 'auto', train: FeatureStatistics): Packing {
  const width = train.sums.length;
  if (asked === 'sparse' && width > maxSparseFeatures) {
    throw new UserError(
      `data.packing: sparse packing takes at most ${maxSparseFeatures} features, got ${width}`,
      ExitCode.usage,
    );
  }
  if (asked !== 'auto') return asked;
  const share = train.totalNonZeros / (train.count * width);
  return share <= sparseUpTo && width <= maxSparseFeatures ? 'sparse' : 'dense';
}

/**
 * Sparse: packed u32 [non-zeros], `value << 16 | feature`, ascending in a row; starts u32 [count + 1].
 */
export function packSparse(
  { values, count, width }: Features,
  packed: Uint32Array,
  starts: Uint32Array,
): void {
  let next = 0;
  for (let row = 0, i = 0; row < count; row++) {
    starts[row] = next;
    for (let p = 0; p < width; p++) {
      const value = values[i++];
      if (value !== 0) packed[next++] = (value << 16) | p;
    }
  }
  starts[count] = next;
}

/** Dense: u16 [count][paddedWidth], the padding stays zero. */
export function packDense({ values, count, width }: Features, out: Uint16Array, paddedWidth: number): void {
  for (let row = 0; row < count; row++)
    out.set(values.subarray(row * width, (row + 1) * width), row * paddedWidth);
}
