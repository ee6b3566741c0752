// From moments to places on the grid.
import { madd } from '../../assembly/simd';
import { totals, truncate } from './integers';
import { MOMENTS, MOMENT_Y, MOMENT_YY, PLACE, VARIANT } from './layout';

/**
 * The placement of each of the eight images: slant a = vxy / vyy, scales from the deviations left after deskewing, the
 * horizontal one capped at 3 GRID / 28; with `aspect`, narrow images stay narrower and flat ones flatter by (vx / vy)^⅛.
 * An empty image has a mass of 1, |a| ≤ 8; an image of a single row is not slanted by rounding errors.
 */
export function place(S: usize): void {
  const V = S + VARIANT, narrow = v128.load_splat<f32>(V), wide = v128.load_splat<f32>(V, 4), start = v128.load_splat<f32>(V, 8), apart = v128.load_splat<f32>(V, 12);
  const one = f32x4.splat(1), aspect = load<i32>(V, 16);
  for (let h: usize = 0; h < 2; h++) {
    const M = S + MOMENTS + h * 64, o = S + PLACE + h * 16;
    const mass = totals(M), sx = totals(M + 128), sy = v128.load(S + h * 16, MOMENT_Y);
    const sxy = i32x4.sub(i32x4.mul(i32x4.splat(13), sx), i32x4.add(totals(M + 512), i32x4.splat(32768 * 182)));
    const inverse = f32x4.div(one, f32x4.convert_i32x4_s(i32x4.max_s(mass, i32x4.splat(1))));
    let cx = f32x4.mul(inverse, f32x4.convert_i32x4_s(sx)), cy = f32x4.mul(inverse, f32x4.convert_i32x4_s(sy));
    const vxx = f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(totals(M + 256))), f32x4.mul(cx, cx));
    const vyy = f32x4.pmax(f32x4.splat(0), f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(v128.load(S + h * 16, MOMENT_YY))), f32x4.mul(cy, cy)));
    const vxy = f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(sxy)), f32x4.mul(cx, cy));
    const a = f32x4.pmax(f32x4.splat(-8), f32x4.pmin(f32x4.splat(8), f32x4.div(vxy, f32x4.pmax(f32x4.splat(1e-2), vyy))));
    // Back from pairs of pixels to pixels.
    const vx = madd(f32x4.splat(4), f32x4.pmax(f32x4.splat(0), f32x4.sub(vxx, f32x4.mul(a, vxy))), one), vy = madd(f32x4.splat(4), vyy, one);
    cx = madd(cx, f32x4.splat(2), f32x4.splat(0.5)); cy = madd(cy, f32x4.splat(2), f32x4.splat(0.5));
    let step = f32x4.pmax(f32x4.mul(f32x4.sqrt(vx), narrow), f32x4.splat(<f32>(28.0 / <f64>(3 * GRID)))), ky = f32x4.div(wide, f32x4.sqrt(vy));
    if (aspect) {
      const ratio = f32x4.sqrt(f32x4.sqrt(f32x4.sqrt(f32x4.div(vx, vy))));
      step = f32x4.div(step, f32x4.pmin(one, ratio)); ky = f32x4.div(ky, f32x4.pmax(one, ratio));
    }
    // Left edge of column j in row r, in 1/16384 pixel: base + r · slant + j · step, of which r = 0, j = 0 here.
    const K = f32x4.splat(16384), above = f32x4.sub(start, cy);
    v128.store(o, truncate(f32x4.mul(K, f32x4.sub(madd(a, above, f32x4.add(cx, f32x4.splat(0.5))), f32x4.mul(step, f32x4.splat(<f32>(GRID / 2)))))));
    v128.store(o, truncate(f32x4.mul(f32x4.mul(K, apart), a)), 32);
    v128.store(o, truncate(f32x4.mul(K, step)), 64);
    // Grid row of row r: first + r · perRow.
    v128.store(o, madd(ky, above, f32x4.splat(<f32>(<f64>(GRID - 1) / 2))), 96);
    v128.store(o, f32x4.mul(apart, ky), 128);
  }
}
