/**
 * Durations of steps, from the `step` events: the time between two events, divided by the steps between them. With
 * `log.every` above 1 this is a mean over that many steps, in which a single slow one is diluted.
 */

import { quantile } from '../numbers/statistics.js';
import type { Track } from './run.js';

/** Mean milliseconds a step, for each interval that contains no evaluation and no end of an epoch. */
export function stepIntervalsMs({ steps, evaluations, epochs }: Track): number[] {
  const breaks = [...evaluations.map(({ step }) => step), ...epochs.map((epoch) => epoch.steps)].sort(
    (a, b) => a - b,
  );
  let next = 0;
  return steps.slice(1).flatMap((to, index) => {
    const from = steps[index];
    while (next < breaks.length && breaks[next] < from.step) next++;
    const broken = next < breaks.length && breaks[next] < to.step;
    const count = to.step - from.step;
    return broken || count <= 0 ? [] : Math.max(0, to.elapsedMs - from.elapsedMs) / count;
  });
}

/** Steps between two events of the log, the usual number; null for fewer than two events. */
export function stepsBetween(tracks: readonly Track[]): number | null {
  const counts = tracks.flatMap(({ steps }) => steps.slice(1).map((to, i) => to.step - steps[i].step));
  return counts.length === 0 ? null : quantile(counts, 0.5);
}

export interface StepTimes {
  readonly n: number;
  readonly median: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** Above the third quartile by more than three times the distance of the quartiles: "far out" (Tukey 1977). */
  readonly fence: number;
  readonly outliers: readonly number[];
}

/** Null without intervals. */
export function stepTimes(intervalsMs: readonly number[]): StepTimes | null {
  if (intervalsMs.length === 0) return null;
  const [q1, middle, q3, p95, p99, max] = [0.25, 0.5, 0.75, 0.95, 0.99, 1].map((q) =>
    quantile(intervalsMs, q),
  );
  const fence = q3 + 3 * (q3 - q1);
  const outliers = intervalsMs.filter((ms) => ms > fence).sort((a, b) => b - a);
  return { n: intervalsMs.length, median: middle, p95, p99, max, fence, outliers };
}
