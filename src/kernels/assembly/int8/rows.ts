// Rows of integers as lists of quads. A quad is four neighbouring inputs, u7 each; those of zeros are left out.
// entries: 8 bytes {u32 quad << 8, u8 [4] values}, padded to an even count for each row with a quad of zeros; starts: u32
// [rows + 1], the address of each row's first entry. rowScales: f32 [rows], the value of a 1. Up to 32 bytes after the
// last entry are overwritten.

import { append } from '../entries';

// Constants are loaded before a loop: V8 makes a splat again at each use.
/** Offsets of the first four quads' weights, and to the next four. */
const offsetsAt = memory.data<u32>([0, 256, 512, 768]);
const stepAt = memory.data<u32>([1024, 1024, 1024, 1024]);
/** Bytes and words of 127. */
const bytesAt = memory.data<u32>([0x7f7f7f7f, 0x7f7f7f7f, 0x7f7f7f7f, 0x7f7f7f7f]);
const wordsAt = memory.data<u32>([127, 127, 127, 127]);
/** 1.5 · 2^23: a float32 below 2^22 plus this number is rounded to an integer, half to even, in the low bits. */
const magicAt = memory.data<f32>([12582912, 12582912, 12582912, 12582912]);

/** Appends those of the vector's four quads that are not zero; returns the end. */
// @ts-ignore: AssemblyScript decorator
@inline
function appendQuads(entries: usize, values: v128, offsets: v128): usize {
  // Every byte is below 128.
  return append(entries, offsets, values, i32x4.bitmask(i32x4.gt_s(values, i32x4.splat(0))));
}

/** The end of a row whose entries begin at `first`. */
// @ts-ignore: AssemblyScript decorator
@inline
function padRow(first: usize, entries: usize): usize {
  store<u64>(entries, 0);
  return entries + ((entries - first) & 8);
}

/** (value + 1) >> 1, at most `most`. */
// @ts-ignore: AssemblyScript decorator
@inline
function halved(v: v128, most: v128): v128 {
  return i8x16.min_u(i8x16.avgr_u(v, i8x16.splat(0)), most);
}

/**
 * Bytes, u8 [rows][width], halved: (value + 1) >> 1, at most 127; or below 128 and kept (`halves` = 0). The 15 bytes
 * after the last are read too. `scale`: f32, the value of a 1 afterwards, by
 * its place: V8 makes an object of a number that is no integer.
 */
export function packBytes(
  values: usize, rows: i32, width: i32, halves: i32, scale: usize, entries: usize, starts: usize, rowScales: usize,
): void {
  const unit = load<f32>(scale), most = v128.load(bytesAt), step = v128.load(stepAt), whole = <usize>(width & ~15);
  const places = v128(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const rest = i8x16.lt_s(places, i8x16.splat(<i8>(width & 15)));
  for (let row = 0; row < rows; row++, starts += 4, rowScales += 4, values += <usize>width) {
    const first = entries;
    let offsets = v128.load(offsetsAt);
    store<u32>(starts, <u32>entries);
    store<f32>(rowScales, unit);
    let p: usize = 0;
    for (; p < whole; p += 16) {
      const v = v128.load(values + p);
      entries = appendQuads(entries, halves ? halved(v, most) : v, offsets);
      offsets = i32x4.add(offsets, step);
    }
    if (width & 15) {
      const v = v128.and(v128.load(values + p), rest);
      entries = appendQuads(entries, halves ? halved(v, most) : v, offsets);
    }
    entries = padRow(first, entries);
  }
  store<u32>(starts, <u32>entries);
}

/** Appends the squares of 16 pixels and of those below them. */
// @ts-ignore: AssemblyScript decorator
@inline
function appendSquares(entries: usize, above: v128, below: v128, offsets: v128, next: v128): usize {
  entries = appendQuads(entries, v128.shuffle<i16>(above, below, 0, 8, 1, 9, 2, 10, 3, 11), offsets);
  return appendQuads(entries, v128.shuffle<i16>(above, below, 4, 12, 5, 13, 6, 14, 7, 15), next);
}

/**
 * Grey images, u8 [rows][height][width], both even, as quads of 2 × 2 pixels: strokes fill fewer of them than of four
 * pixels in a line. Halved as packBytes does; the 15 bytes after the last are read too.
 */
export function packImages(
  pixels: usize, rows: i32, height: i32, width: i32, scale: usize, entries: usize, starts: usize, rowScales: usize,
): void {
  const unit = load<f32>(scale), most = v128.load(bytesAt), step = v128.load(stepAt), whole = <usize>(width & ~15);
  const places = v128(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const rest = i8x16.lt_s(places, i8x16.splat(<i8>(width & 15)));
  for (let row = 0; row < rows; row++, starts += 4, rowScales += 4) {
    const first = entries;
    let line = v128.load(offsetsAt);
    store<u32>(starts, <u32>entries);
    store<f32>(rowScales, unit);
    for (let y = 0; y < height; y += 2, pixels += <usize>width << 1) {
      const below = pixels + <usize>width;
      let x: usize = 0, offsets = line;
      for (; x < whole; x += 16) {
        const a = halved(v128.load(pixels + x), most), b = halved(v128.load(below + x), most), next = i32x4.add(offsets, step);
        entries = appendSquares(entries, a, b, offsets, next);
        offsets = i32x4.add(next, step);
      }
      if (width & 15) {
        const a = halved(v128.and(v128.load(pixels + x), rest), most), b = halved(v128.and(v128.load(below + x), rest), most);
        entries = appendSquares(entries, a, b, offsets, i32x4.add(offsets, step));
      }
      line = i32x4.add(line, i32x4.splat(width << 7));
    }
    entries = padRow(first, entries);
  }
  store<u32>(starts, <u32>entries);
}

/** value · factor as integers below 128. */
// @ts-ignore: AssemblyScript decorator
@inline
function rounded(value: v128, factor: v128, magic: v128, most: v128): v128 {
  return v128.and(f32x4.add(f32x4.mul(value, factor), magic), most);
}

/**
 * Units, f32 [rows][width] at least 0, `rowBytes` apart, width a multiple of 16: each row over its own maximum, in 127
 * steps.
 */
export function packUnits(
  values: usize, rows: i32, width: i32, rowBytes: i32, entries: usize, starts: usize, rowScales: usize,
): void {
  const bytes = <usize>width << 2;
  const step = v128.load(stepAt), magic = v128.load(magicAt), most = v128.load(wordsAt);
  for (let row = 0; row < rows; row++, starts += 4, rowScales += 4, values += rowBytes) {
    const first = entries, end = values + bytes;
    let offsets = v128.load(offsetsAt);
    let m0 = f32x4.splat(0), m1 = m0, m2 = m0, m3 = m0;
    for (let p = values; p < end; p += 64) {
      m0 = f32x4.pmax(m0, v128.load(p));
      m1 = f32x4.pmax(m1, v128.load(p, 16));
      m2 = f32x4.pmax(m2, v128.load(p, 32));
      m3 = f32x4.pmax(m3, v128.load(p, 48));
    }
    const m = f32x4.pmax(f32x4.pmax(m0, m1), f32x4.pmax(m2, m3));
    const low = max(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1));
    const greatest = max(low, max(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)));
    store<u32>(starts, <u32>entries);
    store<f32>(rowScales, greatest / 127);
    if (greatest == 0) continue;
    const factor = f32x4.splat(127 / greatest);
    for (let p = values; p < end; p += 64) {
      const q0 = rounded(v128.load(p), factor, magic, most), q1 = rounded(v128.load(p, 16), factor, magic, most);
      const q2 = rounded(v128.load(p, 32), factor, magic, most), q3 = rounded(v128.load(p, 48), factor, magic, most);
      const a = i16x8.narrow_i32x4_s(q0, q1), b = i16x8.narrow_i32x4_s(q2, q3);
      entries = appendQuads(entries, i8x16.narrow_i16x8_u(a, b), offsets);
      offsets = i32x4.add(offsets, step);
    }
    entries = padRow(first, entries);
  }
  store<u32>(starts, <u32>entries);
}
