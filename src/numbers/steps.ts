/**
 * Long work in steps: it yields every few milliseconds, so that the thread which does it can look at signals and show how
 * far it is. The same work can be done at once.
 */
import { setImmediate as otherEvents } from 'node:timers/promises';

/** What is going on, and the share of it that is done; null: nothing worth a word. */
export type Progress = { readonly doing: string; readonly share: number } | null;

export type Steps<T> = Generator<Progress, T, void>;

/** Work that is short. */
export function* inOneStep<T>(work: () => T): Steps<T> {
  yield null;
  return work();
}

/** Work between two steps: loop so many times over rows of `width` elements, at least once. */
export const rowsAStep = (width: number): number => Math.max(1, Math.floor(2 ** 20 / Math.max(1, width)));

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Longest time for which the events wait. */
const burstMs = 20;

/** Words are due after this time, and again after it has doubled. */
const firstWordsMs = 1000;

/** Gives the events their turn between steps. @throws the signal's reason once it is aborted. */
export async function inTurns<T>(
  steps: Steps<T>,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<T> {
  const started = performance.now();
  let since = started;
  let wordsMs = firstWordsMs;
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    const now = performance.now();
    if (value !== null && now - started >= wordsMs) {
      wordsMs *= 2;
      note(`${value.doing}: ${Math.floor(100 * value.share)} %`);
    }
    if (now - since < burstMs) continue;
    await otherEvents();
    signal.throwIfAborted();
    since = performance.now();
  }
}
