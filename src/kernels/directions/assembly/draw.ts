// Draws images on their grids, and interleaves the grids.
import { madd } from '../../assembly/simd';
import { BEYOND, EDGES, EDGE_WEIGHTS, FOUR, FRACTION_MASK, LAST_ROW, LAST_ROW_BUT_ONE, NUMBERS, ONE, ROW_END, ROW_LENGTH, WORD_MASK } from './constants';
import { truncate } from './integers';
import { At0, At16, At32, At48, At64 } from './offsets';
import { BORDERED_ROW, BORDERED_START, GRIDS, GRID_BYTES, PLACE, ROW_BYTES, ROW_LIST, ROW_TARGETS, TABLES, TABLE_BYTES, VARIANT, VECTORS } from './layout';

/**
 * 16384 F(x) at four places x of a row, in 1/16384 pixel, from its table: F + t · value, where prefix sum and value are
 * neighbours and their weights are 16384 and t − 16384.
 */
// @ts-ignore: AssemblyScript decorator
@inline
function sumsBefore(x: v128, table: v128, zero: v128, end: v128, low: v128, weights: v128, align: v128): v128 {
  const c = i32x4.max_s(i32x4.min_s(x, end), zero), d = i32x4.add(v128.and(i32x4.shr_u(c, 12), align), table);
  const w = i32x4.add(i32x4.shl(v128.and(c, low), 16), weights), g = i64x2.extract_lane(d, 0), h = i64x2.extract_lane(d, 1);
  let t = v128.load_zero<u32>(<usize><u32>g);
  t = v128.load_lane<u32>(<usize>(<u64>g >> 32), t, 1);
  t = v128.load_lane<u32>(<usize><u32>h, t, 2);
  t = v128.load_lane<u32>(<usize>(<u64>h >> 32), t, 3);
  return i32x4.dot_i16x8_s(t, w);
}

/** What lies between the edges: differences of neighbours, the one before `e` is the last of `before`. */
// @ts-ignore: AssemblyScript decorator
@inline
function between(before: v128, e: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.sub(e, v128.shuffle<i32>(before, e, 3, 4, 5, 6)));
}

/** Adds four cells R, `At` bytes from the row O, to it and to the row below, in the shares u and t. */
// @ts-ignore: AssemblyScript decorator
@inline
function add<At>(O: usize, u: v128, t: v128, R: v128): void {
  v128.store(O, madd(u, R, v128.load(O, offsetof<At>())), offsetof<At>());
  v128.store(O, madd(t, R, v128.load(O, ROW_BYTES + offsetof<At>())), ROW_BYTES + offsetof<At>());
}

/** Each image's rows onto its grid, f32 [GRID][GRID]: columns by interpolated prefix sums, rows by two weights. */
export function draw(S: usize): void {
  const zero = i32x4.splat(0), end = v128.load(S, ROW_END), low = v128.load(S, FRACTION_MASK), weights = v128.load(S, EDGE_WEIGHTS), align = v128.load(S, WORD_MASK);
  const one = v128.load(S, ONE), top = v128.load(S, LAST_ROW), topRow = v128.load(S, LAST_ROW_BUT_ONE), rowBytes = v128.load(S, ROW_LENGTH), four = v128.load(S, FOUR);
  const full = PLAIN ? 0 : load<i32>(S, VARIANT + 20), rowVectors = full ? 7 : 4, tableBytes: usize = full ? 28 * TABLE_BYTES : 14 * TABLE_BYTES;
  for (let k: usize = 0; k < 8; k++) {
    const o = S + PLACE + (k << 2), base = load<i32>(o), slant = load<i32>(o, 32), step = i32x4.splat(load<i32>(o, 64));
    const first = v128.load_splat<f32>(o, 96), perRow = v128.load_splat<f32>(o, 128), N = S + GRIDS + k * GRID_BYTES;
    // Four rows at a time; of each pair of vectors the high one first: one store of 256 bits.
    for (let n = N, last = N + GRID_BYTES; n < last; n += 4 * ROW_BYTES) {
      v128.store(n, zero, 16); v128.store(n, zero); v128.store(n, zero, 48); v128.store(n, zero, 32);
      v128.store(n, zero, 80); v128.store(n, zero, 64); v128.store(n, zero, 112); v128.store(n, zero, 96);
      v128.store(n, zero, 144); v128.store(n, zero, 128); v128.store(n, zero, 176); v128.store(n, zero, 160);
      if (VECTORS > 3) {
        v128.store(n, zero, 208); v128.store(n, zero, 192); v128.store(n, zero, 240); v128.store(n, zero, 224);
      }
      if (VECTORS > 4) {
        v128.store(n, zero, 272); v128.store(n, zero, 256); v128.store(n, zero, 304); v128.store(n, zero, 288);
      }
    }
    let F = S + ROW_TARGETS, rowNumbers = v128.load(S, NUMBERS);
    for (let i = 0; i < rowVectors; i++, rowNumbers = f32x4.add(rowNumbers, four), F += 16) {
      const v = f32x4.pmax(f32x4.splat(0), f32x4.pmin(top, madd(perRow, rowNumbers, first))), f = i32x4.min_s(truncate(v), topRow);
      v128.store(F, f32x4.sub(v, f32x4.convert_i32x4_s(f)), 128);
      v128.store(F, i32x4.add(i32x4.splat(<i32>N), i32x4.mul(f, rowBytes)));
    }
    F = S + ROW_TARGETS;
    // Edges of the grid's columns relative to the row's first; three, four or five vectors of them.
    let J0 = i32x4.mul(step, v128.load(S, EDGES)), J1 = i32x4.mul(step, v128.load(S, EDGES + 16)), J2 = i32x4.mul(step, v128.load(S, EDGES + 32)), J3 = zero, J4 = zero;
    if (VECTORS > 3) J3 = i32x4.mul(step, v128.load(S, EDGES + 48));
    if (VECTORS > 4) J4 = i32x4.mul(step, v128.load(S, EDGES + 64));
    if (VECTORS == 3) J2 = i32x4.add(J2, v128.load(S, BEYOND));
    else if (VECTORS == 4) J3 = i32x4.add(J3, v128.load(S, BEYOND));
    else J4 = i32x4.add(J4, v128.load(S, BEYOND));
    let L = S + ROW_LIST + k * 128, T = S + TABLES + k * tableBytes;
    for (const e = L + <usize>(load<i32>(L) << 2); L < e; L += 4, T += TABLE_BYTES) {
      const r = load<i32>(L, 4), edge = i32x4.splat(base + r * slant), table = i32x4.splat(<i32>T);
      const q = F + (<usize>r << 2), t = v128.load_splat<f32>(q, 128), u = f32x4.sub(one, t), O = <usize>load<u32>(q);
      const E0 = sumsBefore(i32x4.add(edge, J0), table, zero, end, low, weights, align);
      add<At0>(O, u, t, between(zero, E0));
      const E1 = sumsBefore(i32x4.add(edge, J1), table, zero, end, low, weights, align);
      add<At16>(O, u, t, between(E0, E1));
      const E2 = sumsBefore(i32x4.add(edge, J2), table, zero, end, low, weights, align);
      add<At32>(O, u, t, between(E1, E2));
      if (VECTORS > 3) {
        const E3 = sumsBefore(i32x4.add(edge, J3), table, zero, end, low, weights, align);
        add<At48>(O, u, t, between(E2, E3));
        if (VECTORS > 4) add<At64>(O, u, t, between(E3, sumsBefore(i32x4.add(edge, J4), table, zero, end, low, weights, align)));
      }
    }
  }
}

/** Four columns of four grids → the same cells side by side. */
// @ts-ignore: AssemblyScript decorator
@inline
function transpose(n: usize, s: usize): void {
  const a = v128.load(n), b = v128.load(n, GRID_BYTES), c = v128.load(n, 2 * GRID_BYTES), d = v128.load(n, 3 * GRID_BYTES);
  const p = v128.shuffle<i32>(a, b, 0, 4, 1, 5), q = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const r = v128.shuffle<i32>(a, b, 2, 6, 3, 7), t = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  v128.store(s, v128.shuffle<i64>(p, q, 0, 2)); v128.store(s, v128.shuffle<i64>(p, q, 1, 3), 32);
  v128.store(s, v128.shuffle<i64>(r, t, 0, 2), 64); v128.store(s, v128.shuffle<i64>(r, t, 1, 3), 96);
}

/** Eight grids f32 [8][GRID][GRID] → bordered f32 [GRID + 2][GRID + 2][8]. */
export function interleave(S: usize): void {
  for (let h: usize = 0; h < 2; h++) {
    let n = S + GRIDS + h * (4 * GRID_BYTES), s = S + BORDERED_START + h * 16;
    for (let y = 0; y < GRID; y++, s += BORDERED_ROW, n += ROW_BYTES) {
      transpose(n, s); transpose(n + 16, s + 128); transpose(n + 32, s + 256);
      if (VECTORS > 3) transpose(n + 48, s + 384);
      if (VECTORS > 4) transpose(n + 64, s + 512);
    }
  }
}
