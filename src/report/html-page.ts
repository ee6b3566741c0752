/** A report as one HTML file: no script, no network, light and dark, for phone, screen and paper. */

import type { Block, Figure, Report, Section, Table } from './document.js';
import { type Html, html, trusted } from './html.js';
import { chartPalette } from './palette.js';

/** Charts are drawn 440 wide, so that their text is readable when a phone shrinks them. */
const style = `
${chartPalette}
:root { color-scheme: light dark; --soft: #f3f5f8; --line: #d5dae1; --warn: #9a3412; }
@media screen and (prefers-color-scheme: dark) { :root { --soft: #161b22; --line: #30363d; --warn: #ffa657; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem clamp(.8rem, 3vw, 2rem) 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p, li { max-width: 46rem; overflow-wrap: anywhere; }
.notices { border: 1px solid var(--warn); border-radius: 6px; padding: .2rem 1rem; background: var(--soft); }
.notices h2 { border: 0; margin: .5rem 0 0; padding: 0; color: var(--warn); font-size: 1.1rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.2rem; }
figure { margin: 0; min-width: 0; max-width: 34rem; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; overflow: visible; }
figure h3 { margin: .4rem 0; }
figcaption { color: var(--ink); font-size: .85rem; opacity: .85; overflow-wrap: anywhere; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .1rem .9rem; margin: .2rem 0; padding: 0; font-size: .85rem; }
.legend i { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .35em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { background: var(--soft); white-space: nowrap; }
td:first-child { min-width: 10rem; }
.r { text-align: right; white-space: nowrap; }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  .scroll { overflow: visible; }
  .figures { grid-template-columns: 1fr 1fr; }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
  table { font-size: 8.5pt; }
}`;

/** Nothing may be loaded or run, for any name in a log. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";

export function htmlPage(report: Report): string {
  const notices = html`<aside class="notices"><h2>Damaged logs</h2><p>The readable part is used below.</p>
<ul>${report.notices.map((notice) => html`<li>${notice}</li>`)}</ul></aside>`;
  const leftOut = html`<section><h2>Omitted</h2>
<ul>${report.leftOut.map(({ title, reason }) => html`<li>${title}: ${reason}</li>`)}</ul></section>`;
  return `${
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${report.title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<h1>${report.title}</h1>
<p>${report.summary}</p>
${report.notices.length > 0 ? notices : ''}
${report.sections.map(section)}
${report.leftOut.length > 0 ? leftOut : ''}
</body>
</html>`.text
  }\n`;
}

const section = ({ title, blocks }: Section): Html => html`<section><h2>${title}</h2>
${blocks.map(block)}</section>
`;

function block(content: Block): Html {
  switch (content.kind) {
    case 'words':
      return html`<p>${content.text}</p>\n`;
    case 'table':
      return html`<h3>${content.title}</h3>\n${tableHtml(content.table)}\n`;
    case 'figures':
      return html`<div class="figures">${content.figures.map(figureHtml)}</div>\n`;
  }
}

/** Scrolls separately if it is wider than the page; the keyboard can focus it. */
function tableHtml({ heading, align = [], rows }: Table): Html {
  const side = (column: number) => (align[column] === 'r' ? 'r' : 'l');
  return html`<div class="scroll" tabindex="0"><table>
<thead><tr>${heading.map((cell, i) => html`<th class="${side(i)}" scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => html`<td class="${side(i)}">${cell}</td>`)}</tr>\n`)}</tbody>
</table></div>`;
}

function figureHtml({ title, caption, svg, legend }: Figure): Html {
  const entries = legend.map(
    ({ colour, label }) => html`<li><i style="background:${colour}"></i>${label}</li>`,
  );
  return html`<figure><h3>${title}</h3>
${trusted(svg)}
${legend.length > 0 ? html`<ul class="legend">${entries}</ul>` : ''}
<figcaption>${caption}</figcaption></figure>\n`;
}
