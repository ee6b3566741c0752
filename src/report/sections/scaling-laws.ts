/** The fitted laws of scaling: their curves to 64 threads, coefficients and predictions. */
import { areaY, dot, line, ruleX, text } from '@observablehq/plot';
import { maximum } from '../../numbers/statistics.js';
import { digits, interval } from '../../numbers/words.js';
import { seriesColours } from '../chart.js';
import { type Block, type Figure, figures, table, words } from '../document.js';
import { groupBy } from '../group-by.js';
import { figure } from '../plotting.js';
import { type FittedLaw, predictedThreads, type ScalingCurve } from '../scaling.js';
import { type Law, predictSpeedup } from '../scaling-laws.js';

const mostCharts = 4;
const shortNames = { amdahl: 'Amdahl', usl: 'USL' } as const;

const lawTables = (curves: readonly ScalingCurve[]): Block[] => [
  table('Fitted coefficients with 95 % intervals', {
    heading: ['work', 'law', 'σ', 'κ', 'peak at', 'most speed-up'],
    align: ['l', 'l', 'r', 'r', 'r', 'r'],
    rows: each(curves, (curve, law) => [
      curve.label,
      shortNames[law.law],
      `${coefficient(law.fitted.sigma)} (${interval(law.sigma, coefficient)})`,
      law.law === 'amdahl' ? '' : `${coefficient(law.fitted.kappa)} (${interval(law.kappa, coefficient)})`,
      Number.isFinite(law.peakThreads) ? `${digits(law.peakThreads)} threads` : 'none',
      Number.isFinite(law.ceiling) ? `${digits(law.ceiling)} ×` : 'unbounded',
    ]),
  }),
  table(
    'Predicted speed-up (prediction by the law, with 95 % intervals; “fit” marks counts that were measured)',
    {
      heading: ['work', 'law', ...predictedThreads.map((threads) => `${threads} threads`)],
      align: ['l', 'l', ...predictedThreads.map(() => 'r' as const)],
      rows: each(curves, (curve, law) => [
        curve.label,
        shortNames[law.law],
        ...law.predictions.map(({ threads, speedup, interval: band }) => {
          const fit = threads <= measuredTo(curve) ? ' fit' : '';
          return `${speedup.toFixed(2)} (${interval(band, (value) => value.toFixed(2))})${fit}`;
        }),
      ]),
    },
  ),
];

const each = (curves: readonly ScalingCurve[], row: (curve: ScalingCurve, law: FittedLaw) => string[]) =>
  curves.flatMap((curve) => curve.laws.map((law) => row(curve, law)));

/** Oversubscribed counts are not fitted. */
const measuredTo = ({ rows }: ScalingCurve) =>
  maximum(rows.filter(({ oversubscribed }) => !oversubscribed).map(({ threads }) => threads));

const coefficient = (value: number) => (value === 0 ? '0' : value.toPrecision(2));

export function lawBlocks(curves: readonly ScalingCurve[]): Block[] {
  const fitted = curves.filter(({ laws }) => laws.length > 0);
  const without = curves.filter(({ noFit }) => noFit !== null);
  const reasons = [...groupBy(without, ({ noFit }) => noFit)].map(
    ([reason, same]) => `No fit for ${same.map(({ label }) => label).join('; ')}: ${reason}`,
  );
  return [
    ...(fitted.length === 0
      ? []
      : [
          words(
            'Fits of Amdahl’s law (1967), C(N) = N / (1 + σ(N − 1)), and of the Universal Scalability Law (Gunther 2007), C(N) = N / (1 + σ(N − 1) + κN(N − 1)): σ is the share that is serial or queues, κ the cost for every pair of threads that must agree. Only thread counts within the cores are fitted. Beyond the measured counts a curve is a prediction by the law, not a measurement.',
          ),
          figures(fitted.slice(0, mostCharts).map(lawChart)),
          ...lawTables(fitted),
        ]),
    ...reasons.map(words),
  ];
}

const lawColours: Record<Law, string> = { amdahl: seriesColours[1], usl: seriesColours[0] };
const lawNames: Record<Law, string> = { amdahl: 'Amdahl', usl: 'Universal Scalability Law' };

/** Measured points and both laws to 64 threads; predicted sections of lines are dashed. */
function lawChart(curve: ScalingCurve, index: number): Figure {
  const within = curve.rows.filter(({ oversubscribed }) => !oversubscribed);
  const measuredTo = maximum(within.map(({ threads }) => threads));
  const grid = Array.from({ length: 61 }, (_, i) => 64 ** (i / 60));
  const lines = curve.laws.flatMap(({ law, fitted }) =>
    grid.map((threads) => ({
      threads,
      speedup: predictSpeedup(fitted, threads),
      law,
      colour: lawColours[law],
    })),
  );
  const bands = curve.laws.flatMap(({ law, predictions }) =>
    predictions
      .filter(({ threads }) => threads >= measuredTo)
      .map(({ threads, interval: { low, high } }) => ({ threads, low, high, law, colour: lawColours[law] })),
  );
  const top = Math.max(...lines.map(({ speedup }) => speedup), ...bands.map(({ high }) => high)) * 1.05;
  return figure(
    {
      name: `laws-${index + 1}`,
      title: `Prediction to 64 threads: ${curve.label}`,
      caption: `Dots: measured, to ${measuredTo} threads. Dashed lines right of them, with 95 % bands: prediction.`,
      legend: curve.laws.map(({ law }) => ({ colour: lawColours[law], label: lawNames[law] })),
    },
    {
      x: {
        type: 'log',
        base: 2,
        domain: [1, 64],
        ticks: [1, 2, 4, 8, 16, 32, 64],
        tickFormat: 'd',
        label: 'threads',
      },
      y: { label: 'speed-up (×)', domain: [0, top], grid: true, ticks: 6 },
      marks: [
        line(grid, {
          x: (threads: number) => threads,
          y: (threads: number) => threads,
          stroke: 'var(--faint)',
          strokeDasharray: '2 3',
          clip: true,
        }),
        areaY(bands, { x: 'threads', y1: 'low', y2: 'high', z: 'law', fill: 'colour', fillOpacity: 0.15 }),
        line(
          lines.filter(({ threads }) => threads <= measuredTo),
          { x: 'threads', y: 'speedup', z: 'law', stroke: 'colour', strokeWidth: 1.6 },
        ),
        line(
          lines.filter(({ threads }) => threads >= measuredTo),
          {
            x: 'threads',
            y: 'speedup',
            z: 'law',
            stroke: 'colour',
            strokeWidth: 1.6,
            strokeDasharray: '5 3',
          },
        ),
        ruleX([measuredTo], { stroke: 'var(--faint)' }),
        text([{ threads: measuredTo, y: top }], {
          x: 'threads',
          y: 'y',
          text: () => 'prediction →',
          textAnchor: 'start',
          dx: 5,
          dy: 8,
          fill: 'var(--ink)',
        }),
        dot(within, { x: 'threads', y: 'speedup', fill: 'var(--ink)', r: 3 }),
      ],
    },
  );
}
