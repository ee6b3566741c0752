// Blocks of eight images to rows of one image each.
import { madd } from '../../../assembly/simd';
import { LinearModel } from './model';

/** Four vectors of four images to four rows of four floats, `line` bytes apart. */
// @ts-ignore: AssemblyScript decorator
@inline
function transpose(r: usize, line: usize, v0: v128, v1: v128, v2: v128, v3: v128): void {
  const a = v128.shuffle<i32>(v0, v1, 0, 4, 1, 5), b = v128.shuffle<i32>(v2, v3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(v0, v1, 2, 6, 3, 7), d = v128.shuffle<i32>(v2, v3, 2, 6, 3, 7);
  v128.store(r, v128.shuffle<i64>(a, b, 0, 2));
  v128.store(r + line, v128.shuffle<i64>(a, b, 1, 3));
  v128.store(r + 2 * line, v128.shuffle<i64>(c, d, 0, 2));
  v128.store(r + 3 * line, v128.shuffle<i64>(c, d, 1, 3));
}

/** One block x f32 [F][8] → x̂ both in the same layout (columns) and image by image: r f32 [8][F], rows `line` bytes apart. */
export function normalise(x: usize, features: i32, scale: f32, shift: usize, columns: usize, r: usize, line: usize): void {
  const s = f32x4.splat(scale);
  for (let f = 0; f < features; f += 4, x += 128, columns += 128, r += 16, shift += 16) {
    const c0 = v128.load_splat<f32>(shift), x0l = v128.load(x), x0h = v128.load(x, 16), l0 = madd(x0l, s, c0), h0 = madd(x0h, s, c0);
    v128.store(columns, h0, 16); v128.store(columns, l0);
    const c1 = v128.load_splat<f32>(shift, 4), x1l = v128.load(x, 32), x1h = v128.load(x, 48), l1 = madd(x1l, s, c1), h1 = madd(x1h, s, c1);
    v128.store(columns, h1, 48); v128.store(columns, l1, 32);
    const c2 = v128.load_splat<f32>(shift, 8), x2l = v128.load(x, 64), x2h = v128.load(x, 80), l2 = madd(x2l, s, c2), h2 = madd(x2h, s, c2);
    v128.store(columns, h2, 80); v128.store(columns, l2, 64);
    const c3 = v128.load_splat<f32>(shift, 12), x3l = v128.load(x, 96), x3h = v128.load(x, 112), l3 = madd(x3l, s, c3), h3 = madd(x3h, s, c3);
    v128.store(columns, h3, 112); v128.store(columns, l3, 96);
    transpose(r, line, l0, l1, l2, l3);
    transpose(r + 4 * line, line, h0, h1, h2, h3);
  }
}

/** f32 [K][8] → r f32 [8][K]. */
export function byImage(p: usize, components: i32, r: usize): void {
  const line = <usize>components << 2;
  for (let k = 0; k < components; k += 4, p += 128, r += 16) {
    transpose(r, line, v128.load(p), v128.load(p, 32), v128.load(p, 64), v128.load(p, 96));
    transpose(r + 4 * line, line, v128.load(p, 16), v128.load(p, 48), v128.load(p, 80), v128.load(p, 112));
  }
}

/**
 * Raw blocks at x as rows of standardised direction features in panels of 16, as in the engine's layers: out[f / 16][image]
 * [f % 16], `panel` bytes between panels; places beyond F in the last one are not written. room: 512 bytes.
 */
export function standardise(M: LinearModel, x: usize, blocks: i32, room: usize, out: usize, panel: usize): void {
  const features = M.features, scale = M.scale, shift = M.shift;
  for (let b = 0; b < blocks; b++, out += 512, x += <usize>features << 5) {
    let o = out;
    for (let f = 0; f < features; f += 16, o += panel) normalise(x + (<usize>f << 5), min(16, features - f), scale, shift + (<usize>f << 2), room, o, 64);
  }
}
