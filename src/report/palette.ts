/** The colours of charts, apart from what draws them: CSS variables with a light and a dark value. */

/** Categorical colours, distinguishable with any colour vision (Okabe & Ito 2008, darkened for text). */
export const seriesColours = [
  'var(--series-1)',
  'var(--series-2)',
  'var(--series-3)',
  'var(--series-4)',
  'var(--series-5)',
  'var(--series-6)',
  'var(--series-7)',
] as const;

/** Values of the colours; `--ink` is text and axes, `--faint` grids and ideals, `--paper` the ground. */
export const chartPalette = `
:root, svg {
  --ink: #1f2328; --paper: #ffffff; --faint: #8b949e;
  --series-1: #0072b2; --series-2: #d55e00; --series-3: #009e73; --series-4: #cc79a7;
  --series-5: #b8860b; --series-6: #56b4e9; --series-7: #6e5494;
}
@media screen and (prefers-color-scheme: dark) {
  :root, svg {
    --ink: #e6edf3; --paper: #0d1117; --faint: #7d8590;
    --series-1: #58a6ff; --series-2: #ff9e64; --series-3: #3fb98f; --series-4: #e39ac4;
    --series-5: #e3b341; --series-6: #8fd0f5; --series-7: #b39ddb;
  }
}`.trim();
