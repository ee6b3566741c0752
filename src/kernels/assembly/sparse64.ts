// A sparse first layer whose outputs come in panels of 64: forward pass and weight gradient.
// Eight 256-bit sums stay in registers while a row's non-zeros stream past.
// entries: 8 bytes {i32 offset of the weight row, f32 value}, see data/packing.ts; bounds: see locateRows; weights and gradient: one panel, f32 [P + 1][64].
import { madd } from './simd';

/**
 * z[row] = max(floor, bias + Σ value · weights[feature]) for `rows` rows, 64 outputs, `stride` bytes between
 * the rows of z. One feature range after the other over all rows, so that the weights in use stay in the
 * first-level cache. The order of the sum is that of the features, however they are cut into ranges.
 */
export function sparseForward64(
  bounds: usize, ranges: i32, rows: i32, weights: usize, bias: usize, z: usize, stride: i32, floor: f32,
): void {
  for (let range = 0; range < ranges; range++) {
    const low = f32x4.splat(range == ranges - 1 ? floor : -Infinity);
    let bound = bounds + (<usize>range << 2), out = z;
    for (let row = 0; row < rows; row++, bound += <usize>(ranges + 1) << 2, out += stride) {
      const start = range ? out : bias;
      let v0 = v128.load(start), v1 = v128.load(start, 16), v2 = v128.load(start, 32), v3 = v128.load(start, 48),
        v4 = v128.load(start, 64), v5 = v128.load(start, 80), v6 = v128.load(start, 96), v7 = v128.load(start, 112),
        v8 = v128.load(start, 128), v9 = v128.load(start, 144), v10 = v128.load(start, 160), v11 = v128.load(start, 176),
        v12 = v128.load(start, 192), v13 = v128.load(start, 208), v14 = v128.load(start, 224), v15 = v128.load(start, 240);
      let entry = <usize>load<u32>(bound), w: usize, x: v128;
      for (const end = <usize>load<u32>(bound, 4); entry < end; entry += 16) {
        w = weights + <usize>load<u32>(entry);
        x = v128.load_splat<f32>(entry, 4);
        v0 = madd(x, v128.load(w), v0); v1 = madd(x, v128.load(w, 16), v1); v2 = madd(x, v128.load(w, 32), v2); v3 = madd(x, v128.load(w, 48), v3);
        v4 = madd(x, v128.load(w, 64), v4); v5 = madd(x, v128.load(w, 80), v5); v6 = madd(x, v128.load(w, 96), v6); v7 = madd(x, v128.load(w, 112), v7);
        v8 = madd(x, v128.load(w, 128), v8); v9 = madd(x, v128.load(w, 144), v9); v10 = madd(x, v128.load(w, 160), v10); v11 = madd(x, v128.load(w, 176), v11);
        v12 = madd(x, v128.load(w, 192), v12); v13 = madd(x, v128.load(w, 208), v13); v14 = madd(x, v128.load(w, 224), v14); v15 = madd(x, v128.load(w, 240), v15);
        w = weights + <usize>load<u32>(entry, 8);
        x = v128.load_splat<f32>(entry, 12);
        v0 = madd(x, v128.load(w), v0); v1 = madd(x, v128.load(w, 16), v1); v2 = madd(x, v128.load(w, 32), v2); v3 = madd(x, v128.load(w, 48), v3);
        v4 = madd(x, v128.load(w, 64), v4); v5 = madd(x, v128.load(w, 80), v5); v6 = madd(x, v128.load(w, 96), v6); v7 = madd(x, v128.load(w, 112), v7);
        v8 = madd(x, v128.load(w, 128), v8); v9 = madd(x, v128.load(w, 144), v9); v10 = madd(x, v128.load(w, 160), v10); v11 = madd(x, v128.load(w, 176), v11);
        v12 = madd(x, v128.load(w, 192), v12); v13 = madd(x, v128.load(w, 208), v13); v14 = madd(x, v128.load(w, 224), v14); v15 = madd(x, v128.load(w, 240), v15);
      }
      v128.store(out, f32x4.pmax(v1, low), 16);
      v128.store(out, f32x4.pmax(v0, low));
      v128.store(out, f32x4.pmax(v3, low), 48);
      v128.store(out, f32x4.pmax(v2, low), 32);
      v128.store(out, f32x4.pmax(v5, low), 80);
      v128.store(out, f32x4.pmax(v4, low), 64);
      v128.store(out, f32x4.pmax(v7, low), 112);
      v128.store(out, f32x4.pmax(v6, low), 96);
      v128.store(out, f32x4.pmax(v9, low), 144);
      v128.store(out, f32x4.pmax(v8, low), 128);
      v128.store(out, f32x4.pmax(v11, low), 176);
      v128.store(out, f32x4.pmax(v10, low), 160);
      v128.store(out, f32x4.pmax(v13, low), 208);
      v128.store(out, f32x4.pmax(v12, low), 192);
      v128.store(out, f32x4.pmax(v15, low), 240);
      v128.store(out, f32x4.pmax(v14, low), 224);
    }
  }
}

/**
 * gradient[feature] += value · d[row] over the entries of one feature range of each row, in row order: whoever
 * owns the range gets the same bits. d: f32 rows of 64, `stride` bytes apart.
 */
export function sparseGradient64(
  bounds: usize, ranges: i32, range: i32, rows: i32, d: usize, stride: i32, gradient: usize,
): void {
  let bound = bounds + (<usize>range << 2);
  for (let row = 0; row < rows; row++, bound += <usize>(ranges + 1) << 2, d += stride) {
    const v0 = v128.load(d), v1 = v128.load(d, 16), v2 = v128.load(d, 32), v3 = v128.load(d, 48),
      v4 = v128.load(d, 64), v5 = v128.load(d, 80), v6 = v128.load(d, 96), v7 = v128.load(d, 112),
      v8 = v128.load(d, 128), v9 = v128.load(d, 144), v10 = v128.load(d, 160), v11 = v128.load(d, 176),
      v12 = v128.load(d, 192), v13 = v128.load(d, 208), v14 = v128.load(d, 224), v15 = v128.load(d, 240);
    let entry = <usize>load<u32>(bound);
    for (const end = <usize>load<u32>(bound, 4); entry < end; entry += 8) {
      const g = gradient + <usize>load<u32>(entry), x = v128.load_splat<f32>(entry, 4);
      const g0 = madd(x, v0, v128.load(g)), g1 = madd(x, v1, v128.load(g, 16));
      v128.store(g, g1, 16);
      v128.store(g, g0);
      const g2 = madd(x, v2, v128.load(g, 32)), g3 = madd(x, v3, v128.load(g, 48));
      v128.store(g, g3, 48);
      v128.store(g, g2, 32);
      const g4 = madd(x, v4, v128.load(g, 64)), g5 = madd(x, v5, v128.load(g, 80));
      v128.store(g, g5, 80);
      v128.store(g, g4, 64);
      const g6 = madd(x, v6, v128.load(g, 96)), g7 = madd(x, v7, v128.load(g, 112));
      v128.store(g, g7, 112);
      v128.store(g, g6, 96);
      const g8 = madd(x, v8, v128.load(g, 128)), g9 = madd(x, v9, v128.load(g, 144));
      v128.store(g, g9, 144);
      v128.store(g, g8, 128);
      const g10 = madd(x, v10, v128.load(g, 160)), g11 = madd(x, v11, v128.load(g, 176));
      v128.store(g, g11, 176);
      v128.store(g, g10, 160);
      const g12 = madd(x, v12, v128.load(g, 192)), g13 = madd(x, v13, v128.load(g, 208));
      v128.store(g, g13, 208);
      v128.store(g, g12, 192);
      const g14 = madd(x, v14, v128.load(g, 224)), g15 = madd(x, v15, v128.load(g, 240));
      v128.store(g, g15, 240);
      v128.store(g, g14, 224);
    }
  }
}
