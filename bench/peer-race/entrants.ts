/** Contestants with a session program, each variant at each thread count, open at the same time. */
import { openSession, type SessionProcess } from './session.ts';
import { type Contestant, type Entry, isMissing } from './types.ts';

export interface Entrant {
  readonly contestant: Contestant;
  readonly variant: string;
  /** Null if the number cannot be chosen. */
  readonly threads: number | null;
  /** Unique in the race, for people: `pytorch compiled, 2 threads`. */
  readonly name: string;
  readonly session: SessionProcess;
}

export interface Opened {
  readonly entrants: readonly Entrant[];
  /** By contestant, then by entrant: why its session did not begin. */
  readonly failures: Failures;
}

export type Failures = Map<string, Map<string, string>>;

export function addFailure(failures: Failures, contestant: string, measure: string, reason: string): void {
  const known = failures.get(contestant) ?? new Map<string, string>();
  failures.set(contestant, known.set(measure, reason));
}

export interface OpenOptions {
  /** Thread counts to try: one and all physical cores. */
  readonly threads: readonly number[];
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly progress: (name: string) => void;
}

/** Starts them in sequence, so that no import is slowed by another one; stops early if the signal is aborted. */
export async function openEntrants(entries: readonly Entry[], options: OpenOptions): Promise<Opened> {
  const entrants: Entrant[] = [];
  const failures: Failures = new Map();
  for (const { contestant, found } of entries) {
    if (isMissing(found)) continue;
    for (const threads of contestant.threaded ? options.threads : [null])
      for (const variant of contestant.variants) {
        const launch = found.session(variant, threads ?? 1);
        if (launch === null || options.signal.aborted) continue;
        const name = entrantName(contestant.name, variant, threads);
        options.progress(name);
        try {
          const session = await openSession(launch, options.cwd);
          entrants.push({ contestant, variant, threads, name, session });
        } catch (error) {
          if (options.signal.aborted) continue;
          addFailure(failures, contestant.name, `start of ${name}`, messageOf(error));
        }
      }
  }
  return { entrants, failures };
}

/** `pytorch compiled, 2 threads` */
export function entrantName(contestant: string, variant: string, threads: number | null): string {
  const words = variant === '' ? contestant : `${contestant} ${variant}`;
  return threads === null ? words : `${words}, ${threads} thread${threads === 1 ? '' : 's'}`;
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
