/**
 * Direction features in plain float64: the reference for the kernels. 28×28 pixels → 8 directions × pool².
 * Moment normalisation: Casey 1970; eight-direction gradient features: Liu, Nakashima, Sako, Fujisawa 2003.
 */
import type { DirectionShape } from './spec.js';

const side = 28;

type Drawing = Pick<DirectionShape, 'grid' | 'pool' | 'size' | 'aspect' | 'allRows' | 'sobel'>;

/** Direction features [direction][row][column] of one image, up to the kernels' common factor. */
export function directionFeatures(image: ArrayLike<number>, drawing: Drawing): Float64Array {
  return poolDirections(normaliseImage(image, drawing), drawing);
}

/** The image deskewed, centred and scaled by its moments, on a grid with a border of zeros: [grid + 2][grid + 2]. */
function normaliseImage(image: ArrayLike<number>, drawing: Drawing): Float64Array {
  const { grid, size, aspect, allRows } = drawing;
  const pairs = Array.from({ length: side / 2 }, (_, y) =>
    Float64Array.from(
      { length: side },
      (__, x) => (image[2 * y * side + x] + image[(2 * y + 1) * side + x]) / 2,
    ),
  );
  const { cx, cy, slant, vx, vy } = placement(pairs);
  const ratio = aspect ? Math.sqrt(Math.sqrt(Math.sqrt(vx / vy))) : 1;
  const columnWidth = Math.max(Math.sqrt(vx) / (size * grid), side / (3 * grid)) / Math.min(1, ratio);
  const rowsPerPixel = (size * grid) / Math.sqrt(vy) / Math.max(1, ratio);
  const width = grid + 2;
  const out = new Float64Array(width * width);
  const rows = allRows
    ? Array.from({ length: side }, (_, y) => ({
        y,
        row: Float64Array.from({ length: side }, (__, x) => image[y * side + x] / 2),
      }))
    : pairs.map((row, r) => ({ y: 2 * r + 0.5, row }));
  for (const { y, row } of rows) {
    const prefix = [0];
    for (const value of row) prefix.push(prefix[prefix.length - 1] + value);
    if (prefix[side] === 0) continue;
    const edge = (j: number) => {
      if (j === 0) return 0;
      if (j === grid) return prefix[side];
      const x = cx + 0.5 + slant * (y - cy) + (j - grid / 2) * columnWidth;
      const clipped = Math.min(side, Math.max(0, x));
      const whole = Math.min(side - 1, Math.floor(clipped));
      return prefix[whole] + (clipped - whole) * (prefix[whole + 1] - prefix[whole]);
    };
    const place = Math.min(grid - 1, Math.max(0, (y - cy) * rowsPerPixel + (grid - 1) / 2));
    const upper = Math.min(grid - 2, Math.floor(place));
    for (let j = 0; j < grid; j++) {
      const value = edge(j + 1) - edge(j);
      out[(upper + 1) * width + j + 1] += (1 - (place - upper)) * value;
      out[(upper + 2) * width + j + 1] += (place - upper) * value;
    }
  }
  return out;
}

/** Centre, slant and variances in pixels, measured on pairs of columns of `pairs`. */
function placement(pairs: readonly Float64Array[]) {
  let [mass, sx, sy, sxx, syy, sxy] = [0, 0, 0, 0, 0, 0];
  pairs.forEach((row, y) => {
    row.forEach((value, column) => {
      const x = column >> 1;
      mass += value;
      sx += value * x;
      sy += value * y;
      sxx += value * x * x;
      syy += value * y * y;
      sxy += value * x * y;
    });
  });
  const m = Math.max(mass, 0.5);
  const [mx, my] = [sx / m, sy / m];
  const vyy = Math.max(0, syy / m - my * my);
  const vxy = sxy / m - mx * my;
  const slant = Math.max(-8, Math.min(8, vxy / Math.max(vyy, 1e-2)));
  const vxx = Math.max(0, sxx / m - mx * mx - slant * vxy);
  return { cx: 2 * mx + 0.5, cy: 2 * my + 0.5, slant, vx: 4 * vxx + 1, vy: 4 * vyy + 1 };
}

/** Gradients split into the two nearest of eight directions, pooled by tents, square root. */
function poolDirections(bordered: Float64Array, { grid, pool, sobel }: Drawing): Float64Array {
  const width = grid + 2;
  const cell = grid / pool;
  const tents = Array.from({ length: pool }, (_, i) => {
    const weights = Array.from({ length: grid }, (__, p) =>
      Math.max(0, 1 - Math.abs(p - ((i + 0.5) * cell - 0.5)) / cell),
    );
    const sum = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => weight / sum);
  });
  const features = new Float64Array(8 * pool * pool);
  for (let y = 0; y < grid; y++) {
    for (let x = 0; x < grid; x++) {
      const at = (y + 1) * width + x + 1;
      const across = (centre: number, step: number) => bordered[centre + step] - bordered[centre - step];
      const gradient = (step: number, aside: number) =>
        sobel
          ? across(at, step) / 2 + (across(at - aside, step) + across(at + aside, step)) / 4
          : across(at, step);
      const [gx, gy] = [gradient(1, width), gradient(width, 1)];
      const diagonal = Math.min(Math.abs(gx), Math.abs(gy));
      const [right, down] = [gx > 0, gy > 0];
      const parts = new Float64Array(8);
      parts[right ? 0 : 1] = Math.abs(gx) - diagonal;
      parts[down ? 2 : 3] = Math.abs(gy) - diagonal;
      parts[4 + 2 * Number(right) + Number(down)] = Math.SQRT2 * diagonal;
      for (let i = 0; i < pool; i++) {
        for (let j = 0; j < pool; j++) {
          const weight = tents[i][y] * tents[j][x];
          for (let k = 0; k < 8; k++) features[(k * pool + i) * pool + j] += weight * parts[k];
        }
      }
    }
  }
  return features.map(Math.sqrt);
}

/** Components of raw direction features: p[k] = Σ projection · x + offset, in float64. */
export function projected(
  projection: Float32Array,
  { features, components }: DirectionShape,
  x: (feature: number) => number,
): number[] {
  return Array.from({ length: components }, (_, k) => {
    let sum = projection[features * components + k];
    for (let f = 0; f < features; f++) sum += projection[((k >> 3) * features + f) * 8 + (k & 7)] * x(f);
    return sum;
  });
}
