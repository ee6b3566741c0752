// A sparse first layer whose outputs are in panels of 16: forward pass and weight gradient. The distance of panels is
// an unused argument, so that a caller need not know the width. It is for layers too narrow for panels of 64, such as
// softmax regression; with two chains of sums it is latency-bound.
// entries: 8 bytes {i32 offset of the weight row, f32 value}, see data/packing.ts; bounds: see locateRows; weights and
// gradient: one panel, f32 [P + 1][16].
import { madd } from './simd';
import { storeRow } from './store-row';

/**
 * z[row] = max(floor, bias + Σ value · weights[feature]) for `rows` rows and 16 outputs, a panel of z, f32 [rows][16].
 * Each feature range is processed over all rows before the next, so that the weights in use stay in the first-level
 * cache. The order of the sum is that of the features, for every cut into ranges.
 */
export function sparseForward16(
  bounds: usize, ranges: i32, rows: i32, weights: usize, bias: usize, z: usize, _zPanel: i32, floor: f32,
): void {
  for (let range = 0; range < ranges; range++) {
    const low = f32x4.splat(range == ranges - 1 ? floor : -Infinity);
    let bound = bounds + (<usize>range << 2), out = z;
    for (let row = 0; row < rows; row++, bound += <usize>(ranges + 1) << 2, out += 64) {
      const start = range ? out : bias;
      let v0 = v128.load(start), v1 = v128.load(start, 16), v2 = v128.load(start, 32), v3 = v128.load(start, 48);
      let entry = <usize>load<u32>(bound), w: usize, x: v128;
      for (const end = <usize>load<u32>(bound, 4); entry < end; entry += 16) {
        w = weights + <usize>load<u32>(entry);
        x = v128.load_splat<f32>(entry, 4);
        v0 = madd(x, v128.load(w), v0); v1 = madd(x, v128.load(w, 16), v1); v2 = madd(x, v128.load(w, 32), v2); v3 = madd(x, v128.load(w, 48), v3);
        w = weights + <usize>load<u32>(entry, 8);
        x = v128.load_splat<f32>(entry, 12);
        v0 = madd(x, v128.load(w), v0); v1 = madd(x, v128.load(w, 16), v1); v2 = madd(x, v128.load(w, 32), v2); v3 = madd(x, v128.load(w, 48), v3);
      }
      storeRow(out, v0, v1, v2, v3, low);
    }
  }
}

/**
 * gradient[feature] += value · d[row] over the entries of one feature range of each row, in row order: any owner of the
 * range gets the same bits. d: f32 [rows][16].
 */
export function sparseGradient16(
  bounds: usize, ranges: i32, range: i32, rows: i32, d: usize, _dPanel: i32, gradient: usize,
): void {
  let bound = bounds + (<usize>range << 2);
  for (let row = 0; row < rows; row++, bound += <usize>(ranges + 1) << 2, d += 64) {
    const v0 = v128.load(d), v1 = v128.load(d, 16), v2 = v128.load(d, 32), v3 = v128.load(d, 48);
    let entry = <usize>load<u32>(bound);
    for (const end = <usize>load<u32>(bound, 4); entry < end; entry += 8) {
      const g = gradient + <usize>load<u32>(entry), x = v128.load_splat<f32>(entry, 4);
      const g0 = madd(x, v0, v128.load(g)), g1 = madd(x, v1, v128.load(g, 16));
      v128.store(g, g1, 16);
      v128.store(g, g0);
      const g2 = madd(x, v2, v128.load(g, 32)), g3 = madd(x, v3, v128.load(g, 48));
      v128.store(g, g3, 48);
      v128.store(g, g2, 32);
    }
  }
}
