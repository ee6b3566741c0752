// The dense product C[rows][16] = A[rows][depth] · B[depth][16] as a ladder: each rung adds one idea to the previous
// one. The last rung is the shipped kernel, src/kernels/assembly/matmul.ts: six rows, and A in panels.
import { madd } from '../../src/kernels/assembly/simd';
import { store16 } from '../../src/kernels/assembly/store-row';

/** 1: three loops, one number at a time. */
export function dense1(rows: i32, depth: i32, a: usize, b: usize, c: usize): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < 16; j++) {
      let sum: f32 = 0;
      for (let k = 0; k < depth; k++)
        sum += load<f32>(a + (<usize>(i * depth + k) << 2)) * load<f32>(b + (<usize>(k * 16 + j) << 2));
      store<f32>(c + (<usize>(i * 16 + j) << 2), sum);
    }
  }
}

/** 2: four columns at a time, multiplied and then added. */
export function dense2(rows: i32, depth: i32, a: usize, b: usize, c: usize): void {
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < 64; j += 16) {
      let sum = f32x4.splat(0);
      for (let k = 0; k < depth; k++) {
        const x = v128.load_splat<f32>(a + (<usize>(i * depth + k) << 2));
        sum = f32x4.add(sum, f32x4.mul(x, v128.load(b + (<usize>k << 6) + j)));
      }
      v128.store(c + (<usize>i << 6) + j, sum);
    }
  }
}

/** 3: all sixteen columns, fused multiply-adds in pairs that V8 makes 256 bits wide: two sums. */
export function dense3(rows: i32, depth: i32, a: usize, b: usize, c: usize): void {
  for (let i = 0; i < rows; i++, c += 64) {
    let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0;
    let p = b;
    for (const end = a + (<usize>depth << 2); a < end; a += 4, p += 64) {
      const x = v128.load_splat<f32>(a);
      c0 = madd(x, v128.load(p), c0); c1 = madd(x, v128.load(p, 16), c1);
      c2 = madd(x, v128.load(p, 32), c2); c3 = madd(x, v128.load(p, 48), c3);
    }
    store16(c, c0, c1, c2, c3);
  }
}

/** 4: four rows, so that eight sums hide the latency and one load of B serves four rows. cRow: 64, see matmul16. */
export function dense4(rows: i32, depth: i32, a: usize, b: usize, c: usize, cRow: i32): void {
  const stride = <usize>depth << 2;
  for (let i = 0; i < rows; i += 4, a += 3 * stride, c += cRow) {
    const o = f32x4.splat(0);
    let c0_0 = o, c0_1 = o, c0_2 = o, c0_3 = o, c1_0 = o, c1_1 = o, c1_2 = o, c1_3 = o;
    let c2_0 = o, c2_1 = o, c2_2 = o, c2_3 = o, c3_0 = o, c3_1 = o, c3_2 = o, c3_3 = o;
    let a1 = a + stride;
    let a2 = a1 + stride;
    let a3 = a2 + stride;
    let p = b;
    for (const end = a1; a < end; a += 4, a1 += 4, a2 += 4, a3 += 4, p += 64) {
      const b0 = v128.load(p), b1 = v128.load(p, 16), b2 = v128.load(p, 32), b3 = v128.load(p, 48);
      let x = v128.load_splat<f32>(a);
      c0_0 = madd(x, b0, c0_0); c0_1 = madd(x, b1, c0_1); c0_2 = madd(x, b2, c0_2); c0_3 = madd(x, b3, c0_3);
      x = v128.load_splat<f32>(a1);
      c1_0 = madd(x, b0, c1_0); c1_1 = madd(x, b1, c1_1); c1_2 = madd(x, b2, c1_2); c1_3 = madd(x, b3, c1_3);
      x = v128.load_splat<f32>(a2);
      c2_0 = madd(x, b0, c2_0); c2_1 = madd(x, b1, c2_1); c2_2 = madd(x, b2, c2_2); c2_3 = madd(x, b3, c2_3);
      x = v128.load_splat<f32>(a3);
      c3_0 = madd(x, b0, c3_0); c3_1 = madd(x, b1, c3_1); c3_2 = madd(x, b2, c3_2); c3_3 = madd(x, b3, c3_3);
    }
    store16(c, c0_0, c0_1, c0_2, c0_3);
    c += cRow;
    store16(c, c1_0, c1_1, c1_2, c1_3);
    c += cRow;
    store16(c, c2_0, c2_1, c2_2, c2_3);
    c += cRow;
    store16(c, c3_0, c3_1, c3_2, c3_3);
  }
}
