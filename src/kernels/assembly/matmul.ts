// The dense matrix product of every layer, forward (A: activations) and backward (A: deltas, B: transposed weights):
// C[rows][16] = init + A[rows][depth] · B[depth][16]. A and C lie in panels, f32 [panel][rows][16]: six rows of A are
// six neighbouring cache lines, reached from one pointer.
// Every element of C is one chain of multiply-adds in the order of depth: the result does not depend on how
// rows are cut into tiles, hence not on the number of threads.
import { madd } from './simd';
import { storeRow } from './store-row';

/** Six rows × 16 columns: 12 256-bit sums, as many as the 16 registers can hold. */
// @ts-ignore: AssemblyScript decorator
@inline
function tile6(a: usize, aPanel: i32, b: usize, depth: i32, c: usize, init: usize, floor: v128): void {
  const i0 = v128.load(init), i1 = v128.load(init, 16), i2 = v128.load(init, 32), i3 = v128.load(init, 48);
  let c0_0 = i0, c0_1 = i1, c0_2 = i2, c0_3 = i3;
  let c1_0 = i0, c1_1 = i1, c1_2 = i2, c1_3 = i3;
  let c2_0 = i0, c2_1 = i1, c2_2 = i2, c2_3 = i3;
  let c3_0 = i0, c3_1 = i1, c3_2 = i2, c3_3 = i3;
  let c4_0 = i0, c4_1 = i1, c4_2 = i2, c4_3 = i3;
  let c5_0 = i0, c5_1 = i1, c5_2 = i2, c5_3 = i3;
  for (; depth > 0; depth -= 16, a += aPanel) {
    let p = a;
    for (const end = b + (<usize>min(depth, 16) << 6); b < end; b += 64, p += 4) {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let x = v128.load_splat<f32>(p);
      c0_0 = madd(x, b0, c0_0); c0_1 = madd(x, b1, c0_1); c0_2 = madd(x, b2, c0_2); c0_3 = madd(x, b3, c0_3);
      x = v128.load_splat<f32>(p, 64);
      c1_0 = madd(x, b0, c1_0); c1_1 = madd(x, b1, c1_1); c1_2 = madd(x, b2, c1_2); c1_3 = madd(x, b3, c1_3);
      x = v128.load_splat<f32>(p, 128);
      c2_0 = madd(x, b0, c2_0); c2_1 = madd(x, b1, c2_1); c2_2 = madd(x, b2, c2_2); c2_3 = madd(x, b3, c2_3);
      x = v128.load_splat<f32>(p, 192);
      c3_0 = madd(x, b0, c3_0); c3_1 = madd(x, b1, c3_1); c3_2 = madd(x, b2, c3_2); c3_3 = madd(x, b3, c3_3);
      x = v128.load_splat<f32>(p, 256);
      c4_0 = madd(x, b0, c4_0); c4_1 = madd(x, b1, c4_1); c4_2 = madd(x, b2, c4_2); c4_3 = madd(x, b3, c4_3);
      x = v128.load_splat<f32>(p, 320);
      c5_0 = madd(x, b0, c5_0); c5_1 = madd(x, b1, c5_1); c5_2 = madd(x, b2, c5_2); c5_3 = madd(x, b3, c5_3);
    }
  }
  storeRow(c, c0_0, c0_1, c0_2, c0_3, floor);
  storeRow(c + 64, c1_0, c1_1, c1_2, c1_3, floor);
  storeRow(c + 128, c2_0, c2_1, c2_2, c2_3, floor);
  storeRow(c + 192, c3_0, c3_1, c3_2, c3_3, floor);
  storeRow(c + 256, c4_0, c4_1, c4_2, c4_3, floor);
  storeRow(c + 320, c5_0, c5_1, c5_2, c5_3, floor);
}

/** Two rows × 16 columns: 4 256-bit sums. */
// @ts-ignore: AssemblyScript decorator
@inline
function tile2(a: usize, aPanel: i32, b: usize, depth: i32, c: usize, init: usize, floor: v128): void {
  const i0 = v128.load(init), i1 = v128.load(init, 16), i2 = v128.load(init, 32), i3 = v128.load(init, 48);
  let c0_0 = i0, c0_1 = i1, c0_2 = i2, c0_3 = i3;
  let c1_0 = i0, c1_1 = i1, c1_2 = i2, c1_3 = i3;
  for (; depth > 0; depth -= 16, a += aPanel) {
    let p = a;
    for (const end = b + (<usize>min(depth, 16) << 6); b < end; b += 64, p += 4) {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      let x = v128.load_splat<f32>(p);
      c0_0 = madd(x, b0, c0_0); c0_1 = madd(x, b1, c0_1); c0_2 = madd(x, b2, c0_2); c0_3 = madd(x, b3, c0_3);
      x = v128.load_splat<f32>(p, 64);
      c1_0 = madd(x, b0, c1_0); c1_1 = madd(x, b1, c1_1); c1_2 = madd(x, b2, c1_2); c1_3 = madd(x, b3, c1_3);
    }
  }
  storeRow(c, c0_0, c0_1, c0_2, c0_3, floor);
  storeRow(c + 64, c1_0, c1_1, c1_2, c1_3, floor);
}

/** One row × 16 columns: 2 256-bit sums. */
// @ts-ignore: AssemblyScript decorator
@inline
function tile1(a: usize, aPanel: i32, b: usize, depth: i32, c: usize, init: usize, floor: v128): void {
  let c0 = v128.load(init), c1 = v128.load(init, 16), c2 = v128.load(init, 32), c3 = v128.load(init, 48);
  for (; depth > 0; depth -= 16, a += aPanel) {
    let p = a;
    for (const end = b + (<usize>min(depth, 16) << 6); b < end; b += 64, p += 4) {
      const b0 = v128.load(b), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
      const x = v128.load_splat<f32>(p);
      c0 = madd(x, b0, c0); c1 = madd(x, b1, c1); c2 = madd(x, b2, c2); c3 = madd(x, b3, c3);
    }
  }
  storeRow(c, c0, c1, c2, c3, floor);
}

/**
 * One 16-column panel of a product. aPanel: bytes from one panel of A to the next; init: f32 [16], the row every sum
 * starts from (a bias, or zeros); floor: 0 for ReLU, −Infinity for none.
 */
export function matmul16(
  rows: i32, depth: i32, a: usize, aPanel: i32, b: usize, c: usize, init: usize, floor: f32,
): void {
  const low = f32x4.splat(floor);
  for (; rows >= 6; rows -= 6, a += 384, c += 384) tile6(a, aPanel, b, depth, c, init, low);
  for (; rows >= 2; rows -= 2, a += 128, c += 128) tile2(a, aPanel, b, depth, c, init, low);
  if (rows > 0) tile1(a, aPanel, b, depth, c, init, low);
}
