/** The roofline of a profile as a chart: the roof of one core, and its phases under it. */
import { dot, line, text } from '@observablehq/plot';
import { chartFile, seriesColours } from '../report/chart.js';
import { labelPlaces } from './label-places.js';
import type { PhaseRow, PhaseTable } from './phase-table.js';
import { type Roof, ridge, roofAt } from './roof.js';

interface Point {
  readonly name: string;
  readonly intensity: number;
  readonly gflops: number;
  readonly share: number;
}

/** Share of the run; phases with a smaller share are not drawn. */
const leastShare = 0.001;

const [width, height] = [760, 460];
const margin = { left: 56, right: 24, top: 28, bottom: 44 };

/**
 * Areas of the dots are proportional to the phases' shares of the run, 22 pixels for the whole run; the smallest stay
 * visible.
 */
const radiusOf = ({ share }: Point): number => Math.max(2.5, 22 * Math.sqrt(Math.min(1, share)));

/** An SVG file. */
export function rooflineChart({ rows, roof }: PhaseTable, title: string): string {
  const points = pointsOf(rows);
  const x = decades([...points.map(({ intensity }) => intensity), ridge(roof) / 8, ridge(roof) * 8]);
  const y = decades([...points.map(({ gflops }) => gflops), roof.gflops / 100, roof.gflops * 1.5]);
  const log = {
    type: 'log',
    grid: true,
    tickFormat: (value: number) => `${Number(value.toPrecision(3))}`,
  } as const;
  return chartFile(title, {
    width,
    height,
    marginLeft: margin.left,
    marginRight: margin.right,
    marginTop: margin.top,
    marginBottom: margin.bottom,
    x: { ...log, domain: x, label: 'arithmetic intensity, FLOP a byte →', ticks: 6 },
    y: { ...log, domain: y, label: '↑ GFLOP/s of one core', ticks: 5 },
    marks: [...roofMarks(roof, x, y), ...pointMarks(points, x, y)],
  });
}

type Domain = [number, number];

function roofMarks(roof: Roof, x: Domain, y: Domain) {
  const at = (intensity: number) => ({ intensity, gflops: roofAt(intensity, roof) });
  // The slope enters the chart from the left or from below.
  const from = Math.max(x[0], y[0] / roof.bandwidthGBs);
  const onSlope = at(Math.sqrt(from * ridge(roof)));
  const label = { x: 'intensity', y: 'gflops', fill: 'var(--ink)', fontStyle: 'italic' } as const;
  return [
    line([from, ridge(roof), x[1]].map(at), {
      ...{ x: 'intensity', y: 'gflops' },
      stroke: 'var(--ink)',
      strokeWidth: 1.5,
    }),
    text([at(x[1])], {
      ...label,
      text: () => `peak ${roof.gflops.toFixed(0)} GFLOP/s`,
      textAnchor: 'end',
      dy: -10,
    }),
    text([onSlope], {
      ...label,
      text: () => `memory ${roof.bandwidthGBs.toFixed(1)} GB/s`,
      textAnchor: 'end',
      dx: -8,
      dy: -8,
    }),
  ];
}

function pointMarks(points: readonly Point[], x: Domain, y: Domain) {
  const inPixels = points.map((point) => ({
    text: point.name,
    x: margin.left + share(point.intensity, x) * (width - margin.left - margin.right),
    y: height - margin.bottom - share(point.gflops, y) * (height - margin.top - margin.bottom),
    radius: radiusOf(point),
  }));
  const labels = labelPlaces(inPixels).map(({ anchor, dx, dy }, i) =>
    text([points[i]], {
      ...{ x: 'intensity', y: 'gflops', text: 'name', fill: 'var(--ink)' },
      ...{ textAnchor: anchor, dx, dy },
    }),
  );
  const dots = points.map((point) =>
    dot([point], {
      ...{ x: 'intensity', y: 'gflops', r: radiusOf(point) },
      fill: seriesColours[0],
      fillOpacity: 0.75,
      stroke: 'var(--paper)',
    }),
  );
  return [...dots, ...labels];
}

/** Position of a value along a logarithmic axis, 0 to 1. */
const share = (value: number, [from, to]: Domain): number => Math.log(value / from) / Math.log(to / from);

/** The largest first: their labels are placed first. */
function pointsOf(rows: readonly PhaseRow[]): Point[] {
  return rows
    .flatMap(({ name, intensity, gflops, share: ofRun }): Point[] =>
      intensity === null || gflops === null || gflops <= 0 || ofRun < leastShare
        ? []
        : [{ name, intensity, gflops, share: ofRun }],
    )
    .sort((a, b) => b.share - a.share);
}

/** A range that contains all values, from a whole decade to a whole or a third of one. */
function decades(values: readonly number[]): Domain {
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(...values);
  const top = 10 ** Math.ceil(Math.log10(high));
  return [low, high <= top / 3 ? top / 3 : top];
}
