/** Emits the drawing of images on their grids, and the interleaving of the grids. */
import { tableBytes } from './moments.ts';
import { each, type Layout, sequence } from './text.ts';

/** Each image's rows onto its grid, f32 [grid][grid]: columns by interpolated prefix sums, rows by two weights. */
export function gridRows(grid: number, at: Layout): string {
  const { vectors, rowBytes } = at;
  const count = grid * vectors;
  // Edges beyond the last column are placed far to the right, where they are clipped to the end of the row.
  const columns = (v: number) => sequence(4).map((lane) => (4 * v + lane + 1 < grid ? 4 * v + lane + 1 : 0));
  const beyond = (v: number) => sequence(4).map((lane) => (4 * v + lane + 1 < grid ? 0 : 1 << 29));
  return `
function gridRows(S: usize): void {
  const zero = i32x4.splat(0), end = ${at.words(28 * 16384 - 1)}, low = ${at.words(0x3fff)}, weights = ${at.words(0xc0004000 | 0)}, align = ${at.words(~3)};
  const one = ${at.floats(1)}, top = ${at.floats(grid - 1)}, topRow = ${at.words(grid - 2)}, rowBytes = ${at.words(rowBytes)};
  const full = PLAIN ? 0 : load<i32>(S + ${at.variant}, 20), rowVectors = full ? 7 : 4, tableBytes: usize = full ? ${tableBytes.Full} : ${tableBytes.Pairs}, four = ${at.floats(4)};
  for (let k: usize = 0; k < 8; k++) {
    const o = S + ${at.place} + (k << 2), base = load<i32>(o), slant = load<i32>(o, 32), step = i32x4.splat(load<i32>(o, 64));
    const first = v128.load_splat<f32>(o, 96), perRow = v128.load_splat<f32>(o, 128), N = S + ${at.grids} + k * ${at.gridBytes}; let F = S + ${at.rowTargets};
    ${each(count, (i) => `v128.store(N, zero, ${((i ^ 1) < count ? i ^ 1 : i) * 16});`)}
    let rowNumbers = ${at.floats([0, 1, 2, 3])};
    for (let i = 0; i < rowVectors; i++, rowNumbers = f32x4.add(rowNumbers, four), F += 16) {
      const v = f32x4.pmax(f32x4.splat(0), f32x4.pmin(top, madd(perRow, rowNumbers, first))), f = i32x4.min_s(truncate(v), topRow);
      v128.store(F, f32x4.sub(v, f32x4.convert_i32x4_s(f)), 128); v128.store(F, i32x4.add(i32x4.splat(<i32>N), i32x4.mul(f, rowBytes)));
    }
    F = S + ${at.rowTargets};
    const ${each(vectors, (v) => `J${v} = i32x4.add(i32x4.mul(step, ${at.words(columns(v))}), ${at.words(beyond(v))})`, ', ')};
    let L = S + ${at.rowList} + k * 128, T = S + ${at.tables} + k * tableBytes; const e = L + <usize>(load<i32>(L) << 2);
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
      const q = F + (<usize>r << 2), t = v128.load_splat<f32>(q, 128), u = f32x4.sub(one, t), O = <usize>load<u32>(q);
      ${each(2 * vectors, (v) => `const n${v} = madd(${v < vectors ? 'u' : 't'}, R${v % vectors}, v128.load(O, ${v * 16}));`)}
      ${each(2 * vectors, (v) => `v128.store(O, n${v}, ${v * 16});`)}
    }
  }
}`;
}

/** Eight grids f32 [8][grid][grid] → bordered f32 [grid + 2][grid + 2][8]. */
export function sideBySide(at: Layout): string {
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
