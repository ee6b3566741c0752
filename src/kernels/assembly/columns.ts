// The sparse gradient in its gathering form, for layers wide enough to justify turning the batch's rows into columns.
// A feature's row of the gradient stays in registers while the deltas of its samples stream past. The scattering form
// (sparse64) loads and stores it for every sample.
import { madd } from './simd';

/**
 * The entries of `rows` rows, as columns: out, 8 bytes {u32 row << 6, f32 value} by feature, ascending by row, every
 * column padded to an even count with a zero value; columns: u32 [features + 1], the address of each.
 * bounds: of the rows, u32 [rows][ranges + 1]; their entries, an even number, hold feature << 8, the byte of its row in
 * a panel of 64; first: the first row's number. Two entries are in work at once. They may be of the same feature: an
 * entry and its padding.
 */
export function turnRows(
  bounds: usize, ranges: i32, rows: i32, first: i32, features: i32, columns: usize, out: usize,
): void {
  const step = <usize>(ranges + 1) << 2, last = <usize>ranges << 2;
  const end = columns + (<usize>features << 2);
  // The place after a column's own first holds its bytes, then the address of its next entry, then its end.
  memory.fill(columns, 0, (<usize>features << 2) + 4);
  for (let row = 0, bound = bounds; row < rows; row++, bound += step) {
    const stop = <usize>load<u32>(bound + last);
    for (let entry = <usize>load<u32>(bound); entry < stop; entry += 16) {
      const place = columns + (load<u32>(entry) >> 6), other = columns + (load<u32>(entry, 8) >> 6);
      store<u32>(place, load<u32>(place, 4) + 8, 4);
      store<u32>(other, load<u32>(other, 4) + 8, 4);
    }
  }
  let next = <u32>out;
  for (let place = columns; place < end; place += 4) {
    const bytes = load<u32>(place, 4);
    store<u32>(place, next, 4);
    if (bytes & 8) store<u64>(next + bytes, <u64>(first << 6));
    next += (bytes + 8) & ~15;
  }
  for (let row = 0, bound = bounds; row < rows; row++, bound += step) {
    const stop = <usize>load<u32>(bound + last), sample = <u64>((first + row) << 6);
    for (let entry = <usize>load<u32>(bound); entry < stop; entry += 16) {
      const word = load<u64>(entry), otherWord = load<u64>(entry, 8);
      const place = columns + (<u32>word >> 6), other = columns + (<u32>otherWord >> 6);
      const target = load<u32>(place, 4);
      store<u32>(place, target + 8, 4);
      const otherTarget = load<u32>(other, 4);
      store<u32>(other, otherTarget + 8, 4);
      store<u64>(target, (word & 0xffffffff00000000) | sample);
      store<u64>(otherTarget, (otherWord & 0xffffffff00000000) | sample);
    }
  }
  store<u32>(columns, <u32>out);
  for (let place = columns; place < end; place += 4) store<u32>(place, (load<u32>(place, 4) + 8) & ~15, 4);
}

/**
 * g[0 … 63] = −x · v, the start of a centred feature's row of the gradient. It is stored and loaded again at once: V8
 * would not use 256-bit sums for values that come from either here or memory.
 */
// @ts-ignore: AssemblyScript decorator
@inline
function startRow(g: usize, x: v128, v: usize): void {
  const minus = f32x4.neg(x), zero = f32x4.splat(0);
  for (const end = g + 256; g < end; g += 32, v += 32) {
    const low = madd(minus, v128.load(v), zero), high = madd(minus, v128.load(v, 16), zero);
    v128.store(g, high, 16);
    v128.store(g, low);
  }
}

/**
 * gradient[feature] += Σ value · d[row] over the columns of features [first, last). d: four panels, f32
 * [4][rows][16], `dPanel` bytes apart; gradient: one panel, f32 [P + 1][64]. sums: f32 [64], Σ d over the batch, for the
 * first tile, which starts each row at −shift[feature] · sums; 0 for the others.
 */
export function sparseGather64(
  columns: usize, first: i32, last: i32, d: usize, dPanel: i32, gradient: usize, sums: usize, shift: usize,
): void {
  const d1 = d + dPanel, d2 = d1 + dPanel, d3 = d2 + dPanel;
  let g = gradient + (<usize>first << 8);
  shift += <usize>first << 2;
  for (let column = columns + (<usize>first << 2), stop = columns + (<usize>last << 2); column < stop; column += 4, g += 256) {
    let entry = <usize>load<u32>(column);
    const end = <usize>load<u32>(column, 4);
    if (sums) {
      startRow(g, v128.load_splat<f32>(shift), sums);
      shift += 4;
    }
    if (entry == end) continue;
    let v0 = v128.load(g), v1 = v128.load(g, 16), v2 = v128.load(g, 32), v3 = v128.load(g, 48),
      v4 = v128.load(g, 64), v5 = v128.load(g, 80), v6 = v128.load(g, 96), v7 = v128.load(g, 112),
      v8 = v128.load(g, 128), v9 = v128.load(g, 144), v10 = v128.load(g, 160), v11 = v128.load(g, 176),
      v12 = v128.load(g, 192), v13 = v128.load(g, 208), v14 = v128.load(g, 224), v15 = v128.load(g, 240);
    for (; entry < end; entry += 16) {
      let row = <usize>load<u32>(entry), x = v128.load_splat<f32>(entry, 4);
      let p = d + row, p1 = d1 + row, p2 = d2 + row, p3 = d3 + row;
      v0 = madd(x, v128.load(p), v0); v1 = madd(x, v128.load(p, 16), v1); v2 = madd(x, v128.load(p, 32), v2); v3 = madd(x, v128.load(p, 48), v3);
      v4 = madd(x, v128.load(p1), v4); v5 = madd(x, v128.load(p1, 16), v5); v6 = madd(x, v128.load(p1, 32), v6); v7 = madd(x, v128.load(p1, 48), v7);
      v8 = madd(x, v128.load(p2), v8); v9 = madd(x, v128.load(p2, 16), v9); v10 = madd(x, v128.load(p2, 32), v10); v11 = madd(x, v128.load(p2, 48), v11);
      v12 = madd(x, v128.load(p3), v12); v13 = madd(x, v128.load(p3, 16), v13); v14 = madd(x, v128.load(p3, 32), v14); v15 = madd(x, v128.load(p3, 48), v15);
      row = <usize>load<u32>(entry, 8);
      x = v128.load_splat<f32>(entry, 12);
      p = d + row;
      p1 = d1 + row;
      p2 = d2 + row;
      p3 = d3 + row;
      v0 = madd(x, v128.load(p), v0); v1 = madd(x, v128.load(p, 16), v1); v2 = madd(x, v128.load(p, 32), v2); v3 = madd(x, v128.load(p, 48), v3);
      v4 = madd(x, v128.load(p1), v4); v5 = madd(x, v128.load(p1, 16), v5); v6 = madd(x, v128.load(p1, 32), v6); v7 = madd(x, v128.load(p1, 48), v7);
      v8 = madd(x, v128.load(p2), v8); v9 = madd(x, v128.load(p2, 16), v9); v10 = madd(x, v128.load(p2, 32), v10); v11 = madd(x, v128.load(p2, 48), v11);
      v12 = madd(x, v128.load(p3), v12); v13 = madd(x, v128.load(p3, 16), v13); v14 = madd(x, v128.load(p3, 32), v14); v15 = madd(x, v128.load(p3, 48), v15);
    }
    v128.store(g, v1, 16);
    v128.store(g, v0);
    v128.store(g, v3, 48);
    v128.store(g, v2, 32);
    v128.store(g, v5, 80);
    v128.store(g, v4, 64);
    v128.store(g, v7, 112);
    v128.store(g, v6, 96);
    v128.store(g, v9, 144);
    v128.store(g, v8, 128);
    v128.store(g, v11, 176);
    v128.store(g, v10, 160);
    v128.store(g, v13, 208);
    v128.store(g, v12, 192);
    v128.store(g, v15, 240);
    v128.store(g, v14, 224);
  }
}
