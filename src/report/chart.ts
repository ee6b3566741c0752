/**
 * Charts as SVG text, without a browser: Observable Plot draws into linkedom's document. Colours are CSS variables with
 * a light and a dark value, so a chart follows the reader's scheme both in a page and as a separate file.
 */
import { type PlotOptions, plot } from '@observablehq/plot';
import { DOMParser } from 'linkedom';

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

/** An `<svg>` element for a page that defines `chartPalette`. `title` is read by screen readers. */
export function drawChart(title: string, options: PlotOptions): string {
  // An XML document, whose attributes are escaped as required in a file.
  const document = new DOMParser().parseFromString('<svg/>', 'image/svg+xml');
  const chart = plot({
    ...options,
    document,
    figure: false,
    ariaLabel: title,
    style: { color: 'var(--ink)', background: 'transparent', fontSize: '12px', ...styleOf(options) },
  });
  chart.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  chart.setAttribute('role', 'img');
  return chart.toString();
}

/** The same chart as a separate file, with its own background and colours. */
export function chartFile(title: string, options: PlotOptions): string {
  const svg = drawChart(title, options);
  const style = `<style>${chartPalette}\nsvg { background: var(--paper) !important; }</style>`;
  return `${svg.replace('>', `>${style}`)}\n`;
}

function styleOf({ style }: PlotOptions) {
  return typeof style === 'object' ? style : {};
}
