/**
 * Emits the one part of the direction features that is not written by hand: pooling by tents, whose weights and number
 * of places differ for each grid, pool and cell. Values of a row are named, so that they stay in registers. For
 * every grid there is a branch; GRID, a constant of the build, selects it.
 */

const sequence = (length: number): number[] => Array.from({ length }, (_, i) => i);

const each = <T>(items: readonly T[], write: (item: T, i: number) => string, separator = '\n'): string =>
  items.map(write).join(separator);

/** Rows and columns to which a direction may be pooled. */
const pools = [4, 5];

/** weight[i][p]: tent of cell i at grid place p, half-width grid / pool, not yet summing to 1. */
function tents(grid: number, pool: number): number[][] {
  const width = grid / pool;
  return sequence(pool).map((i) =>
    sequence(grid).map((p) => Math.max(0, 1 - Math.abs(p - ((i + 0.5) * width - 0.5)) / width)),
  );
}

/** The float32 constants of one grid. V8 would compute a constant again at each use, so they are loaded from the scratch. */
class Weights {
  readonly #values: number[] = [];

  /** Index of a value; equal ones share a place. */
  one(value: number): number {
    const index = this.#values.indexOf(Math.fround(value));
    return index < 0 ? this.row([value]) : index;
  }

  /** Index of the first of consecutive values. */
  row(values: readonly number[]): number {
    const index = this.#values.length;
    if (index + values.length > 128) throw new RangeError('too many weights');
    this.#values.push(...values.map(Math.fround));
    return index;
  }

  written(): string {
    return each(this.#values, (value, i) => `    store<f32>(S, <f32>${value}, WEIGHTS + ${4 * i});`);
  }
}

const load = (index: number): string => `v128.load_splat<f32>(S, WEIGHTS + ${4 * index})`;

/** One row's directions pooled along x. */
function pooledRow(grid: number, pool: number, weights: Weights): string {
  const tent = tents(grid, pool);
  const indices = tent.flat().flatMap((w) => (w > 1e-6 && Math.abs(w - 1) > 1e-6 ? [weights.one(w)] : []));
  const sum = (j: number, half: string): string => {
    const places = sequence(grid).filter((p) => tent[j][p] > 1e-6);
    // The place of weight 1 first, if there is one.
    const whole = places.find((p) => Math.abs(tent[j][p] - 1) < 1e-6);
    const [first, ...others] = whole === undefined ? places : [whole, ...places.filter((p) => p !== whole)];
    const weight = (p: number) => `k${weights.one(tent[j][p])}`;
    const start = whole === undefined ? `f32x4.mul(${weight(first)}, v${first}${half})` : `v${first}${half}`;
    return others.reduce((all, p) => `madd(${weight(p)}, v${p}${half}, ${all})`, start);
  };
  // A value is loaded just before the first cell that has it, so that few are alive at a time.
  const firstCell = sequence(grid).map((p) => tent.findIndex((row) => row[p] > 1e-6));
  const loads = (j: number): string =>
    each(
      sequence(grid).filter((p) => firstCell[p] === j),
      (p) => `      const v${p}l = v128.load(c, ${p * 32}), v${p}h = v128.load(c, ${p * 32 + 16});`,
    );
  return `    ${each([...new Set(indices)], (index) => `const k${index} = ${load(index)};`, ' ')}
    for (const end = c + ${8 * grid * 32}; c < end; c += ${grid * 32}, o += ${pool * 32}) {
${each(
  sequence(pool),
  (j) => `${loads(j)}
      const r${j}l = ${sum(j, 'l')};
      const r${j}h = ${sum(j, 'h')};
      v128.store(o, r${j}h, ${j * 32 + 16}); v128.store(o, r${j}l, ${j * 32});`,
)}
    }`;
}

/** Pools along y, scales and takes the square root. */
function pooledColumns(grid: number, pool: number, weights: Weights): string {
  const tent = tents(grid, pool);
  const sums = tent.map((row) => row.reduce((a, b) => a + b, 0));
  // Half of a row pair in units of 1/16384 pixel value; √2 for the diagonal directions. A common factor does not
  // matter: features are standardised.
  const norms = sequence(pool).map((i) => sequence(pool).map((j) => 0.5 / 16384 / sums[i] / sums[j]));
  const axis = norms.map((row) => weights.row(row));
  const diagonal = norms.map((row) => weights.row(row.map((value) => value * Math.SQRT2)));
  const cell = (i: number): string => {
    const [first, ...others] = sequence(grid).filter((p) => tent[i][p] > 1e-6);
    const value = (p: number, half: number) => `v128.load(r, ${p * pool * 256 + half})`;
    const sum = (half: number) =>
      others.reduce(
        (all, p) => `madd(w${p}, ${value(p, half)}, ${all})`,
        `f32x4.mul(w${first}, ${value(first, half)})`,
      );
    return `    {
      ${each([first, ...others], (p) => `const w${p} = ${load(weights.one(tent[i][p]))};`, ' ')}
      let row = S + POOLED_ROWS, o = out + ${i * pool * 32};
      for (let k = 0; k < 8; k++, row += ${pool * 32}, o += ${pool * pool * 32}) {
        const norms = S + (k < 4 ? WEIGHTS + ${4 * axis[i]} : WEIGHTS + ${4 * diagonal[i]});
        for (let j: usize = 0; j < ${pool}; j++) {
          const r = row + (j << 5), to = o + (j << 5), m = v128.load_splat<f32>(norms + (j << 2));
          const l = f32x4.sqrt(f32x4.mul(m, ${sum(0)}));
          const h = f32x4.sqrt(f32x4.mul(m, ${sum(16)}));
          v128.store(to, h, 16); v128.store(to, l);
        }
      }
    }`;
  };
  return each(sequence(pool), cell);
}

/** The source of a module that the direction kernels import. */
export function poolingSource(grids: readonly number[]): string {
  const weights = new Map(grids.map((grid) => [grid, new Weights()]));
  const branches = (write: (grid: number, weights: Weights) => string) =>
    each([...weights], ([grid, own]) => `  if (GRID == ${grid}) {\n${write(grid, own)}\n  }`);
  const functions = each(
    pools,
    (pool) => `/** One row's directions f32 [8][GRID][8] pooled along x: f32 [8][${pool}][8]. */
export function pooledRow${pool}(S: usize, c: usize, o: usize): void {
${branches((grid, own) => pooledRow(grid, pool, own))}
}

/** Pools along y, scales and takes the square root: out[(direction · ${pool} + i) · ${pool} + j][8 images]. */
export function pooledColumns${pool}(S: usize, out: usize): void {
${branches((grid, own) => pooledColumns(grid, pool, own))}
}
`,
  );
  return `import { madd } from '../../../src/kernels/assembly/simd';
import { POOLED_ROWS, WEIGHTS } from '../../../src/kernels/directions/assembly/layout';

${functions}
export function writeWeights(S: usize): void {
${branches((_, own) => own.written())}
}
`;
}
