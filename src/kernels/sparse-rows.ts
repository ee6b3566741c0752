/** Sparse rows as the kernels read them. */

/** [count][width] integers. */
export interface DenseRows {
  readonly values: ArrayLike<number>;
  readonly count: number;
  readonly width: number;
}

/** The format of a sparse row's non-zeros. */
export interface SparseLayout {
  /** Where each feature range ends, ascending, the last one = features. */
  readonly rangeEnds: readonly number[];
  /** log2 of the bytes of a weight row. */
  readonly shiftBits: number;
  readonly scale: number;
}

/** Bytes of an entry: {u32 feature << shiftBits, f32 value · scale}. */
export const entryBytes = 8;

/** The largest size of the entries: every range may need one of padding. */
export function sparseBytes(count: number, nonZeros: number, ranges: number): number {
  return (nonZeros + count * ranges) * entryBytes;
}

/** Where the next range begins, after one of the words [first, next): it has an even count, if need be by a zero value. */
export function paddedRange(words: Uint32Array, floats: Float32Array, first: number, next: number): number {
  if ((next - first) % 4 === 0) return next;
  words[next] = words[next - 2];
  floats[next + 1] = 0;
  return next + 2;
}

/**
 * Sparse: entries in shared memory at byte `offset`, ascending by feature in a row; starts u32 [count · ranges + 1],
 * the address at which each range of each row begins. Every range is padded to an even count with a zero value of
 * its last feature: with any other feature, two owners would write one gradient row.
 */
export function packSparse(
  { values, count, width }: DenseRows,
  { rangeEnds, shiftBits, scale }: SparseLayout,
  memory: ArrayBufferLike,
  offset: number,
  starts: Uint32Array,
): void {
  const words = new Uint32Array(memory);
  const floats = new Float32Array(memory);
  const factor = Math.fround(scale);
  let next = offset / 4;
  for (let row = 0, start = 0; row < count; row++) {
    let p = 0;
    for (const end of rangeEnds) {
      starts[start++] = next * 4;
      const first = next;
      for (; p < end; p++) {
        const value = values[row * width + p];
        if (value === 0) continue;
        words[next] = p << shiftBits;
        floats[next + 1] = value * factor;
        next += 2;
      }
      next = paddedRange(words, floats, first, next);
    }
  }
  starts[count * rangeEnds.length] = next * 4;
}
