/**
 * Emits the AssemblyScript that makes direction features for one grid size, everything unrolled over the grid:
 * 28×28 uint8 images → 8 directions × 4 × 4 floats, eight images at a time. Normalisation by moments: Casey 1970;
 * directions: Liu, Nakashima, Sako, Fujisawa 2003. `src/kernels/directions-reference.ts` says the same in float64.
 *
 * Moments, prefix sums and placement work on one image at a time in 16-bit integers (an edge of a grid column is one
 * 4-byte load of {prefix sum, value}, four edges interpolate in one i16 dot product); then eight images lie side by
 * side, [pixel][8], and gradients, pooling and square root are purely vertical. V8 makes a constant anew at every
 * use, so vectors used in loops are kept in memory and loaded before the loop.
 */
import { each, halves, Layout, sequence } from './text.ts';

/** Rows and columns that a direction is pooled to. */
const pool = 4;
/** Size of a normalised digit's standard deviation as a share of the grid. */
const size = 0.22;

/** weight[i][p]: tent of cell i at grid place p, half-width grid / pool, not yet summing to 1. */
function tents(grid: number): number[][] {
  const width = grid / pool;
  return sequence(pool).map((i) =>
    sequence(grid).map((p) => Math.max(0, 1 - Math.abs(p - ((i + 0.5) * width - 0.5)) / width)),
  );
}

export function directionsSource(grid: number): string {
  const layout = new Layout(grid);
  const source = [
    helpers,
    rowTables(layout),
    placement(grid, layout),
    gridRows(grid, layout),
    sideBySide(layout),
    directions(grid, layout),
    pooledColumns(grid, layout),
  ].join('\n');
  return `${source}
export function scratchBytes(): i32 { return ${layout.bytes}; }
/** Writes the constants and the zero border of the grid; the rest of the scratch is overwritten for every block. */
export function initialise(S: usize): void { memory.fill(S, 0, ${layout.borderedBytes}); ${layout.initialisers()} }
/** images u8 [n][784], 64 bytes readable beyond; order i32 [8 * blocks]; out f32 [blocks][128][8]. */
export function extract(images: usize, order: usize, blocks: i32, out: usize, S: usize): void {
  for (let i = 0; i < blocks; i++, order += 32, out += 4096) {
    rowTables(S, order, images); placement(S); gridRows(S); sideBySide(S); directions(S); pooledColumns(S, out);
  }
}
`;
}

const helpers = `
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

/**
 * Sums of two image rows at a time: for each pair that is not empty a table i16 [28][2] of {inclusive prefix sum,
 * value} and its number; and the integer moments Σz, Σzx, Σzx², Σzxy, Σzy, Σzy² with x, y in pairs of pixels.
 */
function rowTables(at: Layout): string {
  const four = <T>(f: (i: number) => T) => sequence(4).map(f);
  const dot = (values: string, weights: string) => {
    const [a, b, c, d] = four((i) => `i32x4.dot_i16x8_s(${values}${i}, ${weights}${i})`);
    return `i32x4.add(i32x4.add(${a}, ${b}), i32x4.add(${c}, ${d}))`;
  };
  const column = (i: number) => sequence(8).map((lane) => (8 * i + lane < 28 ? (8 * i + lane) >> 1 : 0));
  const keep = (i: number, value: string) => (i === 3 ? `v128.and(mask, ${value})` : value);
  return `
function rowTables(S: usize, order: usize, images: usize): void {
  let M = S + ${at.moments}, L = S + ${at.rowList};
  const mask = ${at.shorts([-1, -1, -1, -1, 0, 0, 0, 0])}, one = ${at.shorts(1)}, flip = ${at.shorts(-32768)};
  // Lane 3 of a vector to its upper half; lane 7 to all lanes.
  const middle = ${at.bytes8([-1, -1, -1, -1, -1, -1, -1, -1, 6, 7, 6, 7, 6, 7, 6, 7])}, last = ${at.bytes8([14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15])};
  for (let k: usize = 0; k < 8; k++) {
    let p = images + <usize>(load<i32>(order + (k << 2)) * 784), T = S + ${at.tables} + k * 1792, q = L;
    // P: column sums so far, Q: their sums, so that Σ over rows of P counts row y (13 − y) times.
    let ${four((i) => `P${i} = i16x8.splat(0), Q${i} = i16x8.splat(0)`).join(', ')}, sy = 0, yy = 0;
    for (let y = 0; y < 14; y++, p += 56) {
      const ${four((i) => `z${i} = ${keep(i, `i16x8.add(v128.load_ext<u8>(p, ${8 * i}), v128.load_ext<u8>(p, ${28 + 8 * i}))`)}`).join(', ')};
      ${each(4, (i) => `Q${i} = i16x8.add(Q${i}, P${i}); P${i} = i16x8.add(P${i}, z${i});`)}
      const a0 = carry(prefix4(z0), middle), a1 = i16x8.add(carry(prefix4(z1), middle), swizzle(a0, last));
      const a2 = i16x8.add(carry(prefix4(z2), middle), swizzle(a1, last)), a3 = i16x8.add(prefix4(z3), swizzle(a2, last));
      ${each(7, (i) => `v128.store(T, v128.shuffle<i16>(a${i >> 1}, z${i >> 1}, ${i & 1 ? '4, 12, 5, 13, 6, 14, 7, 15' : '0, 8, 1, 9, 2, 10, 3, 11'}), ${i * 16});`)}
      // An empty row's table is overwritten by the next one's.
      store<i32>(q, y, 4); const r = <i32>i16x8.extract_lane_u(a3, 3), ry = r * y, filled = <usize>(r != 0);
      sy += ry; yy += ry * y; T += filled << 7; q += filled << 2;
    }
    store<i32>(L, <i32>(q - L) >> 2); L += 64;
    v128.store(M, i32x4.dot_i16x8_s(i16x8.add(i16x8.add(P0, P1), i16x8.add(P2, P3)), one));
    ${each(4, (i) => `const X${i} = ${at.shorts(column(i))}, XX${i} = ${at.shorts(column(i).map((x) => x * x))}, R${i} = v128.xor(Q${i}, flip);`)}
    v128.store(M, ${dot('P', 'X')}, 128); v128.store(M, ${dot('P', 'XX')}, 256); v128.store(M, ${dot('R', 'X')}, 512);
    store<i32>(S + ${at.moments + 384} + (k << 2), sy); store<i32>(S + ${at.moments + 640} + (k << 2), yy);
    M += 16;
  }
}`;
}

/**
 * From moments to where each of the eight images goes: slant a = vxy / vyy, scales from the deviations left after
 * deskewing, the horizontal one capped at 3 grid / 28. An empty image has a mass of 1, |a| ≤ 8 and variances ≥ 0.
 */
function placement(grid: number, at: Layout): string {
  return `
function placement(S: usize): void {
  for (let h: usize = 0; h < 2; h++) {
    const M = S + ${at.moments} + h * 64, o = S + ${at.place} + h * 16, one = f32x4.splat(1);
    const mass = totals(M), sx = totals(M + 128), sy = v128.load(S + h * 16, ${at.moments + 384});
    const sxy = i32x4.sub(i32x4.mul(i32x4.splat(13), sx), i32x4.add(totals(M + 512), i32x4.splat(${32768 * 182})));
    const inverse = f32x4.div(one, f32x4.convert_i32x4_s(i32x4.max_s(mass, i32x4.splat(1))));
    let cx = f32x4.mul(inverse, f32x4.convert_i32x4_s(sx)), cy = f32x4.mul(inverse, f32x4.convert_i32x4_s(sy));
    const vxx = f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(totals(M + 256))), f32x4.mul(cx, cx));
    const vyy = f32x4.pmax(f32x4.splat(1e-3), f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(v128.load(S + h * 16, ${at.moments + 640}))), f32x4.mul(cy, cy)));
    const vxy = f32x4.sub(f32x4.mul(inverse, f32x4.convert_i32x4_s(sxy)), f32x4.mul(cx, cy));
    const a = f32x4.pmax(f32x4.splat(-8), f32x4.pmin(f32x4.splat(8), f32x4.div(vxy, vyy)));
    // Back from pairs of pixels to pixels.
    const vx = madd(f32x4.splat(4), f32x4.pmax(f32x4.splat(0), f32x4.sub(vxx, f32x4.mul(a, vxy))), one), vy = madd(f32x4.splat(4), vyy, one);
    cx = madd(cx, f32x4.splat(2), f32x4.splat(.5)); cy = madd(cy, f32x4.splat(2), f32x4.splat(.5));
    const step = f32x4.pmax(f32x4.mul(f32x4.sqrt(vx), f32x4.splat(${1 / (size * grid)})), f32x4.splat(${28 / (3 * grid)}));
    const ky = f32x4.div(f32x4.splat(${size * grid}), f32x4.sqrt(vy)), K = f32x4.splat(16384);
    // Left edge of column j in row r, in 1/16384 pixel: base + r · slant + j · step, of which r = 0, j = 0 here.
    v128.store(o, truncate(f32x4.mul(K, f32x4.sub(madd(a, f32x4.sub(f32x4.splat(.5), cy), f32x4.add(cx, f32x4.splat(.5))), f32x4.mul(step, f32x4.splat(${grid / 2}))))));
    v128.store(o, truncate(f32x4.mul(f32x4.splat(32768), a)), 32); v128.store(o, truncate(f32x4.mul(K, step)), 64);
    // Grid row of row pair r: first + r · 2ky.
    v128.store(o, madd(ky, f32x4.sub(f32x4.splat(.5), cy), f32x4.splat(${(grid - 1) / 2})), 96); v128.store(o, f32x4.add(ky, ky), 128);
  }
}`;
}

/** Each image's row pairs onto its grid, f32 [grid][grid]: columns by interpolated prefix sums, rows by two weights. */
function gridRows(grid: number, at: Layout): string {
  const { vectors, rowBytes } = at;
  const count = grid * vectors;
  // Edges beyond the last column are put far to the right, where they clip to the end of the row.
  const columns = (v: number) => sequence(4).map((lane) => (4 * v + lane + 1 < grid ? 4 * v + lane + 1 : 0));
  const beyond = (v: number) => sequence(4).map((lane) => (4 * v + lane + 1 < grid ? 0 : 1 << 29));
  return `
function gridRows(S: usize): void {
  const zero = i32x4.splat(0), end = ${at.words(28 * 16384 - 1)}, low = ${at.words(0x3fff)}, weights = ${at.words(0xc0004000 | 0)}, align = ${at.words(~3)};
  const one = ${at.floats(1)}, top = ${at.floats(grid - 1)}, topRow = ${at.words(grid - 2)}, rowBytes = ${at.words(rowBytes)};
  for (let k: usize = 0; k < 8; k++) {
    const o = S + ${at.place} + (k << 2), base = load<i32>(o), slant = load<i32>(o, 32), step = i32x4.splat(load<i32>(o, 64));
    const first = v128.load_splat<f32>(o, 96), perRow = v128.load_splat<f32>(o, 128), N = S + ${at.grids} + k * ${at.gridBytes}, F = S + ${at.rowTargets};
    ${each(count, (i) => `v128.store(N, zero, ${((i ^ 1) < count ? i ^ 1 : i) * 16});`)}
    ${each(4, (i) => `{ const v = f32x4.pmax(f32x4.splat(0), f32x4.pmin(top, madd(perRow, ${at.floats(sequence(4).map((lane) => 4 * i + lane))}, first))), f = i32x4.min_s(truncate(v), topRow); v128.store(F, f32x4.sub(v, f32x4.convert_i32x4_s(f)), ${64 + 16 * i}); v128.store(F, i32x4.add(i32x4.splat(<i32>N), i32x4.mul(f, rowBytes)), ${16 * i}); }`, '\n    ')}
    const ${each(vectors, (v) => `J${v} = i32x4.add(i32x4.mul(step, ${at.words(columns(v))}), ${at.words(beyond(v))})`, ', ')};
    let L = S + ${at.rowList} + k * 64, T = S + ${at.tables} + k * 1792; const e = L + <usize>(load<i32>(L) << 2);
    for (; L < e; L += 4, T += 128) {
      const r = load<i32>(L, 4), edge = i32x4.splat(base + r * slant), table = i32x4.splat(<i32>T);
      ${each(
        vectors,
        (
          v,
        ) => `// E = F + t·value at four edges: prefix sum and value are neighbours, their weights 16384 and t − 16384.
      const c${v} = i32x4.max_s(i32x4.min_s(i32x4.add(edge, J${v}), end), zero), d${v} = i32x4.add(v128.and(i32x4.shr_u(c${v}, 12), align), table), w${v} = i32x4.add(i32x4.shl(v128.and(c${v}, low), 16), weights), g${v} = i64x2.extract_lane(d${v}, 0), h${v} = i64x2.extract_lane(d${v}, 1);
      let t${v} = v128.load_zero<u32>(<usize><u32>g${v}); t${v} = v128.load_lane<u32>(<usize>(<u64>g${v} >> 32), t${v}, 1); t${v} = v128.load_lane<u32>(<usize><u32>h${v}, t${v}, 2); t${v} = v128.load_lane<u32>(<usize>(<u64>h${v} >> 32), t${v}, 3);
      const E${v} = i32x4.dot_i16x8_s(t${v}, w${v});`,
        '\n      ',
      )}
      ${each(vectors, (v) => `const R${v} = f32x4.convert_i32x4_s(i32x4.sub(E${v}, v128.shuffle<i32>(${v ? `E${v - 1}` : 'zero'}, E${v}, 3, 4, 5, 6)));`)}
      const q = F + (<usize>r << 2), t = v128.load_splat<f32>(q, 64), u = f32x4.sub(one, t), O = <usize>load<u32>(q);
      ${each(2 * vectors, (v) => `const n${v} = madd(${v < vectors ? 'u' : 't'}, R${v % vectors}, v128.load(O, ${v * 16}));`)}
      ${each(2 * vectors, (v) => `v128.store(O, n${v}, ${v * 16});`)}
    }
  }
}`;
}

/** Eight grids f32 [8][grid][grid] → bordered f32 [grid + 2][grid + 2][8]. */
function sideBySide(at: Layout): string {
  const { grid, vectors, gridBytes } = at;
  const transposed = (v: number) => `{
        const a = v128.load(n, ${v * 16}), b = v128.load(n, ${gridBytes + v * 16}), c = v128.load(n, ${2 * gridBytes + v * 16}), d = v128.load(n, ${3 * gridBytes + v * 16});
        const p = v128.shuffle<i32>(a, b, 0, 4, 1, 5), q = v128.shuffle<i32>(c, d, 0, 4, 1, 5), r = v128.shuffle<i32>(a, b, 2, 6, 3, 7), t = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
        v128.store(s, v128.shuffle<i64>(p, q, 0, 2), ${v * 128}); v128.store(s, v128.shuffle<i64>(p, q, 1, 3), ${v * 128 + 32}); v128.store(s, v128.shuffle<i64>(r, t, 0, 2), ${v * 128 + 64}); v128.store(s, v128.shuffle<i64>(r, t, 1, 3), ${v * 128 + 96}); }`;
  return `
function sideBySide(S: usize): void {
  for (let h: usize = 0; h < 2; h++) {
    let n = S + ${at.grids} + h * ${4 * gridBytes}, s = S + ${at.borderedRow + 32} + h * 16;
    for (let y = 0; y < ${grid}; y++, s += ${at.borderedRow}, n += ${at.rowBytes}) {
      ${each(vectors, transposed, '\n      ')}
    }
  }
}`;
}

/**
 * Central differences of one grid row at a time, split into the two nearest of eight directions (the diagonal part
 * d = min(|gx|, |gy|), the rest along an axis), f32 [8][grid][8]; then pooled along x to [grid][8][4][8].
 */
function directions(grid: number, at: Layout): string {
  const weights = tents(grid);
  const channelBytes = grid * 32;
  const channels = [
    'v128.and(hx#, px#)',
    'v128.andnot(hx#, px#)',
    'v128.and(hy#, py#)',
    'v128.andnot(hy#, py#)',
  ].concat(['v128.andnot(dn#, py#)', 'v128.and(dn#, py#)', 'v128.andnot(dp#, py#)', 'v128.and(dp#, py#)']);
  const stored = channels
    .map((expression, k) => {
      const half = (q: string) => expression.replaceAll('#', q);
      return `{ const l = ${half('l')}, h = ${half('h')}; v128.store(cc, h, ${k * channelBytes + 16}); v128.store(cc, l, ${k * channelBytes}); }`;
    })
    .join('\n      ');
  const inside = [
    ...new Set(
      weights
        .flat()
        .filter((w) => w > 1e-6 && Math.abs(w - 1) > 1e-6)
        .map((w) => at.scalar(w)),
    ),
  ];
  const pooled = (j: number) => {
    const sum = (q: string) =>
      tentSum(
        weights[j],
        (p) => `v${p}${q}`,
        (w) => `k${at.scalar(w)}`,
      );
    return `const r${j}l = ${sum('l')}, r${j}h = ${sum('h')}; v128.store(oo, r${j}h, ${j * 32 + 16}); v128.store(oo, r${j}l, ${j * 32});`;
  };
  return `
function directions(S: usize): void {
  let s = S + ${at.borderedRow + 32}, o = S + ${at.pooledRows}; const c = S + ${at.channels}, zero = f32x4.splat(0);
  for (let y = 0; y < ${grid}; y++, s += ${at.borderedRow}, o += 1024) {
    for (let x: usize = 0; x < ${channelBytes}; x += 32) { const s1 = s + x, cc = c + x;
      ${halves((q, d) => `const gx${q} = f32x4.sub(v128.load(s1, ${32 + d}), v128.load(s1 - 32, ${d}));`)}
      ${halves((q, d) => `const gy${q} = f32x4.sub(v128.load(s1, ${at.borderedRow + d}), v128.load(s1 - ${at.borderedRow}, ${d}));`)}
      ${halves((q) => `const ax${q} = f32x4.abs(gx${q}), ay${q} = f32x4.abs(gy${q}), d${q} = f32x4.pmin(ax${q}, ay${q}), hx${q} = f32x4.sub(ax${q}, d${q}), hy${q} = f32x4.sub(ay${q}, d${q}), px${q} = f32x4.lt(zero, gx${q}), py${q} = f32x4.lt(zero, gy${q}), dp${q} = v128.and(d${q}, px${q}), dn${q} = v128.andnot(d${q}, px${q});`)}
      ${stored}
    }
    let b = c, oo = o; const ${inside.map((a) => `k${a} = v128.load_splat<f32>(S, ${a})`).join(', ')};
    for (let k = 0; k < 8; k++, b += ${channelBytes}, oo += 128) {
      ${each(grid, (p) => halves((q, d) => `const v${p}${q} = v128.load(b, ${p * 32 + d});`))}
      ${each(pool, pooled, '\n      ')}
    }
  }
}`;
}

/** Σ weight · value over the places of one tent, the one of weight 1 first. */
function tentSum(
  weights: readonly number[],
  value: (place: number) => string,
  weight: (w: number) => string,
): string {
  const places = sequence(weights.length).filter((p) => weights[p] > 1e-6);
  const whole = places.find((p) => Math.abs(weights[p] - 1) < 1e-6);
  const others = places.filter((p) => p !== whole);
  const first =
    whole === undefined ? `f32x4.mul(${weight(weights[others[0]])}, ${value(others[0])})` : value(whole);
  const rest = whole === undefined ? others.slice(1) : others;
  return rest.reduce((sum, p) => `madd(${weight(weights[p])}, ${value(p)}, ${sum})`, first);
}

/** Pools along y, scales and takes the square root: out[(direction · 4 + i) · 4 + j][8 images]. */
function pooledColumns(grid: number, at: Layout): string {
  const weights = tents(grid);
  const sums = weights.map((row) => row.reduce((a, b) => a + b, 0));
  // Half of a row pair in units of 1/16384 pixel value; √2 for the diagonal directions. A common factor does not
  // matter: features are standardised.
  const norms = sequence(pool).map((i) => sequence(pool).map((j) => 0.5 / 16384 / sums[i] / sums[j]));
  const axis = norms.map((row) => at.scalars(row));
  const diagonal = norms.map((row) => at.scalars(row.map((value) => value * Math.SQRT2)));
  const cell = (i: number) => {
    const places = sequence(grid).filter((p) => weights[i][p] > 1e-6);
    const sum = (d: number) =>
      places.reduce(
        (all, p) =>
          all === ''
            ? `f32x4.mul(w${p}, v128.load(rr, ${p * 1024 + d}))`
            : `madd(w${p}, v128.load(rr, ${p * 1024 + d}), ${all})`,
        '',
      );
    return `{ let r = S + ${at.pooledRows}, o = out + ${i * 128}; ${places.map((p) => `const w${p} = v128.load_splat<f32>(S, ${at.scalar(weights[i][p])});`).join(' ')}
    for (let k = 0; k < 8; k++, r += 128, o += 512) { const a = S + (k < 4 ? ${axis[i]} : ${diagonal[i]});
      for (let j: usize = 0; j < 4; j++) { const rr = r + (j << 5), oo = o + (j << 5), m = v128.load_splat<f32>(a + (j << 2));
        const l = f32x4.sqrt(f32x4.mul(m, ${sum(0)})), h = f32x4.sqrt(f32x4.mul(m, ${sum(16)})); v128.store(oo, h, 16); v128.store(oo, l); }
    } }`;
  };
  return `
function pooledColumns(S: usize, out: usize): void {
  ${each(pool, cell, '\n  ')}
}`;
}
