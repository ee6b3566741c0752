// Components and logits of one block, or of two at a time, whose weights are then loaded once.
import { madd } from '../../../assembly/simd';
import { productStrips } from './model';

/**
 * Components of the raw blocks at x and x + second, f32 [F][8] each → f32 [2][K][8]. Four of them and two blocks at a
 * time: eight sums for six loads.
 */
export function project(x: usize, second: usize, features: i32, components: i32, projection: usize, out: usize): void {
  const ahead = <usize>components << 5, line = <usize>features << 5;
  let offset = projection + <usize>(features * components << 2);
  for (let k: usize = 0; k < <usize>components; k += 4, offset += 16, out += 128) {
    let p0l = v128.load_splat<f32>(offset), p0h = p0l, q0l = p0l, q0h = p0l;
    let p1l = v128.load_splat<f32>(offset, 4), p1h = p1l, q1l = p1l, q1h = p1l;
    let p2l = v128.load_splat<f32>(offset, 8), p2h = p2l, q2l = p2l, q2h = p2l;
    let p3l = v128.load_splat<f32>(offset, 12), p3h = p3l, q3l = p3l, q3h = p3l;
    let w = projection + (k >> 3) * line + ((k & 4) << 2);
    for (let p = x, end = x + line; p < end; p += 32, w += 32) {
      const r = p + second, xl = v128.load(p), xh = v128.load(p, 16), zl = v128.load(r), zh = v128.load(r, 16);
      let c = v128.load_splat<f32>(w);
      p0l = madd(c, xl, p0l); p0h = madd(c, xh, p0h); q0l = madd(c, zl, q0l); q0h = madd(c, zh, q0h); c = v128.load_splat<f32>(w, 4);
      p1l = madd(c, xl, p1l); p1h = madd(c, xh, p1h); q1l = madd(c, zl, q1l); q1h = madd(c, zh, q1h); c = v128.load_splat<f32>(w, 8);
      p2l = madd(c, xl, p2l); p2h = madd(c, xh, p2h); q2l = madd(c, zl, q2l); q2h = madd(c, zh, q2h); c = v128.load_splat<f32>(w, 12);
      p3l = madd(c, xl, p3l); p3h = madd(c, xh, p3h); q3l = madd(c, zl, q3l); q3h = madd(c, zh, q3h);
    }
    const other = out + ahead;
    v128.store(out, p0h, 16); v128.store(out, p0l); v128.store(other, q0h, 16); v128.store(other, q0l);
    v128.store(out, p1h, 48); v128.store(out, p1l, 32); v128.store(other, q1h, 48); v128.store(other, q1l, 32);
    v128.store(out, p2h, 80); v128.store(out, p2l, 64); v128.store(other, q2h, 80); v128.store(other, q2l, 64);
    v128.store(out, p3h, 112); v128.store(out, p3l, 96); v128.store(other, q3h, 112); v128.store(other, q3l, 96);
  }
}

/** Logits of one block of standardised features and its components → t f32 [10][2 blocks][8], the first of them. */
export function logitsOfBlock(x: usize, products: usize, features: i32, components: i32, weights: usize, centres: usize, t: usize): void {
  const bias = weights + <usize>(((features >> 3) + productStrips(components)) * 320);
  let a0l = v128.load_splat<f32>(bias), a0h = a0l, a1l = v128.load_splat<f32>(bias, 4), a1h = a1l;
  let a2l = v128.load_splat<f32>(bias, 8), a2h = a2l, a3l = v128.load_splat<f32>(bias, 12), a3h = a3l;
  let a4l = v128.load_splat<f32>(bias, 16), a4h = a4l, a5l = v128.load_splat<f32>(bias, 20), a5h = a5l;
  let a6l = v128.load_splat<f32>(bias, 24), a6h = a6l, a7l = v128.load_splat<f32>(bias, 28), a7h = a7l;
  let a8l = v128.load_splat<f32>(bias, 32), a8h = a8l, a9l = v128.load_splat<f32>(bias, 36), a9h = a9l;
  let w = weights, n = centres;
  for (let f = 0; f < features; f += 8, w += 288) {
    for (let lane = 0; lane < 8; lane++, x += 32, w += 4) {
      const xl = v128.load(x), xh = v128.load(x, 16);
      let c = v128.load_splat<f32>(w);
      a0l = madd(c, xl, a0l); a0h = madd(c, xh, a0h); c = v128.load_splat<f32>(w, 32);
      a1l = madd(c, xl, a1l); a1h = madd(c, xh, a1h); c = v128.load_splat<f32>(w, 64);
      a2l = madd(c, xl, a2l); a2h = madd(c, xh, a2h); c = v128.load_splat<f32>(w, 96);
      a3l = madd(c, xl, a3l); a3h = madd(c, xh, a3h); c = v128.load_splat<f32>(w, 128);
      a4l = madd(c, xl, a4l); a4h = madd(c, xh, a4h); c = v128.load_splat<f32>(w, 160);
      a5l = madd(c, xl, a5l); a5h = madd(c, xh, a5h); c = v128.load_splat<f32>(w, 192);
      a6l = madd(c, xl, a6l); a6h = madd(c, xh, a6h); c = v128.load_splat<f32>(w, 224);
      a7l = madd(c, xl, a7l); a7h = madd(c, xh, a7h); c = v128.load_splat<f32>(w, 256);
      a8l = madd(c, xl, a8l); a8h = madd(c, xh, a8h); c = v128.load_splat<f32>(w, 288);
      a9l = madd(c, xl, a9l); a9h = madd(c, xh, a9h);
    }
  }
  for (let i = 0; i < components; i++) {
    const pi = products + (<usize>i << 5), pl = v128.load(pi), ph = v128.load(pi, 16);
    for (let j = i; j < components; w += 288) {
      const skipped = <usize>(j & 7) << 2;
      w += skipped; n += skipped;
      let r = products + (<usize>j << 5);
      for (const end = (j | 7) + 1; j < end; j++, r += 32, w += 4, n += 4) {
        const m = v128.load_splat<f32>(n), xl = madd(pl, v128.load(r), m), xh = madd(ph, v128.load(r, 16), m);
        let c = v128.load_splat<f32>(w);
        a0l = madd(c, xl, a0l); a0h = madd(c, xh, a0h); c = v128.load_splat<f32>(w, 32);
        a1l = madd(c, xl, a1l); a1h = madd(c, xh, a1h); c = v128.load_splat<f32>(w, 64);
        a2l = madd(c, xl, a2l); a2h = madd(c, xh, a2h); c = v128.load_splat<f32>(w, 96);
        a3l = madd(c, xl, a3l); a3h = madd(c, xh, a3h); c = v128.load_splat<f32>(w, 128);
        a4l = madd(c, xl, a4l); a4h = madd(c, xh, a4h); c = v128.load_splat<f32>(w, 160);
        a5l = madd(c, xl, a5l); a5h = madd(c, xh, a5h); c = v128.load_splat<f32>(w, 192);
        a6l = madd(c, xl, a6l); a6h = madd(c, xh, a6h); c = v128.load_splat<f32>(w, 224);
        a7l = madd(c, xl, a7l); a7h = madd(c, xh, a7h); c = v128.load_splat<f32>(w, 256);
        a8l = madd(c, xl, a8l); a8h = madd(c, xh, a8h); c = v128.load_splat<f32>(w, 288);
        a9l = madd(c, xl, a9l); a9h = madd(c, xh, a9h);
      }
    }
  }
  v128.store(t, a0h, 16); v128.store(t, a0l); v128.store(t, a1h, 80); v128.store(t, a1l, 64);
  v128.store(t, a2h, 144); v128.store(t, a2l, 128); v128.store(t, a3h, 208); v128.store(t, a3l, 192);
  v128.store(t, a4h, 272); v128.store(t, a4l, 256); v128.store(t, a5h, 336); v128.store(t, a5l, 320);
  v128.store(t, a6h, 400); v128.store(t, a6l, 384); v128.store(t, a7h, 464); v128.store(t, a7l, 448);
  v128.store(t, a8h, 528); v128.store(t, a8l, 512); v128.store(t, a9h, 592); v128.store(t, a9l, 576);
}

/**
 * The same for the blocks at x and x + second, whose components follow each other; five classes and two blocks at a
 * time: ten sums for seven loads.
 */
export function logitsOfPair(x: usize, second: usize, products: usize, features: i32, components: i32, weights: usize, centres: usize, t: usize): void {
  const biases = weights + <usize>(((features >> 3) + productStrips(components)) * 320), ahead = <usize>components << 5;
  for (let h: usize = 0; h < 2; h++) {
    const bias = biases + h * 20;
    let p0l = v128.load_splat<f32>(bias), p0h = p0l, q0l = p0l, q0h = p0l;
    let p1l = v128.load_splat<f32>(bias, 4), p1h = p1l, q1l = p1l, q1h = p1l;
    let p2l = v128.load_splat<f32>(bias, 8), p2h = p2l, q2l = p2l, q2h = p2l;
    let p3l = v128.load_splat<f32>(bias, 12), p3h = p3l, q3l = p3l, q3h = p3l;
    let p4l = v128.load_splat<f32>(bias, 16), p4h = p4l, q4l = p4l, q4h = p4l;
    let p = x, w = weights + h * 160, n = centres;
    for (let f = 0; f < features; f += 8, w += 288) {
      for (let lane = 0; lane < 8; lane++, p += 32, w += 4) {
        const r = p + second, xl = v128.load(p), xh = v128.load(p, 16), zl = v128.load(r), zh = v128.load(r, 16);
        let c = v128.load_splat<f32>(w);
        p0l = madd(c, xl, p0l); p0h = madd(c, xh, p0h); q0l = madd(c, zl, q0l); q0h = madd(c, zh, q0h); c = v128.load_splat<f32>(w, 32);
        p1l = madd(c, xl, p1l); p1h = madd(c, xh, p1h); q1l = madd(c, zl, q1l); q1h = madd(c, zh, q1h); c = v128.load_splat<f32>(w, 64);
        p2l = madd(c, xl, p2l); p2h = madd(c, xh, p2h); q2l = madd(c, zl, q2l); q2h = madd(c, zh, q2h); c = v128.load_splat<f32>(w, 96);
        p3l = madd(c, xl, p3l); p3h = madd(c, xh, p3h); q3l = madd(c, zl, q3l); q3h = madd(c, zh, q3h); c = v128.load_splat<f32>(w, 128);
        p4l = madd(c, xl, p4l); p4h = madd(c, xh, p4h); q4l = madd(c, zl, q4l); q4h = madd(c, zh, q4h);
      }
    }
    for (let i = 0; i < components; i++) {
      const pi = products + (<usize>i << 5), qi = pi + ahead;
      const pl = v128.load(pi), ph = v128.load(pi, 16), ql = v128.load(qi), qh = v128.load(qi, 16);
      for (let j = i; j < components; w += 288) {
        const skipped = <usize>(j & 7) << 2;
        w += skipped; n += skipped;
        let r = products + (<usize>j << 5);
        for (const end = (j | 7) + 1; j < end; j++, r += 32, w += 4, n += 4) {
          const m = v128.load_splat<f32>(n), s = r + ahead;
          const xl = madd(pl, v128.load(r), m), xh = madd(ph, v128.load(r, 16), m), zl = madd(ql, v128.load(s), m), zh = madd(qh, v128.load(s, 16), m);
          let c = v128.load_splat<f32>(w);
          p0l = madd(c, xl, p0l); p0h = madd(c, xh, p0h); q0l = madd(c, zl, q0l); q0h = madd(c, zh, q0h); c = v128.load_splat<f32>(w, 32);
          p1l = madd(c, xl, p1l); p1h = madd(c, xh, p1h); q1l = madd(c, zl, q1l); q1h = madd(c, zh, q1h); c = v128.load_splat<f32>(w, 64);
          p2l = madd(c, xl, p2l); p2h = madd(c, xh, p2h); q2l = madd(c, zl, q2l); q2h = madd(c, zh, q2h); c = v128.load_splat<f32>(w, 96);
          p3l = madd(c, xl, p3l); p3h = madd(c, xh, p3h); q3l = madd(c, zl, q3l); q3h = madd(c, zh, q3h); c = v128.load_splat<f32>(w, 128);
          p4l = madd(c, xl, p4l); p4h = madd(c, xh, p4h); q4l = madd(c, zl, q4l); q4h = madd(c, zh, q4h);
        }
      }
    }
    const o = t + h * 320;
    v128.store(o, p0h, 16); v128.store(o, p0l); v128.store(o, q0h, 48); v128.store(o, q0l, 32);
    v128.store(o, p1h, 80); v128.store(o, p1l, 64); v128.store(o, q1h, 112); v128.store(o, q1l, 96);
    v128.store(o, p2h, 144); v128.store(o, p2l, 128); v128.store(o, q2h, 176); v128.store(o, q2l, 160);
    v128.store(o, p3h, 208); v128.store(o, p3l, 192); v128.store(o, q3h, 240); v128.store(o, q3l, 224);
    v128.store(o, p4h, 272); v128.store(o, p4l, 256); v128.store(o, q4h, 304); v128.store(o, q4l, 288);
  }
}
