/**
 * Cuts the records of a run back to a checkpoint: rows and events after it are written again by the run that goes on. A last
 * line or record that a killed process left unfinished is cut too.
 */
import { statSync, truncateSync } from 'node:fs';
import { cannot, errorCode } from '../file-failure.js';
import { ExitCode } from '../user-error.js';
import { piecesOf } from './file-pieces.js';

/** Bytes. What is longer is neither a line nor a record, such as zeros after a power cut. */
const longest = 2 ** 22;

/** `keeps`: of the steps up to this one, rows stay. Returns their number, with the heading, and the last one; null without a file. */
export function cutMetrics(
  file: string,
  keeps: number,
): { readonly count: number; readonly last: string } | null {
  let last = '';
  const stays = (line: string) => {
    const step = /^(\d+),/.exec(line)?.[1];
    return step === undefined || Number(step) <= keeps;
  };
  const count = cutLines(file, stays, (line) => {
    last = line;
  });
  return count === null ? null : { count, last };
}

/** The end of a run that was interrupted is cut too. `each`: sees the lines that stay. Returns their number; null without a file. */
export function cutLog(file: string, keeps: number, each: (line: string) => void): number | null {
  const stays = (line: string) => {
    const event = /"event":"([a-z_]+)"/.exec(line)?.[1];
    if (event === 'run_stop' || event === 'hardware') return false;
    if (event !== 'step' && event !== 'eval' && event !== 'epoch' && event !== 'noise_scale') return true;
    return Number(/"steps?":(\d+)/.exec(line)?.[1]) <= keeps;
  };
  return cutLines(file, stays, each);
}

/** Keeps the whole lines before the first one that does not stay. */
function cutLines(
  file: string,
  stays: (line: string) => boolean,
  each: (line: string) => void,
): number | null {
  let count = 0;
  const isThere = cutAfter(file, (bytes) => {
    const end = bytes.indexOf(10);
    if (end < 0) return 'more';
    const line = bytes.toString('utf8', 0, end);
    if (!stays(line)) return 'none';
    count++;
    each(line);
    return end + 1;
  });
  return isThere ? count : null;
}

/** Records of an event file: see event-file.ts. */
export function cutScalars(file: string, keeps: number): void {
  cutAfter(file, (bytes) => {
    if (bytes.length < 12) return 'more';
    const end = Number(bytes.readBigUInt64LE(0)) + 16;
    if (end > longest) return 'none';
    if (end > bytes.length) return 'more';
    return stepOf(bytes.subarray(12, end - 4)) > keeps ? 'none' : end;
  });
}

/**
 * `next`: given bytes from the beginning of a line or record on, its length if it stays; `more` bytes are needed to tell; or `none`
 * stays from here on. False without a file.
 */
function cutAfter(file: string, next: (bytes: Buffer) => number | 'more' | 'none'): boolean {
  let kept = 0;
  let size: number;
  try {
    size = statSync(file).size;
    kept = bytesThatStay(file, next);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw cannot('read', file, error, ExitCode.failure);
  }
  shorten(file, kept, size);
  return true;
}

function bytesThatStay(file: string, next: (bytes: Buffer) => number | 'more' | 'none'): number {
  let kept = 0;
  let rest = Buffer.alloc(0);
  for (const piece of piecesOf(file)) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    let at = 0;
    for (;;) {
      const length = next(bytes.subarray(at));
      if (length === 'none') return kept;
      if (length === 'more') break;
      at += length;
      kept += length;
    }
    rest = Buffer.from(bytes.subarray(at));
    if (rest.length > longest) break;
  }
  return kept;
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

function shorten(file: string, bytes: number, before: number): void {
  if (bytes === before) return;
  try {
    truncateSync(file, bytes);
  } catch (error) {
    throw cannot('cut', file, error, ExitCode.failure);
  }
}
