/**
 * Samples of every contestant in turn, by `alternate`, with failures as results. A contestant that fails or exceeds the
 * limit leaves the race with a reason in words, and the race continues.
 */
import { alternate } from '../harness.ts';
import { TimeLimit } from './session.ts';

/** One sample. `finished`: false if the target was not reached; its time is then a lower bound. */
export interface Sample<T> {
  readonly ms: number;
  readonly finished: boolean;
  /** Null for a sample that was ended at the limit. */
  readonly answer: T | null;
}

export interface TurnCase<T> {
  readonly name: string;
  /** `round` counts from 0, warm-up rounds first. */
  readonly run: (round: number, isWarmUp: boolean) => Promise<Sample<T>>;
}

export interface Taken<T> {
  readonly warmUp: Sample<T>[];
  /** Round by round from the first; fewer than the rounds after a failure or a sample at the limit. */
  readonly samples: Sample<T>[];
  failure: string | null;
}

export interface TurnOptions {
  readonly rounds: number;
  readonly warmUp: number;
  /** No sample begins after its abortion; earlier samples are kept. */
  readonly signal: AbortSignal;
  /** Before each sample. */
  readonly progress: (round: number, name: string) => void;
}

/** Returns early with the samples so far if the signal is aborted. */
export async function takeTurns<T>(
  cases: readonly TurnCase<T>[],
  { rounds, warmUp, signal, progress }: TurnOptions,
): Promise<Map<string, Taken<T>>> {
  const taken = new Map<string, Taken<T>>(
    cases.map(({ name }) => [name, { warmUp: [], samples: [], failure: null }]),
  );
  const turns = cases.map(({ name, run }) => {
    const mine = taken.get(name) as Taken<T>;
    let round = -1;
    let isOut = false;
    return {
      name,
      // The samples are kept here, because `alternate` returns only numbers, and none after an error.
      async run() {
        round++;
        if (isOut || signal.aborted) return Number.NaN;
        progress(round, name);
        try {
          const sample = await run(round, round < warmUp);
          (round < warmUp ? mine.warmUp : mine.samples).push(sample);
        } catch (error) {
          isOut = true;
          if (signal.aborted) return Number.NaN;
          if (error instanceof TimeLimit)
            mine.samples.push({ ms: error.limitMs, finished: false, answer: null });
          else mine.failure = error instanceof Error ? error.message : String(error);
        }
        return Number.NaN;
      },
    };
  });
  await alternate(turns, { rounds, warmUp });
  return taken;
}
