/**
 * The race: the present contestants, measurement after measurement, and the results. Absent and failing contestants
 * stay in the result.
 */
import type { Entrant as EntrantResult, PeersRace } from '../../scripts/performance/peers/format.ts';
import { addFailure, type Entrant, type Failures, openEntrants } from './entrants.ts';
import {
  batches,
  type ColdStarter,
  type Course,
  measureCold,
  measureInference,
  measureLoaded,
  measureResident,
} from './measures.ts';
import { coldResult, contestantResult, entrantResult, fastest, type Measured, runsOf } from './results.ts';
import type { SessionProcess } from './session.ts';
import type { Taken } from './turns.ts';
import { type Entry, isMissing } from './types.ts';

export interface RaceOptions {
  readonly rounds: number;
  /** 0: no race under load. */
  readonly loadedRounds: number;
  /** Busy processes under load: one for each core. */
  readonly neighbours: number;
  /** Thread counts to try, the last one all physical cores. */
  readonly threads: readonly number[];
  readonly target: number;
  readonly limitMs: number;
  /** The working folder of the programs: an empty folder. */
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly progress: (measure: string, round: number, name: string) => void;
}

/** If the signal is aborted, returns soon with the results so far. The caller ends the processes. */
export async function runRace(entries: readonly Entry[], options: RaceOptions): Promise<PeersRace> {
  const { entrants, failures } = await openEntrants(entries, {
    ...options,
    progress: (name) => options.progress('start', 0, name),
  });
  const measured = new Map(entrants.map((entrant) => [entrant.name, entrantResult(entrant)]));
  try {
    await raceSessions(entrants, measured, failures, options);
  } finally {
    for (const { session } of entrants) await session.close();
  }
  const cold = await raceCold(entries, measured, entrants, failures, options);
  const contestants = [];
  for (const entry of entries) {
    const mine = entrants.filter(({ contestant }) => contestant === entry.contestant);
    contestants.push(
      await contestantResult(entry, {
        version: mine[0]?.session.version ?? null,
        failures: Object.fromEntries(failures.get(entry.contestant.name) ?? []),
        entrants: mine.flatMap(({ name }) => measured.get(name) ?? []),
        cold: cold.get(entry.contestant.name) ?? null,
      }),
    );
  }
  const { target, rounds, loadedRounds, neighbours, limitMs } = options;
  return {
    target,
    rounds,
    loadedRounds,
    neighbours,
    limitMs,
    batches: batches.map(({ size }) => size),
    contestants,
  };
}

async function raceSessions(
  entrants: readonly Entrant[],
  measured: Measured,
  failures: Failures,
  options: RaceOptions,
): Promise<void> {
  /** Sessions that failed or were ended at the limit give no further answers. */
  const gone = new Set<SessionProcess>();
  const here = (wanted: (entrant: Entrant) => boolean) =>
    entrants.filter((entrant) => wanted(entrant) && !gone.has(entrant.session));
  function keep<T>(
    measure: string,
    taken: Map<string, Taken<T>>,
    put: (to: EntrantResult, of: Taken<T>) => void,
  ) {
    for (const { name, contestant, session } of entrants) {
      const [of, to] = [taken.get(name), measured.get(name)];
      if (of === undefined || to === undefined) continue;
      put(to, of);
      const wasEnded = of.samples.some(({ answer, finished }) => answer === null && !finished);
      if (of.failure !== null) addFailure(failures, contestant.name, `${measure}, ${name}`, of.failure);
      if (of.failure !== null || wasEnded) gone.add(session);
    }
  }
  const trainers = here(({ contestant }) => contestant.can.target);
  keep('resident', await measureResident(trainers, options), (to, { samples }) => {
    to.resident = runsOf(samples);
    to.imagesPerSecond = samples.flatMap(({ answer }) =>
      answer === null ? [] : [(answer.images / answer.trainMs) * 1000],
    );
    to.curve = middleCurve(samples);
  });
  for (const batch of batches) {
    const inferring = here(({ contestant }) => contestant.can.infer);
    keep('inference', await measureInference(inferring, batch, options), (to, { samples }) => {
      to.inference[batch.size] = samples.map(({ ms }) => ms);
    });
  }
  if (options.loadedRounds === 0) return;
  const allCores = options.threads.at(-1) ?? 1;
  const underLoad = here((entrant) => {
    const mine = fastest(
      entrants.filter(({ contestant }) => contestant === entrant.contestant),
      measured,
    );
    const isExtra = entrant.contestant.loadedAtAllCores === true && entrant.threads === allCores;
    const rivals = entrants.filter(
      ({ contestant, threads }) => contestant === entrant.contestant && threads === allCores,
    );
    return entrant === mine || (isExtra && entrant === fastest(rivals, measured));
  });
  const loaded: Course = { ...options, rounds: options.loadedRounds };
  keep('under load', await measureLoaded(underLoad, loaded, options.neighbours), (to, { samples }) => {
    to.loaded = runsOf(samples);
  });
}

async function raceCold(
  entries: readonly Entry[],
  measured: Measured,
  entrants: readonly Entrant[],
  failures: Failures,
  options: RaceOptions,
) {
  const allCores = options.threads.at(-1) ?? 1;
  const starters: ColdStarter[] = entries.flatMap(({ contestant, found }) => {
    if (isMissing(found) || !contestant.can.cold) return [];
    const mine = entrants.filter((entrant) => entrant.contestant === contestant);
    const threads = fastest(mine, measured)?.threads ?? allCores;
    return [{ name: contestant.name, ready: found, threads }];
  });
  const taken = await measureCold(starters, options);
  for (const [name, { failure }] of taken) if (failure !== null) addFailure(failures, name, 'cold', failure);
  return new Map(
    starters.map(({ name, threads }) => {
      const contestant = entries.find((entry) => entry.contestant.name === name)?.contestant;
      return [name, coldResult(taken.get(name), contestant?.threaded ? threads : null)];
    }),
  );
}

/** Curve of the finished run with the median time. */
function middleCurve(samples: Taken<{ readonly curve: [number, number][] }>['samples']) {
  const byTime = samples.filter(({ answer }) => answer !== null).toSorted((a, b) => a.ms - b.ms);
  return byTime[Math.floor((byTime.length - 1) / 2)]?.answer?.curve ?? [];
}
