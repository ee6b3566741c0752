/** The measurements of the race, one function each: every sample of every contestant that supports it, in turn. */
import { median } from '../../dist/numbers/statistics.js';
import { type LineProcess, openLineProcess } from '../line-process.ts';
import type { Entrant } from './entrants.ts';
import type { Trained } from './session.ts';
import { type Sample, type Taken, type TurnOptions, takeTurns } from './turns.ts';
import type { Ready } from './types.ts';
import { type ColdRun, runUserProgram } from './user-program.ts';

/** Arguments of all measurements. */
export interface Course extends Omit<TurnOptions, 'warmUp' | 'progress'> {
  readonly cwd: string;
  readonly target: number;
  readonly limitMs: number;
  readonly progress: (measure: string, round: number, name: string) => void;
}

/** The first answer includes compiling: its limit is this many times that of a sample. */
const compileAllowance = 2.5;

/** Time to the target from fresh parameters, data in memory, code compiled; seeds 1, 2, … */
export function measureResident(entrants: readonly Entrant[], course: Course) {
  return trainInTurn('resident', entrants, course, 1, (run) => run());
}

/** The same with `count` busy neighbours that spin only during a sample. */
export function measureLoaded(entrants: readonly Entrant[], course: Course, count: number) {
  return trainInTurn('under load', entrants, course, 0, async (run) => {
    const neighbours: LineProcess[] = [];
    try {
      while (neighbours.length < count) neighbours.push(await openLineProcess('bench/busy-neighbour.ts'));
      await Promise.all(neighbours.map((neighbour) => neighbour.ask('spin')));
      return await run();
    } finally {
      await Promise.all(neighbours.map((neighbour) => neighbour.close()));
    }
  });
}

function trainInTurn(
  measure: string,
  entrants: readonly Entrant[],
  course: Course,
  warmUp: number,
  around: (run: () => Promise<Trained>) => Promise<Trained>,
): Promise<Map<string, Taken<Trained>>> {
  const cases = entrants.map(({ name, session }) => ({
    name,
    async run(round: number, isWarmUp: boolean): Promise<Sample<Trained>> {
      const limitMs = isWarmUp ? course.limitMs * compileAllowance : course.limitMs;
      // The warm-up has a separate seed; then all contestants have seed 1, 2, …
      const seed = isWarmUp ? course.rounds + 1 : round - warmUp + 1;
      const answer = await around(() => session.target(seed, limitMs));
      return { ms: answer.ms, finished: answer.accuracy >= course.target, answer };
    },
  }));
  return takeTurns(cases, turnOptions(measure, course, warmUp));
}

/** Batch sizes, and calls of one sample, of similar duration for each size. */
export const batches = [
  { size: 1, calls: 500 },
  { size: 1024, calls: 30 },
  { size: 10_000, calls: 6 },
] as const;
export type Batch = (typeof batches)[number];

/** Milliseconds of the median call of each round. */
export function measureInference(entrants: readonly Entrant[], { size, calls }: Batch, course: Course) {
  const cases = entrants.map(({ name, session }) => ({
    name,
    async run(): Promise<Sample<null>> {
      const times = await session.infer(size, calls, course.limitMs);
      return { ms: median(times), finished: true, answer: null };
    },
  }));
  const measure = `inference, batch ${size.toLocaleString('en-US')}`;
  return takeTurns(cases, turnOptions(measure, course, 1));
}

export interface ColdStarter {
  readonly name: string;
  readonly ready: Ready;
  readonly threads: number;
}

/** From spawn to the line of the user's program. The warm-up round is not timed and measures the memory. */
export function measureCold(starters: readonly ColdStarter[], course: Course) {
  const cases = starters.map(({ name, ready, threads }) => ({
    name,
    async run(_round: number, meterMemory: boolean): Promise<Sample<ColdRun>> {
      const launch = ready.user(threads);
      if (launch === null) throw new Error('it has no program of a user');
      const { cwd, limitMs, target } = course;
      const answer = await runUserProgram(launch, { cwd, limitMs, meterMemory });
      return { ms: answer.ms, finished: !answer.gaveUp && answer.accuracy >= target, answer };
    },
  }));
  return takeTurns(cases, turnOptions('cold', course, 1));
}

function turnOptions(measure: string, { rounds, signal, progress }: Course, warmUp: number): TurnOptions {
  const report = (round: number, name: string) => progress(measure, Math.max(0, round - warmUp + 1), name);
  return { rounds, warmUp, signal, progress: report };
}
