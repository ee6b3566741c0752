/** Sums of integers to units: v · scale · row scale + bias, in this order, each rounded to float32. */
// @ts-ignore: AssemblyScript decorator
@inline
export function unit4(v: v128, scale: v128, rowScale: v128, bias: v128, low: v128): v128 {
  return f32x4.pmax(f32x4.add(f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(v), scale), rowScale), bias), low);
}
