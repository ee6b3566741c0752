// A batch's rows in the packed data set: sparse rows are read in place, dense rows are gathered.
import { append, padded } from './entries';
import { madd } from './simd';
import { store16 } from './store-row';

/**
 * Finds the sparse rows of a batch and brings them into the cache. starts: u32 [samples · ranges + 1], the address at
 * which each feature range of each sample begins; order: i32 [rows] sample of each row. Out: bounds, u32 [rows][ranges
 * + 1], the same addresses and the row's end. Returns a number that depends on every cache line of the rows. So many
 * lines are loaded at once, while a product would wait for one after the other.
 */
export function locateRows(starts: usize, order: usize, rows: i32, ranges: i32, bounds: usize): u32 {
  const last = <usize>ranges << 2;
  let out = bounds, touched: u32 = 0;
  for (const end = order + (<usize>rows << 2); order < end; order += 4) {
    let start = starts + <usize>(load<u32>(order) * ranges << 2);
    for (const stop = start + last; start <= stop; start += 4, out += 4) store<u32>(out, load<u32>(start));
  }
  // A second pass: in one, a row's lines would wait until its addresses have arrived.
  for (; bounds < out; bounds += last + 4) {
    for (let line = <usize>load<u32>(bounds), stop = <usize>load<u32>(bounds + last); line < stop; line += 64) touched ^= load<u32>(line);
  }
  return touched;
}

/**
 * Pixels into sparse rows, bit for bit as written by packSparse of data/packing.ts. pixels: u8 [rows][width]; 16 bytes
 * after the last are read too. rangeEnds: i32 [ranges]. Out: entries {u32 feature << shift, f32 pixel · scale}, every
 * range padded to an even count with a zero value of its last feature; starts: u32 [rows · ranges + 1], their
 * addresses. Up to 32 bytes after the last entry are overwritten.
 */
export function packRows(
  pixels: usize, rows: i32, width: i32, rangeEnds: usize, ranges: i32, shift: i32, scale: f32, entries: usize, starts: usize,
): void {
  const none = i8x16.splat(0), factor = f32x4.splat(scale);
  const firstOffsets = i32x4.shl(v128(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0), shift), step = i32x4.splat(4 << shift);
  for (const last = pixels + <usize>(rows * width); pixels < last; pixels += <usize>width) {
    let p = 0;
    for (let range = 0; range < ranges; range++, starts += 4) {
      const first = entries, end = load<i32>(rangeEnds + (<usize>range << 2));
      store<u32>(starts, <u32>entries);
      for (; p < end; p += 16) {
        const bytes = v128.load(pixels + p);
        let found = i8x16.bitmask(i8x16.ne(bytes, none));
        if (end - p < 16) found &= (1 << (end - p)) - 1;
        if (found == 0) continue;
        const low = i16x8.extend_low_i8x16_u(bytes), high = i16x8.extend_high_i8x16_u(bytes);
        let offsets = i32x4.add(firstOffsets, i32x4.splat(p << shift));
        entries = append(entries, offsets, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(low)), factor), found);
        offsets = i32x4.add(offsets, step);
        entries = append(entries, offsets, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(low)), factor), found >> 4);
        offsets = i32x4.add(offsets, step);
        entries = append(entries, offsets, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(high)), factor), found >> 8);
        offsets = i32x4.add(offsets, step);
        entries = append(entries, offsets, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(high)), factor), found >> 12);
      }
      p = end;
      entries = padded(first, entries);
    }
  }
  store<u32>(starts, <u32>entries);
}

/**
 * Dense rows of a batch, as panels: out[p / 16][row][p % 16] = values[order[row]][p] · scale − shift[p].
 * values: u16 [samples][width], shift: f32 [width], width a multiple of 16; panel: bytes between the panels of out.
 */
export function gatherRows(
  values: usize, order: usize, rows: i32, width: i32, scale: f32, shift: usize, out: usize, panel: i32,
): void {
  const factor = f32x4.splat(scale);
  for (let row = 0; row < rows; row++, out += 64) {
    let source = values + <usize>load<i32>(order + (<usize>row << 2)) * (width << 1), offset = shift, target = out;
    for (const end = source + (<usize>width << 1); source < end; source += 32, offset += 64, target += panel) {
      const a = f32x4.convert_i32x4_u(v128.load_ext<u16>(source)), b = f32x4.convert_i32x4_u(v128.load_ext<u16>(source, 8));
      const c = f32x4.convert_i32x4_u(v128.load_ext<u16>(source, 16)), d = f32x4.convert_i32x4_u(v128.load_ext<u16>(source, 24));
      v128.store(target, f32x4.sub(f32x4.mul(b, factor), v128.load(offset, 16)), 16);
      v128.store(target, f32x4.sub(f32x4.mul(a, factor), v128.load(offset)));
      v128.store(target, f32x4.sub(f32x4.mul(d, factor), v128.load(offset, 48)), 48);
      v128.store(target, f32x4.sub(f32x4.mul(c, factor), v128.load(offset, 32)), 32);
    }
  }
}

/** The same of rows that are inputs already: out[p / 16][row][p % 16] = values[order[row]][p]. values: f32 [samples][width]. */
export function gatherFloats(values: usize, order: usize, rows: i32, width: i32, out: usize, panel: i32): void {
  for (let row = 0; row < rows; row++, out += 64) {
    let source = values + <usize>load<i32>(order + (<usize>row << 2)) * (width << 2), target = out;
    for (const end = source + (<usize>width << 2); source < end; source += 64, target += panel) {
      const a = v128.load(source), b = v128.load(source, 16), c = v128.load(source, 32), d = v128.load(source, 48);
      v128.store(target, b, 16);
      v128.store(target, a);
      v128.store(target, d, 48);
      v128.store(target, c, 32);
    }
  }
}

/**
 * The bias that makes centring exact while the inputs stay sparse: out = bias − Σ_p shift[p] · W[p].
 * weights: one panel, f32 [P + 1][width], the last row is the bias; width a multiple of 16.
 */
export function centredBias(weights: usize, features: i32, width: i32, shift: usize, out: usize): void {
  const rowBytes = <usize>width << 2, bias = weights + <usize>features * rowBytes;
  let column: usize = 0;
  // 64 columns are eight 256-bit sums, 16 are two, which wait for their own latency.
  for (; column + 256 <= rowBytes; column += 256) {
    const b = bias + column, o = out + column;
    let a0 = v128.load(b), a1 = v128.load(b, 16), a2 = v128.load(b, 32), a3 = v128.load(b, 48),
      a4 = v128.load(b, 64), a5 = v128.load(b, 80), a6 = v128.load(b, 96), a7 = v128.load(b, 112),
      a8 = v128.load(b, 128), a9 = v128.load(b, 144), a10 = v128.load(b, 160), a11 = v128.load(b, 176),
      a12 = v128.load(b, 192), a13 = v128.load(b, 208), a14 = v128.load(b, 224), a15 = v128.load(b, 240);
    let offset = shift;
    for (let w = weights + column; w < bias; w += rowBytes, offset += 4) {
      const x = f32x4.neg(v128.load_splat<f32>(offset));
      a0 = madd(x, v128.load(w), a0); a1 = madd(x, v128.load(w, 16), a1); a2 = madd(x, v128.load(w, 32), a2); a3 = madd(x, v128.load(w, 48), a3);
      a4 = madd(x, v128.load(w, 64), a4); a5 = madd(x, v128.load(w, 80), a5); a6 = madd(x, v128.load(w, 96), a6); a7 = madd(x, v128.load(w, 112), a7);
      a8 = madd(x, v128.load(w, 128), a8); a9 = madd(x, v128.load(w, 144), a9); a10 = madd(x, v128.load(w, 160), a10); a11 = madd(x, v128.load(w, 176), a11);
      a12 = madd(x, v128.load(w, 192), a12); a13 = madd(x, v128.load(w, 208), a13); a14 = madd(x, v128.load(w, 224), a14); a15 = madd(x, v128.load(w, 240), a15);
    }
    store16(o, a0, a1, a2, a3);
    store16(o + 64, a4, a5, a6, a7);
    store16(o + 128, a8, a9, a10, a11);
    store16(o + 192, a12, a13, a14, a15);
  }
  for (; column < rowBytes; column += 64) {
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
    store16(out + column, a0, a1, a2, a3);
  }
}
