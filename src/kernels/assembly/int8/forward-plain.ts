// The same layers without relaxed operations: weights, i8 [quad][2][64 or 16 units][2 inputs], and values are widened to
// 16 bits, whose products i32x4.dot_i16x8_s adds in 32.
import { unit4 } from './unit';

/** v + the products of a quad's first two inputs and its last two, whose weights are `apart` bytes on. */
// @ts-ignore: AssemblyScript decorator
@inline
function quad4(v: v128, w: usize, apart: usize, x: v128, y: v128): v128 {
  v = i32x4.add(v, i32x4.dot_i16x8_s(v128.load_ext<i8>(w), x));
  return i32x4.add(v, i32x4.dot_i16x8_s(v128.load_ext<i8>(w + apart), y));
}

/** Units [first, first + 16) of a panel of `units`. */
// @ts-ignore: AssemblyScript decorator
@inline
function plain(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
  units: usize, first: usize,
): void {
  const low = f32x4.splat(isRelu ? 0 : -Infinity), shift: u32 = units == 64 ? 0 : 2;
  weights += first << 1;
  scale += first << 2;
  bias += first << 2;
  out += first << 2;
  for (const last = starts + (<usize>rows << 2); starts < last; starts += 4, rowScales += 4, out += outBytes) {
    let v0 = i32x4.splat(0), v1 = v0, v2 = v0, v3 = v0;
    for (let entry = <usize>load<u32>(starts), end = <usize>load<u32>(starts, 4); entry < end; entry += 8) {
      const w = weights + <usize>(load<u32>(entry) >> shift);
      const values = i16x8.extend_low_i8x16_u(v128.load32_zero(entry, 4));
      const x = v128.shuffle<i32>(values, values, 0, 0, 0, 0), y = v128.shuffle<i32>(values, values, 1, 1, 1, 1);
      v0 = quad4(v0, w, units << 1, x, y);
      v1 = quad4(v1, w + 8, units << 1, x, y);
      v2 = quad4(v2, w + 16, units << 1, x, y);
      v3 = quad4(v3, w + 24, units << 1, x, y);
    }
    const s = v128.load_splat<f32>(rowScales);
    v128.store(out, unit4(v0, v128.load(scale), s, v128.load(bias), low));
    v128.store(out, unit4(v1, v128.load(scale, 16), s, v128.load(bias, 16), low), 16);
    v128.store(out, unit4(v2, v128.load(scale, 32), s, v128.load(bias, 32), low), 32);
    v128.store(out, unit4(v3, v128.load(scale, 48), s, v128.load(bias, 48), low), 48);
  }
}

export function plain64(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  for (let first: usize = 0; first < 64; first += 16)
    plain(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu, 64, first);
}

export function plain16(
  starts: usize, rows: i32, weights: usize, scale: usize, bias: usize, rowScales: usize, out: usize, outBytes: i32, isRelu: i32,
): void {
  plain(starts, rows, weights, scale, bias, rowScales, out, outBytes, isRelu, 16, 0);
}
