import { madd } from '../../../assembly/simd';

/** Natural logarithm of positive numbers: ln m = 2 artanh((m − 1) / (m + 1)) of the mantissa, error below 2e-6. */
// @ts-ignore: AssemblyScript decorator
@inline
export function log4(x: v128): v128 {
  const e = i32x4.sub(i32x4.shr_u(x, 23), i32x4.splat(127)), one = f32x4.splat(1);
  const m = v128.or(v128.and(x, i32x4.splat(0x7fffff)), i32x4.splat(0x3f800000));
  const t = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one)), u = f32x4.mul(t, t);
  let p = madd(u, f32x4.splat(2.0 / 9), f32x4.splat(2.0 / 7));
  p = madd(u, p, f32x4.splat(2.0 / 5));
  p = madd(u, p, f32x4.splat(2.0 / 3));
  p = madd(u, p, f32x4.splat(2));
  return madd(f32x4.convert_i32x4_s(e), f32x4.splat(0.69314718), f32x4.mul(t, p));
}

// @ts-ignore: AssemblyScript decorator
@inline
export function sumDoubles(v: v128): f64 {
  return <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) + <f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3);
}
