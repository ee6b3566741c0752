/** The text card at the end of a training run: accuracy, recipe, speed and machine. */

import type { MetricName } from '../config/choices.js';
import type { Config } from '../config/schema.js';
import type { FinalWeights } from '../coordinator/training-run.js';
import type { TensorFlowVersions } from '../machine/hardware.js';
import type { Intervals } from '../metrics/intervals.js';
import type { Metrics } from '../metrics/metric.js';
import { maximum, mean, median, minimum, standardDeviation } from '../numbers/statistics.js';
import { grouped, percent } from '../numbers/words.js';
import type { RunStatus } from './log-schema.js';

/** Plain data, filled by the training session. Accuracies are fractions (0–1). */
export interface ResultCardInput {
  name: string;
  status: RunStatus;
  target: number | null;
  /** Null if the run ended before its first evaluation. */
  accuracy: number | null;
  /** The metric that decides on the run, and the values of all. */
  metric?: MetricName;
  metrics?: Metrics | null;
  accuracyOn: 'test' | 'validation' | 'train';
  /** On the test samples, if the run itself was judged on others. */
  testMetrics?: Metrics;
  /** 95 %, of the metrics on the test samples. */
  testInterval?: Intervals;
  /** Of a prediction that knows no input; `class`: the one that is always predicted. */
  baseline?: { readonly metric: MetricName; readonly value: number; readonly class: unknown } | null;
  /** The weights that the accuracy is of, with which the run ended. */
  weights?: FinalWeights | null;
  /** Layer widths, inputs first. */
  network: readonly number[];
  images: number;
  /** What a sample is. */
  unit?: 'image' | 'row';
  batch: number;
  optimizer: string;
  schedule: string;
  threads: number;
  sync: string;
  /** Why it is this one, if it was not asked for. */
  syncReason?: string | undefined;
  /** Null if no kernels compute. */
  wasmLevel: string | null;
  /** What computed instead of the kernels, if anything. */
  backend?: Config['backend']['name'];
  tensorflow?: TensorFlowVersions | null;
  seed: number;
  epochs: number;
  steps: number;
  imagesPerSecond: number;
  /** Milliseconds by phase, in display order. */
  phases: Readonly<Record<string, number>>;
  /** From images in memory to accuracy known. */
  residentMs: number;
  /** From process start to accuracy known. */
  coldMs: number;
  /** Relative to one thread; null if not measured. */
  speedup: number | null;
  /** How fast the network predicts, in words; null if not measured. */
  inference: string | null;
  /** Of a command, after the scores: label, or none in a line that goes on, and words. */
  lines?: readonly (readonly [label: string, words: string])[];
  /** From `hardwareLines`. */
  hardware: readonly string[];
  /** Null if the run has no folder. */
  folder: string | null;
  /** One entry a seed, in runs over many seeds. */
  runs?: readonly SeedRun[];
  /** A race from a cold start: the accuracy and phases above are those of the race, the seeds are its repetitions. */
  race?: { readonly images: number } | null | undefined;
  /** The same seeds on other thread counts. */
  otherThreads?: readonly { readonly threads: number; readonly runs: readonly SeedRun[] }[] | undefined;
}

export interface SeedRun {
  seed: number;
  status: RunStatus;
  /** Null if the targets are values. */
  accuracy: number | null;
  /** Of the weights that the run ended with. */
  metrics?: Metrics;
  residentMs: number;
}

const COLUMNS = 80;
/** The same width as in `hardwareLines`, so that all values are in one column. */
const LABEL = 11;

/** Lines of at most 80 columns if the words allow, without colour. */
export function resultCard(input: ResultCardInput): string[] {
  const heading = `${input.name}: ${statusInWords(input)}`;
  const recipe = [
    field(
      'network',
      `${input.network.join('-')}, batch ${input.batch}${input.race ? '' : `, seed ${input.seed}`}`,
    ),
    field(
      'work',
      `${count(input.epochs, 'epoch')} of ${count(input.images, input.unit ?? 'image')}, ${count(input.steps, 'step')}`,
    ),
    field('optimiser', input.optimizer),
    field('schedule', input.schedule),
    field(
      'threads',
      `${input.race ? `1, in the repetitions ${input.threads}` : input.threads}, sync ${input.sync}, ${engine(input)}`,
    ),
    ...(input.syncReason === undefined ? [] : [field('sync', input.syncReason)]),
  ];
  const raced = input.race
    ? `, in a race of one thread on the leading ${count(input.race.images, 'image')}`
    : '';
  const result = [
    field(
      nameOfMetric(input),
      valueInWords(input) === null
        ? 'not evaluated'
        : `${valueInWords(input)} (${input.accuracyOn})${weightsInWords(input)}${raced}`,
    ),
    ...otherMetrics(input),
    ...testInWords(input),
    ...intervalInWords(input),
    ...baselineInWords(input),
    ...(input.lines ?? []).map(([label, words]) => field(label, words)),
    field(
      'speed',
      `${grouped(input.imagesPerSecond)} ${input.unit ?? 'image'}s/s${input.race ? ' in the repetitions' : ''}`,
    ),
    field('speed-up', speedupInWords(input)),
    ...(input.inference === null ? [] : [field('inference', input.inference)]),
  ];
  const blocks = [
    recipe.flat(),
    phaseTable(input),
    result.flat(),
    input.runs !== undefined && input.runs.length > 1 ? seedBlock(input.runs, input) : [],
    input.hardware.flatMap(wrapped),
    input.folder === null ? [] : [`${'folder'.padEnd(LABEL)}${input.folder}`],
  ];
  const lines = [heading, '─'.repeat(Math.min(heading.length, COLUMNS))];
  for (const [index, block] of blocks.filter((block) => block.length > 0).entries()) {
    if (index > 0) lines.push('');
    lines.push(...block);
  }
  return lines;
}

function engine({ wasmLevel, backend, tensorflow }: ResultCardInput): string {
  if (backend === 'js') return 'plain TypeScript';
  return tensorflow ? `TensorFlow ${tensorflow.tensorflow}` : `WebAssembly ${wasmLevel}`;
}

const nameOfMetric = ({ metric = 'accuracy' }: ResultCardInput) => metric;

/** Shares are shown in percent. */
const isShare = (name: string) => name === 'accuracy' || name === 'balancedAccuracy';
export const metricInWords = (name: string, value: number) =>
  isShare(name) ? percent(value) : String(Number(value.toPrecision(5)));

/** Null if the run was not evaluated. */
function valueInWords({ metric = 'accuracy', metrics, accuracy }: ResultCardInput): string | null {
  const value = metric === 'accuracy' ? accuracy : (metrics?.[metric] ?? null);
  return value === null ? null : metricInWords(metric, value);
}

/** In a line, without the one that decides. */
function otherMetrics({ metric = 'accuracy', metrics }: ResultCardInput): string[] {
  const { [metric]: _, ...others } = metrics ?? {};
  const words = listed(others);
  return words === '' ? [] : field('metrics', words);
}

const listed = (metrics: Metrics): string =>
  Object.entries(metrics)
    .flatMap(([name, value]) => (value === null ? [] : `${name} ${metricInWords(name, value)}`))
    .join(', ');

const testInWords = ({ testMetrics }: ResultCardInput): string[] =>
  testMetrics === undefined ? [] : field('test', listed(testMetrics));

/** Of the metric that decides and of that of the baseline. */
function intervalInWords({ metric = 'accuracy', baseline, testInterval = {} }: ResultCardInput): string[] {
  const names = new Set([metric, baseline?.metric ?? metric]);
  const words = [...names].flatMap((name) => {
    const interval = testInterval[name];
    if (interval === undefined) return [];
    return `${name} ${metricInWords(name, interval.low)} to ${metricInWords(name, interval.high)}`;
  });
  return words.length === 0 ? [] : field('interval', `${words.join(', ')}: 95 %, test rows`);
}

function baselineInWords({ baseline }: ResultCardInput): string[] {
  if (baseline === undefined || baseline === null) return [];
  const { metric, value, class: always } = baseline;
  const how = always === null ? 'the mean of the training rows' : `always ${JSON.stringify(always)}`;
  return field('baseline', `${metric} ${metricInWords(metric, value)}: ${how}`);
}

function statusInWords(input: ResultCardInput): string {
  const { status, target, metric = 'accuracy', baseline, testMetrics } = input;
  // Of a table: the score on rows that chose neither weights nor length.
  const tested = status === 'done' && baseline ? (testMetrics?.[metric] ?? null) : null;
  const value = tested === null ? valueInWords(input) : metricInWords(metric, tested);
  const got = value === null || isShare(metric) ? value : `${metric} ${value}`;
  const goal = target === null ? '' : ` (target ${isShare(metric) ? shortPercent(target) : target})`;
  const part = input.accuracyOn === 'test' ? '' : ` on ${input.accuracyOn}`;
  const on = tested === null ? part : ' on the test rows';
  const after = got === null ? ' before the first evaluation' : ` at ${got}${on}`;
  switch (status) {
    case 'reached':
      return `reached ${got ?? 'its target'}${on}${goal}`;
    case 'missed':
      return `missed its target${after}${goal}`;
    case 'done':
      return got === null ? 'done, not evaluated' : `done${after}${goal}`;
    case 'interrupted':
      return `interrupted${after}${goal}`;
    case 'failed':
      return `failed${after}${goal}`;
  }
}

/** Empty for the weights of the last step, which a reader expects. */
function weightsInWords({ weights, runs }: ResultCardInput): string {
  if (weights === undefined || weights === null || weights.of === 'last step') return '';
  const words = `, weights: ${weights.of}`;
  // With several seeds, each run has a step of its own.
  return runs === undefined ? `${words}, step ${grouped(weights.step)}` : words;
}

function speedupInWords({ speedup, threads }: ResultCardInput): string {
  if (speedup !== null) return `${speedup.toFixed(2)} × against one thread`;
  return `not measured; to measure: node dist/coordinator --threads 1..${threads > 1 ? threads : 'N'}`;
}

/** Phases with their milliseconds, then the totals under a rule; numbers in one column. */
function phaseTable({ phases, residentMs, coldMs, race, unit = 'image' }: ResultCardInput): string[] {
  const totals: [string, number][] = [
    [`cold (process start → ${unit === 'row' ? 'evaluated' : 'accuracy'})`, coldMs],
  ];
  // Only the cold time of the race is known; its repetitions have resident times.
  if (!race)
    totals.unshift([
      `resident (${unit}s in memory → ${unit === 'row' ? 'evaluated' : 'accuracy'})`,
      residentMs,
    ]);
  const rows: [string, number][] = [...Object.entries(phases), ...totals];
  const names = Math.max(...rows.map(([name]) => name.length));
  const values = Math.max(...rows.map(([, ms]) => milliseconds(ms).length));
  const lines = rows.map(([name, ms]) => `${name.padEnd(names)}  ${milliseconds(ms).padStart(values)} ms`);
  lines.splice(rows.length - totals.length, 0, '─'.repeat(names + values + 5));
  return lines.map((line, index) => `${(index === 0 ? 'time' : '').padEnd(LABEL)}${line}`);
}

function seedBlock(
  runs: readonly SeedRun[],
  { target, threads, race, otherThreads = [], metric = 'accuracy' }: ResultCardInput,
): string[] {
  const values = runs.flatMap((run) => (metric === 'accuracy' ? run.accuracy : run.metrics?.[metric]) ?? []);
  const deviation = standardDeviation(values);
  const reached = runs.filter((run) => run.status === 'reached').length;
  const sd =
    deviation === null
      ? ''
      : isShare(metric)
        ? `${(deviation * 100).toFixed(2)} points`
        : deviation.toPrecision(3);
  const spread = sd === '' ? '' : `, SD ${sd}`;
  const words = (value: number) => metricInWords(metric, value);
  if (values.length === 0) return [];
  return [
    ...field(
      'seeds',
      `${runs.length} ${race ? 'repetitions on random images' : 'runs'}: mean ${words(mean(values))}${spread}`,
    ),
    ...field('', `min ${words(minimum(values))}, max ${words(maximum(values))}`),
    ...(target === null
      ? []
      : field(
          'reached',
          `${reached} of ${runs.length} (${shortPercent(reached / runs.length)}) at target ${isShare(metric) ? shortPercent(target) : target}`,
        )),
    ...field('resident', `${timesInWords(runs)}${otherThreads.length > 0 ? `, ${on(threads)}` : ''}`),
    ...otherThreads.flatMap((other) => field('', `${timesInWords(other.runs)}, ${on(other.threads)}`)),
  ];
}

function timesInWords(runs: readonly SeedRun[]): string {
  const times = runs.map((run) => run.residentMs);
  const [least, most] = [minimum(times), maximum(times)].map(milliseconds);
  return `median ${milliseconds(median(times))} ms, range ${least}–${most} ms`;
}

const on = (threads: number) => `${threads} thread${threads === 1 ? '' : 's'}`;

function field(label: string, value: string): string[] {
  return wrapped(`${label.padEnd(LABEL)}${value}`);
}

/** Breaks lines at spaces; continuation lines start in the value column. A word that is too long stays on its line. */
function wrapped(line: string): string[] {
  const lines = [line.slice(0, LABEL)];
  for (const word of line.slice(LABEL).split(' ')) {
    const last = lines.at(-1) ?? '';
    const fresh = last.length <= LABEL;
    if (!fresh && last.length + 1 + word.length > COLUMNS) lines.push(' '.repeat(LABEL) + word);
    else lines[lines.length - 1] = last + (fresh ? '' : ' ') + word;
  }
  return lines;
}

/** As many decimals as a target needs: 97 %, 99.5 %. */
function shortPercent(fraction: number): string {
  return `${Number((fraction * 100).toFixed(2))} %`;
}

function milliseconds(ms: number): string {
  return ms >= 10_000 ? grouped(ms) : ms.toFixed(ms >= 1000 ? 0 : 1);
}

function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}
