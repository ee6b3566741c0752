/** What a soak shows: the last quarter of its readings against the second, when caches have filled. */
import { median } from '../../dist/numbers/statistics.js';
import { type Bar, judge } from '../record.ts';

export interface Reading {
  readonly minutes: number;
  readonly sessions: number;
  /** Resident set of the process, MB. */
  readonly residentMb: number;
  readonly heapMb: number;
  readonly handles: number;
  /** Null: the system does not list them. */
  readonly threads: number | null;
}

const tooFew = 'fewer than four readings';

/** Medians over the second and the last quarter; null if there are too few readings, or one has no value. */
export function quarters(
  readings: readonly Reading[],
  pick: (each: Reading) => number | null,
): readonly [before: number, after: number] | null {
  const size = Math.floor(readings.length / 4);
  const of = (part: readonly Reading[]) => part.map(pick).filter((value) => value !== null);
  const [before, after] = [of(readings.slice(size, 2 * size)), of(readings.slice(-size || readings.length))];
  return size === 0 || before.length < size || after.length < size ? null : [median(before), median(after)];
}

export function judgement(readings: readonly Reading[]): Bar[] {
  const growth = (pick: (each: Reading) => number) => {
    const found = quarters(readings, pick);
    return found && 100 * (found[1] / found[0] - 1);
  };
  const more = (pick: (each: Reading) => number | null) => {
    const found = quarters(readings, pick);
    return found && found[1] - found[0];
  };
  const threads = more((each) => each.threads);
  const hasThreads = readings.every((each) => each.threads !== null);
  return [
    judge(
      'soak-resident',
      growth((each) => each.residentMb),
      reason(readings),
    ),
    judge(
      'soak-heap',
      growth((each) => each.heapMb),
      reason(readings),
    ),
    judge(
      'soak-handles',
      more((each) => each.handles),
      reason(readings),
    ),
    judge('soak-threads', threads, hasThreads ? reason(readings) : 'the system does not list threads'),
  ];
}

const reason = (readings: readonly Reading[]) => (readings.length < 4 ? tooFew : undefined);
