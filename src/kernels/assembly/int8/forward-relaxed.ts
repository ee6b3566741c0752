// Layers of integer networks at the relaxed level: units = Σ weight · value · scale · row scale + bias, at least 0 if
// `isRelu` is 1.
// weights: i8 [quad][64 or 16 units][4 inputs]; value: u7 [4] of a quad; see rows.ts for the entries.
//
// No sum can saturate. relaxed_dot_i8x16_i7x16 adds two products in 16 bits, and a quad is two such sums of neighbouring
// inputs; `pairs` adds the sums of two quads before it widens them. The weights of two neighbouring inputs of a unit have
// magnitudes that add up to at most 129 (see inference/int8/int8-weights.ts), so 2 · 129 · 127 = 32,766 still fits. The second
// operand is below 128, so that every processor gives the same integers.
//
// `pairs` is for processors without a dot product of bytes into 32 bits: V8 takes three instructions for
// relaxed_dot_i8x16_i7x16_add there, and one where there is VNNI in AVX encoding, for which `sums` is. The floats after
// the integers are multiplied and added apart, never fused: equal at every level.

import { unit4 } from './unit';

/** v + the products of two quads: weights w and u, values x and y. */
// @ts-ignore: AssemblyScript decorator
@inline
function both(v: v128, w: v128, x: v128, u: v128, y: v128, ones: v128): v128 {
  const sums = i16x8.add(i16x8.relaxed_dot_i8x16_i7x16_s(w, x), i16x8.relaxed_dot_i8x16_i7x16_s(u, y));
  return i32x4.add(v, i32x4.dot_i16x8_s(sums, ones));
}

// @ts-ignore: AssemblyScript decorator
@inline
function dot(w: v128, x: v128, v: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(w, x, v);
}

/** i16 [8] of ones in memory: V8 leaves products with a constant at 128 bits. */
const onesAt = memory.data<i16>([1, 1, 1, 1, 1, 1, 1, 1]);

/** Sixteen units. */
// @ts-ignore: AssemblyScript decorator
@inline
function storeUnits(
  out: usize, v0: v128, v1: v128, v2: v128, v3: v128, scale: usize, bias: usize, rowScale: v128, low: v128,
): void {
  const a0 = unit4(v0, v128.load(scale), rowScale, v128.load(bias), low);
  const a1 = unit4(v1, v128.load(scale, 16), rowScale, v128.load(bias, 16), low);
  v128.store(out, a1, 16);
  v128.store(out, a0);
  const a2 = unit4(v2, v128.load(scale, 32), rowScale, v128.load(bias, 32), low);
  const a3 = unit4(v3, v128.load(scale, 48), rowScale, v128.load(bias, 48), low);
  v128.store(out, a3, 48);
  v128.store(out, a2, 32);
}

/** 64 units of a panel for `rows` rows, outputs f32 `outBytes` apart. */
// @ts-ignore: AssemblyScript decorator
@inline
export function pairs64(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  const low = f32x4.splat(isRelu ? 0 : -Infinity);
  for (const last = starts + (<usize>rows << 2); starts < last; starts += 4, rowScales += 4, out += outBytes) {
    const none = i32x4.splat(0), ones = v128.load(onesAt);
    let v0 = none, v1 = none, v2 = none, v3 = none, v4 = none, v5 = none, v6 = none, v7 = none,
      v8 = none, v9 = none, v10 = none, v11 = none, v12 = none, v13 = none, v14 = none, v15 = none;
    for (let entry = <usize>load<u32>(starts), end = <usize>load<u32>(starts, 4); entry < end; entry += 16) {
      const w = weights + <usize>load<u32>(entry), x = v128.load_splat<f32>(entry, 4);
      const u = weights + <usize>load<u32>(entry, 8), y = v128.load_splat<f32>(entry, 12);
      v0 = both(v0, v128.load(w), x, v128.load(u), y, ones); v1 = both(v1, v128.load(w, 16), x, v128.load(u, 16), y, ones);
      v2 = both(v2, v128.load(w, 32), x, v128.load(u, 32), y, ones); v3 = both(v3, v128.load(w, 48), x, v128.load(u, 48), y, ones);
      v4 = both(v4, v128.load(w, 64), x, v128.load(u, 64), y, ones); v5 = both(v5, v128.load(w, 80), x, v128.load(u, 80), y, ones);
      v6 = both(v6, v128.load(w, 96), x, v128.load(u, 96), y, ones); v7 = both(v7, v128.load(w, 112), x, v128.load(u, 112), y, ones);
      v8 = both(v8, v128.load(w, 128), x, v128.load(u, 128), y, ones); v9 = both(v9, v128.load(w, 144), x, v128.load(u, 144), y, ones);
      v10 = both(v10, v128.load(w, 160), x, v128.load(u, 160), y, ones); v11 = both(v11, v128.load(w, 176), x, v128.load(u, 176), y, ones);
      v12 = both(v12, v128.load(w, 192), x, v128.load(u, 192), y, ones); v13 = both(v13, v128.load(w, 208), x, v128.load(u, 208), y, ones);
      v14 = both(v14, v128.load(w, 224), x, v128.load(u, 224), y, ones); v15 = both(v15, v128.load(w, 240), x, v128.load(u, 240), y, ones);
    }
    const s = v128.load_splat<f32>(rowScales);
    storeUnits(out, v0, v1, v2, v3, scale, bias, s, low);
    storeUnits(out + 64, v4, v5, v6, v7, scale + 64, bias + 64, s, low);
    storeUnits(out + 128, v8, v9, v10, v11, scale + 128, bias + 128, s, low);
    storeUnits(out + 192, v12, v13, v14, v15, scale + 192, bias + 192, s, low);
  }
}

// @ts-ignore: AssemblyScript decorator
@inline
export function sums64(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  const low = f32x4.splat(isRelu ? 0 : -Infinity);
  for (const last = starts + (<usize>rows << 2); starts < last; starts += 4, rowScales += 4, out += outBytes) {
    const none = i32x4.splat(0);
    let v0 = none, v1 = none, v2 = none, v3 = none, v4 = none, v5 = none, v6 = none, v7 = none,
      v8 = none, v9 = none, v10 = none, v11 = none, v12 = none, v13 = none, v14 = none, v15 = none;
    for (let entry = <usize>load<u32>(starts), end = <usize>load<u32>(starts, 4); entry < end; entry += 16) {
      const w = weights + <usize>load<u32>(entry), x = v128.load_splat<f32>(entry, 4);
      v0 = dot(v128.load(w), x, v0); v1 = dot(v128.load(w, 16), x, v1);
      v2 = dot(v128.load(w, 32), x, v2); v3 = dot(v128.load(w, 48), x, v3);
      v4 = dot(v128.load(w, 64), x, v4); v5 = dot(v128.load(w, 80), x, v5);
      v6 = dot(v128.load(w, 96), x, v6); v7 = dot(v128.load(w, 112), x, v7);
      v8 = dot(v128.load(w, 128), x, v8); v9 = dot(v128.load(w, 144), x, v9);
      v10 = dot(v128.load(w, 160), x, v10); v11 = dot(v128.load(w, 176), x, v11);
      v12 = dot(v128.load(w, 192), x, v12); v13 = dot(v128.load(w, 208), x, v13);
      v14 = dot(v128.load(w, 224), x, v14); v15 = dot(v128.load(w, 240), x, v15);
      const u = weights + <usize>load<u32>(entry, 8), y = v128.load_splat<f32>(entry, 12);
      v0 = dot(v128.load(u), y, v0); v1 = dot(v128.load(u, 16), y, v1);
      v2 = dot(v128.load(u, 32), y, v2); v3 = dot(v128.load(u, 48), y, v3);
      v4 = dot(v128.load(u, 64), y, v4); v5 = dot(v128.load(u, 80), y, v5);
      v6 = dot(v128.load(u, 96), y, v6); v7 = dot(v128.load(u, 112), y, v7);
      v8 = dot(v128.load(u, 128), y, v8); v9 = dot(v128.load(u, 144), y, v9);
      v10 = dot(v128.load(u, 160), y, v10); v11 = dot(v128.load(u, 176), y, v11);
      v12 = dot(v128.load(u, 192), y, v12); v13 = dot(v128.load(u, 208), y, v13);
      v14 = dot(v128.load(u, 224), y, v14); v15 = dot(v128.load(u, 240), y, v15);
    }
    const s = v128.load_splat<f32>(rowScales);
    storeUnits(out, v0, v1, v2, v3, scale, bias, s, low);
    storeUnits(out + 64, v4, v5, v6, v7, scale + 64, bias + 64, s, low);
    storeUnits(out + 128, v8, v9, v10, v11, scale + 128, bias + 128, s, low);
    storeUnits(out + 192, v12, v13, v14, v15, scale + 192, bias + 192, s, low);
  }
}

// @ts-ignore: AssemblyScript decorator
@inline
export function pairs16(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  const low = f32x4.splat(isRelu ? 0 : -Infinity);
  for (const last = starts + (<usize>rows << 2); starts < last; starts += 4, rowScales += 4, out += outBytes) {
    const none = i32x4.splat(0), ones = v128.load(onesAt);
    let v0 = none, v1 = none, v2 = none, v3 = none;
    for (let entry = <usize>load<u32>(starts), end = <usize>load<u32>(starts, 4); entry < end; entry += 16) {
      const w = weights + <usize>(load<u32>(entry) >> 2), x = v128.load_splat<f32>(entry, 4);
      const u = weights + <usize>(load<u32>(entry, 8) >> 2), y = v128.load_splat<f32>(entry, 12);
      v0 = both(v0, v128.load(w), x, v128.load(u), y, ones); v1 = both(v1, v128.load(w, 16), x, v128.load(u, 16), y, ones);
      v2 = both(v2, v128.load(w, 32), x, v128.load(u, 32), y, ones); v3 = both(v3, v128.load(w, 48), x, v128.load(u, 48), y, ones);
    }
    const s = v128.load_splat<f32>(rowScales);
    storeUnits(out, v0, v1, v2, v3, scale, bias, s, low);
  }
}

// @ts-ignore: AssemblyScript decorator
@inline
export function sums16(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  const low = f32x4.splat(isRelu ? 0 : -Infinity);
  for (const last = starts + (<usize>rows << 2); starts < last; starts += 4, rowScales += 4, out += outBytes) {
    const none = i32x4.splat(0);
    let v0 = none, v1 = none, v2 = none, v3 = none;
    for (let entry = <usize>load<u32>(starts), end = <usize>load<u32>(starts, 4); entry < end; entry += 16) {
      const w = weights + <usize>(load<u32>(entry) >> 2), x = v128.load_splat<f32>(entry, 4);
      v0 = dot(v128.load(w), x, v0); v1 = dot(v128.load(w, 16), x, v1);
      v2 = dot(v128.load(w, 32), x, v2); v3 = dot(v128.load(w, 48), x, v3);
      const u = weights + <usize>(load<u32>(entry, 8) >> 2), y = v128.load_splat<f32>(entry, 12);
      v0 = dot(v128.load(u), y, v0); v1 = dot(v128.load(u, 16), y, v1);
      v2 = dot(v128.load(u, 32), y, v2); v3 = dot(v128.load(u, 48), y, v3);
    }
    const s = v128.load_splat<f32>(rowScales);
    storeUnits(out, v0, v1, v2, v3, scale, bias, s, low);
  }
}
