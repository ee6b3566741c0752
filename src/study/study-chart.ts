/** A comparison as a chart: every run's accuracy as a dot, the mean and its spread, one row for each variant. */
import { axisX, axisY, dot, type Markish, ruleX, ruleY, tickX } from '@observablehq/plot';
import { mean, quantile } from '../numbers/statistics.js';
import { chartFile, seriesColours } from '../report/chart.js';
import type { ComparisonSummary, VariantSummary } from './summary.js';

const rowHeight = 30;

/** An SVG file, or null if no run has an accuracy. */
export function accuracyChart({ name, variants }: ComparisonSummary, target: number): string | null {
  const runs = variants.flatMap(({ label, accuracies }) =>
    accuracies.flatMap((accuracy) => (accuracy === null ? [] : [{ label, percent: 100 * accuracy }])),
  );
  if (runs.length === 0) return null;
  const shown = withoutOutliers(runs.map(({ percent }) => percent));
  const inside = runs.filter(({ percent }) => percent >= shown[0]);
  const outside = leftOut(variants, shown[0]);
  const labels = variants.map(({ label }) => label);
  const width = Math.min(260, 20 + 6.6 * Math.max(...labels.map((label) => label.length)));
  const marks: Markish[] = [
    ruleY(labels, { stroke: 'var(--faint)', strokeOpacity: 0.25 }),
    100 * target >= shown[0] && 100 * target <= shown[1]
      ? ruleX([100 * target], { stroke: 'var(--faint)', strokeDasharray: '4 3' })
      : null,
    dot(inside, { x: 'percent', y: 'label', r: 3, fill: seriesColours[0], fillOpacity: 0.35 }),
    tickX(means(variants, shown[0]), {
      x: 'percent',
      y: 'label',
      stroke: seriesColours[1],
      strokeWidth: 3,
    }),
    outside.length === 0
      ? null
      : dot(outside, {
          x: () => shown[0],
          y: 'label',
          symbol: 'triangle',
          rotate: -90,
          fill: seriesColours[1],
        }),
    axisX({
      label: 'accuracy, % (bar: mean)',
      labelAnchor: 'right',
      labelOffset: 38,
      ticks: 6,
      color: 'var(--ink)',
    }),
    axisY({ label: null, tickSize: 0, color: 'var(--ink)' }),
  ];
  return chartFile(`${name}: accuracy of every run by variant`, {
    width: 720,
    marginTop: 8,
    marginBottom: 44,
    height: 52 + rowHeight * labels.length,
    marginLeft: width,
    marginRight: 20,
    x: { domain: shown, nice: false },
    y: { domain: labels, type: 'band', padding: 0.15 },
    marks,
  });
}

/** Limits the axis: a variant far worse than the others must not squeeze them into a line. */
function withoutOutliers(percents: readonly number[]): [number, number] {
  const high = Math.max(...percents);
  const low = Math.min(...percents);
  const middle = quantile(percents, 0.25);
  const from = Math.max(low, middle - 3 * (high - middle) - 0.2);
  const least = Math.min(...percents.filter((percent) => percent >= from));
  const margin = Math.max(0.05, 0.04 * (high - least));
  return [least - margin, Math.min(100, high + margin)];
}

const wholeRuns = ({ accuracies }: VariantSummary) => accuracies.flatMap((accuracy) => accuracy ?? []);

function means(variants: readonly VariantSummary[], from: number) {
  return variants.flatMap((variant) => {
    const whole = wholeRuns(variant);
    if (whole.length === 0) return [];
    const percent = 100 * mean(whole);
    return percent < from ? [] : [{ label: variant.label, percent }];
  });
}

/** Variants with runs to the left of the chart. */
function leftOut(variants: readonly VariantSummary[], from: number) {
  return variants
    .filter((variant) => wholeRuns(variant).some((accuracy) => 100 * accuracy < from))
    .map(({ label }) => ({ label }));
}
