/** A learning-rate range test as a chart. */
import { axisX, axisY, dot, lineY, type Markish, ruleX, text } from '@observablehq/plot';
import { chartFile, seriesColours } from '../report/chart.js';
import { rateText } from './range-report.js';
import type { RangeFinding, RangeRun } from './range-test.js';

/** 1 and 3 times every power of ten between the two. */
function decades(from: number, to: number): number[] {
  const first = Math.floor(Math.log10(from));
  const count = Math.ceil(Math.log10(to)) - first + 1;
  const ticks = Array.from({ length: count }, (_, i) => [10 ** (first + i), 3 * 10 ** (first + i)]).flat();
  return ticks.filter((tick) => tick >= from * 0.999 && tick <= to * 1.001);
}

/** Beside the top of its line. */
function label(rate: number | null, what: string, colour: string, top: number): Markish[] {
  if (rate === null) return [];
  const place = { x: [rate], y: [top], dx: -5, dy: 8, textAnchor: 'end', lineAnchor: 'top' } as const;
  return [text([`${what} ${rateText(rate)}`], { ...place, fill: colour, fontWeight: 600 })];
}

/** An SVG file: loss against the rate, with the suggestion and the edge marked. */
export function rangeChart(name: string, { points }: RangeRun, finding: RangeFinding): string {
  const { smoothed, suggested, edge } = finding;
  const top = 1.15 * Math.max(smoothed[0], ...smoothed.slice(0, 3));
  const losses = points.map(({ learningRate, loss }, i) => ({ learningRate, loss, smoothed: smoothed[i] }));
  const marks: Markish[] = [
    suggested === null ? null : ruleX([suggested], { stroke: seriesColours[2], strokeWidth: 2 }),
    edge === null
      ? null
      : ruleX([edge], { stroke: seriesColours[1], strokeWidth: 2, strokeDasharray: '5 3' }),
    dot(
      losses.filter(({ loss }) => loss <= top),
      { x: 'learningRate', y: 'loss', r: 1.8, fill: 'var(--faint)' },
    ),
    lineY(
      losses.filter((point) => point.smoothed <= top),
      { x: 'learningRate', y: 'smoothed', stroke: seriesColours[0], strokeWidth: 2 },
    ),
    axisX(decades(points[0].learningRate, points[points.length - 1].learningRate), {
      label: 'learning rate',
      labelAnchor: 'right',
      labelOffset: 38,
      text: rateText,
      color: 'var(--ink)',
    }),
    ...label(suggested, 'suggested', seriesColours[2], top),
    ...label(edge, 'edge', seriesColours[1], top),
    axisY({ label: 'loss', ticks: 6, color: 'var(--ink)' }),
  ];
  return chartFile(`${name}: loss while the learning rate rises`, {
    width: 720,
    height: 340,
    marginBottom: 44,
    marginLeft: 50,
    x: { type: 'log' },
    y: { domain: [0, top] },
    marks,
  });
}
