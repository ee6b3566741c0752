/** All runs that were read, one a line. */

import { type Column, tabulated } from '../../numbers/columns.js';
import { mean, median } from '../../numbers/statistics.js';
import { digits, milliseconds, percent } from '../../numbers/words.js';
import { type LeftOut, type Section, table } from '../document.js';
import { nameOf, type Run } from '../run.js';
import type { Survey } from '../settings.js';
import { decidingMetric, lastAccuracy, residentMs } from '../target-times.js';

export function runsSection(found: Survey): Section | LeftOut {
  const columns: Column<Run>[] = [
    ['run', 'l', ({ label }) => label],
    ['recipe', 'l', nameOf],
    ['started (UTC)', 'l', ({ startedAt }) => startedAt?.slice(0, 19).replace('T', ' ') ?? '–'],
    ['machine', 'l', (run) => found.machineOf(run).letter],
    ['threads', 'r', ({ tracks, sweep }) => threadCounts([...tracks, ...sweep])],
    ['sync', 'l', ({ facts }) => facts.parallel.sync],
    ['seeds', 'r', ({ tracks, sweep }) => (sweep.length > 0 ? '–' : String(tracks.length))],
    ['status', 'l', statusWords],
    ['accuracy', 'r', ({ tracks }) => ofAll(tracks.map(lastAccuracy), mean, percent)],
    ...(found.runs.some(hasOther) ? [other] : []),
    ['median time', 'r', ({ tracks }) => ofAll(tracks.map(residentMs), median, milliseconds)],
  ];
  return { title: 'Runs', blocks: [table('Every run that was read', tabulated(columns, found.runs))] };
}

/** Of the last evaluations, if it is not the accuracy that decides. */
function lastMetrics({ tracks }: Run) {
  const all = tracks.flatMap((track) => {
    const last = track.evaluations.at(-1);
    return last === undefined ? [] : decidingMetric(track, last);
  });
  return all.filter(({ name, value }) => name !== 'accuracy' && value !== null);
}

const hasOther = (run: Run) => lastMetrics(run).length > 0;
const other: Column<Run> = [
  'metric',
  'r',
  (run) => {
    const all = lastMetrics(run);
    const value = ofAll(
      all.map(({ value }) => value),
      mean,
      digits,
    );
    return all.length === 0 ? '–' : `${all[0].name} ${value}`;
  },
];

const threadCounts = (all: readonly { readonly threads: number | null }[]) =>
  [...new Set(all.map(({ threads }) => threads ?? '?'))].join(', ') || '–';

/** Of those that are known. */
function ofAll(
  samples: readonly (number | null)[],
  middle: (known: number[]) => number,
  shown: (value: number) => string,
): string {
  const known = samples.filter((each) => each !== null);
  return known.length === 0 ? '–' : shown(middle(known));
}

function statusWords({ stop, sweep }: Run): string {
  if (stop === null) return 'cut off';
  return sweep.length > 0 ? `sweep, ${stop.status}` : stop.status;
}
