/**
 * Direction features with ONNX operators, rounded as the kernels of src/kernels/directions round them: places in units of
 * 1/16384 pixel, prefix sums in integers, the rest in float32. Features near 0 need it: the square root enlarges small
 * differences. Products that the kernels add without rounding them first are float64 here, the sum is rounded to float32.
 */
import type { Drawing } from '../../model/op.js';
import { Expressions } from './lowering.js';
import { Element } from './schema.js';

const side = 28;
const unit = 16_384;

/** Both precisions, and conversions between them. */
class Exact {
  readonly f: Expressions;
  readonly d: Expressions;

  constructor(e: Expressions) {
    this.f = new Expressions(e.builder, 'float');
    this.d = new Expressions(e.builder, 'double');
  }

  float = (value: string): string => this.d.cast(value, Element.float);
  double = (value: string): string => this.f.cast(value, Element.double);
  /** float32 a · b + c, rounded once; numbers are float32. */
  madd = (a: string | number, b: string | number, c: string | number): string => {
    const [x, y, z] = [a, b, c].map((value) => (typeof value === 'number' ? value : this.double(value)));
    return this.float(this.d.add(this.d.mul(x, y), z));
  };
}

/** `image`: [N, 784] in the precision of `e`; returns float32 [N, 8 · pool²]. */
export function drawDirections(e: Expressions, image: string, drawing: Drawing): string {
  const exact = new Exact(e);
  const pixels = e.precision === 'double' ? image : exact.double(image);
  const places = placement(exact, pixels, drawing);
  const bordered = drawn(exact, pixels, places, drawing);
  return pooled(exact.f, gradients(exact.f, bordered, drawing), drawing);
}

/** Each [N, 1]. Row r begins at base + r · lean, column j across · j later, int64; its grid row is first + r · perRow. */
interface Placement {
  readonly base: string;
  readonly lean: string;
  readonly across: string;
  readonly first: string;
  readonly perRow: string;
}

function placement({ f, d, float, madd }: Exact, pixels: string, drawing: Drawing): Placement {
  const { grid, size, aspect, allRows } = drawing;
  // In pairs of pixels.
  const sumOf = (name: string, weight: (x: number, y: number) => number) => {
    const weights = Float64Array.from({ length: side * side }, (_, i) =>
      weight((i % side) >> 1, Math.floor(i / side) >> 1),
    );
    return float(d.node('MatMul', [pixels, d.array(`moment_${name}`, [side * side, 1], weights)]));
  };
  const inverse = f.div(
    1,
    f.max(
      sumOf('1', () => 1),
      1,
    ),
  );
  const mean = (name: string, weight: (x: number, y: number) => number) =>
    f.mul(inverse, sumOf(name, weight));
  const mx = mean('x', (x) => x);
  const my = mean('y', (_, y) => y);
  const vxx = f.sub(
    mean('xx', (x) => x * x),
    f.mul(mx, mx),
  );
  const vyy = f.max(
    f.sub(
      mean('yy', (_, y) => y * y),
      f.mul(my, my),
    ),
    0,
  );
  const vxy = f.sub(
    mean('xy', (x, y) => x * y),
    f.mul(mx, my),
  );
  const slant = f.clip(f.div(vxy, f.max(vyy, 0.01)), -8, 8);
  // Back from pairs of pixels to pixels.
  const vx = madd(f.max(f.sub(vxx, f.mul(slant, vxy)), 0), 4, 1);
  const vy = madd(vyy, 4, 1);
  const [cx, cy] = [madd(mx, 2, 0.5), madd(my, 2, 0.5)];
  const wide = Math.fround(Math.fround(size) * grid);
  let step = f.max(f.mul(f.sqrt(vx), 1 / wide), side / (3 * grid));
  let rowsPerPixel = f.div(wide, f.sqrt(vy));
  if (aspect) {
    const ratio = f.sqrt(f.sqrt(f.sqrt(f.div(vx, vy))));
    step = f.div(step, f.min(ratio, 1));
    rowsPerPixel = f.div(rowsPerPixel, f.max(ratio, 1));
  }
  const apart = allRows ? 1 : 2;
  const above = f.sub(allRows ? 0 : 0.5, cy);
  const start = f.sub(madd(slant, above, f.add(cx, 0.5)), f.mul(step, grid / 2));
  const units = (value: string, scale: number) => f.cast(f.mul(value, scale), Element.int64);
  return {
    base: units(start, unit),
    lean: units(slant, unit * apart),
    across: units(step, unit),
    first: madd(rowsPerPixel, above, (grid - 1) / 2),
    perRow: f.mul(rowsPerPixel, apart),
  };
}

/** The image on its grid: float32 [N, 1, grid, grid]. */
function drawn(exact: Exact, pixels: string, at: Placement, { grid, allRows }: Drawing): string {
  const { d, float, double, madd } = exact;
  const count = allRows ? side : side / 2;
  const values = binned(exact, pixels, at, count, grid);
  // Weights of a row's values in the rows of the grid: a tent around its place, [N, count, grid, 1].
  const numbers = exact.f.array('row_numbers', [1, count], sequence(count));
  const place = double(exact.f.clip(madd(at.perRow, numbers, at.first), 0, grid - 1));
  const gridRows = d.array('grid_rows', [1, 1, grid], sequence(grid));
  const distance = d.abs(d.sub(d.reshape(place, [count, 1]), gridRows));
  const tents = d.reshape(double(float(d.max(d.sub(1, distance), 0))), [count, grid, 1]);
  let sum = d.number(0);
  for (let row = 0; row < count; row++) {
    const index = d.builder.constant('int64', [row]);
    const of = (value: string) => d.node('Gather', [value, index], { axis: 1 });
    const rounded = float(d.add(d.mul(of(tents), of(values)), sum));
    if (row + 1 === count) return rounded;
    sum = double(rounded);
  }
  return sum;
}

/** Rows, or sums of two, cut into the columns of the grid: float64 [N, count, 1, grid] of float32. */
function binned(
  { d, float, double }: Exact,
  pixels: string,
  at: Placement,
  count: number,
  grid: number,
): string {
  const { builder } = d;
  const int64 = (shape: readonly number[], list: readonly number[]) =>
    builder.tensor('places', shape, BigInt64Array.from(list, BigInt));
  const number = (value: number) => builder.constant('int64', value);
  const each = (value: string) => d.reshape(value, [1, 1]);
  const rows =
    count === side ? d.reshape(pixels, [side, side]) : d.sum(d.reshape(pixels, [count, 2, side]), [2], false);
  const prefix = d.node('CumSum', [rows, number(2)]);
  // The right edge of the last column is far to the right, where it is clipped to the end of the row.
  const isLast = (j: number) => j + 1 === grid;
  const columns = int64(
    [1, 1, grid],
    sequence(grid).map((j) => (isLast(j) ? 0 : j + 1)),
  );
  const beyond = int64(
    [1, 1, grid],
    sequence(grid).map((j) => (isLast(j) ? 2 ** 29 : 0)),
  );
  const leaning = builder.node('Mul', [int64([1, count, 1], sequence(count)), each(at.lean)]);
  const starts = builder.node('Add', [each(at.base), leaning]);
  const apart = builder.node('Add', [builder.node('Mul', [columns, each(at.across)]), beyond]);
  const edges = builder.node('Clip', [
    builder.node('Add', [starts, apart]),
    number(0),
    number(side * unit - 1),
  ]);
  const pixel = builder.node('Div', [edges, number(unit)]);
  const within = d.cast(builder.node('Mod', [edges, number(unit)]), Element.double);
  const taken = (table: string) => d.node('GatherElements', [table, pixel], { axis: 2 });
  const upTo = d.add(d.mul(taken(prefix), unit), d.mul(d.sub(within, unit), taken(rows)));
  // Less what the column before it ended with; integers below 2^53.
  const difference = sequence(grid * grid).map((i) => {
    const [from, to] = [Math.floor(i / grid), i % grid];
    return Number(from === to) - Number(from + 1 === to);
  });
  const values = d.node('MatMul', [upTo, d.array('differences', [grid, grid], difference)]);
  return d.reshape(double(float(values)), [count, 1, grid]);
}

/** Eight directions, float32 [N, 8, grid, grid]: the diagonal part min(|gx|, |gy|), the rest along an axis. */
function gradients(f: Expressions, image: string, { grid, sobel }: Drawing): string {
  const int64 = (...list: number[]) => f.builder.constant('int64', list);
  const bordered = f.node('Pad', [image, int64(0, 0, 1, 1, 0, 0, 1, 1)]);
  /** From `start`, as many as the grid has, or all: rows and columns. */
  const part = (value: string, [axis, start]: readonly number[]) =>
    f.node('Slice', [value, int64(start), int64(start + grid), int64(axis)]);
  const [rows, columns] = [(start: number) => [2, start], (start: number) => [3, start]];
  const inner = (value: string, y: number, x: number) => part(part(value, rows(y)), columns(x));
  let gx = f.sub(inner(bordered, 1, 2), inner(bordered, 1, 0));
  let gy = f.sub(inner(bordered, 2, 1), inner(bordered, 0, 1));
  if (sobel) {
    const [upper, middle, lower] = [0, 1, 2].map((y) => part(bordered, rows(y)));
    const smooth = f.add(f.mul(f.add(upper, lower), 0.25), f.mul(middle, 0.5));
    const down = f.sub(lower, upper);
    gx = f.sub(part(smooth, columns(2)), part(smooth, columns(0)));
    const aside = f.mul(f.add(part(down, columns(0)), part(down, columns(2))), 0.25);
    gy = f.add(aside, f.mul(part(down, columns(1)), 0.5));
  }
  const diagonal = f.min(f.abs(gx), f.abs(gy));
  const [right, down] = [f.node('Greater', [gx, 0]), f.node('Greater', [gy, 0])];
  const [across, along] = [gx, gy].map((g) => f.sub(f.abs(g), diagonal));
  const where = (condition: string, value: string) => f.node('Where', [condition, value, 0]);
  const unless = (condition: string, value: string) => f.node('Where', [condition, 0, value]);
  const [toLeft, toRight] = [unless(right, diagonal), where(right, diagonal)];
  const axes = [where(right, across), unless(right, across), where(down, along), unless(down, along)];
  const diagonals = [toLeft, toRight].flatMap((value) => [unless(down, value), where(down, value)]);
  return f.node('Concat', [...axes, ...diagonals], { axis: 1 });
}

/** Pooled by tents along both axes, scaled, square root: [N, 8 · pool²]. */
function pooled(f: Expressions, directions: string, { grid, pool }: Drawing): string {
  const width = grid / pool;
  const tents = sequence(pool).map((i) =>
    sequence(grid).map((p) => Math.max(0, 1 - Math.abs(p - ((i + 0.5) * width - 0.5)) / width)),
  );
  const sums = tents.map((tent) => tent.reduce((sum, weight) => sum + weight, 0));
  const across = f.array(
    'tents_across',
    [grid, pool],
    sequence(grid).flatMap((p) => tents.map((tent) => tent[p])),
  );
  const down = f.array('tents_down', [pool, grid], tents.flat());
  const cells = f.node('MatMul', [down, f.node('MatMul', [directions, across])]);
  // √2 for the diagonal directions.
  const norms = sequence(8).flatMap((k) =>
    sums.flatMap((above) => sums.map((left) => (0.5 / unit / above / left) * (k < 4 ? 1 : Math.SQRT2))),
  );
  const scaled = f.mul(f.array('norms', [8, pool, pool], norms), cells);
  return f.reshape(f.sqrt(scaled), [8 * pool * pool]);
}

const sequence = (length: number): number[] => Array.from({ length }, (_, i) => i);
