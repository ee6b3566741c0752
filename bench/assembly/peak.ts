// The peak rate of the machine: twelve independent chains of 256-bit multiply-adds, no memory in the loop.
import { madd } from '../../src/kernels/assembly/simd';

/** p: f32 [12][8] sums, read and written, then f32 [16]: two factors of 8. A round is 192 FLOP. */
export function peak(p: usize, rounds: i32): void {
  const x = v128.load(p, 384), x2 = v128.load(p, 400), y = v128.load(p, 416), y2 = v128.load(p, 432);
  let a0 = v128.load(p, 0), b0 = v128.load(p, 16);
  let a1 = v128.load(p, 32), b1 = v128.load(p, 48);
  let a2 = v128.load(p, 64), b2 = v128.load(p, 80);
  let a3 = v128.load(p, 96), b3 = v128.load(p, 112);
  let a4 = v128.load(p, 128), b4 = v128.load(p, 144);
  let a5 = v128.load(p, 160), b5 = v128.load(p, 176);
  let a6 = v128.load(p, 192), b6 = v128.load(p, 208);
  let a7 = v128.load(p, 224), b7 = v128.load(p, 240);
  let a8 = v128.load(p, 256), b8 = v128.load(p, 272);
  let a9 = v128.load(p, 288), b9 = v128.load(p, 304);
  let a10 = v128.load(p, 320), b10 = v128.load(p, 336);
  let a11 = v128.load(p, 352), b11 = v128.load(p, 368);
  for (let i = 0; i < rounds; i++) {
    a0 = madd(x, y, a0); b0 = madd(x2, y2, b0);
    a1 = madd(x, y, a1); b1 = madd(x2, y2, b1);
    a2 = madd(x, y, a2); b2 = madd(x2, y2, b2);
    a3 = madd(x, y, a3); b3 = madd(x2, y2, b3);
    a4 = madd(x, y, a4); b4 = madd(x2, y2, b4);
    a5 = madd(x, y, a5); b5 = madd(x2, y2, b5);
    a6 = madd(x, y, a6); b6 = madd(x2, y2, b6);
    a7 = madd(x, y, a7); b7 = madd(x2, y2, b7);
    a8 = madd(x, y, a8); b8 = madd(x2, y2, b8);
    a9 = madd(x, y, a9); b9 = madd(x2, y2, b9);
    a10 = madd(x, y, a10); b10 = madd(x2, y2, b10);
    a11 = madd(x, y, a11); b11 = madd(x2, y2, b11);
  }
  v128.store(p, b0, 16); v128.store(p, a0, 0);
  v128.store(p, b1, 48); v128.store(p, a1, 32);
  v128.store(p, b2, 80); v128.store(p, a2, 64);
  v128.store(p, b3, 112); v128.store(p, a3, 96);
  v128.store(p, b4, 144); v128.store(p, a4, 128);
  v128.store(p, b5, 176); v128.store(p, a5, 160);
  v128.store(p, b6, 208); v128.store(p, a6, 192);
  v128.store(p, b7, 240); v128.store(p, a7, 224);
  v128.store(p, b8, 272); v128.store(p, a8, 256);
  v128.store(p, b9, 304); v128.store(p, a9, 288);
  v128.store(p, b10, 336); v128.store(p, a10, 320);
  v128.store(p, b11, 368); v128.store(p, a11, 352);
}
