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

const fitted = (output: Shape): Fitted => ({
  output,
  keepsValues: false,
  keepsZeros: true,
  encoding: null,
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
    redrawByMoments(image, rows, columns, images.subarray(i * pixels, (i + 1) * pixels));
  }
  return { ...samples, values: images };
}

/**
 * Redraws one image, [rows][columns]; of a blank one, `out` stays as it is. Refers to nothing outside, because export
 * formats contain its text.
 */
export function redrawByMoments(
  image: ArrayLike<number>,
  rows: number,
  columns: number,
  out: { [index: number]: number },
): void {
  // A redrawn image's standard deviation as a share of its rows or columns: 2.5 of them fit on either side of the middle.
  const size = 0.2;
  // Limits for images that are a line or a dot: of the slant in columns per row, of the variances in pixels².
  const steepest = 2;
  const leastVariance = 1;

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
  if (mass === 0) return;
  // Centre of mass in pixels; columns that the image leans to the right per row downwards.
  const [centreX, centreY] = [sx / mass, sy / mass];
  const down = Math.max(leastVariance, syy / mass - centreY * centreY);
  const both = sxy / mass - centreX * centreY;
  const slant = Math.max(-steepest, Math.min(steepest, both / down));
  // Var(x − slant · y), for the limited slant.
  const sheared =
    sxx / mass - centreX * centreX - 2 * slant * both + slant * slant * (syy / mass - centreY * centreY);
  const across = Math.max(leastVariance, sheared);

  // Each pixel of `out` is read from its source place, between four pixels (bilinear); beyond the edges it is blank.
  const xStep = Math.sqrt(across) / (size * columns);
  const yStep = Math.sqrt(down) / (size * rows);
  const at = (x: number, y: number) =>
    x < 0 || y < 0 || x >= columns || y >= rows ? 0 : image[y * columns + x];
  for (let v = 0, i = 0; v < rows; v++) {
    const dy = (v - (rows - 1) / 2) * yStep;
    const y = centreY + dy;
    const top = Math.floor(y);
    const lower = y - top;
    for (let u = 0; u < columns; u++, i++) {
      const x = centreX + (u - (columns - 1) / 2) * xStep + slant * dy;
      const left = Math.floor(x);
      const right = x - left;
      const above = at(left, top) * (1 - right) + at(left + 1, top) * right;
      const below = at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right;
      out[i] = Math.round(above * (1 - lower) + below * lower);
    }
  }
}
