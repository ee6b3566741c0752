/** The roofline of a profile as a chart: the roof of one core, and where its phases lie under it. */
import { dot, line, type Markish, text } from '@observablehq/plot';
import { chartFile, seriesColours } from '../report/chart.js';
import type { PhaseRow, PhaseTable } from './phase-table.js';
import { ridge, roofAt } from './roof.js';

interface Point {
  readonly name: string;
  readonly intensity: number;
  readonly gflops: number;
  readonly share: number;
  readonly side: 'left' | 'right';
}

/** Smallest share of the run that is drawn: labels of phases that do not matter would hide those that do. */
const leastShare = 0.002;

/** An SVG file; areas of the dots are proportional to the phases' shares of the run. */
export function rooflineChart(table: PhaseTable, title: string): string {
  const { roof } = table;
  const points = placed(table.rows);
  const [xFrom, xTo] = decades([
    ...points.map(({ intensity }) => intensity),
    ridge(roof) / 8,
    ridge(roof) * 8,
  ]);
  const [yFrom, yTo] = decades([...points.map(({ gflops }) => gflops), roof.gflops / 100, roof.gflops * 1.2]);
  const edge = [xFrom, ridge(roof), xTo].map((intensity) => ({ intensity, gflops: roofAt(intensity, roof) }));
  const label = (side: Point['side']): Markish =>
    text(
      points.filter((point) => point.side === side),
      {
        x: 'intensity',
        y: 'gflops',
        text: 'name',
        textAnchor: side === 'left' ? 'end' : 'start',
        dx: side === 'left' ? -10 : 10,
        fill: 'var(--ink)',
      },
    );
  return chartFile(title, {
    width: 760,
    height: 460,
    marginLeft: 56,
    marginRight: 24,
    marginTop: 28,
    marginBottom: 44,
    x: {
      type: 'log',
      domain: [xFrom, xTo],
      label: 'arithmetic intensity, FLOP a byte →',
      grid: true,
      ticks: 6,
      tickFormat: plainNumber,
    },
    y: {
      type: 'log',
      domain: [yFrom, yTo],
      label: '↑ GFLOP/s of one core',
      grid: true,
      ticks: 5,
      tickFormat: plainNumber,
    },
    r: { type: 'sqrt', domain: [0, 1], range: [0, 22] },
    marks: [
      line(edge, { x: 'intensity', y: 'gflops', stroke: 'var(--ink)', strokeWidth: 1.5 }),
      text([{ intensity: xTo, gflops: roof.gflops, says: `peak ${roof.gflops.toFixed(0)} GFLOP/s` }], {
        x: 'intensity',
        y: 'gflops',
        text: 'says',
        textAnchor: 'end',
        dy: -8,
        fill: 'var(--ink)',
      }),
      text(
        [
          {
            intensity: xFrom,
            gflops: roofAt(xFrom, roof),
            says: `memory ${roof.bandwidthGBs.toFixed(1)} GB/s`,
          },
        ],
        {
          x: 'intensity',
          y: (point: { gflops: number }) => Math.max(point.gflops, yFrom),
          text: 'says',
          textAnchor: 'start',
          dx: 8,
          dy: -14,
          fill: 'var(--ink)',
        },
      ),
      dot(points, {
        x: 'intensity',
        y: 'gflops',
        r: 'share',
        fill: seriesColours[0],
        fillOpacity: 0.75,
        stroke: 'var(--paper)',
      }),
      label('left'),
      label('right'),
    ],
  });
}

/** Labels of neighbours stand on different sides. */
function placed(rows: readonly PhaseRow[]): Point[] {
  const points: Point[] = [];
  for (const { name, intensity, gflops, share } of rows) {
    if (intensity === null || gflops === null || gflops <= 0 || share < leastShare) continue;
    const near = points.find(
      (other) =>
        other.side === 'right' &&
        Math.abs(Math.log(other.gflops / gflops)) < 0.25 &&
        Math.abs(Math.log(other.intensity / intensity)) < 2.5,
    );
    points.push({ name, intensity, gflops, share, side: near === undefined ? 'right' : 'left' });
  }
  return points;
}

/** Whole decades, or 3 within one, around all of the values. */
function decades(values: readonly number[]): [number, number] {
  const low = 10 ** Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(...values);
  const top = 10 ** Math.ceil(Math.log10(high));
  return [low, high <= top / 3 ? top / 3 : top];
}

const plainNumber = (value: number): string => String(Number(value.toPrecision(3)));
