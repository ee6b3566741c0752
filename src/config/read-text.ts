/**
 * Reads a small text file whose size nothing else bounds: `/dev/zero` has no end, and a named pipe without a writer keeps
 * its reader for ever.
 */
import { closeSync, fstatSync, constants as openFlags, openSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Far more than any configuration or study. */
const mostBytes = 2 ** 20;
/** Without a byte from a pipe's writer. */
const patienceMs = 60_000;

/** @throws Error, that of the system or one that gives the limit. A pipe is read until it is closed. */
export async function readSmallText(file: string, mostMs = patienceMs): Promise<string> {
  // Opening a pipe without a writer would wait for one; non-blocking, it returns no bytes.
  const descriptor = openSync(file, openFlags.O_RDONLY | (openFlags.O_NONBLOCK ?? 0));
  try {
    const isPipe = fstatSync(descriptor).isFIFO();
    const buffer = Buffer.allocUnsafe(mostBytes + 1);
    let filled = 0;
    let since = performance.now();
    while (filled < buffer.length) {
      const read = readSome(descriptor, buffer, filled);
      if (read > 0) since = performance.now();
      const isWriterAwaited = read === waiting || (isPipe && read === 0 && filled === 0);
      if (read === 0 && !isWriterAwaited) break;
      if (read > 0) filled += read;
      else if (performance.now() - since > mostMs)
        throw new Error(`no program has written to this pipe within ${mostMs / 1000} s`);
      else await sleep(10);
    }
    if (filled > mostBytes) throw new Error(`expected at most ${mostBytes} bytes, got more`);
    return buffer.toString('utf8', 0, filled);
  } finally {
    closeSync(descriptor);
  }
}

/** A writer is there, and has written nothing new. */
const waiting = -1;

function readSome(descriptor: number, buffer: Buffer, filled: number): number {
  try {
    return readSync(descriptor, buffer, filled, buffer.length - filled, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return waiting;
    throw error;
  }
}
