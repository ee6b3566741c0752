/**
 * Moment normalisation of images (Casey 1970, "Moment normalization of handprinted characters"). Each image is redrawn
 * with its centre of mass in the middle, without slant, and with the same standard deviation horizontally and
 * vertically. The network then learns shapes, not positions and styles of writing. The direction features have a
 * version of their own, on a coarser grid and in kernels; this one keeps the images' size and runs once, before a run.
 */
import { inOneStep } from '../../numbers/steps.js';
import {
  type Fitted,
  type Shape,
  sizeOf,
  type Transform,
  type TransformKind,
  type Values,
} from './transform.js';

/**
 * A redrawn image's standard deviation as a share of its rows or columns: 2.5 of them fit on either side of the middle.
 */
const size = 0.2;

/** Limits for images that are a line or a dot: of the slant in columns per row, of the variances in pixels². */
const steepest = 2;
const leastVariance = 1;

interface Placement {
  /** Centre of mass, in pixels. */
  readonly x: number;
  readonly y: number;
  /** Columns that the image leans to the right per row downwards. */
  readonly slant: number;
  /** Variances of the upright image. */
  readonly across: number;
  readonly down: number;
}

const fitted = (output: Shape): Fitted => ({
  output,
  keepsValues: false,
  keepsZeros: true,
  affine: null,
  apply: normaliseMoments,
  describe: () => [{ op: 'moments' }],
  tensors: () => new Map(),
});

const moments: Transform = {
  fit: ({ shape }) => inOneStep(() => fitted(shape)),
  restore: (_, { shape }) => fitted(shape),
};

export const momentsOf: TransformKind = {
  keys: ['momentNormalise'],
  of: ({ momentNormalise }) => (momentNormalise ? moments : null),
};

/** Redraws every image; blank images stay unchanged. */
export function normaliseMoments(samples: Values, out: Values['values'] | null = null): Values {
  const { values, shape, count } = samples;
  const [rows, columns] = shape;
  const pixels = sizeOf(shape);
  const images = out ?? new Uint8Array(count * pixels);
  for (let i = 0; i < count; i++) {
    const image = values.subarray(i * pixels, (i + 1) * pixels);
    const placement = placementOf(image, rows, columns);
    if (placement !== null)
      draw(image, rows, columns, placement, images.subarray(i * pixels, (i + 1) * pixels));
  }
  return { ...samples, values: images };
}

/** Null for a blank image. */
function placementOf(image: Values['values'], rows: number, columns: number): Placement | null {
  let [mass, sx, sy, sxx, sxy, syy] = [0, 0, 0, 0, 0, 0];
  for (let y = 0, i = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, i++) {
      const value = image[i];
      if (value === 0) continue;
      mass += value;
      sx += value * x;
      sy += value * y;
      sxx += value * x * x;
      sxy += value * x * y;
      syy += value * y * y;
    }
  }
  if (mass === 0) return null;
  const [x, y] = [sx / mass, sy / mass];
  const down = Math.max(leastVariance, syy / mass - y * y);
  const both = sxy / mass - x * y;
  const slant = Math.max(-steepest, Math.min(steepest, both / down));
  // Var(x − slant · y), for the limited slant.
  const sheared = sxx / mass - x * x - 2 * slant * both + slant * slant * (syy / mass - y * y);
  return { x, y, slant, across: Math.max(leastVariance, sheared), down };
}

/**
 * Each pixel of `out` is read from its source place in `image`, between four pixels (bilinear); beyond the edges it is
 * blank.
 */
function draw(
  image: Values['values'],
  rows: number,
  columns: number,
  from: Placement,
  out: Values['values'],
): void {
  const xStep = Math.sqrt(from.across) / (size * columns);
  const yStep = Math.sqrt(from.down) / (size * rows);
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= columns || y >= rows ? 0 : image[y * columns + x];
  for (let v = 0, i = 0; v < rows; v++) {
    const dy = (v - (rows - 1) / 2) * yStep;
    const y = from.y + dy;
    const top = Math.floor(y);
    const lower = y - top;
    for (let u = 0; u < columns; u++, i++) {
      const x = from.x + (u - (columns - 1) / 2) * xStep + from.slant * dy;
      const left = Math.floor(x);
      const right = x - left;
      const above = at(left, top) * (1 - right) + at(left + 1, top) * right;
      const below = at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
      out[i] = Math.round(above * (1 - lower) + below * lower);
    }
  }
}
