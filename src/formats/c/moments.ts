/** C99 of the redrawing by moments: `redrawByMoments` of data/transforms/moments.ts, operation by operation, in double. */
import type { CFunction } from './functions.js';

export function moments(name: string): CFunction {
  return {
    name: `${name}_moments`,
    text: `static inline double ${name}_pixel(const uint8_t *x, int rows, int columns, int column, int row)
{
    return column < 0 || row < 0 || column >= columns || row >= rows ? 0.0 : (double)x[row * columns + column];
}

static inline void ${name}_moments(const uint8_t *x, int rows, int columns, uint8_t *y)
{
    double mass = 0, sx = 0, sy = 0, sxx = 0, sxy = 0, syy = 0;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            const double value = (double)x[r * columns + c];
            mass += value;
            sx += value * c;
            sy += value * r;
            sxx += value * c * c;
            sxy += value * c * r;
            syy += value * r * r;
        }
    if (!(mass > 0)) {
        for (int i = 0; i < rows * columns; i++)
            y[i] = 0;
        return;
    }
    const double cx = sx / mass, cy = sy / mass, variance = syy / mass - cy * cy, both = sxy / mass - cx * cy;
    const double down = variance > 1.0 ? variance : 1.0;
    double slant = both / down;
    slant = slant > 2.0 ? 2.0 : slant < -2.0 ? -2.0 : slant;
    double across = sxx / mass - cx * cx - 2.0 * slant * both + slant * slant * variance;
    across = across > 1.0 ? across : 1.0;
    const double x_step = sqrt(across) / (0.2 * columns), y_step = sqrt(down) / (0.2 * rows);
    for (int v = 0; v < rows; v++) {
        const double dy = (v - (rows - 1) / 2.0) * y_step, from_row = cy + dy, top = floor(from_row), lower = from_row - top;
        for (int u = 0; u < columns; u++) {
            const double from = cx + (u - (columns - 1) / 2.0) * x_step + slant * dy, left = floor(from), right = from - left;
            const int l = (int)left, t = (int)top;
            const double above = ${name}_pixel(x, rows, columns, l, t) * (1 - right) + ${name}_pixel(x, rows, columns, l + 1, t) * right;
            const double below = ${name}_pixel(x, rows, columns, l, t + 1) * (1 - right) + ${name}_pixel(x, rows, columns, l + 1, t + 1) * right;
            const double value = above * (1 - lower) + below * lower, whole = floor(value);
            *y++ = (uint8_t)(value - whole >= 0.5 ? whole + 1 : whole);
        }
    }
}
`,
  };
}
