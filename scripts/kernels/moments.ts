/**
 * Emits the code of the direction features that works on one image at a time, in 16-bit integers: moments, prefix sums
 * of its rows, and from the moments of eight images their placement on the grid.
 */
import { each, type Layout, sequence } from './text.ts';

export const momentHelpers = `
@inline function swizzle(a: v128, s: v128): v128 { return FMA ? i8x16.relaxed_swizzle(a, s) : i8x16.swizzle(a, s); }
@inline function truncate(a: v128): v128 { return FMA ? i32x4.relaxed_trunc_f32x4_s(a) : i32x4.trunc_sat_f32x4_s(a); }
/** Prefix sums within each half of four i16. */
@inline function prefix4(z: v128): v128 { const a = i16x8.add(z, i64x2.shl(z, 16)); return i16x8.add(a, i64x2.shl(a, 32)); }
@inline function carry(a: v128, s: v128): v128 { return i16x8.add(a, swizzle(a, s)); }
/** Four images' partial sums i32 [4][4] → their totals, one lane each. */
@inline function totals(t: usize): v128 {
  const a = v128.load(t), b = v128.load(t, 16), c = v128.load(t, 32), d = v128.load(t, 48);
  const p = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const q = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(p, q, 0, 1, 4, 5), v128.shuffle<i32>(p, q, 2, 3, 6, 7));
}`;

export type RowKind = 'Pairs' | 'Full';
/** Bytes of an image's tables. */
export const tableBytes: Readonly<Record<RowKind, number>> = { Pairs: 14 * 128, Full: 28 * 128 };

/**
 * For each row (or sum of two rows) that is not empty a table i16 [28][2] of {inclusive prefix sum, value} and its
 * number; and of the sums of two rows z the integer moments Σz, Σzx, Σzx², Σzxy, Σzy, Σzy² with x, y in pairs of
 * pixels.
 */
export function rowTables(at: Layout, kind: RowKind): string {
  const four = <T>(f: (i: number) => T) => sequence(4).map(f);
  const dot = (values: string, weights: string) => {
    const [a, b, c, d] = four((i) => `i32x4.dot_i16x8_s(${values}${i}, ${weights}${i})`);
    return `i32x4.add(i32x4.add(${a}, ${b}), i32x4.add(${c}, ${d}))`;
  };
  const column = (i: number) => sequence(8).map((lane) => (8 * i + lane < 28 ? (8 * i + lane) >> 1 : 0));
  const keep = (i: number, value: string) => (i === 3 ? `v128.and(mask, ${value})` : value);
  const row = (name: string, offset: number) =>
    `const ${four((i) => `${name}${i} = ${keep(i, `v128.load_ext<u8>(p, ${offset + 8 * i})`)}`).join(', ')};`;
  const table = (z: string, number: string) => `{
        const a0 = carry(prefix4(${z}0), middle), a1 = i16x8.add(carry(prefix4(${z}1), middle), swizzle(a0, last));
        const a2 = i16x8.add(carry(prefix4(${z}2), middle), swizzle(a1, last)), a3 = i16x8.add(prefix4(${z}3), swizzle(a2, last));
        ${each(7, (i) => `v128.store(T, v128.shuffle<i16>(a${i >> 1}, ${z}${i >> 1}, ${i & 1 ? '4, 12, 5, 13, 6, 14, 7, 15' : '0, 8, 1, 9, 2, 10, 3, 11'}), ${i * 16});`)}
        // An empty row's table is overwritten by the next one's.
        store<i32>(q, ${number}, 4); const r = <i32>i16x8.extract_lane_u(a3, 3), ry = r * y, filled = <usize>(r != 0);
        sy += ry; yy += ry * y; T += filled << 7; q += filled << 2; }`;
  const upper = row('u', 0);
  const lower = row('d', 28);
  const tables =
    kind === 'Pairs' ? table('z', 'y') : `${table('u', '2 * y')}\n      ${table('d', '2 * y + 1')}`;
  return `
function rowTables${kind}(S: usize, order: usize, images: usize): void {
  let M = S + ${at.moments}, L = S + ${at.rowList};
  const mask = ${at.shorts([-1, -1, -1, -1, 0, 0, 0, 0])}, one = ${at.shorts(1)}, flip = ${at.shorts(-32768)};
  // Lane 3 of a vector to its upper half; lane 7 to all lanes.
  const middle = ${at.bytes8([-1, -1, -1, -1, -1, -1, -1, -1, 6, 7, 6, 7, 6, 7, 6, 7])}, last = ${at.bytes8([14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15])};
  for (let k: usize = 0; k < 8; k++) {
    let p = images + <usize>(load<i32>(order + (k << 2)) * 784), T = S + ${at.tables} + k * ${tableBytes[kind]}, q = L;
    // P: column sums so far, Q: their sums, so that Σ over rows of P counts row y (13 − y) times.
    let ${four((i) => `P${i} = i16x8.splat(0), Q${i} = i16x8.splat(0)`).join(', ')}, sy = 0, yy = 0;
    for (let y = 0; y < 14; y++, p += 56) {
      ${upper} ${lower}
      const ${four((i) => `z${i} = i16x8.add(u${i}, d${i})`).join(', ')};
      ${each(4, (i) => `Q${i} = i16x8.add(Q${i}, P${i}); P${i} = i16x8.add(P${i}, z${i});`)}
      ${tables}
    }
    store<i32>(L, <i32>(q - L) >> 2); L += 128;
    v128.store(M, i32x4.dot_i16x8_s(i16x8.add(i16x8.add(P0, P1), i16x8.add(P2, P3)), one));
    ${each(4, (i) => `const X${i} = ${at.shorts(column(i))}, XX${i} = ${at.shorts(column(i).map((x) => x * x))}, R${i} = v128.xor(Q${i}, flip);`)}
    v128.store(M, ${dot('P', 'X')}, 128); v128.store(M, ${dot('P', 'XX')}, 256); v128.store(M, ${dot('R', 'X')}, 512);
    store<i32>(S + ${at.moments + 384} + (k << 2), sy); store<i32>(S + ${at.moments + 640} + (k << 2), yy);
    M += 16;
  }
}`;
}

/**
 * From moments to the placement of each of the eight images: slant a = vxy / vyy, scales from the deviations left after
 * deskewing, the horizontal one capped at 3 grid / 28; with `aspect`, narrow images stay narrower and flat ones flatter
 * by (vx / vy)^⅛. An empty image has a mass of 1, |a| ≤ 8; an image of a single row is not slanted by rounding errors.
 */
export function placement(grid: number, at: Layout): string {
  return `
function placement(S: usize): void {
  const V = S + ${at.variant}, narrow = v128.load_splat<f32>(V), wide = v128.load_splat<f32>(V, 4), start = v128.load_splat<f32>(V, 8), apart = v128.load_splat<f32>(V, 12);
  const one = f32x4.splat(1), aspect = load<i32>(V, 16);
  for (let h: usize = 0; h < 2; h++) {
    const M = S + ${at.moments} + h * 64, o = S + ${at.place} + h * 16;
    const mass = totals(M), sx = totals(M + 128), sy = v128.load(S + h * 16, ${at.moments + 384});
    const sxy = i32x4.sub(i32x4.mul(i32x4.splat(13), sx), i32x4.add(totals(M + 512), i32x4.splat(${32768 * 182})));
    const inverse = f32x4.div(one, f32x4.convert_i32x4_s(i32x4.max_s(mass, i32x4.splat(1))));
    let cx = f32x4.mul(inverse, f32x4.convert_i32x4_s(sx)), cy = f32x4.mul(inverse, f32x4.convert_i32x4_s(sy));
    const vxx = f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(totals(M + 256))), f32x4.mul(cx, cx));
    const vyy = f32x4.pmax(f32x4.splat(0), f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(v128.load(S + h * 16, ${at.moments + 640}))), f32x4.mul(cy, cy)));
    const vxy = f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(sxy)), f32x4.mul(cx, cy));
    const a = f32x4.pmax(f32x4.splat(-8), f32x4.pmin(f32x4.splat(8), f32x4.div(vxy, f32x4.pmax(f32x4.splat(1e-2), vyy))));
    // Back from pairs of pixels to pixels.
    const vx = madd(f32x4.splat(4), f32x4.pmax(f32x4.splat(0), f32x4.sub(vxx, f32x4.mul(a, vxy))), one), vy = madd(f32x4.splat(4), vyy, one);
    cx = madd(cx, f32x4.splat(2), f32x4.splat(.5)); cy = madd(cy, f32x4.splat(2), f32x4.splat(.5));
    let step = f32x4.pmax(f32x4.mul(f32x4.sqrt(vx), narrow), f32x4.splat(${28 / (3 * grid)})), ky = f32x4.div(wide, f32x4.sqrt(vy));
    if (aspect) {
      const ratio = f32x4.sqrt(f32x4.sqrt(f32x4.sqrt(f32x4.div(vx, vy))));
      step = f32x4.div(step, f32x4.pmin(one, ratio)); ky = f32x4.div(ky, f32x4.pmax(one, ratio));
    }
    // Left edge of column j in row r, in 1/16384 pixel: base + r · slant + j · step, of which r = 0, j = 0 here.
    const K = f32x4.splat(16384), above = f32x4.sub(start, cy);
    v128.store(o, truncate(f32x4.mul(K, f32x4.sub(madd(a, above, f32x4.add(cx, f32x4.splat(.5))), f32x4.mul(step, f32x4.splat(${grid / 2}))))));
    v128.store(o, truncate(f32x4.mul(f32x4.mul(K, apart), a)), 32); v128.store(o, truncate(f32x4.mul(K, step)), 64);
    // Grid row of row r: first + r · perRow.
    v128.store(o, madd(ky, above, f32x4.splat(${(grid - 1) / 2})), 96); v128.store(o, f32x4.mul(apart, ky), 128);
  }
}`;
}
