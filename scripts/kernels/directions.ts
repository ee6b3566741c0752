/**
 * Emits the AssemblyScript that makes direction features for one grid size, everything unrolled over the grid: 28×28
 * uint8 images → 8 directions × pool × pool floats, eight images at a time. Normalisation by moments: Casey 1970;
 * directions: Liu, Nakashima, Sako, Fujisawa 2003. `src/kernels/directions/directions-reference.ts` is the same
 * computation in float64.
 *
 * Moments, prefix sums and placement work on one image at a time in 16-bit integers (an edge of a grid column is one
 * 4-byte load of {prefix sum, value}, four edges interpolate in one i16 dot product). Then eight images are
 * interleaved, [pixel][8], and gradients, pooling and square root are purely vertical. V8 recomputes a constant at
 * every use, so vectors used in loops are kept in memory and loaded before the loop. PLAIN is a constant of the build.
 */
import { gridRows, sideBySide } from './grid.ts';
import { momentHelpers, placement, rowTables } from './moments.ts';
import { each, halves, Layout, sequence } from './text.ts';

/** Rows and columns to which a direction may be pooled. */
const pools = [4, 5];

/** weight[i][p]: tent of cell i at grid place p, half-width grid / pool, not yet summing to 1. */
function tents(grid: number, pool: number): number[][] {
  const width = grid / pool;
  return sequence(pool).map((i) =>
    sequence(grid).map((p) => Math.max(0, 1 - Math.abs(p - ((i + 0.5) * width - 0.5)) / width)),
  );
}

export function directionsSource(grid: number): string {
  const layout = new Layout(grid);
  const source = [
    momentHelpers,
    rowTables(layout, 'Pairs'),
    rowTables(layout, 'Full'),
    placement(grid, layout),
    gridRows(grid, layout),
    sideBySide(layout),
    centralRow(grid, layout),
    sobelRow(grid, layout),
    ...pools.flatMap((pool) => [pooledRow(grid, pool, layout), pooledColumns(grid, pool, layout)]),
  ].join('\n');
  const variant = layout.variant;
  const pooling = (pool: number) => `{
      for (let y = 0; y < ${grid}; y++, s += ${layout.borderedRow}, o += ${pool * 256}) {
        if (sobel) sobelRow(S, s, c); else centralRow(s, c);
        pooledRow${pool}(S, c, o);
      }
      pooledColumns${pool}(S, out); out += ${pool * pool * 256};
    }`;
  return `${source}
export function scratchBytes(): i32 { return ${layout.bytes}; }
/**
 * Writes the constants, the zero border of the grid and the options: \`size\` of a digit's standard deviation as a
 * share of the grid, whether narrow images stay narrower, all rows or pairs of them, Sobel or central differences,
 * pooled to \`pool\` × \`pool\`. The rest of the scratch is overwritten for every block.
 */
export function initialise(S: usize, size: f32, aspect: i32, full: i32, sobel: i32, pool: i32): void {
  memory.fill(S, 0, ${layout.borderedBytes}); ${layout.initialisers()}
  const V = S + ${variant}, wide = size * <f32>${grid};
  store<f32>(V, <f32>1 / wide); store<f32>(V, wide, 4); store<f32>(V, full ? <f32>0 : <f32>.5, 8); store<f32>(V, full ? <f32>1 : <f32>2, 12);
  store<i32>(V, aspect, 16); store<i32>(V, full, 20); store<i32>(V, sobel, 24); store<i32>(V, pool, 28);
}
/** images u8 [n][784], 64 bytes readable beyond; order i32 [8 * blocks]; out f32 [blocks][8 · pool²][8]. */
export function extract(images: usize, order: usize, blocks: i32, out: usize, S: usize): void {
  const V = S + ${variant}, full = PLAIN ? 0 : load<i32>(V, 20), sobel = PLAIN ? 0 : load<i32>(V, 24), pool = PLAIN ? 4 : load<i32>(V, 28), c = S + ${layout.channels};
  for (let i = 0; i < blocks; i++, order += 32) {
    // The next block's images are scattered: their cache lines are loaded while this block is processed.
    if (i + 1 < blocks) {
      let touched: u32 = 0;
      for (let k: usize = 32; k < 64; k += 4) { const p = images + <usize>(load<i32>(order + k) * 784); ${each(13, (line) => `touched += load<u8>(p, ${Math.min(line * 64, 783)});`)} }
      store<u32>(S + ${layout.touched}, touched);
    }
    if (full) rowTablesFull(S, order, images); else rowTablesPairs(S, order, images);
    placement(S); gridRows(S); sideBySide(S);
    let s = S + ${layout.borderedRow + 32}, o = S + ${layout.pooledRows};
    if (pool == 4) ${pooling(4)} else ${pooling(5)}
  }
}
`;
}

/**
 * From gx and gy of eight images to eight directions, f32 [8][grid][8]: the diagonal part d = min(|gx|, |gy|), the
 * rest along an axis.
 */
function split(grid: number): string {
  const channels = [
    'v128.and(hx#, px#)',
    'v128.andnot(hx#, px#)',
    'v128.and(hy#, py#)',
    'v128.andnot(hy#, py#)',
  ].concat(['v128.andnot(dn#, py#)', 'v128.and(dn#, py#)', 'v128.andnot(dp#, py#)', 'v128.and(dp#, py#)']);
  const stored = channels.map((expression, k) => {
    const half = (q: string) => expression.replaceAll('#', q);
    const at = k * grid * 32;
    return `{ const l = ${half('l')}, h = ${half('h')}; v128.store(cc, h, ${at + 16}); v128.store(cc, l, ${at}); }`;
  });
  return `${halves((q) => `const ax${q} = f32x4.abs(gx${q}), ay${q} = f32x4.abs(gy${q}), d${q} = f32x4.pmin(ax${q}, ay${q}), hx${q} = f32x4.sub(ax${q}, d${q}), hy${q} = f32x4.sub(ay${q}, d${q}), px${q} = f32x4.lt(zero, gx${q}), py${q} = f32x4.lt(zero, gy${q}), dp${q} = v128.and(d${q}, px${q}), dn${q} = v128.andnot(d${q}, px${q});`)}
    ${stored.join('\n    ')}`;
}

/** Directions of one grid row from central differences. s: its first cell in the bordered grids. */
function centralRow(grid: number, at: Layout): string {
  return `
function centralRow(s: usize, c: usize): void {
  const zero = f32x4.splat(0);
  for (let x: usize = 0; x < ${grid * 32}; x += 32) { const s1 = s + x, cc = c + x;
    ${halves((q, d) => `const gx${q} = f32x4.sub(v128.load(s1, ${32 + d}), v128.load(s1 - 32, ${d}));`)}
    ${halves((q, d) => `const gy${q} = f32x4.sub(v128.load(s1, ${at.borderedRow + d}), v128.load(s1 - ${at.borderedRow}, ${d}));`)}
    ${split(grid)}
  }
}`;
}

/** The same from Sobel's operator, ¼ (1 2 1) across the difference: first along y for the whole row, then along x. */
function sobelRow(grid: number, at: Layout): string {
  const row = at.borderedRow;
  return `
function sobelRow(S: usize, s: usize, c: usize): void {
  const zero = f32x4.splat(0), half = ${at.floats(0.5)}, quarter = ${at.floats(0.25)}, T = S + ${at.smoothed};
  for (let x: usize = 0; x < ${row}; x += 32) { const s1 = s + x - 32, t = T + x;
    ${halves((q, d) => `const a${q} = v128.load(s1 - ${row}, ${d}), m${q} = v128.load(s1, ${d}), b${q} = v128.load(s1, ${row + d}), v${q} = madd(quarter, f32x4.add(a${q}, b${q}), f32x4.mul(half, m${q})), w${q} = f32x4.sub(b${q}, a${q});`)}
    v128.store(t, vh, 16); v128.store(t, vl); v128.store(t, wh, ${row + 16}); v128.store(t, wl, ${row});
  }
  for (let x: usize = 0; x < ${grid * 32}; x += 32) { const t = T + x, cc = c + x;
    ${halves((q, d) => `const gx${q} = f32x4.sub(v128.load(t, ${64 + d}), v128.load(t, ${d}));`)}
    ${halves((q, d) => `const gy${q} = madd(quarter, f32x4.add(v128.load(t, ${row + d}), v128.load(t, ${row + 64 + d})), f32x4.mul(half, v128.load(t, ${row + 32 + d})));`)}
    ${split(grid)}
  }
}`;
}

/** One row's directions pooled along x: f32 [8][pool][8]. */
function pooledRow(grid: number, pool: number, at: Layout): string {
  const weights = tents(grid, pool);
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
function pooledRow${pool}(S: usize, c: usize, o: usize): void {
  let b = c, oo = o; const ${inside.map((a) => `k${a} = v128.load_splat<f32>(S, ${a})`).join(', ')};
  for (let k = 0; k < 8; k++, b += ${grid * 32}, oo += ${pool * 32}) {
    ${each(grid, (p) => halves((q, d) => `const v${p}${q} = v128.load(b, ${p * 32 + d});`))}
    ${each(pool, pooled, '\n    ')}
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

/** Pools along y, scales and takes the square root: out[(direction · pool + i) · pool + j][8 images]. */
function pooledColumns(grid: number, pool: number, at: Layout): string {
  const weights = tents(grid, pool);
  const sums = weights.map((row) => row.reduce((a, b) => a + b, 0));
  // Half of a row pair in units of 1/16384 pixel value; √2 for the diagonal directions. A common factor does not
  // matter: features are standardised.
  const norms = sequence(pool).map((i) => sequence(pool).map((j) => 0.5 / 16384 / sums[i] / sums[j]));
  const axis = norms.map((row) => at.scalars(row));
  const diagonal = norms.map((row) => at.scalars(row.map((value) => value * Math.SQRT2)));
  const row = pool * 256;
  const cell = (i: number) => {
    const places = sequence(grid).filter((p) => weights[i][p] > 1e-6);
    const sum = (d: number) =>
      places.reduce(
        (all, p) =>
          all === ''
            ? `f32x4.mul(w${p}, v128.load(rr, ${p * row + d}))`
            : `madd(w${p}, v128.load(rr, ${p * row + d}), ${all})`,
        '',
      );
    return `{ let r = S + ${at.pooledRows}, o = out + ${i * pool * 32}; ${places.map((p) => `const w${p} = v128.load_splat<f32>(S, ${at.scalar(weights[i][p])});`).join(' ')}
    for (let k = 0; k < 8; k++, r += ${pool * 32}, o += ${pool * pool * 32}) { const a = S + (k < 4 ? ${axis[i]} : ${diagonal[i]});
      for (let j: usize = 0; j < ${pool}; j++) { const rr = r + (j << 5), oo = o + (j << 5), m = v128.load_splat<f32>(a + (j << 2));
        const l = f32x4.sqrt(f32x4.mul(m, ${sum(0)})), h = f32x4.sqrt(f32x4.mul(m, ${sum(16)})); v128.store(oo, h, 16); v128.store(oo, l); }
    } }`;
  };
  return `
function pooledColumns${pool}(S: usize, out: usize): void {
  ${each(pool, cell, '\n  ')}
}`;
}
