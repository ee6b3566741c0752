/** `eval` of a network of values or labels: its metrics, and those of each value, in the units of the targets. */
import { markdownTable } from 'markdown-table';
import type { Dataset } from '../data/dataset.js';
import type { SavedModel } from '../inference/saved-model.js';
import { lossOf } from '../loss/loss.js';
import { allMetrics, judgedBy, type Metrics } from '../metrics/metric.js';
import { scoresOfTarget, type ValueScores } from '../metrics/values.js';
import { grouped } from '../numbers/words.js';
import { metricInWords } from '../run/result-card.js';

interface Scores {
  readonly metrics: Metrics;
  /** Of a regression. */
  readonly perTarget: readonly (ValueScores & { readonly name: string })[];
}

/** `outputs`: of the network for the test part. */
export function scoreValues(
  { config, facts, target, scale }: SavedModel,
  { test }: Dataset,
  outputs: Float32Array,
): Scores {
  const inUnits = (all: Float32Array) => scale?.values(all) ?? Float64Array.from(all);
  const { targets } = test;
  const judged = judgedBy(outputs, { targets, inUnits }, facts.target, lossOf(config.loss, facts.target));
  const names = target.kind === 'value' ? target.names : [];
  return {
    metrics: allMetrics(judged),
    perTarget:
      judged.kind === 'value' ? names.map((name, k) => ({ name, ...scoresOfTarget(judged, k) })) : [],
  };
}

export const valuesJson = (file: string, { name, test }: Dataset, { metrics, perTarget }: Scores) => ({
  ...{ schema: 1, model: file, set: name, part: 'test', count: test.count, metrics, perTarget },
});

export function valuesCard(file: string, { name, test }: Dataset, { metrics, perTarget }: Scores): string {
  const words = (value: number | null | undefined) =>
    value == null ? '–' : String(Number(value.toPrecision(5)));
  const lines = Object.entries(metrics).map(
    ([metric, value]) => `${metric.padEnd(10)} ${value == null ? '–' : metricInWords(metric, value)}`,
  );
  const table = markdownTable(
    [
      ['target', 'rmse', 'mae', 'r2'],
      ...perTarget.map((one) => [one.name, words(one.rmse), words(one.mae), words(one.r2)]),
    ],
    { align: ['l', 'r', 'r', 'r'] },
  );
  return [
    `model      ${file}`,
    `samples    ${name === 'table' ? `${grouped(test.count)} rows` : `${grouped(test.count)} of the test part of ${name}`}`,
    ...lines,
    ...(perTarget.length > 1 ? ['', table] : []),
  ].join('\n');
}
