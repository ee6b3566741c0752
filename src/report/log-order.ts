/** The required order of a log: run_start first, run_stop last, time and steps ascending. */
import type { AddDamage, LogEntry } from './read-log.js';

/** Steps are stamped by a worker, evaluations by the coordinator: threads whose clocks have different origins. */
const clockDriftMs = 1;

/** Reports every violation to `add`, in one pass over the lines of a file. */
export function createOrder(add: AddDamage) {
  let last: { event: string; atMs: number } | null = null;
  /** Per seed, within one plan: a race trains the same seeds again on other thread counts. */
  let reached = new Map<number | undefined, { step: number; elapsedMs: number }>();
  const stopMissing = (line: number) =>
    add(line, 'damage', 'run_stop is missing: the run was killed, or its log was cut', 'run_stop missing');
  return {
    /** Returns whether the line begins another run. `atMs`: its time. */
    next(line: number, event: string, atMs: number): boolean {
      const before = last;
      last = { event, atMs };
      if (event === 'run_start') {
        if (before !== null && before.event !== 'run_stop') stopMissing(line - 1);
        reached = new Map();
        return true;
      }
      if (before === null) add(line, 'damage', `run_start is missing: the log begins with ${event}`);
      else if (before.event === 'run_stop')
        add(line, 'damage', `${event} comes after run_stop`, 'after run_stop');
      if (event === 'plan') reached = new Map();
      if (before !== null && atMs < before.atMs) {
        const backMs = before.atMs - atMs;
        add(line, 'damage', `time goes back by ${backMs} ms: the lines are out of order`, 'time goes back');
      }
      return false;
    },
    steps({ line, event, payload }: LogEntry): void {
      if (event !== 'step' && event !== 'eval' && event !== 'epoch') return;
      const step = event === 'epoch' ? payload.steps : payload.step;
      const { seed, elapsedMs } = payload;
      const before = reached.get(seed);
      reached.set(seed, { step, elapsedMs });
      if (before === undefined) return;
      // An evaluation and the end of an epoch belong to the step before them.
      if (step < before.step || (event === 'step' && step === before.step))
        add(line, 'damage', `step ${step} comes after step ${before.step}`, 'steps out of order');
      else if (elapsedMs < before.elapsedMs - clockDriftMs)
        add(line, 'damage', `elapsedMs falls from ${before.elapsedMs} to ${elapsedMs}`, 'elapsedMs falls');
    },
    end(lines: number): void {
      if (last === null) add(lines, 'damage', lines === 0 ? 'the file is empty' : 'holds no event');
      else if (last.event !== 'run_stop') stopMissing(lines);
    },
  };
}
