// The dense matrix product of every layer and direction: C[rows][16] = init + A[rows][depth] · B[depth][16].
// A is read with two free strides, so one kernel serves the forward pass (A = activations), the backward pass
// (A = deltas, B = transposed weights) and the weight gradient (A = transposed activations, B = deltas).
// Every element of C is one chain of multiply-adds in the order of depth: the result does not depend on how
// rows are cut into tiles, hence not on the number of threads.
import { madd } from './simd';

// pmax(x, floor) = x < floor ? floor : x, so a NaN passes through: a diverging network must not look healthy.
// @ts-ignore: AssemblyScript decorator
@inline
function storeRow(c: usize, v0: v128, v1: v128, v2: v128, v3: v128, floor: v128): void {
  v128.store(c, f32x4.pmax(v1, floor), 16);
  v128.store(c, f32x4.pmax(v0, floor));
  v128.store(c, f32x4.pmax(v3, floor), 48);
  v128.store(c, f32x4.pmax(v2, floor), 32);
}

/** Six rows × 16 columns: 12 256-bit sums, as many as the 16 registers can hold. */
// @ts-ignore: AssemblyScript decorator
@inline
function tile6(
  a: usize, aRow: i32, aDepth: i32, b: usize, bDepth: i32, depth: i32, c: usize, cRow: i32, init: usize, floor: v128,
): void {
  const i0 = v128.load(init), i1 = v128.load(init, 16), i2 = v128.load(init, 32), i3 = v128.load(init, 48);
  let c0_0 = i0, c0_1 = i1, c0_2 = i2, c0_3 = i3;
  let c1_0 = i0, c1_1 = i1, c1_2 = i2, c1_3 = i3;
  let c2_0 = i0, c2_1 = i1, c2_2 = i2, c2_3 = i3;
  let c3_0 = i0, c3_1 = i1, c3_2 = i2, c3_3 = i3;
  let c4_0 = i0, c4_1 = i1, c4_2 = i2, c4_3 = i3;
  let c5_0 = i0, c5_1 = i1, c5_2 = i2, c5_3 = i3;
  let a1 = a + aRow;
  let a2 = a1 + aRow;
  let a3 = a2 + aRow;
  let a4 = a3 + aRow;
  let a5 = a4 + aRow;
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load_splat<f32>(a);
    c0_0 = madd(x, b0, c0_0); c0_1 = madd(x, b1, c0_1); c0_2 = madd(x, b2, c0_2); c0_3 = madd(x, b3, c0_3);
    x = v128.load_splat<f32>(a1);
    c1_0 = madd(x, b0, c1_0); c1_1 = madd(x, b1, c1_1); c1_2 = madd(x, b2, c1_2); c1_3 = madd(x, b3, c1_3);
    x = v128.load_splat<f32>(a2);
    c2_0 = madd(x, b0, c2_0); c2_1 = madd(x, b1, c2_1); c2_2 = madd(x, b2, c2_2); c2_3 = madd(x, b3, c2_3);
    x = v128.load_splat<f32>(a3);
    c3_0 = madd(x, b0, c3_0); c3_1 = madd(x, b1, c3_1); c3_2 = madd(x, b2, c3_2); c3_3 = madd(x, b3, c3_3);
    x = v128.load_splat<f32>(a4);
    c4_0 = madd(x, b0, c4_0); c4_1 = madd(x, b1, c4_1); c4_2 = madd(x, b2, c4_2); c4_3 = madd(x, b3, c4_3);
    x = v128.load_splat<f32>(a5);
    c5_0 = madd(x, b0, c5_0); c5_1 = madd(x, b1, c5_1); c5_2 = madd(x, b2, c5_2); c5_3 = madd(x, b3, c5_3);
    a += aDepth; a1 += aDepth; a2 += aDepth; a3 += aDepth; a4 += aDepth; a5 += aDepth; b += bDepth;
  }
  storeRow(c, c0_0, c0_1, c0_2, c0_3, floor);
  c += cRow;
  storeRow(c, c1_0, c1_1, c1_2, c1_3, floor);
  c += cRow;
  storeRow(c, c2_0, c2_1, c2_2, c2_3, floor);
  c += cRow;
  storeRow(c, c3_0, c3_1, c3_2, c3_3, floor);
  c += cRow;
  storeRow(c, c4_0, c4_1, c4_2, c4_3, floor);
  c += cRow;
  storeRow(c, c5_0, c5_1, c5_2, c5_3, floor);
}

/** One row × 16 columns: 2 256-bit sums. */
// @ts-ignore: AssemblyScript decorator
@inline
function tile1(
  a: usize, aDepth: i32, b: usize, bDepth: i32, depth: i32, c: usize, init: usize, floor: v128,
): void {
  const i0 = v128.load(init), i1 = v128.load(init, 16), i2 = v128.load(init, 32), i3 = v128.load(init, 48);
  let c0_0 = i0, c0_1 = i1, c0_2 = i2, c0_3 = i3;
  for (let k = 0; k < depth; k++) {
    const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    const x = v128.load_splat<f32>(a);
    c0_0 = madd(x, b0, c0_0); c0_1 = madd(x, b1, c0_1); c0_2 = madd(x, b2, c0_2); c0_3 = madd(x, b3, c0_3);
    a += aDepth; b += bDepth;
  }
  storeRow(c, c0_0, c0_1, c0_2, c0_3, floor);
}

/**
 * One 16-column panel of a product. aRow, aDepth, bDepth, cRow: byte strides; init: f32 [16], the row every sum
 * starts from (a bias, or zeros); floor: 0 for ReLU, −Infinity for none.
 */
export function matmul16(
  rows: i32, depth: i32, a: usize, aRow: i32, aDepth: i32, b: usize, bDepth: i32,
  c: usize, cRow: i32, init: usize, floor: f32,
): void {
  const low = f32x4.splat(floor);
  for (; rows >= 6; rows -= 6, a += 6 * aRow, c += 6 * cRow) {
    tile6(a, aRow, aDepth, b, bDepth, depth, c, cRow, init, low);
  }
  for (; rows > 0; rows--, a += aRow, c += cRow) tile1(a, aDepth, b, bDepth, depth, c, init, low);
}
