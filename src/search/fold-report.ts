/** What a cross-validation leaves: lines for people, a part of result.json, and a file of the predictions. */
import { markdownTable } from 'markdown-table';
import Papa from 'papaparse';
import type { Dataset } from '../data/dataset.js';
import { namesOf, widthOf } from '../data/target.js';
import { sigmoid } from '../loss/probabilities.js';
import { type Baseline, baselineOf } from '../metrics/baseline.js';
import type { Judged } from '../metrics/judged.js';
import { allMetrics, type Metrics } from '../metrics/metric.js';
import { mean, standardDeviation } from '../numbers/statistics.js';
import { grouped } from '../numbers/words.js';
import { metricInWords } from '../run/result-card.js';
import { type JudgedFold, pooled } from './folds.js';

type MetricKey = keyof Metrics;

/** In result.json, as `folds`. */
export interface FoldsResult {
  /** Asked for; those of an interrupted run are fewer. */
  readonly count: number;
  readonly folds: readonly Omit<JudgedFold, 'places' | 'judged'>[];
  /** Of the metrics of the folds; null: of fewer folds than it takes. */
  readonly mean: Metrics;
  readonly sd: Metrics;
  /** Of the predictions of all folds together. */
  readonly pooled: Metrics;
  /** On the same rows: the most frequent class, or the mean, of all of them. */
  readonly baseline: Baseline | null;
}

export function foldsResult(
  judged: readonly JudgedFold[],
  count: number,
  { train, target }: Dataset,
): FoldsResult {
  const folds = judged.toSorted((a, b) => a.fold - b.fold);
  const names = [...new Set(folds.flatMap(({ metrics }) => Object.keys(metrics)))] as MetricKey[];
  const each = (name: MetricKey) => folds.flatMap(({ metrics }) => metrics[name] ?? []);
  const over = (of: (values: readonly number[]) => number | null): Metrics =>
    Object.fromEntries(names.map((name) => [name, each(name).length === 0 ? null : of(each(name))]));
  const all = pooled(folds);
  const baseline = baselineOf(train.targets, train.targets, widthOf(target), all?.kind === 'labels');
  const isClass = baseline !== null && target.kind === 'class';
  return {
    count,
    folds: folds.map(({ places: _, judged: __, ...fold }) => fold),
    mean: over(mean),
    sd: over(standardDeviation),
    pooled: all === null ? {} : allMetrics(all),
    baseline: isClass ? { ...baseline, class: target.labels[Number(baseline.class)] } : baseline,
  };
}

/** A line for each fold, their mean and standard deviation, and the score of all predictions. */
export function foldLines({ folds, count, mean, sd, pooled, baseline }: FoldsResult): string[] {
  const names = Object.keys(pooled) as MetricKey[];
  const shown = (metrics: Metrics) =>
    names.map((name) => {
      const value = metrics[name] ?? null;
      return value === null ? '–' : metricInWords(name, value);
    });
  const rows = folds.map(({ fold, rows, metrics }) => [String(fold), grouped(rows), ...shown(metrics)]);
  const total = folds.reduce((sum, { rows }) => sum + rows, 0);
  const table = markdownTable(
    [
      ['fold', 'rows', ...names],
      ...rows,
      ['mean', '', ...shown(mean)],
      ['± SD', '', ...shown(sd)],
      ['pooled', grouped(total), ...shown(pooled)],
    ],
    { align: ['l', 'r', ...names.map(() => 'r')] },
  );
  const always =
    baseline === null
      ? ''
      : baseline.class === null
        ? 'the mean'
        : `always ${JSON.stringify(baseline.class)}`;
  return [
    `folds      ${folds.length} of ${count}: each is measured by a model of the other rows`,
    ...table.split('\n'),
    ...(baseline === null
      ? []
      : [`baseline   ${baseline.metric} ${metricInWords(baseline.metric, baseline.value)}: ${always}`]),
    '',
  ];
}

/**
 * CSV, a line for each row in the order of the file. `row`: from 1, the header not counted. Of classes the predicted one and the
 * probability of each; of values and labels a target and a prediction (of a label its probability) for each.
 */
export function outOfFold(folds: readonly JudgedFold[], { train, target }: Dataset): string {
  const names = namesOf(target);
  const lines = folds.flatMap(({ fold, places, judged }) =>
    Array.from(places, (place, at): (string | number)[] => [
      (train.fileRows?.[place] ?? place) + 1,
      fold,
      ...cellsOf(judged, at, names),
    ]),
  );
  lines.sort(([a], [b]) => Number(a) - Number(b));
  const columns =
    target.kind === 'class'
      ? ['target', 'predicted', ...names.map((name) => `probability of ${name}`)]
      : names.flatMap((name) => [name, `predicted ${name}`]);
  return `${Papa.unparse([['row', 'fold', ...columns], ...lines], { newline: '\n' })}\n`;
}

function cellsOf(judged: Judged, at: number, names: readonly string[]): (string | number)[] {
  if (judged.kind === 'class') {
    const { classes, probabilities, chosen, targets } = judged;
    const own = probabilities.subarray(at * classes, (at + 1) * classes);
    return [names[targets[at]], names[chosen[at]] ?? '', ...own];
  }
  const { width, targets } = judged;
  const predicted = (k: number) =>
    judged.kind === 'labels' ? sigmoid(judged.outputs[at * width + k]) : judged.predicted[at * width + k];
  return names.flatMap((_, k) => [targets[at * width + k], predicted(k)]);
}
