/**
 * Long work in steps: it yields every few milliseconds, so that its thread can check signals and show progress. The same
 * work can also be done without a pause.
 */
import { setImmediate as otherEvents } from 'node:timers/promises';

/** The current work and the share of it that is done; null: nothing to show. */
export type Progress = { readonly doing: string; readonly share: number } | null;

export type Steps<T> = Generator<Progress, T, void>;

/** Work that is short. */
export function* inOneStep<T>(work: () => T): Steps<T> {
  yield null;
  return work();
}

/** The number of rows of `width` elements to process between two steps, at least 1. */
export const rowsAStep = (width: number): number => Math.max(1, Math.floor(2 ** 20 / Math.max(1, width)));

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The longest time that other events wait. */
const burstMs = 8;

/** Progress is shown after this time, then each time that the elapsed time has doubled. */
const firstNoteMs = 1000;

/** Lets other events run between steps. @throws the signal's reason if it is aborted. */
export async function inTurns<T>(
  steps: Steps<T>,
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<T> {
  // Not `performance`, which takes a millisecond to load: a step of the system's clock only moves a pause.
  const started = Date.now();
  let since = started;
  let noteMs = firstNoteMs;
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    const now = Date.now();
    if (value !== null && now - started >= noteMs) {
      noteMs *= 2;
      note(`${value.doing}: ${Math.floor(100 * value.share)} %`);
    }
    if (now - since < burstMs) continue;
    await otherEvents();
    signal.throwIfAborted();
    since = Date.now();
  }
}
