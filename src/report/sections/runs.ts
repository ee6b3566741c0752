/** All runs that were read, one a line. */

import { milliseconds, percent } from '../../numbers/words.js';
import { type LeftOut, type Section, table } from '../document.js';
import type { Run } from '../run.js';
import { nameOf } from '../run.js';
import type { Survey } from '../settings.js';
import { lastAccuracy, residentMs, spreadOf } from '../target-times.js';

export function runsSection(found: Survey): Section | LeftOut {
  return {
    title: 'Runs',
    blocks: [
      table('Every run that was read', {
        heading: [
          'run',
          'recipe',
          'started (UTC)',
          'machine',
          'threads',
          'sync',
          'seeds',
          'status',
          'accuracy',
          'median time',
        ],
        align: ['l', 'l', 'l', 'l', 'r', 'l', 'r', 'l', 'r', 'r'],
        rows: found.runs.map((run) => cells(run, found)),
      }),
    ],
  };
}

function cells(run: Run, found: Survey): string[] {
  const accuracy = spreadOf(run.tracks.map(lastAccuracy).filter((each) => each !== null));
  const time = spreadOf(run.tracks.map(residentMs).filter((each) => each !== null));
  const threads = [
    ...new Set([...run.tracks.map((track) => track.threads ?? '?'), ...run.sweep.map((row) => row.threads)]),
  ];
  return [
    run.label,
    nameOf(run),
    run.startedAt?.slice(0, 19).replace('T', ' ') ?? '–',
    found.machineOf(run).letter,
    threads.join(', ') || '–',
    run.facts.parallel.sync,
    run.sweep.length > 0 ? '–' : String(run.tracks.length),
    statusWords(run),
    accuracy === null ? '–' : percent(accuracy.mean),
    time === null ? '–' : milliseconds(time.median),
  ];
}

export function statusWords({ stop, sweep }: Run): string {
  if (stop === null) return 'cut off';
  return sweep.length > 0 ? `sweep, ${stop.status}` : stop.status;
}
