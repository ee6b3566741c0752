/** Compares two units: ratios with bootstrap intervals, and the differences of their machines and recipes. */

import { bootstrap, type Interval, middle } from '../numbers/bootstrap.js';
import { mean, median } from '../numbers/statistics.js';
import { plural, wholePercent } from '../numbers/words.js';
import { otherWork } from './comparable.js';
import { type Difference, differences, flatKeys } from './config-keys.js';
import { groupBy } from './group-by.js';
import { machineDifferences } from './machines.js';
import type { Pair, Unit } from './pairs.js';
import { lastAccuracy, targetTimes, throughput } from './target-times.js';

/** One figure of both sides. */
export interface Measure {
  readonly name: string;
  readonly unit: 'ms' | 'images/s' | 'accuracy' | '×';
  /** The centre of each side: the mean of accuracies, the median of other figures. */
  readonly a: number;
  readonly b: number;
  readonly samples: readonly [number, number];
  /** b / a; for accuracies b − a. */
  readonly change: number;
  /** 95 %; null with fewer than two samples on a side. */
  readonly interval: Interval | null;
  /** Whether more is better. */
  readonly better: 'more' | 'less';
}

export interface Comparison {
  readonly pair: Pair;
  readonly measures: readonly Measure[];
  /** The figures that could not be compared, and the reasons. */
  readonly notes: readonly string[];
  readonly hardware: readonly Difference[];
  readonly config: readonly Difference[];
}

/** Keys that explain no difference of times: how a run is recorded, and its random draws. */
const notCompared = /^(log\.|seed$|data\.dir$)/;

export function comparePair(pair: Pair): Comparison {
  const { a, b } = pair;
  const work = otherWork(a.runs[0], b.runs[0]);
  const notes: string[] = [];
  if (work.length > 0) notes.push(`images a second are not compared, since ${work.join('; ')}`);
  const measures =
    a.kind === 'sweep' || b.kind === 'sweep'
      ? sweepMeasures(pair, work.length === 0, notes)
      : [
          ...timeMeasures(pair, notes),
          ...(work.length === 0 ? rateMeasures(pair) : []),
          ...accuracyMeasures(pair),
        ];
  return {
    pair,
    measures,
    notes,
    hardware: machineDifferences(a.runs[0].hardware, b.runs[0].hardware),
    config: differences(flatKeys(a.runs[0].config), flatKeys(b.runs[0].config)).filter(
      ({ key }) => !notCompared.test(key),
    ),
  };
}

function timeMeasures({ a, b }: Pair, notes: string[]): Measure[] {
  const { target } = a.runs[0].facts.stop;
  if (target === null || b.runs[0].facts.stop.target === null) {
    notes.push('no time to accuracy: without stop.target there is none');
    return [];
  }
  const [left, right] = [targetTimes(a.tracks), targetTimes(b.tracks)];
  for (const [side, { n, timesMs }] of [
    ['A', left],
    ['B', right],
  ] as const)
    if (timesMs.length < n || n === 0)
      notes.push(
        `${side} reached the target with ${timesMs.length} of ${n} seeds; only their times are compared`,
      );
  if (left.timesMs.length === 0 || right.timesMs.length === 0) return [];
  return [
    ratio(`time to ${Number((100 * target).toFixed(2))} %`, 'ms', [left.timesMs, right.timesMs], 'less'),
  ];
}

function rateMeasures({ a, b }: Pair): Measure[] {
  const rates = ({ tracks }: Unit) => tracks.map(throughput).filter((rate) => rate !== null);
  const [left, right] = [rates(a), rates(b)];
  return left.length === 0 || right.length === 0
    ? []
    : [ratio('throughput', 'images/s', [left, right], 'more')];
}

function accuracyMeasures({ a, b }: Pair): Measure[] {
  const of = ({ tracks }: Unit) => tracks.map(lastAccuracy).filter((accuracy) => accuracy !== null);
  const [left, right] = [of(a), of(b)];
  if (left.length === 0 || right.length === 0) return [];
  const facts = {
    name: 'accuracy',
    unit: 'accuracy',
    better: 'more',
    a: mean(left),
    b: mean(right),
  } as const;
  return [
    {
      ...facts,
      samples: [left.length, right.length],
      ...changeOf([left, right], ([one, other]) => mean(other) - mean(one)),
    },
  ];
}

/** Repeats of a sweep by thread count, in milliseconds, and the number of images in a repeat. */
function sweepSamples({ runs }: Unit) {
  const rows = groupBy(
    runs.flatMap(({ sweep }) => sweep).filter(({ samplesMs }) => samplesMs.length > 0),
    ({ threads }) => threads,
  );
  const [first] = [...rows.values()].flat();
  const images = first === undefined ? 0 : first.imagesPerSecond * first.medianMs;
  const samples = new Map(
    [...rows].map(([threads, same]) => [threads, same.flatMap(({ samplesMs }) => samplesMs)]),
  );
  return { images, samples };
}

/** For every thread count measured on both sides; each side's speed-up is relative to its own one thread. */
function sweepMeasures({ a, b }: Pair, sameWork: boolean, notes: string[]): Measure[] {
  const [left, right] = [sweepSamples(a), sweepSamples(b)];
  const common = [...left.samples.keys()]
    .filter((threads) => right.samples.has(threads))
    .sort((x, y) => x - y);
  if (common.length === 0) notes.push('no thread count was measured on both sides');
  const rates = ({ images, samples }: typeof left, threads: number) =>
    (samples.get(threads) ?? []).map((ms) => images / ms);
  const singles = [left.samples.get(1), right.samples.get(1)];
  return common.flatMap((threads) => {
    const words = plural(threads, 'thread');
    const groups = [singles[0], left.samples.get(threads), singles[1], right.samples.get(threads)];
    const known = groups.filter((group) => group !== undefined);
    return [
      ...(sameWork
        ? [ratio(`throughput, ${words}`, 'images/s', [rates(left, threads), rates(right, threads)], 'more')]
        : []),
      ...(threads > 1 && known.length === 4 ? [speedupMeasure(`speed-up, ${words}`, known)] : []),
    ];
  });
}

/** `groups`: times on one thread and on several, of A and of B. */
function speedupMeasure(name: string, groups: readonly (readonly number[])[]): Measure {
  const speedups = ([one, many, otherOne, otherMany]: readonly (readonly number[])[]) =>
    [median(one) / median(many), median(otherOne) / median(otherMany)] as const;
  const [a, b] = speedups(groups);
  return {
    ...{ name, unit: '×', better: 'more', a, b },
    samples: [groups[1].length, groups[3].length],
    ...changeOf(groups, (drawn) => {
      const [from, to] = speedups(drawn);
      return to / from;
    }),
  };
}

function ratio(
  name: string,
  unit: Measure['unit'],
  sides: readonly [readonly number[], readonly number[]],
  better: Measure['better'],
): Measure {
  const [a, b] = sides;
  return {
    ...{ name, unit, a: median(a), b: median(b), samples: [a.length, b.length], better },
    ...changeOf(sides, ([one, other]) => median(other) / median(one)),
  };
}

/** A statistic of the groups, and its values for resampled groups. */
function changeOf(groups: readonly (readonly number[])[], statistic: (groups: number[][]) => number) {
  const few = groups.some((group) => group.length < 2);
  return {
    change: statistic(groups.map((group) => [...group])),
    interval: few ? null : middle(bootstrap(groups, statistic)),
  };
}

/** In words: the better side, if the interval excludes equality. */
export function verdict({ unit, change, interval, better }: Measure): string {
  const even = unit === 'accuracy' ? 0 : 1;
  if (interval === null) return 'one sample on a side: no interval';
  if (interval.low <= even && interval.high >= even) return 'no difference shown';
  const winner = change > even === (better === 'more') ? 'B' : 'A';
  if (unit === 'accuracy') return `${winner} is more accurate`;
  const times = change > 1 ? change : 1 / change;
  return `${winner} by ${times < 1.1 ? wholePercent(times - 1) : `${times.toFixed(2)} ×`}`;
}
