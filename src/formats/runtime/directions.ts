/**
 * Direction features of one image, in plain JavaScript, rounded as the kernels of `src/kernels/directions/assembly` round:
 * coordinates in units of 1/16384 pixel, prefix sums in integers, the rest in float32. `kernels/directions/directions-reference.ts`
 * is the same without rounding. Both differ by up to 1e-3 in features near 0, because of the square root.
 */
import type { Drawing } from '../../model/op.js';

/**
 * f64 [8][pool][pool] of 28×28 integers from 0 to 255. Refers to nothing outside, because its text is exported.
 * `fused`: multiply-adds round once, as in the kernels for relaxed SIMD, or twice.
 */
export function directions(image: ArrayLike<number>, drawing: Drawing, fused = true): Float64Array {
  const { grid, pool, aspect, allRows, sobel } = drawing;
  const f = Math.fround;
  // The product of two float32 is exact in float64; the sum rounds there first, almost always without effect.
  const madd = fused
    ? (a: number, b: number, c: number) => f(a * b + c)
    : (a: number, b: number, c: number) => f(f(a * b) + c);
  const unit = 16384;
  const side = 28;

  // Moments of pairs of rows, in pairs of pixels: Σz, Σzx, Σzy, Σzx², Σzxy, Σzy².
  let [mass, sx, sy, sxx, sxy, syy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < side * side; i++) {
    const z = image[i];
    const x = (i % side) >> 1;
    const y = Math.floor(i / side) >> 1;
    mass += z;
    sx += z * x;
    sy += z * y;
    sxx += z * x * x;
    sxy += z * x * y;
    syy += z * y * y;
  }
  const inverse = f(1 / Math.max(1, mass));
  const [mx, my] = [f(inverse * f(sx)), f(inverse * f(sy))];
  const vxx = f(f(inverse * f(sxx)) - f(mx * mx));
  const vyy = Math.max(0, f(f(inverse * f(syy)) - f(my * my)));
  const vxy = f(f(inverse * f(sxy)) - f(mx * my));
  const slant = Math.max(-8, Math.min(8, f(vxy / Math.max(f(0.01), vyy))));
  // Back from pairs of pixels to pixels.
  const vx = madd(4, Math.max(0, f(vxx - f(slant * vxy))), 1);
  const vy = madd(4, vyy, 1);
  const [cx, cy] = [madd(mx, 2, 0.5), madd(my, 2, 0.5)];
  const wide = f(f(drawing.size) * grid);
  let step = Math.max(f(f(Math.sqrt(vx)) * f(1 / wide)), f(side / (3 * grid)));
  let rowsPerPixel = f(wide / f(Math.sqrt(vy)));
  if (aspect) {
    const ratio = f(Math.sqrt(f(Math.sqrt(f(Math.sqrt(f(vx / vy)))))));
    step = f(step / Math.min(1, ratio));
    rowsPerPixel = f(rowsPerPixel / Math.max(1, ratio));
  }

  // Row r is `apart` pixels below the one before; its grid column j begins at base + r · lean + j · across.
  const apart = allRows ? 1 : 2;
  const above = f((allRows ? 0 : 0.5) - cy);
  const base = Math.trunc(f(unit * f(madd(slant, above, f(cx + 0.5)) - f(step * (grid / 2)))));
  const lean = Math.trunc(f(f(unit * apart) * slant));
  const across = Math.trunc(f(unit * step));
  const first = madd(rowsPerPixel, above, (grid - 1) / 2);
  const perRow = f(apart * rowsPerPixel);

  // The drawing with a border of zeros: [grid + 2][grid + 2].
  const width = grid + 2;
  const drawn = new Float64Array(width * width);
  const row = new Int32Array(side);
  const prefix = new Int32Array(side);
  for (let r = 0; r < side / apart; r++) {
    let sum = 0;
    for (let x = 0; x < side; x++) {
      const at = r * apart * side + x;
      row[x] = allRows ? image[at] : image[at] + image[at + side];
      sum += row[x];
      prefix[x] = sum;
    }
    if (sum === 0) continue;
    const place = Math.max(0, Math.min(grid - 1, madd(perRow, r, first)));
    const upper = Math.min(grid - 2, Math.trunc(place));
    const lower = f(place - upper);
    const at = (upper + 1) * width + 1;
    let left = 0;
    for (let j = 0; j < grid; j++) {
      const edge = j + 1 < grid ? base + r * lean + (j + 1) * across : side * unit;
      const clipped = Math.max(0, Math.min(side * unit - 1, edge));
      const x = Math.floor(clipped / unit);
      const right = unit * prefix[x] + ((clipped % unit) - unit) * row[x];
      const value = f(right - left);
      left = right;
      drawn[at + j] = madd(f(1 - lower), value, drawn[at + j]);
      drawn[at + width + j] = madd(lower, value, drawn[at + width + j]);
    }
  }

  // weights[i][p], tents of half-width grid / pool; the sums that they lack are in the factors below.
  const weights = Array.from({ length: pool }, (_, i) =>
    Float64Array.from({ length: grid }, (__, p) =>
      Math.max(0, 1 - Math.abs(p - (((i + 0.5) * grid) / pool - 0.5)) / (grid / pool)),
    ),
  );
  const sums = weights.map((tent) => tent.reduce((sum, weight) => sum + weight, 0));
  const isWhole = (weight: number) => Math.abs(weight - 1) < 1e-6;

  // Gradients in eight directions, a row at a time, pooled along x, then along y.
  const features = new Float64Array(8 * pool * pool);
  const parts = new Float64Array(8 * grid);
  for (let y = 0; y < grid; y++) {
    parts.fill(0);
    for (let x = 0; x < grid; x++) {
      const at = (y + 1) * width + x + 1;
      let gx = f(drawn[at + 1] - drawn[at - 1]);
      let gy = f(drawn[at + width] - drawn[at - width]);
      if (sobel) {
        const smooth = (p: number) => madd(0.25, f(drawn[p - width] + drawn[p + width]), f(0.5 * drawn[p]));
        const down = (p: number) => f(drawn[p + width] - drawn[p - width]);
        gx = f(smooth(at + 1) - smooth(at - 1));
        gy = madd(0.25, f(down(at - 1) + down(at + 1)), f(0.5 * down(at)));
      }
      const diagonal = Math.min(Math.abs(gx), Math.abs(gy));
      parts[(gx > 0 ? 0 : 1) * grid + x] = f(Math.abs(gx) - diagonal);
      parts[(gy > 0 ? 2 : 3) * grid + x] = f(Math.abs(gy) - diagonal);
      parts[(4 + (gx > 0 ? 2 : 0) + (gy > 0 ? 1 : 0)) * grid + x] = diagonal;
    }
    for (let k = 0; k < 8; k++) {
      for (let j = 0; j < pool; j++) {
        // The place whose weight is 1 comes first, if there is one.
        const whole = weights[j].findIndex(isWhole);
        let pooled = whole < 0 ? 0 : parts[k * grid + whole];
        for (let p = 0; p < grid; p++) {
          const weight = weights[j][p];
          if (weight > 1e-6 && p !== whole) pooled = madd(f(weight), parts[k * grid + p], pooled);
        }
        for (let i = 0; i < pool; i++) {
          const at = (k * pool + i) * pool + j;
          const weight = weights[i][y];
          if (weight > 1e-6) features[at] = madd(f(weight), pooled, features[at]);
        }
      }
    }
  }
  for (let n = 0; n < features.length; n++) {
    const i = Math.floor(n / pool) % pool;
    const norm = (0.5 / unit / sums[i] / sums[n % pool]) * (n < 4 * pool * pool ? 1 : Math.SQRT2);
    features[n] = f(Math.sqrt(f(f(norm) * features[n])));
  }
  return features;
}
