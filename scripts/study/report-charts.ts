/** Charts of docs/REPORT.md that cover several comparisons: effects with their intervals, and time against accuracy. */
import { axisX, axisY, dot, link, type Markish, ruleX, text } from '@observablehq/plot';
import { chartFile, seriesColours } from '../../dist/report/chart.js';
import { type ComparisonSummary, type Finding, points } from '../../dist/study/summary.js';

const colours: Partial<Record<Finding, string>> = {
  helps: seriesColours[2],
  hurts: seriesColours[1],
  'no difference': 'var(--faint)',
};

/** Effects beyond this many points are drawn at the edge, with their figure. */
const widest = 3;

/** The gain or loss of each variant against its baseline, with the 99 % interval; null if nothing is compared. */
export function effectChart(title: string, comparisons: readonly ComparisonSummary[]): string | null {
  const named = comparisons.length > 1;
  const rows = comparisons.flatMap(({ name, variants }) =>
    variants.flatMap(({ label, difference, finding }) => {
      if (difference === null || finding === 'baseline') return [];
      const clip = (share: number) => Math.max(-widest, Math.min(widest, 100 * share));
      const [low, mid, high] = [difference.low, difference.estimate, difference.high].map(clip);
      const beyond = Math.abs(100 * difference.estimate) > widest ? points(difference.estimate) : '';
      return [{ row: named ? `${name}: ${label}` : label, low, mid, high, finding, beyond }];
    }),
  );
  if (rows.length === 0) return null;
  const labels = rows.map(({ row }) => row);
  const reach = Math.max(...rows.flatMap(({ low, high }) => [Math.abs(low), Math.abs(high)])) * 1.06;
  const colour = ({ finding }: { finding: Finding }) => colours[finding] ?? 'var(--faint)';
  const marks: Markish[] = [
    ruleX([0], { stroke: 'var(--faint)' }),
    link(rows, {
      x1: 'low',
      x2: 'high',
      y1: 'row',
      y2: 'row',
      stroke: colour,
      strokeWidth: 3,
      strokeLinecap: 'round',
    }),
    dot(rows, { x: 'mid', y: 'row', r: 4, fill: colour }),
    ...[-1, 1].map((side) =>
      text(
        rows.filter(({ mid, beyond }) => beyond !== '' && Math.sign(mid) === side),
        {
          x: 'mid',
          y: 'row',
          text: 'beyond',
          dx: -8 * side,
          textAnchor: side < 0 ? 'start' : 'end',
          fill: 'var(--ink)',
        },
      ),
    ),
    axisX({
      label: 'percentage points, 99 % interval',
      labelAnchor: 'right',
      labelOffset: 38,
      ticks: 7,
      color: 'var(--ink)',
    }),
    axisY({ label: null, tickSize: 0, color: 'var(--ink)' }),
  ];
  return chartFile(`${title}: effect on accuracy against the baseline`, {
    width: 780,
    height: 60 + 20 * rows.length,
    marginTop: 12,
    marginBottom: 44,
    marginLeft: Math.min(480, 20 + 7.2 * Math.max(...labels.map((label) => label.length))),
    marginRight: 24,
    x: { domain: [-reach, reach] },
    y: { domain: labels, type: 'band', padding: 0.1 },
    marks,
  });
}

export interface TradePoint {
  readonly recipe: string;
  /** Median, milliseconds. */
  readonly ms: number;
  /** Mean, %. */
  readonly accuracy: number;
  readonly series: string;
}

/** Resident time (logarithmic) against the accuracy reached. */
export function tradeOffChart(runs: readonly TradePoint[]): string | null {
  if (runs.length === 0) return null;
  const series = [...new Set(runs.map((point) => point.series))];
  const colour = ({ series: own }: TradePoint) => seriesColours[series.indexOf(own) % seriesColours.length];
  const times = runs.map(({ ms }) => ms);
  const [from, to] = [0.8 * Math.min(...times), 2.6 * Math.max(...times)];
  const ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].filter((ms) => ms >= from && ms <= to);
  const marks: Markish[] = [
    dot(runs, { x: 'ms', y: 'accuracy', r: 4, fill: colour }),
    text(runs, {
      x: 'ms',
      y: 'accuracy',
      text: 'recipe',
      dx: 7,
      textAnchor: 'start',
      fill: 'var(--ink)',
      fontSize: 11,
    }),
    ...series.map((name, i) =>
      text([`● ${name}`], {
        frameAnchor: 'top-left',
        dx: 8,
        dy: 4 + 16 * i,
        lineAnchor: 'top',
        fill: seriesColours[i % seriesColours.length],
        fontWeight: 600,
      }),
    ),
    axisX(ticks, {
      label: 'resident time, ms',
      labelAnchor: 'right',
      labelOffset: 38,
      text: (ms: number) => `${ms}`,
      color: 'var(--ink)',
    }),
    axisY({ label: 'accuracy, %', ticks: 8, color: 'var(--ink)' }),
  ];
  return chartFile('Resident time against accuracy', {
    width: 780,
    height: 400,
    marginBottom: 44,
    marginLeft: 50,
    marginRight: 30,
    x: { type: 'log', domain: [from, to] },
    insetTop: 40,
    insetBottom: 12,
    marks,
  });
}
