/**
 * Cuts the records of a run back to a checkpoint: rows and events after it are written again by the run that goes on. A last
 * line or record that a killed process left unfinished is cut too.
 */
import { truncateSync } from 'node:fs';
import { cannot, errorCode } from '../file-failure.js';
import { readWholeFile } from '../memory/whole-file.js';
import { ExitCode } from '../user-error.js';

/** What stays of a file. */
export interface Kept {
  /** Whole lines, with the heading; null if there is no file. */
  readonly lines: readonly string[] | null;
}

/** `keeps`: of the steps up to this one, rows stay. */
export function cutMetrics(file: string, keeps: number): Kept {
  return cutLines(file, (line) => {
    const step = /^(\d+),/.exec(line)?.[1];
    return step === undefined || Number(step) <= keeps;
  });
}

/** The end of a run that was interrupted is cut too. */
export function cutLog(file: string, keeps: number): Kept {
  return cutLines(file, (line) => {
    const event = /"event":"([a-z_]+)"/.exec(line)?.[1];
    if (event === 'run_stop' || event === 'hardware') return false;
    if (event !== 'step' && event !== 'eval' && event !== 'epoch' && event !== 'noise_scale') return true;
    return Number(/"steps?":(\d+)/.exec(line)?.[1]) <= keeps;
  });
}

/** Keeps the whole lines before the first one that does not stay. */
function cutLines(file: string, stays: (line: string) => boolean): Kept {
  const bytes = contents(file);
  if (bytes === null) return { lines: null };
  const lines: string[] = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(10, at);
    if (end < 0) break;
    const line = bytes.toString('utf8', at, end);
    if (!stays(line)) break;
    lines.push(line);
    at = end + 1;
  }
  shorten(file, at, bytes.length);
  return { lines };
}

/** Records of an event file: see event-file.ts. */
export function cutScalars(file: string, keeps: number): void {
  const bytes = contents(file);
  if (bytes === null) return;
  let at = 0;
  while (at + 12 <= bytes.length) {
    const end = at + Number(bytes.readBigUInt64LE(at)) + 16;
    if (end > bytes.length || stepOf(bytes.subarray(at + 12, end - 4)) > keeps) break;
    at = end;
  }
  shorten(file, at, bytes.length);
}

/** Of an Event: after its time, a tag and 8 bytes, comes the tag of the step and the step as a varint. */
function stepOf(event: Buffer): number {
  let step = 0;
  let factor = 1;
  for (let at = 10; at < event.length; at++) {
    step += (event[at] & 0x7f) * factor;
    factor *= 128;
    if (event[at] < 0x80) break;
  }
  return step;
}

function contents(file: string): Buffer | null {
  try {
    return readWholeFile(file);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw cannot('read', file, error, ExitCode.failure);
  }
}

function shorten(file: string, bytes: number, before: number): void {
  if (bytes === before) return;
  try {
    truncateSync(file, bytes);
  } catch (error) {
    throw cannot('cut', file, error, ExitCode.failure);
  }
}
