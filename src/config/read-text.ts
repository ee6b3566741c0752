/** Reads a small text file whose size nothing else bounds: `/dev/zero` has no end. */
import { closeSync, openSync, readSync } from 'node:fs';

/** Far more than any configuration or study. */
const mostBytes = 2 ** 20;

/** @throws Error, that of the system or one that gives the limit. A pipe is read until it is closed. */
export function readSmallText(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(mostBytes + 1);
    let filled = 0;
    for (let read = -1; read !== 0 && filled < buffer.length; filled += read)
      read = readSync(descriptor, buffer, filled, buffer.length - filled, null);
    if (filled > mostBytes) throw new Error(`expected at most ${mostBytes} bytes, got more`);
    return buffer.toString('utf8', 0, filled);
  } finally {
    closeSync(descriptor);
  }
}
