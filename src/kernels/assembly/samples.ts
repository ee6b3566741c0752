// The work on all samples before a run: pooling, counting, packing. Every result is exact, the same as that of the loops
// in TypeScript (data/transforms/crop-pool.ts, data/statistics.ts, sparse-rows.ts).
import { append, padded } from './entries';

/**
 * Sums of 2 × 2 pixels. images: u8 [count][height][line], of which rows · 2 lines of columns · 2 pixels from `corner`
 * (bytes) are pooled; 16 bytes after the last image are read too. Out: u16 [count][rows][columns]; 16 bytes after the
 * last are overwritten.
 */
export function poolImages(images: usize, count: i32, imageBytes: i32, corner: i32, line: i32, rows: i32, columns: i32, out: usize): void {
  for (let image: i32 = 0; image < count; image++, images += <usize>imageBytes) {
    let top = images + <usize>corner;
    for (let y: i32 = 0; y < rows; y++, top += <usize>(line << 1)) {
      const next = out + <usize>(columns << 1);
      for (let from = top; out < next; out += 16, from += 16) {
        const above = i16x8.extadd_pairwise_i8x16_u(v128.load(from)), below = i16x8.extadd_pairwise_i8x16_u(v128.load(from + <usize>line));
        v128.store(out, i16x8.add(above, below));
      }
      out = next;
    }
  }
}

/**
 * Counts of bytes. values: u8 [rows][width]; 16 bytes after the last are read too. Added to: sums and nonZeros, u32
 * [width] and room for 16 more. Returns the sum of all squares.
 */
export function countBytes(values: usize, rows: i32, width: i32, sums: usize, nonZeros: usize): f64 {
  let squares: f64 = 0;
  // So few rows that no lane overflows: 255 of 255 in 16 bits.
  for (let first: i32 = 0; first < rows; first += 255) {
    const start = values + <usize>(first * width), last = start + <usize>(min(255, rows - first) * width);
    for (let p: i32 = 0; p < width; p += 16) {
      const inside = i8x16.lt_u(v128(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), i8x16.splat(<i8>min(16, width - p)));
      let found = i8x16.splat(0), low = i16x8.splat(0), high = i16x8.splat(0), square = i32x4.splat(0);
      for (let at = start + <usize>p, end = last + <usize>p; at < end; at += <usize>width) {
        const bytes = v128.and(v128.load(at), inside);
        found = i8x16.sub(found, i8x16.ne(bytes, i8x16.splat(0)));
        const a = i16x8.extend_low_i8x16_u(bytes), b = i16x8.extend_high_i8x16_u(bytes);
        low = i16x8.add(low, a);
        high = i16x8.add(high, b);
        square = i32x4.add(square, i32x4.add(i32x4.dot_i16x8_s(a, a), i32x4.dot_i16x8_s(b, b)));
      }
      squares += <f64>(i32x4.extract_lane(square, 0) + i32x4.extract_lane(square, 1));
      squares += <f64>(i32x4.extract_lane(square, 2) + i32x4.extract_lane(square, 3));
      const to = <usize>p << 2;
      addWords(sums + to, low);
      addWords(sums + to + 32, high);
      addWords(nonZeros + to, i16x8.extend_low_i8x16_u(found));
      addWords(nonZeros + to + 32, i16x8.extend_high_i8x16_u(found));
    }
  }
  return squares;
}

/** The same of u16 [rows][width], none above 1,020. */
export function countShorts(values: usize, rows: i32, width: i32, sums: usize, nonZeros: usize): f64 {
  let squares: f64 = 0;
  const line = <usize>width << 1;
  // No lane overflows: 1,020² · 2 · 64 is below 2³¹, 1,020 · 64 below 2¹⁶.
  for (let first: i32 = 0; first < rows; first += 64) {
    const start = values + <usize>first * line, last = start + <usize>min(64, rows - first) * line;
    for (let p: i32 = 0; p < width; p += 8) {
      const inside = i16x8.lt_u(v128(0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0), i16x8.splat(<i16>min(8, width - p)));
      let found = i16x8.splat(0), sum = i16x8.splat(0), square = i32x4.splat(0);
      for (let at = start + (<usize>p << 1), end = last + (<usize>p << 1); at < end; at += line) {
        const a = v128.and(v128.load(at), inside);
        found = i16x8.sub(found, i16x8.ne(a, i16x8.splat(0)));
        sum = i16x8.add(sum, a);
        square = i32x4.add(square, i32x4.dot_i16x8_s(a, a));
      }
      squares += <f64>i32x4.extract_lane(square, 0) + <f64>i32x4.extract_lane(square, 1);
      squares += <f64>i32x4.extract_lane(square, 2) + <f64>i32x4.extract_lane(square, 3);
      const to = <usize>p << 2;
      addWords(sums + to, sum);
      addWords(nonZeros + to, found);
    }
  }
  return squares;
}

/** Adds eight numbers of 16 bits to as many of 32. */
// @ts-ignore: AssemblyScript decorator
@inline
function addWords(to: usize, numbers: v128): void {
  v128.store(to, i32x4.add(v128.load(to), i32x4.extend_low_i16x8_u(numbers)));
  v128.store(to, i32x4.add(v128.load(to, 16), i32x4.extend_high_i16x8_u(numbers)), 16);
}

/** As packRows, of u16 [rows][width]. */
export function packShorts(
  values: usize, rows: i32, width: i32, rangeEnds: usize, ranges: i32, shift: i32, scale: f32, entries: usize, starts: usize,
): void {
  const none = i16x8.splat(0), factor = f32x4.splat(scale);
  const firstOffsets = i32x4.shl(v128(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0), shift), step = i32x4.splat(4 << shift);
  const line = <usize>width << 1;
  for (const last = values + <usize>rows * line; values < last; values += line) {
    let p = 0;
    for (let range = 0; range < ranges; range++, starts += 4) {
      const first = entries, end = load<i32>(rangeEnds + (<usize>range << 2));
      store<u32>(starts, <u32>entries);
      for (; p < end; p += 8) {
        const eight = v128.load(values + (<usize>p << 1));
        let found = i16x8.bitmask(i16x8.ne(eight, none));
        if (end - p < 8) found &= (1 << (end - p)) - 1;
        if (found == 0) continue;
        const offsets = i32x4.add(firstOffsets, i32x4.splat(p << shift));
        entries = append(entries, offsets, f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(eight)), factor), found);
        entries = append(entries, i32x4.add(offsets, step), f32x4.mul(f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(eight)), factor), found >> 4);
      }
      p = end;
      entries = padded(first, entries);
    }
  }
  store<u32>(starts, <u32>entries);
}
