// Gradients of eight images side by side, split into eight directions.
import { madd } from '../../assembly/simd';
import { HALF, QUARTER } from './constants';
import { BORDERED_ROW, SMOOTHED } from './layout';

/** One direction's cells of a row, f32 [GRID][8]. */
const DIRECTION: usize = <usize>GRID * 32;

/**
 * From gx and gy to eight directions, f32 [8][GRID][8]: the diagonal part d = min(|gx|, |gy|), the rest along an axis.
 */
// @ts-ignore: AssemblyScript decorator
@inline
function split(c: usize, zero: v128, gxl: v128, gxh: v128, gyl: v128, gyh: v128): void {
  const axl = f32x4.abs(gxl), ayl = f32x4.abs(gyl), dl = f32x4.pmin(axl, ayl), hxl = f32x4.sub(axl, dl), hyl = f32x4.sub(ayl, dl);
  const axh = f32x4.abs(gxh), ayh = f32x4.abs(gyh), dh = f32x4.pmin(axh, ayh), hxh = f32x4.sub(axh, dh), hyh = f32x4.sub(ayh, dh);
  const pxl = f32x4.lt(zero, gxl), pyl = f32x4.lt(zero, gyl), dpl = v128.and(dl, pxl), dnl = v128.andnot(dl, pxl);
  const pxh = f32x4.lt(zero, gxh), pyh = f32x4.lt(zero, gyh), dph = v128.and(dh, pxh), dnh = v128.andnot(dh, pxh);
  v128.store(c, v128.and(hxh, pxh), 16); v128.store(c, v128.and(hxl, pxl));
  v128.store(c, v128.andnot(hxh, pxh), DIRECTION + 16); v128.store(c, v128.andnot(hxl, pxl), DIRECTION);
  v128.store(c, v128.and(hyh, pyh), 2 * DIRECTION + 16); v128.store(c, v128.and(hyl, pyl), 2 * DIRECTION);
  v128.store(c, v128.andnot(hyh, pyh), 3 * DIRECTION + 16); v128.store(c, v128.andnot(hyl, pyl), 3 * DIRECTION);
  v128.store(c, v128.andnot(dnh, pyh), 4 * DIRECTION + 16); v128.store(c, v128.andnot(dnl, pyl), 4 * DIRECTION);
  v128.store(c, v128.and(dnh, pyh), 5 * DIRECTION + 16); v128.store(c, v128.and(dnl, pyl), 5 * DIRECTION);
  v128.store(c, v128.andnot(dph, pyh), 6 * DIRECTION + 16); v128.store(c, v128.andnot(dpl, pyl), 6 * DIRECTION);
  v128.store(c, v128.and(dph, pyh), 7 * DIRECTION + 16); v128.store(c, v128.and(dpl, pyl), 7 * DIRECTION);
}

/** Directions of one grid row from central differences. s: its first cell in the bordered grids. */
export function centralRow(s: usize, c: usize): void {
  const zero = f32x4.splat(0);
  for (let x: usize = 0; x < DIRECTION; x += 32) {
    const m = s + x, left = m - 32, above = m - BORDERED_ROW;
    const gxl = f32x4.sub(v128.load(m, 32), v128.load(left)), gxh = f32x4.sub(v128.load(m, 48), v128.load(left, 16));
    const gyl = f32x4.sub(v128.load(m, BORDERED_ROW), v128.load(above)), gyh = f32x4.sub(v128.load(m, BORDERED_ROW + 16), v128.load(above, 16));
    split(c + x, zero, gxl, gxh, gyl, gyh);
  }
}

/** The same from Sobel's operator, ¼ (1 2 1) across the difference: first along y for the whole row, then along x. */
export function sobelRow(S: usize, s: usize, c: usize): void {
  const zero = f32x4.splat(0), half = v128.load(S, HALF), quarter = v128.load(S, QUARTER), T = S + SMOOTHED;
  for (let x: usize = 0; x < BORDERED_ROW; x += 32) {
    const m = s + x - 32, above = m - BORDERED_ROW, t = T + x;
    const al = v128.load(above), ml = v128.load(m), bl = v128.load(m, BORDERED_ROW);
    const ah = v128.load(above, 16), mh = v128.load(m, 16), bh = v128.load(m, BORDERED_ROW + 16);
    const vl = madd(quarter, f32x4.add(al, bl), f32x4.mul(half, ml)), wl = f32x4.sub(bl, al);
    const vh = madd(quarter, f32x4.add(ah, bh), f32x4.mul(half, mh)), wh = f32x4.sub(bh, ah);
    v128.store(t, vh, 16); v128.store(t, vl);
    v128.store(t, wh, BORDERED_ROW + 16); v128.store(t, wl, BORDERED_ROW);
  }
  for (let x: usize = 0; x < DIRECTION; x += 32) {
    const t = T + x;
    const gxl = f32x4.sub(v128.load(t, 64), v128.load(t)), gxh = f32x4.sub(v128.load(t, 80), v128.load(t, 16));
    const gyl = madd(quarter, f32x4.add(v128.load(t, BORDERED_ROW), v128.load(t, BORDERED_ROW + 64)), f32x4.mul(half, v128.load(t, BORDERED_ROW + 32)));
    const gyh = madd(quarter, f32x4.add(v128.load(t, BORDERED_ROW + 16), v128.load(t, BORDERED_ROW + 80)), f32x4.mul(half, v128.load(t, BORDERED_ROW + 48)));
    split(c + x, zero, gxl, gxh, gyl, gyh);
  }
}
