import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barX, lineY, text } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { chartFile, drawChart, seriesColours } from '../dist/report/chart.js';

const options = {
  marks: [
    lineY(
      [
        { x: 1, y: 2 },
        { x: 2, y: 3 },
      ],
      { x: 'x', y: 'y', stroke: seriesColours[0] },
    ),
    text([{ x: 1, y: 2 }], { x: 'x', y: 'y', text: () => 'a < b & "c"' }),
  ],
};

test('a chart is one SVG element that says what it shows, with text escaped', () => {
  const svg = drawChart('speed-up & threads', options);
  assert.match(svg, /^<svg [^>]*aria-label="speed-up &amp; threads"/);
  assert.match(svg, />a &lt; b &amp; "c"</);
  assert.ok(svg.trimEnd().endsWith('</svg>'));
});

test('a chart file is XML with both colour schemes and without outside references', () => {
  const svg = chartFile('bars', { marks: [barX([1, 2], { fill: seriesColours[1] })] });
  const { document } = parseHTML(svg);
  assert.equal(document.querySelectorAll('svg').length, 1);
  assert.match(svg, /xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
  assert.match(svg, /prefers-color-scheme: dark/);
  assert.doesNotMatch(svg.replaceAll(/xmlns="[^"]*"/g, ''), /https?:|url\((?!#)/);
});
