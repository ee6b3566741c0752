// Layers behind a ReLU, of whose inputs about half are zero: the inputs that are not, as entries {u32 input << 6, f32
// value}, then products of these alone. Leaving out products with zeros changes no sum, and the others keep their order:
// the results are those of matmul16, bit for bit, for finite weights. Eight 256-bit sums also hide the latency that leaves
// one or two rows of matmul16 waiting.
import { append } from './entries';
import { madd } from './simd';
import { storeRow } from './store-row';

/**
 * a: f32 panels [width / 16][rows][16], `aPanel` bytes apart. Out: entries, padded to an even count for each row with a
 * zero value; bounds: u32 [rows + 1], the address of each row's first. Up to 32 bytes after the last are overwritten.
 */
export function packActive(a: usize, rows: i32, width: i32, aPanel: i32, entries: usize, bounds: usize): void {
  const none = f32x4.splat(0), first = i32x4.shl(v128(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0), 6);
  for (let row = 0; row < rows; row++, a += 64, bounds += 4) {
    const began = entries;
    store<u32>(bounds, <u32>entries);
    let p = a;
    for (let input = 0; input < width; input += 16, p += aPanel) {
      for (let i = 0; i < 4; i++) {
        const v = v128.load(p + <usize>(i << 4));
        const offsets = i32x4.add(first, i32x4.splat((input + 4 * i) << 6));
        entries = append(entries, offsets, v, i32x4.bitmask(f32x4.ne(v, none)));
      }
    }
    store<u64>(entries, 0);
    entries += (entries - began) & 8;
  }
  store<u32>(bounds, <u32>entries);
}

/**
 * z[row] = max(floor, bias + Σ value · weights[input]) for four panels of 16 outputs. weights: f32 [inputs + 1][16] for
 * each panel, `panelBytes` apart, the last row is the bias, `bias` bytes after the first; z: four panels, `zPanel` apart.
 */
export function activeForward64(
  bounds: usize, rows: i32, weights: usize, panelBytes: i32, bias: i32, z: usize, zPanel: i32, floor: f32,
): void {
  const low = f32x4.splat(floor), b = weights + bias, b1 = b + panelBytes, b2 = b1 + panelBytes, b3 = b2 + panelBytes;
  for (const last = bounds + (<usize>rows << 2); bounds < last; bounds += 4, z += 64) {
    let v0 = v128.load(b), v1 = v128.load(b, 16), v2 = v128.load(b, 32), v3 = v128.load(b, 48),
        v4 = v128.load(b1), v5 = v128.load(b1, 16), v6 = v128.load(b1, 32), v7 = v128.load(b1, 48),
        v8 = v128.load(b2), v9 = v128.load(b2, 16), v10 = v128.load(b2, 32), v11 = v128.load(b2, 48),
        v12 = v128.load(b3), v13 = v128.load(b3, 16), v14 = v128.load(b3, 32), v15 = v128.load(b3, 48);
    let entry = <usize>load<u32>(bounds), w: usize, w1: usize, w2: usize, w3: usize, x: v128;
    for (const end = <usize>load<u32>(bounds, 4); entry < end; entry += 16) {
      w = weights + <usize>load<u32>(entry);
      w1 = w + panelBytes;
      w2 = w1 + panelBytes;
      w3 = w2 + panelBytes;
      x = v128.load_splat<f32>(entry, 4);
      v0 = madd(x, v128.load(w), v0); v1 = madd(x, v128.load(w, 16), v1); v2 = madd(x, v128.load(w, 32), v2); v3 = madd(x, v128.load(w, 48), v3);
      v4 = madd(x, v128.load(w1), v4); v5 = madd(x, v128.load(w1, 16), v5); v6 = madd(x, v128.load(w1, 32), v6); v7 = madd(x, v128.load(w1, 48), v7);
      v8 = madd(x, v128.load(w2), v8); v9 = madd(x, v128.load(w2, 16), v9); v10 = madd(x, v128.load(w2, 32), v10); v11 = madd(x, v128.load(w2, 48), v11);
      v12 = madd(x, v128.load(w3), v12); v13 = madd(x, v128.load(w3, 16), v13); v14 = madd(x, v128.load(w3, 32), v14); v15 = madd(x, v128.load(w3, 48), v15);
      w = weights + <usize>load<u32>(entry, 8);
      w1 = w + panelBytes;
      w2 = w1 + panelBytes;
      w3 = w2 + panelBytes;
      x = v128.load_splat<f32>(entry, 12);
      v0 = madd(x, v128.load(w), v0); v1 = madd(x, v128.load(w, 16), v1); v2 = madd(x, v128.load(w, 32), v2); v3 = madd(x, v128.load(w, 48), v3);
      v4 = madd(x, v128.load(w1), v4); v5 = madd(x, v128.load(w1, 16), v5); v6 = madd(x, v128.load(w1, 32), v6); v7 = madd(x, v128.load(w1, 48), v7);
      v8 = madd(x, v128.load(w2), v8); v9 = madd(x, v128.load(w2, 16), v9); v10 = madd(x, v128.load(w2, 32), v10); v11 = madd(x, v128.load(w2, 48), v11);
      v12 = madd(x, v128.load(w3), v12); v13 = madd(x, v128.load(w3, 16), v13); v14 = madd(x, v128.load(w3, 32), v14); v15 = madd(x, v128.load(w3, 48), v15);
    }
    const z1 = z + zPanel, z2 = z1 + zPanel, z3 = z2 + zPanel;
    storeRow(z, v0, v1, v2, v3, low);
    storeRow(z1, v4, v5, v6, v7, low);
    storeRow(z2, v8, v9, v10, v11, low);
    storeRow(z3, v12, v13, v14, v15, low);
  }
}
