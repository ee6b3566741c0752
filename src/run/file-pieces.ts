/** Files in pieces: those of a long run may be larger than Node reads at once, 2 GiB. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';

const pieceBytes = 2 ** 20;

/** Each piece is valid until the next one. @throws Error of the system, or for what is no file. */
export function* piecesOf(file: string): Generator<Buffer> {
  // To open a named pipe waits for a writer.
  if (!statSync(file).isFile()) throw new Error('it is no file');
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(pieceBytes);
    for (;;) {
      const count = readSync(descriptor, buffer);
      if (count === 0) return;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(descriptor);
  }
}
