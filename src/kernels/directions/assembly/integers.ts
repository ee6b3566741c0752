// Integer arithmetic shared by the kernels of one image.

// @ts-ignore: AssemblyScript decorator
@inline
export function swizzle(a: v128, s: v128): v128 {
  return FMA ? i8x16.relaxed_swizzle(a, s) : i8x16.swizzle(a, s);
}

// @ts-ignore: AssemblyScript decorator
@inline
export function truncate(a: v128): v128 {
  return FMA ? i32x4.relaxed_trunc_f32x4_s(a) : i32x4.trunc_sat_f32x4_s(a);
}

/** Prefix sums within each half of four i16. */
// @ts-ignore: AssemblyScript decorator
@inline
export function prefix4(z: v128): v128 {
  const a = i16x8.add(z, i64x2.shl(z, 16));
  return i16x8.add(a, i64x2.shl(a, 32));
}

/** Adds the lanes of `a` that `s` names. */
// @ts-ignore: AssemblyScript decorator
@inline
export function carry(a: v128, s: v128): v128 {
  return i16x8.add(a, swizzle(a, s));
}

/** Four images' partial sums i32 [4][4] → their totals, one lane each. */
// @ts-ignore: AssemblyScript decorator
@inline
export function totals(t: usize): v128 {
  const a = v128.load(t), b = v128.load(t, 16), c = v128.load(t, 32), d = v128.load(t, 48);
  const p = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const q = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(p, q, 0, 1, 4, 5), v128.shuffle<i32>(p, q, 2, 3, 6, 7));
}
