/** The coefficients of the fitted laws, and the speed-ups they predict, as tables. */
import { type Block, table } from '../document.js';
import { type FittedLaw, predictedThreads, type ScalingCurve } from '../scaling.js';
import { maximum } from '../statistics.js';
import { digits, interval } from '../words.js';

const lawNames = { amdahl: 'Amdahl', usl: 'USL' } as const;

export const lawTables = (curves: readonly ScalingCurve[]): Block[] => [
  table('Fitted coefficients with 95 % intervals', {
    heading: ['work', 'law', 'σ', 'κ', 'peak at', 'most speed-up'],
    align: ['l', 'l', 'r', 'r', 'r', 'r'],
    rows: each(curves, (curve, law) => [
      curve.label,
      lawNames[law.law],
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
        lawNames[law.law],
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
