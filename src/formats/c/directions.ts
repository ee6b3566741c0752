/** C99 of direction features: `directions` of runtime/directions.ts, operation by operation, so that they round alike. */
import type { Drawing } from '../../model/op.js';
import type { CFunction } from './functions.js';
import { constantArray, floatLiteral } from './literals.js';

const side = 28;
const unit = 16384;

/** Bytes of the function's arrays: the drawing, directions of a row, prefix sums. */
export const directionsBytes = ({ grid }: Drawing): number => 4 * ((grid + 2) ** 2 + 8 * grid + 2 * side);

/** Bytes of its tables. */
export const directionsTableBytes = ({ grid, pool }: Drawing): number => 4 * (pool * grid + pool * pool);

export function directions(name: string, { grid, pool, size, aspect, allRows, sobel }: Drawing): CFunction {
  const weights = Array.from({ length: pool }, (_, i) =>
    Array.from({ length: grid }, (__, p) =>
      Math.max(0, 1 - Math.abs(p - (((i + 0.5) * grid) / pool - 0.5)) / (grid / pool)),
    ),
  );
  const sums = weights.map((row) => row.reduce((sum, weight) => sum + weight, 0));
  // A tent's place of weight 1, if there is one, is added first: as -1 if not.
  const peak = (row: readonly number[]) => row.findIndex((weight) => Math.abs(weight - 1) < 1e-6);
  const peaks = weights.map(peak);
  const cut = weights.flat().map((weight) => (weight > 1e-6 ? weight : 0));
  const factor = (i: number, j: number) => 0.5 / unit / sums[i] / sums[j];
  const factors = (root: number) => weights.flatMap((_, i) => weights.map((__, j) => factor(i, j) * root));
  const f = floatLiteral;
  const wide = Math.fround(Math.fround(size) * grid);
  const apart = allRows ? 1 : 2;
  const pixel = `x[${apart} * r * ${side} + c]`;
  const gradients = sobel
    ? `            float gx = ${name}_smooth(at + 1) - ${name}_smooth(at - 1);
            const float left = at[WIDTH - 1] - at[-WIDTH - 1], right = at[WIDTH + 1] - at[-WIDTH + 1];
            float gy = fmaf(0.25f, left + right, 0.5f * (at[WIDTH] - at[-WIDTH]));`
    : `            float gx = at[1] - at[-1], gy = at[WIDTH] - at[-WIDTH];`;
  const smooth = `static inline float ${name}_smooth(const float *at)
{
    return fmaf(0.25f, at[-${grid + 2}] + at[${grid + 2}], 0.5f * at[0]);
}

`;
  const ratio = `    const float ratio = sqrtf(sqrtf(sqrtf(vx / vy)));
    step /= ratio < 1.0f ? ratio : 1.0f;
    per_pixel /= ratio > 1.0f ? ratio : 1.0f;
`;
  return {
    name: `${name}_directions`,
    text: `${constantArray('float', `${name}_tents`, cut)}
${constantArray('float', `${name}_axis_factors`, factors(1))}
${constantArray('float', `${name}_diagonal_factors`, factors(Math.SQRT2))}
static const int ${name}_peaks[${pool}] = { ${peaks.join(', ')} };

static inline float ${name}_between(float low, float value, float high)
{
    return value < low ? low : value > high ? high : value;
}

${sobel ? smooth : ''}/* Coordinates in 1/${unit} pixel, prefix sums in integers, fused multiply-adds: as the program that trained the model. */
static inline void ${name}_directions(const uint8_t *x, float *features)
{
    enum { GRID = ${grid}, POOL = ${pool}, WIDTH = GRID + 2 };
    int32_t mass = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
    for (int r = 0; r < ${side}; r++)
        for (int c = 0; c < ${side}; c++) {
            const int32_t z = x[r * ${side} + c], h = c / 2, v = r / 2;
            mass += z;
            sx += z * h;
            sy += z * v;
            sxx += z * h * h;
            sxy += z * h * v;
            syy += z * v * v;
        }
    const float inverse = 1.0f / (float)(mass > 1 ? mass : 1), mx = inverse * (float)sx, my = inverse * (float)sy;
    const float vxx = inverse * (float)sxx - mx * mx, vxy = inverse * (float)sxy - mx * my;
    float vyy = inverse * (float)syy - my * my;
    vyy = vyy > 0.0f ? vyy : 0.0f;
    const float slant = ${name}_between(-8.0f, vxy / (vyy > 0.01f ? vyy : 0.01f), 8.0f), rest = vxx - slant * vxy;
    const float vx = fmaf(4.0f, rest > 0.0f ? rest : 0.0f, 1.0f), vy = fmaf(4.0f, vyy, 1.0f);
    const float cx = fmaf(mx, 2.0f, 0.5f), cy = fmaf(my, 2.0f, 0.5f);
    float step = sqrtf(vx) * ${f(1 / wide)}, per_pixel = ${f(wide)} / sqrtf(vy);
    step = step > ${f(side / (3 * grid))} ? step : ${f(side / (3 * grid))};
${aspect ? ratio : ''}
    /* Row r of those drawn: its grid column j begins at base + r * lean + j * across. */
    const float above = ${allRows ? '0.0f' : '0.5f'} - cy, first = fmaf(per_pixel, above, ${f((grid - 1) / 2)}), per_row = ${f(apart)} * per_pixel;
    const int32_t base = (int32_t)(${f(unit)} * (fmaf(slant, above, cx + 0.5f) - step * ${f(grid / 2)}));
    const int32_t lean = (int32_t)(${f(unit * apart)} * slant), across = (int32_t)(${f(unit)} * step);
    float drawn[WIDTH * WIDTH];
    for (int i = 0; i < WIDTH * WIDTH; i++)
        drawn[i] = 0.0f;
    for (int32_t r = 0; r < ${side / apart}; r++) {
        int32_t row[${side}], prefix[${side}], sum = 0;
        for (int c = 0; c < ${side}; c++) {
            row[c] = ${allRows ? pixel : `${pixel} + x[(2 * r + 1) * ${side} + c]`};
            prefix[c] = sum += row[c];
        }
        if (sum == 0)
            continue;
        const float place = ${name}_between(0.0f, fmaf(per_row, (float)r, first), ${f(grid - 1)});
        const int upper = (int)place < GRID - 2 ? (int)place : GRID - 2;
        const float lower = place - (float)upper;
        float *at = drawn + (upper + 1) * WIDTH + 1;
        int32_t left = 0;
        for (int32_t j = 1; j <= GRID; j++, at++) {
            int32_t edge = j < GRID ? base + r * lean + j * across : ${side * unit - 1};
            edge = edge < 0 ? 0 : edge > ${side * unit - 1} ? ${side * unit - 1} : edge;
            const int32_t c = edge / ${unit}, right = ${unit} * prefix[c] + (edge % ${unit} - ${unit}) * row[c];
            const float value = (float)(right - left);
            left = right;
            at[0] = fmaf(1.0f - lower, value, at[0]);
            at[WIDTH] = fmaf(lower, value, at[WIDTH]);
        }
    }

    /* Gradients in eight directions, a row at a time, pooled along columns, then along rows. */
    for (int i = 0; i < 8 * POOL * POOL; i++)
        features[i] = 0.0f;
    for (int r = 0; r < GRID; r++) {
        float parts[8][GRID] = { { 0 } };
        for (int c = 0; c < GRID; c++) {
            const float *at = drawn + (r + 1) * WIDTH + c + 1;
${gradients}
            const int right_of = gx > 0.0f, down = gy > 0.0f;
            gx = gx < 0.0f ? -gx : gx;
            gy = gy < 0.0f ? -gy : gy;
            const float diagonal = gx < gy ? gx : gy;
            parts[right_of ? 0 : 1][c] = gx - diagonal;
            parts[down ? 2 : 3][c] = gy - diagonal;
            parts[4 + 2 * right_of + down][c] = diagonal;
        }
        for (int k = 0; k < 8; k++)
            for (int j = 0; j < POOL; j++) {
                const int peak = ${name}_peaks[j];
                float pooled = peak < 0 ? 0.0f : parts[k][peak];
                for (int c = 0; c < GRID; c++)
                    if (c != peak && ${name}_tents[j * GRID + c] > 0.0f)
                        pooled = fmaf(${name}_tents[j * GRID + c], parts[k][c], pooled);
                for (int i = 0; i < POOL; i++)
                    if (${name}_tents[i * GRID + r] > 0.0f) {
                        float *at = features + (k * POOL + i) * POOL + j;
                        *at = fmaf(${name}_tents[i * GRID + r], pooled, *at);
                    }
            }
    }
    for (int i = 0; i < 8 * POOL * POOL; i++)
        features[i] = sqrtf(features[i] * (i < 4 * POOL * POOL ? ${name}_axis_factors : ${name}_diagonal_factors)[i % (POOL * POOL)]);
}
`,
  };
}
