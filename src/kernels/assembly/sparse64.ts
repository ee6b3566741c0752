// A sparse first layer whose outputs are in panels of 64: forward pass and weight gradient. Eight 256-bit sums stay in
// registers while a row's non-zeros stream past.
// entries: 8 bytes {i32 offset of the weight row, f32 value}, see data/packing.ts; bounds: see locateRows; weights and
// gradient: one panel, f32 [P + 1][64].
import { madd } from './simd';
import { storeRow } from './store-row';

/**
 * z[row] = max(floor, bias + Σ value · weights[feature]) for `rows` rows and 64 outputs, four panels of z, f32
 * [4][rows][16], `zPanel` bytes apart. Each feature range is processed over all rows before the next, so that the
 * weights in use stay in the first-level cache. The order of the sum is that of the features, for every cut into
 * ranges.
 */
export function sparseForward64(
  bounds: usize, ranges: i32, rows: i32, weights: usize, bias: usize, z: usize, zPanel: i32, floor: f32,
): void {
  for (let range = 0; range < ranges; range++) {
    const low = f32x4.splat(range == ranges - 1 ? floor : -Infinity);
    let bound = bounds + (<usize>range << 2), out = z;
    for (let row = 0; row < rows; row++, bound += <usize>(ranges + 1) << 2, out += 64) {
      const out1 = out + zPanel, out2 = out1 + zPanel, out3 = out2 + zPanel;
      const apart = range > 0, start = apart ? out : bias, start1 = apart ? out1 : bias + 64;
      const start2 = apart ? out2 : bias + 128, start3 = apart ? out3 : bias + 192;
      let v0 = v128.load(start), v1 = v128.load(start, 16), v2 = v128.load(start, 32), v3 = v128.load(start, 48),
        v4 = v128.load(start1), v5 = v128.load(start1, 16), v6 = v128.load(start1, 32), v7 = v128.load(start1, 48),
        v8 = v128.load(start2), v9 = v128.load(start2, 16), v10 = v128.load(start2, 32), v11 = v128.load(start2, 48),
        v12 = v128.load(start3), v13 = v128.load(start3, 16), v14 = v128.load(start3, 32), v15 = v128.load(start3, 48);
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
      storeRow(out, v0, v1, v2, v3, low);
      storeRow(out1, v4, v5, v6, v7, low);
      storeRow(out2, v8, v9, v10, v11, low);
      storeRow(out3, v12, v13, v14, v15, low);
    }
  }
}

/**
 * gradient[feature] += value · d[row] over the entries of one feature range of each row, in row order: any owner of the
 * range gets the same bits. d: four panels, f32 [4][rows][16], `dPanel` bytes apart.
 */
export function sparseGradient64(
  bounds: usize, ranges: i32, range: i32, rows: i32, d: usize, dPanel: i32, gradient: usize,
): void {
  let bound = bounds + (<usize>range << 2);
  for (let row = 0; row < rows; row++, bound += <usize>(ranges + 1) << 2, d += 64) {
    const d1 = d + dPanel, d2 = d1 + dPanel, d3 = d2 + dPanel;
    const v0 = v128.load(d), v1 = v128.load(d, 16), v2 = v128.load(d, 32), v3 = v128.load(d, 48),
      v4 = v128.load(d1), v5 = v128.load(d1, 16), v6 = v128.load(d1, 32), v7 = v128.load(d1, 48),
      v8 = v128.load(d2), v9 = v128.load(d2, 16), v10 = v128.load(d2, 32), v11 = v128.load(d2, 48),
      v12 = v128.load(d3), v13 = v128.load(d3, 16), v14 = v128.load(d3, 32), v15 = v128.load(d3, 48);
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
