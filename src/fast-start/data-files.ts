/**
 * The vendored files of MNIST, read for the race: as little as it needs, synchronously, and checked no further than
 * that nothing can run over. Checksums are verified when the accuracy has been printed.
 */
import { closeSync, fstatSync, constants as openFlags, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { constants, inflateRawSync } from 'node:zlib';
import type { IdxName } from '../data/known-sets.js';

/** `SHARDSTEP_DATA`, or the folder beside the program, two levels below which this lies. */
export function dataFolder(environment: NodeJS.ProcessEnv): string {
  return environment.SHARDSTEP_DATA || join(import.meta.dirname, '../../data/mnist');
}

/** The first `bytes` bytes of a gzip file, or all of it. */
export function readArchive(folder: string, name: IdxName, bytes = Number.POSITIVE_INFINITY): Buffer {
  // A pipe without a writer would be waited for at its opening; not blocking, it has no bytes.
  const file = openSync(join(folder, `${name}.gz`), openFlags.O_RDONLY | (openFlags.O_NONBLOCK ?? 0));
  try {
    const buffer = Buffer.allocUnsafeSlow(Math.min(bytes, fstatSync(file).size));
    let filled = 0;
    while (filled < buffer.length) {
      const count = readSync(file, buffer, filled, buffer.length - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return buffer.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}

/**
 * What follows the gzip header (RFC 1952): inflated as it is, without the CRC-32, whose work the checksum does after
 * the race. An archive of several members, or with optional fields in its header, is not raced with.
 */
export function deflated(archive: Buffer, name: string): Buffer {
  if (archive.length < 18 || archive.readUInt32BE(0) >>> 8 !== 0x1f8b08)
    throw new Error(`${name}.gz is not gzip data`);
  if (archive[3] === 0) return archive.subarray(10);
  // FNAME is what gzip itself writes.
  const end = archive[3] === 8 ? archive.indexOf(0, 10) : -1;
  if (end < 0) throw new Error(`${name}.gz has an unusual header`);
  return archive.subarray(end + 1);
}

/** The content's first `bytes` bytes, from so much of the archive as that takes. */
export function inflatePrefix(folder: string, name: IdxName, bytes: number, likely: number): Buffer {
  for (let wanted = likely; ; wanted *= 2) {
    const archive = readArchive(folder, name, wanted);
    const content = inflateRawSync(deflated(archive, name), {
      chunkSize: bytes + 128 * 1024,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
    if (content.length >= bytes) return content.subarray(0, bytes);
    if (archive.length < wanted) throw new Error(`${name}.gz ends after ${content.length} bytes`);
  }
}

/** An IDX header of unsigned bytes (LeCun): the magic number, then each dimension, big-endian. */
export function checkHeader(content: Buffer, name: string, dimensions: readonly number[]): void {
  const expected = [0x0800 + dimensions.length, ...dimensions];
  const differs = expected.some((word, i) => content.readUInt32BE(4 * i) !== word);
  if (differs) throw new Error(`${name} is not IDX of ${dimensions.join('×')}`);
}
