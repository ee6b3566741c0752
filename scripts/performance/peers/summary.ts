/**
 * The summary of each contestant of the peers' race: its best setting, medians, and ratios to shardstep round by round.
 */

import { type Interval, medianInterval } from '../../../dist/numbers/bootstrap.js';
import { median } from '../../../dist/numbers/statistics.js';
import type { ContestantResult, Entrant, PeersRace, Runs } from './format.ts';

/** Relative to shardstep's time: median of the ratios of the rounds, and its bootstrap 95 % interval. */
export interface Ratio extends Interval {
  readonly median: number;
  /** The contestant did not reach the target: a lower bound. */
  readonly isBound: boolean;
}

export interface Timed {
  readonly runs: Runs;
  readonly variant: string;
  readonly threads: number | null;
  /** Null for shardstep itself, for other work, and if there is nothing to compare with. */
  readonly ratio: Ratio | null;
}

export interface InferenceBest {
  /** Median milliseconds of a call. */
  readonly ms: number;
  readonly variant: string;
  readonly threads: number | null;
}

export interface Summary {
  readonly result: ContestantResult;
  readonly resident: Timed | null;
  readonly cold: Timed | null;
  readonly imagesPerSecond: number | null;
  /** By batch size, at its best variant and thread count. */
  readonly inference: ReadonlyMap<number, InferenceBest>;
}

/** In the order of the race. */
export function summarise(race: PeersRace): Summary[] {
  const ours = race.contestants.find(({ role }) => role === 'ours');
  const reference = {
    resident: ours === undefined ? null : (residentOf(ours)?.runs ?? null),
    cold: ours?.cold ?? null,
  };
  return race.contestants.map((result) => {
    const resident = residentOf(result);
    const compared = result.role === 'peer';
    const timed = (of: Omit<Timed, 'ratio'> | null, to: Runs | null): Timed | null =>
      of === null ? null : { ...of, ratio: compared && to !== null ? ratioOf(of.runs, to) : null };
    const { cold } = result;
    const rates = bestEntrant(result)?.imagesPerSecond ?? [];
    return {
      result,
      resident: timed(resident, reference.resident),
      cold: timed(cold && { runs: cold, variant: '', threads: cold.threads }, reference.cold),
      imagesPerSecond: rates.length === 0 ? null : median(rates),
      inference: new Map(race.batches.flatMap((batch) => bestInference(result, batch))),
    };
  });
}

/** The setting with the smallest median time to the target; one that reached it comes before all that did not. */
export function bestEntrant({ entrants }: ContestantResult): Entrant | undefined {
  const time = ({ resident }: Entrant) =>
    resident === null ? Number.POSITIVE_INFINITY : median(resident.ms) * (isBound(resident) ? 1e6 : 1);
  return entrants.filter(({ resident }) => resident !== null).toSorted((a, b) => time(a) - time(b))[0];
}

/** Whether the median is of runs that did not reach the target. */
export const isBound = ({ ms, unfinished }: Runs): boolean => 2 * unfinished >= ms.length;

/** Programs without a session report their resident time in their cold runs. */
function residentOf(result: ContestantResult): Omit<Timed, 'ratio'> | null {
  const best = bestEntrant(result);
  if (best?.resident) return { runs: best.resident, variant: best.variant, threads: best.threads };
  const { cold } = result;
  if (cold === null || !result.residentFromCold) return null;
  const { residentMs, ms, unfinished, threads } = cold;
  // A program that was ended at the limit has reported nothing: the limit stands for its time.
  const known = residentMs.length > 0 ? residentMs : unfinished > 0 ? ms : [];
  return known.length === 0 ? null : { runs: { ms: known, unfinished }, variant: '', threads };
}

/** Rounds that both have. */
function ratioOf(runs: Runs, reference: Runs): Ratio | null {
  const rounds = Math.min(runs.ms.length, reference.ms.length);
  if (rounds === 0) return null;
  const ratios = Array.from({ length: rounds }, (_, round) => runs.ms[round] / reference.ms[round]);
  return { median: median(ratios), ...medianInterval(ratios), isBound: isBound(runs) };
}

function bestInference({ entrants }: ContestantResult, batch: number): [number, InferenceBest][] {
  const all = entrants.flatMap(({ inference, variant, threads }) => {
    const times = inference[batch];
    return times === undefined || times.length === 0 ? [] : [{ ms: median(times), variant, threads }];
  });
  const [best] = all.toSorted((a, b) => a.ms - b.ms);
  return best === undefined ? [] : [[batch, best]];
}
