/** The columns of the peers' table: how each measurement is read from a summary, compared and shown. */
import { median } from '../../../dist/numbers/statistics.js';
import { figure } from '../record-markdown.ts';
import type { Runs } from './format.ts';
import { isBound, type Ratio, type Summary } from './summary.ts';

export interface Measure {
  readonly id: string;
  readonly heading: string;
  /** In words, for a sentence: "…: PyTorch 540k against 300k". */
  readonly words: string;
  readonly better: 'less' | 'more';
  /** Null: not measured. */
  readonly value: (summary: Summary) => number | null;
  readonly shown: (value: number, summary: Summary) => string;
}

const middle = (runs: Runs | undefined): number | null => (runs === undefined ? null : median(runs.ms));
const bound = (runs: Runs | undefined) => (runs !== undefined && isBound(runs) ? '> ' : '');
const megabytes = (bytes: number): string => `${figure(bytes / 1e6)} MB`;

const timesAndRates: readonly Measure[] = [
  {
    id: 'resident',
    heading: 'to 97 %, resident',
    words: 'time to 97 % with everything in memory',
    better: 'less',
    value: ({ resident }) => middle(resident?.runs),
    shown: (ms, { resident }) => `${bound(resident?.runs)}${duration(ms)}`,
  },
  {
    id: 'cold',
    heading: 'to 97 %, cold',
    words: 'time to 97 % from the start of the process',
    better: 'less',
    value: ({ cold }) => middle(cold?.runs),
    shown: (ms, { cold }) => `${bound(cold?.runs)}${duration(ms)}`,
  },
  {
    id: 'training',
    heading: 'training, images/s',
    words: 'training images a second',
    better: 'more',
    value: ({ imagesPerSecond }) => imagesPerSecond,
    shown: rate,
  },
];

const sizes: readonly Measure[] = [
  {
    id: 'memory',
    heading: 'peak memory',
    words: 'peak memory',
    better: 'less',
    value: ({ result }) => result.cold?.peakBytes ?? null,
    shown: megabytes,
  },
  {
    id: 'installed',
    heading: 'installed',
    words: 'size on disk',
    better: 'less',
    value: ({ result }) => result.installed?.bytes ?? null,
    shown: (bytes, { result }) => {
      const cuda = result.installed?.cudaBytes ?? 0;
      return cuda === 0 ? megabytes(bytes) : `${megabytes(bytes)} + CUDA ${megabytes(cuda)}`;
    },
  },
  {
    id: 'lines',
    heading: 'lines',
    words: 'lines that a user writes',
    better: 'less',
    value: ({ result }) => result.lines,
    shown: (lines) => `${lines}`,
  },
];

/** In the order of the table. */
export function measures(batches: readonly number[]): Measure[] {
  return [...timesAndRates, ...batches.map(inference), ...sizes];
}

function inference(batch: number): Measure {
  const size = batch.toLocaleString('en-US');
  const ms = ({ inference: best }: Summary) => best.get(batch)?.ms ?? null;
  if (batch === 1)
    return {
      id: 'inference-1',
      heading: 'inference of 1',
      words: 'inference of one image',
      better: 'less',
      value: ms,
      shown: duration,
    };
  return {
    id: `inference-${batch}`,
    heading: `inference of ${size}, images/s`,
    words: `inference at ${size} images`,
    better: 'more',
    value: (summary) => {
      const time = ms(summary);
      return time === null ? null : (batch / time) * 1000;
    },
    shown: rate,
  };
}

/** Whether the first is better; false if one of them is unknown. */
export function isBetter({ value, better }: Measure, one: Summary, other: Summary): boolean {
  const [a, b] = [value(one), value(other)];
  if (a === null || b === null) return false;
  return better === 'less' ? a < b : a > b;
}

export function shownOf(measure: Measure, summary: Summary): string {
  const value = measure.value(summary);
  return value === null ? '–' : measure.shown(value, summary);
}

/** `1.58 × (1.51–1.66)`; empty without one. */
export function ratioText(ratio: Ratio | null | undefined): string {
  if (!ratio) return '';
  const { median: middle, low, high } = ratio;
  if (ratio.isBound) return `> ${times(middle)} ×`;
  return `${times(middle)} × (${times(low)}–${times(high)})`;
}

/** Two decimals of a small factor: `0.97`, `1.00`, `38.1`. */
export const times = (factor: number): string => (factor < 10 ? factor.toFixed(2) : figure(factor));

/** `5.69 µs`, `869 ms`, `1.37 s` */
export function duration(ms: number): string {
  if (ms < 0.1) return `${figure(ms * 1000)} µs`;
  return ms < 1000 ? `${figure(ms)} ms` : `${figure(ms / 1000)} s`;
}

/** Three digits are enough for a rate: `155,000`. */
function rate(perSecond: number): string {
  return Number(perSecond.toPrecision(3)).toLocaleString('en-US');
}
