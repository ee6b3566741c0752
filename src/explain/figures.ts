/** The charts of fit-report.html. */
import type { MetricName } from '../config/choices.js';
import { isError } from '../config/target-rules.js';
import type { Figure } from '../report/document.js';
import { seriesColours } from '../report/palette.js';
import type { CurvePoint } from '../run/metrics-file.js';
import type { CalibrationParts, Importances } from './parts.js';
import { shown } from './shown.js';
import { axisOf, barChart, lineChart, type Point } from './svg.js';

const [first, second] = seriesColours;
const faint = 'var(--faint)';
const [mostBars, mostTargets] = [20, 6];

/** Null if there are too few points for a line. */
export function curveFigure(curve: readonly CurvePoint[], metric: MetricName, on: string): Figure | null {
  if (curve.length < 2) return null;
  // Evaluations within an epoch are told apart by their steps.
  const isByEpoch = curve.every(({ epoch }, i) => i === 0 || epoch > curve[i - 1].epoch);
  const points = curve.map(({ step, epoch, value }): Point => ({ x: isByEpoch ? epoch : step, y: value }));
  const best = points.reduce((a, b) => ((isError(metric) ? b.y < a.y : b.y > a.y) ? b : a));
  return lineChart(
    {
      name: 'curve',
      title: `${metric} over the training`,
      caption: `On ${on} rows, after each evaluation; the large dot is the best.`,
    },
    axisOf(isByEpoch ? 'epoch' : 'step', [0, ...points.map(({ x }) => x)]),
    axisOf(
      metric,
      points.map(({ y }) => y),
    ),
    [
      { kind: 'line', points, colour: first },
      { kind: 'dots', points: [best], colour: second, radius: 5 },
    ],
  );
}

export function importanceFigure({ metric, better, columns }: Importances): Figure {
  const bars = columns
    .slice(0, mostBars)
    .map(({ column, importance: value, low, high }) => ({ label: shown(column, 20), value, low, high }));
  const verb = better === 'higher' ? 'lower' : 'higher';
  const more = columns.length - bars.length;
  return barChart(
    {
      name: 'importance',
      title: 'Importance of the columns',
      caption: `Lines: 95 % intervals.${more > 0 ? ` The ${more} columns that are worth least are not drawn.` : ''}`,
    },
    `${metric} ${verb} by`,
    bars,
  );
}

export function calibrationFigures(calibration: CalibrationParts): Figure[] {
  if (calibration.kind === 'shares') {
    const points = calibration.bins.map(({ confidence, share }): Point => ({ x: confidence, y: share }));
    const axis = (label: string) => ({ label, low: 0, high: 1 });
    return [
      lineChart(
        {
          name: 'calibration',
          title: 'Predicted probability and what came true',
          caption: 'Each dot is a range of probabilities; on the dashed line they are what they say.',
        },
        axis('mean probability of the prediction'),
        axis('share that came true'),
        [
          { kind: 'line', points: [0, 1].map((x) => ({ x, y: x })), colour: faint, dashed: true },
          { kind: 'line', points, colour: first },
          { kind: 'dots', points, colour: first, radius: 4 },
        ],
      ),
    ];
  }
  return calibration.targets.slice(0, mostTargets).map(({ name, bins, points }, place) => {
    const rows = points.map(({ predicted, target }): Point => ({ x: predicted, y: target }));
    const means = bins.map(({ predicted, target }): Point => ({ x: predicted, y: target }));
    const all = [...rows.flatMap(({ x, y }) => [x, y])];
    const { low, high } = axisOf('', all);
    return lineChart(
      {
        name: `residuals-${place + 1}`,
        title: `${shown(name)}: predicted and true`,
        caption:
          'Faint: rows. Line: their means in ten ranges of the prediction. Dashed: predictions that are right.',
      },
      { label: 'predicted', low, high },
      { label: 'true', low, high },
      [
        { kind: 'dots', points: rows, colour: faint, radius: 2 },
        { kind: 'line', points: [low, high].map((x) => ({ x, y: x })), colour: faint, dashed: true },
        { kind: 'line', points: means, colour: second },
        { kind: 'dots', points: means, colour: second, radius: 4 },
      ],
    );
  });
}
