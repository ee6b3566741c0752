// A batch's rows, gathered from the packed data set: sparse as {weight-row offset, value} pairs, or dense.
import { madd } from './simd';

/**
 * Sparse rows of a batch. packed: u32 `value << 16 | feature`, sorted by feature within a row; starts: u32
 * [samples + 1] indices into packed; order: i32 [rows] sample of each row.
 * Out: entries, 8 bytes {i32 feature << shift, f32 value · scale}, a row every `stride` bytes; and bounds, u32
 * [rows][ranges + 1]: the address where each feature range of the row begins (rangeEnds: i32 [ranges],
 * ascending, the last one = P). Every range is padded to an even count with a zero
 * value of its last feature.
 */
export function decodeRows(
  packed: usize, starts: usize, order: usize, rows: i32,
  entries: usize, stride: i32, bounds: usize, ranges: i32, rangeEnds: usize, scale: f32, shift: i32,
): void {
  for (let row = 0; row < rows; row++) {
    const start = starts + (<usize>load<i32>(order + (<usize>row << 2)) << 2);
    let source = packed + (<usize>load<u32>(start) << 2);
    const end = packed + (<usize>load<u32>(start, 4) << 2);
    let entry = entries + <usize>row * stride;
    for (let range = 0; range < ranges; range++) {
      store<u32>(bounds, <u32>entry);
      bounds += 4;
      const limit = load<u32>(rangeEnds + (<usize>range << 2));
      const first = entry;
      while (source < end) {
        const word = load<u32>(source), feature = word & 0xffff;
        if (feature >= limit) break;
        store<u32>(entry, feature << shift);
        store<f32>(entry, <f32>(word >> 16) * scale, 4);
        entry += 8;
        source += 4;
      }
      if ((entry - first) & 8) {
        // The padding repeats a feature of this range: with any other, two owners would write one gradient row.
        store<u64>(entry, load<u32>(entry - 8));
        entry += 8;
      }
    }
    store<u32>(bounds, <u32>entry);
    bounds += 4;
  }
}

/**
 * Dense rows of a batch: out[row][p] = values[order[row]][p] · scale − shift[p].
 * values: u16 [samples][width], shift: f32 [width], out: f32 [rows][width]; width a multiple of 8.
 */
export function gatherRows(values: usize, order: usize, rows: i32, width: i32, scale: f32, shift: usize, out: usize): void {
  const factor = f32x4.splat(scale);
  for (let row = 0; row < rows; row++) {
    let source = values + <usize>load<i32>(order + (<usize>row << 2)) * (width << 1);
    const end = source + (<usize>width << 1);
    let offset = shift;
    for (; source < end; source += 16, offset += 32, out += 32) {
      const low = f32x4.convert_i32x4_u(v128.load_ext<u16>(source));
      const high = f32x4.convert_i32x4_u(v128.load_ext<u16>(source, 8));
      v128.store(out, f32x4.sub(f32x4.mul(high, factor), v128.load(offset, 16)), 16);
      v128.store(out, f32x4.sub(f32x4.mul(low, factor), v128.load(offset)));
    }
  }
}

/**
 * The bias that makes centring exact while the inputs stay sparse: out = bias − Σ_p shift[p] · W[p].
 * weights: one panel, f32 [P + 1][width], the last row is the bias; width a multiple of 16.
 */
export function centredBias(weights: usize, features: i32, width: i32, shift: usize, out: usize): void {
  const rowBytes = <usize>width << 2, bias = weights + <usize>features * rowBytes;
  for (let column: usize = 0; column < rowBytes; column += 64) {
    let a0 = v128.load(bias + column), a1 = v128.load(bias + column, 16);
    let a2 = v128.load(bias + column, 32), a3 = v128.load(bias + column, 48);
    let offset = shift;
    for (let w = weights + column; w < bias; w += rowBytes, offset += 4) {
      const x = f32x4.neg(v128.load_splat<f32>(offset));
      a0 = madd(x, v128.load(w), a0);
      a1 = madd(x, v128.load(w, 16), a1);
      a2 = madd(x, v128.load(w, 32), a2);
      a3 = madd(x, v128.load(w, 48), a3);
    }
    v128.store(out + column, a1, 16);
    v128.store(out + column, a0);
    v128.store(out + column, a3, 48);
    v128.store(out + column, a2, 32);
  }
}
