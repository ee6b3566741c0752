// The first pass over an image: its rows' prefix sums and its moments, in 16-bit integers.
import { COLUMN, COLUMN_SQUARED, FIRST_FOUR_SHORTS, LAST_TO_ALL, MIDDLE_TO_UPPER, ONE_SHORT, SIGN_SHORT } from './constants';
import { carry, prefix4, swizzle } from './integers';
import { MOMENTS, MOMENT_Y, MOMENT_YY, ROW_LIST, TABLES, TABLE_BYTES } from './layout';

/** Writes i16 [28][2], {inclusive prefix sum, value}, of the row z. Returns the row's sum. */
// @ts-ignore: AssemblyScript decorator
@inline
function writeTable(T: usize, z0: v128, z1: v128, z2: v128, z3: v128, middle: v128, last: v128): i32 {
  const a0 = carry(prefix4(z0), middle), a1 = i16x8.add(carry(prefix4(z1), middle), swizzle(a0, last));
  const a2 = i16x8.add(carry(prefix4(z2), middle), swizzle(a1, last)), a3 = i16x8.add(prefix4(z3), swizzle(a2, last));
  v128.store(T, v128.shuffle<i16>(a0, z0, 0, 8, 1, 9, 2, 10, 3, 11));
  v128.store(T, v128.shuffle<i16>(a0, z0, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  v128.store(T, v128.shuffle<i16>(a1, z1, 0, 8, 1, 9, 2, 10, 3, 11), 32);
  v128.store(T, v128.shuffle<i16>(a1, z1, 4, 12, 5, 13, 6, 14, 7, 15), 48);
  v128.store(T, v128.shuffle<i16>(a2, z2, 0, 8, 1, 9, 2, 10, 3, 11), 64);
  v128.store(T, v128.shuffle<i16>(a2, z2, 4, 12, 5, 13, 6, 14, 7, 15), 80);
  v128.store(T, v128.shuffle<i16>(a3, z3, 0, 8, 1, 9, 2, 10, 3, 11), 96);
  return <i32>i16x8.extract_lane_u(a3, 3);
}

/** Σ of four products of eight i16, in four partial sums i32. */
// @ts-ignore: AssemblyScript decorator
@inline
function dot(a0: v128, a1: v128, a2: v128, a3: v128, b0: v128, b1: v128, b2: v128, b3: v128): v128 {
  return i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(a0, b0), i32x4.dot_i16x8_s(a1, b1)),
    i32x4.add(i32x4.dot_i16x8_s(a2, b2), i32x4.dot_i16x8_s(a3, b3)),
  );
}

/**
 * Of eight images: for each row (`full`) or sum of two rows that is not empty its table and its number; and of the sums
 * of two rows z the integer moments Σz, Σzx, Σzx², Σzxy, Σzy, Σzy² with x, y in pairs of pixels.
 */
// @ts-ignore: AssemblyScript decorator
@inline
function rowTables(full: bool, S: usize, order: usize, images: usize): void {
  let M = S + MOMENTS, L = S + ROW_LIST;
  const mask = v128.load(S, FIRST_FOUR_SHORTS), middle = v128.load(S, MIDDLE_TO_UPPER), last = v128.load(S, LAST_TO_ALL);
  for (let k: usize = 0; k < 8; k++) {
    let p = images + <usize>(load<i32>(order + (k << 2)) * 784), q = L;
    let T = S + TABLES + k * (full ? 28 * TABLE_BYTES : 14 * TABLE_BYTES);
    // P: column sums so far, Q: their sums, so that Σ over rows of P counts row y (13 − y) times.
    let P0 = i16x8.splat(0), P1 = P0, P2 = P0, P3 = P0, Q0 = P0, Q1 = P0, Q2 = P0, Q3 = P0, sy = 0, yy = 0;
    for (let y = 0; y < 14; y++, p += 56) {
      const u0 = v128.load_ext<u8>(p), u1 = v128.load_ext<u8>(p, 8), u2 = v128.load_ext<u8>(p, 16), u3 = v128.and(mask, v128.load_ext<u8>(p, 24));
      const d0 = v128.load_ext<u8>(p, 28), d1 = v128.load_ext<u8>(p, 36), d2 = v128.load_ext<u8>(p, 44), d3 = v128.and(mask, v128.load_ext<u8>(p, 52));
      const z0 = i16x8.add(u0, d0), z1 = i16x8.add(u1, d1), z2 = i16x8.add(u2, d2), z3 = i16x8.add(u3, d3);
      Q0 = i16x8.add(Q0, P0); P0 = i16x8.add(P0, z0);
      Q1 = i16x8.add(Q1, P1); P1 = i16x8.add(P1, z1);
      Q2 = i16x8.add(Q2, P2); P2 = i16x8.add(P2, z2);
      Q3 = i16x8.add(Q3, P3); P3 = i16x8.add(P3, z3);
      // An empty row's table is overwritten by the next one's.
      if (full) {
        const above = writeTable(T, u0, u1, u2, u3, middle, last), someAbove = <usize>(above != 0);
        store<i32>(q, 2 * y, 4); T += someAbove << 7; q += someAbove << 2;
        const below = writeTable(T, d0, d1, d2, d3, middle, last), someBelow = <usize>(below != 0);
        store<i32>(q, 2 * y + 1, 4); T += someBelow << 7; q += someBelow << 2;
        const ry = (above + below) * y;
        sy += ry; yy += ry * y;
      } else {
        const r = writeTable(T, z0, z1, z2, z3, middle, last), some = <usize>(r != 0), ry = r * y;
        store<i32>(q, y, 4); T += some << 7; q += some << 2;
        sy += ry; yy += ry * y;
      }
    }
    store<i32>(L, <i32>(q - L) >> 2); L += 128;
    v128.store(M, i32x4.dot_i16x8_s(i16x8.add(i16x8.add(P0, P1), i16x8.add(P2, P3)), v128.load(S, ONE_SHORT)));
    // Q reaches beyond 32,767: as a signed number it is short of 32,768, which `place` adds again.
    const flip = v128.load(S, SIGN_SHORT), R0 = v128.xor(Q0, flip), R1 = v128.xor(Q1, flip), R2 = v128.xor(Q2, flip), R3 = v128.xor(Q3, flip);
    const X0 = v128.load(S, COLUMN), X1 = v128.load(S, COLUMN + 16), X2 = v128.load(S, COLUMN + 32), X3 = v128.load(S, COLUMN + 48);
    v128.store(M, dot(P0, P1, P2, P3, X0, X1, X2, X3), 128);
    v128.store(M, dot(P0, P1, P2, P3, v128.load(S, COLUMN_SQUARED), v128.load(S, COLUMN_SQUARED + 16), v128.load(S, COLUMN_SQUARED + 32), v128.load(S, COLUMN_SQUARED + 48)), 256);
    v128.store(M, dot(R0, R1, R2, R3, X0, X1, X2, X3), 512);
    store<i32>(S + (k << 2), sy, MOMENT_Y); store<i32>(S + (k << 2), yy, MOMENT_YY);
    M += 16;
  }
}

export function rowTablesPairs(S: usize, order: usize, images: usize): void {
  rowTables(false, S, order, images);
}

export function rowTablesFull(S: usize, order: usize, images: usize): void {
  rowTables(true, S, order, images);
}
