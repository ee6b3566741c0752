// The pieces of the gradient besides its matrix products: bias sums, reduction, centring, the transposed weights.
import { madd } from './simd';
import { store16 } from './store-row';

/** out[c] = Σ_row d[row][c] over a panel, f32 [rows][16], in row order. */
export function columnSum(d: usize, rows: i32, out: usize): void {
  let a0 = f32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
  for (const end = d + (<usize>rows << 6); d < end; d += 64) {
    a0 = f32x4.add(a0, v128.load(d));
    a1 = f32x4.add(a1, v128.load(d, 16));
    a2 = f32x4.add(a2, v128.load(d, 32));
    a3 = f32x4.add(a3, v128.load(d, 48));
  }
  store16(out, a0, a1, a2, a3);
}

/** target[i] += source[i]; count a multiple of 16. */
export function addInto(target: usize, source: usize, count: i32): void {
  for (const end = target + (<usize>count << 2); target < end; target += 64, source += 64) {
    const a0 = f32x4.add(v128.load(target), v128.load(source));
    const a1 = f32x4.add(v128.load(target, 16), v128.load(source, 16));
    const a2 = f32x4.add(v128.load(target, 32), v128.load(source, 32));
    const a3 = f32x4.add(v128.load(target, 48), v128.load(source, 48));
    store16(target, a0, a1, a2, a3);
  }
}

/** out[row][c] = −shift[row] · v[c]: the start of the sparse gradient, so that it ends centred. */
export function negativeOuter(shift: usize, rows: i32, v: usize, width: i32, out: usize): void {
  const zero = f32x4.splat(0);
  for (let row = 0; row < rows; row++) {
    const x = f32x4.neg(v128.load_splat<f32>(shift + (<usize>row << 2)));
    for (let p = v, end = v + (<usize>width << 2); p < end; p += 32, out += 32) {
      const low = madd(x, v128.load(p), zero), high = madd(x, v128.load(p, 16), zero);
      v128.store(out, high, 16);
      v128.store(out, low);
    }
  }
}

/**
 * Rows [first, last) of one 16-wide weight panel, f32 [I + 1][16], into the transposed weights, f32
 * [⌈I/16⌉][O][16]: transposed[i / 16][o][i % 16] = panel[i][o − output]; outputs: how many of the panel's 16
 * columns exist; output: the first of them; O: outputs of the layer; first: a multiple of 4.
 */
export function transposeRows(
  panel: usize, first: i32, last: i32, output: i32, outputs: i32, layerOutputs: i32, transposed: usize,
): void {
  let row = first;
  if (outputs == 16) {
    // Squares of 4 × 4: outputs o … o + 3 of four rows become four outputs' floats of these rows.
    for (; row + 4 <= last; row += 4) {
      let target = transposed + (<usize>((row >> 4) * layerOutputs + output) << 6) + (<usize>(row & 15) << 2);
      for (let p = panel + (<usize>row << 6), end = p + 64; p < end; p += 16, target += 256) {
        const r0 = v128.load(p), r1 = v128.load(p, 64), r2 = v128.load(p, 128), r3 = v128.load(p, 192);
        const a = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), b = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
        const c = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7), d = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
        v128.store(target, v128.shuffle<f32>(a, b, 0, 1, 4, 5));
        v128.store(target, v128.shuffle<f32>(a, b, 2, 3, 6, 7), 64);
        v128.store(target, v128.shuffle<f32>(c, d, 0, 1, 4, 5), 128);
        v128.store(target, v128.shuffle<f32>(c, d, 2, 3, 6, 7), 192);
      }
    }
  }
  for (; row < last; row++) {
    let target = transposed + (<usize>((row >> 4) * layerOutputs + output) << 6) + (<usize>(row & 15) << 2);
    const source = panel + (<usize>row << 6);
    for (let o: usize = 0; o < <usize>outputs << 2; o += 4, target += 64) store<f32>(target, load<f32>(source + o));
  }
}
