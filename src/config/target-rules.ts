/** Checks between keys of targets, losses and metrics that need no data. */

import { alternatives } from '../numbers/words.js';
import type { Misfit } from './capabilities.js';
import { classMetrics, type MetricName, valueMetrics } from './choices.js';
import type { Config } from './schema.js';

export type Task = 'classification' | 'regression' | 'labels';

const valueLosses: readonly string[] = ['absolute-error', 'huber'];

/** Of files; targets of a program say it themselves. */
export function configuredTask({ data, loss }: Pick<Config, 'data' | 'loss'>): Task {
  if (data.task !== 'auto') return data.task;
  return data.set === 'csv' && valueLosses.includes(loss.name) ? 'regression' : 'classification';
}

/** Whether a metric is one of the task: those of labels are those of classes. */
export const fitsTask = (metric: MetricName, task: Task): boolean =>
  valueMetrics.some((name) => name === metric) === (task === 'regression');

/** stop.metric, or that of the task. */
export const metricNameOf = (asked: MetricName | null, task: Task): MetricName =>
  asked ?? (task === 'regression' ? 'rmse' : 'accuracy');

/** An error, of which less is better; the best value of all others is 1. */
export const isError = (metric: MetricName): boolean => ['logLoss', 'rmse', 'mae'].includes(metric);

/** For refusals. */
export const metricsOfTask = (task: Task): string =>
  alternatives(task === 'regression' ? valueMetrics : classMetrics);

interface Rule extends Omit<Misfit, 'received'> {
  readonly broken: boolean;
}

export function targetRules(config: Config): Rule[] {
  const { data, loss, stop } = config;
  const task = configuredTask(config);
  // The targets of a program or a table decide.
  const isOpen = (data.set === 'memory' || data.set === 'table') && data.task === 'auto';
  const isTable = ['csv', 'memory', 'table'].includes(data.set);
  const metric = metricNameOf(stop.metric, task);
  return [
    {
      broken: !isTable && task !== 'classification',
      keys: ['data.task', 'data.set'],
      expected: `auto or classification if data.set is ${data.set}: its targets are classes`,
    },
    {
      broken:
        data.target !== null && data.set !== 'table' && (data.set !== 'csv' || task === 'classification'),
      keys: ['data.target', 'data.set', 'data.task'],
      expected: 'null unless data.set is table, or csv with data.task regression or labels',
    },
    {
      broken: data.target !== null && data.label !== null,
      keys: ['data.target', 'data.label'],
      expected: 'null if data.label names the target',
    },
    {
      broken: data.targetScale !== 'auto' && !isOpen && task !== 'regression',
      keys: ['data.targetScale', 'data.task'],
      expected: `auto if the task is ${task}`,
    },
    {
      broken: task === 'regression' && loss.name === 'binary-cross-entropy',
      keys: ['loss.name', 'data.task'],
      expected:
        'squared-error, absolute-error or huber if data.task is regression; data.task=labels is for targets of 0 and 1',
    },
    {
      broken: stop.metric !== null && !isOpen && !fitsTask(stop.metric, task),
      keys: ['stop.metric', 'data.task'],
      expected: `a metric of ${task === 'regression' ? 'values' : 'classes'}: ${metricsOfTask(task)}`,
    },
    {
      broken:
        stop.target !== null && stop.target > 1 && !isError(metric) && !(isOpen && stop.metric === null),
      keys: ['stop.target', 'stop.metric'],
      expected: `a number above 0 and up to 1, or null, if stop.metric is ${metric}`,
    },
  ];
}

/** What the user named: one, several, or null. */
export const columnsOf = (named: string | number | readonly (string | number)[] | null) =>
  named === null || typeof named === 'object' ? named : [named];
