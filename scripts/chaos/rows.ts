/** The table: how the runs of each kind came to their end, and what was wrong. */
import type { Injection } from './inject.ts';

export const emptyRow = () => ({
  ...{ injections: 0, itself: 0, resumed: 0, startedAgain: 0, again: 0, skipped: 0 },
  ...{ differing: 0, unreadable: 0, leftovers: 0, orphans: 0 },
});
export type Row = ReturnType<typeof emptyRow>;

type Counted = Pick<Injection, 'by' | 'again' | 'differing' | 'unreadable' | 'leftovers' | 'orphans'>;

export function count(row: Row, { by, again, differing, unreadable, leftovers, orphans }: Counted): void {
  if (by === 'skipped') {
    row.skipped++;
    return;
  }
  row.injections++;
  row[by === 'itself' ? 'itself' : by === 'resume' ? 'resumed' : 'startedAgain']++;
  row.again += again;
  row.differing += differing;
  row.unreadable += unreadable;
  row.leftovers += leftovers;
  row.orphans += orphans;
}

/** Of those that a disturbance ended; a run that went on by itself, such as one that was paused, has nothing to resume. */
export function resumedShare(sum: (of: (row: Row) => number) => number): string {
  const resumed = sum((row) => row.resumed);
  const ended = resumed + sum((row) => row.startedAgain);
  const all = sum((row) => row.injections);
  return `${resumed} of ${all} resumed, ${ended === 0 ? 0 : Math.round((100 * resumed) / ended)} % of the ${ended} that had to go on`;
}
