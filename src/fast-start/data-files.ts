/**
 * The files of MNIST, read for the race: only the bytes it needs, synchronously, and checked only so far that
 * no access is out of bounds. Checksums are verified after the accuracy is printed.
 */
import { closeSync, existsSync, fstatSync, constants as openFlags, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { constants, inflateRawSync } from 'node:zlib';
import { expandHome } from '../config/home.js';
import { type IdxName, idxNames } from '../data/known-sets.js';
import { cacheFolders } from '../machine/cache-folders.js';

/**
 * The folder with the files of MNIST: `SHARDSTEP_DATA`, else `data/mnist` beside the program, two levels above this
 * module, else a cache folder to which they were downloaded; null if none has all of them.
 */
export function dataFolder(
  environment: NodeJS.ProcessEnv,
  beside = join(import.meta.dirname, '../../data/mnist'),
): string | null {
  const has = (folder: string) => idxNames.every((name) => existsSync(join(folder, `${name}.gz`)));
  const named = environment.SHARDSTEP_DATA;
  if (named) {
    const folder = expandHome(named, 'SHARDSTEP_DATA', environment);
    // It may be the folder of several data sets.
    const within = join(folder, 'mnist');
    return !has(folder) && has(within) ? within : folder;
  }
  if (has(beside)) return beside;
  return (
    cacheFolders({ environment })
      .map(({ path }) => join(path, 'datasets/mnist'))
      .find(has) ?? null
  );
}

/** The first `bytes` bytes of a gzip file, or all of it. */
export function readArchive(folder: string, name: IdxName, bytes = Number.POSITIVE_INFINITY): Buffer {
  // Opening a pipe without a writer would wait for one; non-blocking, it returns no bytes.
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
 * The data after the gzip header (RFC 1952). It is inflated without the CRC-32; the checksum after the race does that
 * check. The race refuses an archive of several members, or with unusual optional fields in its header.
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

/** The content's first `bytes` bytes, from no more of the archive than needed. */
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
