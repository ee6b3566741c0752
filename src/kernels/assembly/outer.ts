// The weight gradient of a dense layer: G[inputs][16] = A[rows][inputs]ᵀ · D[rows][16], both in panels of 16. The
// sixteen inputs of a panel are tiles of 6, 5 and 5: 12 or 10 256-bit sums, enough to hide the latency of a
// multiply-add. Every element is one chain of multiply-adds in the order of the rows.
import { madd } from './simd';
import { store16 } from './store-row';

/** Inputs `a`, a + 4 … a + 20. */
// @ts-ignore: AssemblyScript decorator
@inline
function tile6(rows: i32, a: usize, d: usize, c: usize, cRow: i32): void {
  const o = f32x4.splat(0);
  let c0_0 = o, c0_1 = o, c0_2 = o, c0_3 = o;
  let c1_0 = o, c1_1 = o, c1_2 = o, c1_3 = o;
  let c2_0 = o, c2_1 = o, c2_2 = o, c2_3 = o;
  let c3_0 = o, c3_1 = o, c3_2 = o, c3_3 = o;
  let c4_0 = o, c4_1 = o, c4_2 = o, c4_3 = o;
  let c5_0 = o, c5_1 = o, c5_2 = o, c5_3 = o;
  for (const end = a + (<usize>rows << 6); a < end; a += 64, d += 64) {
    const b0 = v128.load(d), b1 = v128.load(d, 16), b2 = v128.load(d, 32), b3 = v128.load(d, 48);
    let x = v128.load_splat<f32>(a);
    c0_0 = madd(x, b0, c0_0); c0_1 = madd(x, b1, c0_1); c0_2 = madd(x, b2, c0_2); c0_3 = madd(x, b3, c0_3);
    x = v128.load_splat<f32>(a, 4);
    c1_0 = madd(x, b0, c1_0); c1_1 = madd(x, b1, c1_1); c1_2 = madd(x, b2, c1_2); c1_3 = madd(x, b3, c1_3);
    x = v128.load_splat<f32>(a, 8);
    c2_0 = madd(x, b0, c2_0); c2_1 = madd(x, b1, c2_1); c2_2 = madd(x, b2, c2_2); c2_3 = madd(x, b3, c2_3);
    x = v128.load_splat<f32>(a, 12);
    c3_0 = madd(x, b0, c3_0); c3_1 = madd(x, b1, c3_1); c3_2 = madd(x, b2, c3_2); c3_3 = madd(x, b3, c3_3);
    x = v128.load_splat<f32>(a, 16);
    c4_0 = madd(x, b0, c4_0); c4_1 = madd(x, b1, c4_1); c4_2 = madd(x, b2, c4_2); c4_3 = madd(x, b3, c4_3);
    x = v128.load_splat<f32>(a, 20);
    c5_0 = madd(x, b0, c5_0); c5_1 = madd(x, b1, c5_1); c5_2 = madd(x, b2, c5_2); c5_3 = madd(x, b3, c5_3);
  }
  store16(c, c0_0, c0_1, c0_2, c0_3);
  c += cRow;
  store16(c, c1_0, c1_1, c1_2, c1_3);
  c += cRow;
  store16(c, c2_0, c2_1, c2_2, c2_3);
  c += cRow;
  store16(c, c3_0, c3_1, c3_2, c3_3);
  c += cRow;
  store16(c, c4_0, c4_1, c4_2, c4_3);
  c += cRow;
  store16(c, c5_0, c5_1, c5_2, c5_3);
}

/** Inputs `a`, a + 4 … a + 16. Not inlined: it is used twice. */
function tile5(rows: i32, a: usize, d: usize, c: usize, cRow: i32): void {
  const o = f32x4.splat(0);
  let c0_0 = o, c0_1 = o, c0_2 = o, c0_3 = o;
  let c1_0 = o, c1_1 = o, c1_2 = o, c1_3 = o;
  let c2_0 = o, c2_1 = o, c2_2 = o, c2_3 = o;
  let c3_0 = o, c3_1 = o, c3_2 = o, c3_3 = o;
  let c4_0 = o, c4_1 = o, c4_2 = o, c4_3 = o;
  for (const end = a + (<usize>rows << 6); a < end; a += 64, d += 64) {
    const b0 = v128.load(d), b1 = v128.load(d, 16), b2 = v128.load(d, 32), b3 = v128.load(d, 48);
    let x = v128.load_splat<f32>(a);
    c0_0 = madd(x, b0, c0_0); c0_1 = madd(x, b1, c0_1); c0_2 = madd(x, b2, c0_2); c0_3 = madd(x, b3, c0_3);
    x = v128.load_splat<f32>(a, 4);
    c1_0 = madd(x, b0, c1_0); c1_1 = madd(x, b1, c1_1); c1_2 = madd(x, b2, c1_2); c1_3 = madd(x, b3, c1_3);
    x = v128.load_splat<f32>(a, 8);
    c2_0 = madd(x, b0, c2_0); c2_1 = madd(x, b1, c2_1); c2_2 = madd(x, b2, c2_2); c2_3 = madd(x, b3, c2_3);
    x = v128.load_splat<f32>(a, 12);
    c3_0 = madd(x, b0, c3_0); c3_1 = madd(x, b1, c3_1); c3_2 = madd(x, b2, c3_2); c3_3 = madd(x, b3, c3_3);
    x = v128.load_splat<f32>(a, 16);
    c4_0 = madd(x, b0, c4_0); c4_1 = madd(x, b1, c4_1); c4_2 = madd(x, b2, c4_2); c4_3 = madd(x, b3, c4_3);
  }
  store16(c, c0_0, c0_1, c0_2, c0_3);
  c += cRow;
  store16(c, c1_0, c1_1, c1_2, c1_3);
  c += cRow;
  store16(c, c2_0, c2_1, c2_2, c2_3);
  c += cRow;
  store16(c, c3_0, c3_1, c3_2, c3_3);
  c += cRow;
  store16(c, c4_0, c4_1, c4_2, c4_3);
}

// @ts-ignore: AssemblyScript decorator
@inline
function tile1(rows: i32, a: usize, d: usize, c: usize, cRow: i32): void {
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
  for (const end = a + (<usize>rows << 6); a < end; a += 64, d += 64) {
    const b0 = v128.load(d), b1 = v128.load(d, 16), b2 = v128.load(d, 32), b3 = v128.load(d, 48);
    const x = v128.load_splat<f32>(a);
    c0 = madd(x, b0, c0); c1 = madd(x, b1, c1); c2 = madd(x, b2, c2); c3 = madd(x, b3, c3);
  }
  store16(c, c0, c1, c2, c3);
}

/**
 * Inputs [first, last) of A, aPanel bytes from panel to panel; `first` a multiple of 16; c: the first's row of G; cRow: 64, see
 * matmul16.
 */
export function outer16(
  rows: i32, a: usize, aPanel: i32, first: i32, last: i32, d: usize, c: usize, cRow: i32): void {
  a += <usize>(first >> 4) * aPanel;
  for (let left = last - first; left > 0; left -= 16, a += aPanel) {
    if (left >= 16) {
      tile6(rows, a, d, c, cRow);
      tile5(rows, a + 24, d, c + 384, cRow);
      tile5(rows, a + 44, d, c + 704, cRow);
      c += 1024;
    } else {
      for (let i = 0; i < left; i++, c += 64) tile1(rows, a + (<usize>i << 2), d, c, cRow);
    }
  }
}
