/** Turns the samples of the race into its record. */

import { median } from '../../dist/numbers/statistics.js';
import type {
  Cold,
  ContestantResult,
  Entrant as EntrantResult,
  Runs,
} from '../../scripts/performance/peers/format.ts';
import { countFileLines } from './count-lines.ts';
import { type Entrant, messageOf } from './entrants.ts';
import type { Sample, Taken } from './turns.ts';
import { type Entry, isMissing } from './types.ts';
import type { ColdRun } from './user-program.ts';

/** By name of the entrant. */
export type Measured = ReadonlyMap<string, EntrantResult>;

export const entrantResult = ({ variant, threads }: Entrant): EntrantResult => ({
  variant,
  threads,
  resident: null,
  imagesPerSecond: [],
  curve: [],
  inference: {},
  loaded: null,
});

/** Null without any sample. */
export function runsOf(samples: readonly Sample<unknown>[]): Runs | null {
  if (samples.length === 0) return null;
  return {
    ms: samples.map(({ ms }) => ms),
    unfinished: samples.filter(({ finished }) => !finished).length,
  };
}

/**
 * The entrant with the smallest median time to the target; finished ones come before unfinished ones. Undefined without
 * any samples.
 */
export function fastest(entrants: readonly Entrant[], measured: Measured): Entrant | undefined {
  const time = ({ name }: Entrant) => {
    const runs = measured.get(name)?.resident;
    if (runs === undefined || runs === null) return Number.POSITIVE_INFINITY;
    return median(runs.ms) * (runs.unfinished > 0 ? 1e6 : 1);
  };
  return entrants.filter((each) => Number.isFinite(time(each))).toSorted((a, b) => time(a) - time(b))[0];
}

export function coldResult(taken: Taken<ColdRun> | undefined, threads: number | null): Cold | null {
  const samples = taken?.samples ?? [];
  const runs = runsOf(samples);
  if (taken === undefined || runs === null) return null;
  const answers = samples.flatMap(({ answer }) => answer ?? []);
  const byTime = answers.toSorted((a, b) => a.ms - b.ms);
  return {
    threads,
    ...runs,
    residentMs: answers.flatMap(({ residentMs }) => residentMs ?? []),
    accuracies: answers.map(({ accuracy }) => accuracy),
    curve: [...(byTime[Math.floor((byTime.length - 1) / 2)]?.curve ?? [])].map(([ms, accuracy]) => [
      ms,
      accuracy,
    ]),
    peakBytes: taken.warmUp[0]?.answer?.peakBytes ?? null,
  };
}

type MeasuredParts = Pick<ContestantResult, 'version' | 'failures' | 'entrants' | 'cold'>;

export async function contestantResult(
  { contestant, found }: Entry,
  parts: MeasuredParts,
): Promise<ContestantResult> {
  const { name, label, role, settings, sources } = contestant;
  const failures = { ...parts.failures };
  const attempt = async <T>(measure: string, work: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      failures[measure] = messageOf(error);
      return null;
    }
  };
  const lines = () => sources.reduce((sum, file) => sum + countFileLines(file), 0);
  return {
    ...{ name, label, role, settings },
    ...parts,
    residentFromCold: !contestant.can.target && contestant.can.cold,
    missing: isMissing(found) ? found.missing : null,
    installed: isMissing(found) ? null : await attempt('installed size', () => found.installedSize()),
    lines: sources.length === 0 ? null : await attempt('lines', lines),
    failures,
  };
}
