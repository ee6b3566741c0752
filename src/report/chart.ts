/**
 * Charts as SVG text, without a browser: Observable Plot draws into linkedom's document. Colours are CSS variables with
 * a light and a dark value, so a chart follows the reader's scheme both in a page and as a separate file.
 */
import { type PlotOptions, plot } from '@observablehq/plot';
import { DOMParser } from 'linkedom';
import { chartPalette } from './palette.js';

export { seriesColours } from './palette.js';

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
