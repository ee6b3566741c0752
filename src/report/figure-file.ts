/** A figure of a report as an SVG file, with background, colours and legend. */

import type { Figure } from './document.js';
import { escapeHtml } from './html.js';
import { chartPalette } from './palette.js';

const [lineHeight, longestLabel] = [18, 64];

/**
 * The legend is below the chart, one line an entry; a label longer than a line is cut, with its whole text as a
 * tooltip.
 */
export function figureFile({ svg, width, height, legend, title }: Figure): string {
  const full = height + (legend.length > 0 ? legend.length * lineHeight + 8 : 0);
  const rows = legend.map(({ colour, label }, index) => {
    const y = height + index * lineHeight;
    const text = label.length > longestLabel ? `${label.slice(0, longestLabel - 1)}…` : label;
    return `<g><title>${escapeHtml(label)}</title><rect x="12" y="${y}" width="10" height="10" rx="2" fill="${colour}"/><text x="28" y="${y + 9}" fill="var(--ink)">${escapeHtml(text)}</text></g>`;
  });
  const open = `<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="${escapeHtml(title)}" width="${width}" height="${full}" viewBox="0 0 ${width} ${full}" font-family="system-ui, sans-serif" font-size="12">`;
  const style = `<style>${chartPalette}\n:root { background: var(--paper); }</style>`;
  return `${open}${style}${svg}${rows.join('')}</svg>\n`;
}
