/** The time that a run loses by something that happens between two of its steps, measured within the run. */
import type { RunObserver } from '../../dist/coordinator/training-run.js';
import type { Trainer } from '../harness.ts';

/** Milliseconds since the Unix epoch: when each step was finished, and when it happened. */
export interface Times {
  readonly steps: readonly number[];
  readonly moments: readonly number[];
}

export type Happening = (happened: () => void) => Pick<RunObserver, 'between' | 'atMost'>;

class Enough extends Error {}

/** A run until it has happened `count` times, and once more. */
export async function timesOf(trainer: Trainer, count: number, happening: Happening): Promise<Times> {
  const steps: number[] = [];
  const moments: number[] = [];
  const { between, atMost } = happening(() => moments.push(performance.timeOrigin + performance.now()));
  const run = trainer.train(false, 1, {
    step: (_, { finishedAt }) => steps.push(finishedAt),
    between(state) {
      if (moments.length > count) throw new Enough();
      between(state);
    },
    atMost,
  });
  await run.catch((error: unknown) => {
    if (!(error instanceof Enough)) throw error;
  });
  return { steps, moments };
}

/** Of the steps beside a moment, from it, milliseconds: commands are shorter before, and files are written after. */
export type Window = readonly [fromMs: number, toMs: number];

export interface Lost {
  /** Milliseconds at each moment; and in the middle to the next one, where nothing happens. */
  readonly lost: readonly number[];
  readonly control: readonly number[];
}

export function lostIn({ steps, moments }: Times, everyMs: number, window: Window): Lost {
  const at = (shifted: number) => moments.flatMap((moment) => lostAt(steps, moment + shifted, window) ?? []);
  return { lost: at(0), control: at(everyMs / 2) };
}

/** Milliseconds from one moment to the next. */
export function meanInterval({ moments }: Times): number {
  const [first = Number.NaN] = moments;
  return ((moments.at(-1) ?? Number.NaN) - first) / (moments.length - 1);
}

/** What the steps of the window took more than as many of those around it; null at an end of the run, and if these are none. */
function lostAt(steps: readonly number[], moment: number, [from, to]: Window): number | null {
  const half = (to - from) / 2;
  const [a, b, c, d] = [from - half, from, to, to + half].map((ms) =>
    steps.findIndex((finished) => finished >= moment + ms),
  );
  const around = b - a + d - c;
  if (a < 1 || d < 0 || around === 0) return null;
  const usualMs = (steps[b] - steps[a] + steps[d] - steps[c]) / around;
  return steps[c] - steps[b] - (c - b) * usualMs;
}
