/**
 * Decompresses a gzip file that is already in memory, and hashes the result. It works off the main thread: zlib runs on
 * a libuv thread, so several files inflate in parallel while this thread hashes the previous piece. (Measured on MNIST,
 * two cores: inflating 105 ms; then hashing 28 ms more; overlapped 10 ms more. `crypto.subtle.digest` is asynchronous
 * too, but copies and takes 60 ms.)
 */
import { createHash } from 'node:crypto';
import { setImmediate as otherEvents } from 'node:timers/promises';
import { constants, createGunzip, type Gunzip, gunzipSync } from 'node:zlib';
import { memoryLeft } from '../memory/memory-limit.js';
import { UserError } from '../user-error.js';
import { throwIfInterrupted } from './interruption.js';

/**
 * Compressed bytes given to zlib at a time: half of those left, so that it needs this thread seldom while others prepare
 * the run here, and little is left to hash at the end. The largest takes some 50 ms.
 */
const [leastBytes, mostBytes] = [256 * 1024, 6 * 1024 * 1024];
const pieceOf = (leftBytes: number) => Math.min(mostBytes, Math.max(leastBytes, Math.ceil(leftBytes / 2)));
/** Inflated bytes hashed at a time: about 10 ms, with events between. */
const hashedBytes = 16 * 2 ** 20;
/** A file that inflates to more than this is refused: no supported data set is nearly as large. */
export const maximumContentBytes = 2 ** 31;
/** Deflate compresses at most 1032:1 (zlib's technical notes), so no valid file inflates to more. */
const largestRatio = 1032;

/** Compressed bytes that hold the header of a format. */
const headBytes = 4096;

export interface InflateOptions {
  readonly signal?: AbortSignal | undefined;
  readonly limitBytes?: number | undefined;
  /** Returns the SHA-256 of the content if it is known; else it is computed. */
  readonly lookUp?: () => string | null;
  /** How many bytes the first ones announce, and the error for more; null: they announce nothing. */
  readonly announced?: ((start: Uint8Array) => Announced | null) | undefined;
}

export interface Announced {
  readonly bytes: number;
  readonly tooMany: UserError;
}

export interface Inflated {
  readonly bytes: Uint8Array;
  /** Of the uncompressed bytes, hexadecimal. */
  readonly sha256: string;
}

/**
 * @param path names the file in errors.
 * @throws UserError if the data is not gzip, ends early, fails its CRC-32 or length check, is followed by other bytes,
 * or inflates to more than it announces, than the memory holds or than `limitBytes`.
 */
export async function inflate(
  compressed: Buffer,
  path: string,
  { signal, limitBytes = maximumContentBytes, lookUp = () => null, announced }: InflateOptions = {},
): Promise<Inflated> {
  const most = mostOf(compressed, path, limitBytes, announced);
  const gunzip = createGunzip({ chunkSize: guessContentBytes(compressed, most.bytes) });
  const hash = createHash('sha256');
  const parts: Buffer[] = [];
  let known: string | null = null;
  let totalBytes = 0;
  let hashedParts = 0;
  const hashParts = async () => {
    if (known !== null) return;
    for (; hashedParts < parts.length; hashedParts += 1) {
      const part = parts[hashedParts];
      for (let at = 0; at < part.length; at += hashedBytes) {
        if (at > 0) await otherEvents();
        hash.update(part.subarray(at, at + hashedBytes));
      }
    }
  };
  gunzip.on('data', (part: Buffer) => {
    parts.push(part);
    totalBytes += part.length;
    if (totalBytes > most.bytes) gunzip.destroy(most.tooMany);
  });
  let ended = false;
  const finished = new Promise<void>((resolve, reject) => {
    gunzip.once('error', reject);
    gunzip.once('end', () => {
      ended = true;
      resolve();
    });
  });
  // Awaited below in every case, but it may fail before.
  finished.catch(() => {});
  try {
    for (let offset = 0; offset < compressed.length && !ended; ) {
      throwIfInterrupted(signal, `reading ${path}`);
      const end = offset + pieceOf(compressed.length - offset);
      const written = write(gunzip, compressed.subarray(offset, end));
      // While zlib works.
      if (offset === 0) known = lookUp();
      offset = end;
      await hashParts();
      // zlib never calls back for padding after the last member, it only ends.
      await Promise.race([written, finished]);
    }
    if (!ended) gunzip.end();
    await finished;
  } catch (error) {
    throw error instanceof UserError ? error : brokenGzip(error, compressed.length, path);
  } finally {
    gunzip.destroy();
  }
  await hashParts();
  return { bytes: join(parts, totalBytes), sha256: known ?? hash.digest('hex') };
}

/** The lowest of the limits. */
function mostOf(
  compressed: Buffer,
  path: string,
  limitBytes: number,
  announced: InflateOptions['announced'],
): Announced {
  const named = announced?.(startOf(compressed)) ?? null;
  const fixed = {
    bytes: limitBytes,
    tooMany: new UserError(`${path}: inflates to more than ${limitBytes} bytes, which no data set here does`),
  };
  const most = named !== null && named.bytes < limitBytes ? named : fixed;
  const left = memoryLeft(Math.min(most.bytes, compressed.length * largestRatio));
  if (left === null) return most;
  const tooMany = `${path}: inflates to more than the ${left.bytes} bytes of memory that the ${left.source} leaves`;
  return { bytes: left.bytes, tooMany: new UserError(`${tooMany}: use a smaller file`) };
}

/** The first inflated bytes, as many as there are; broken data are reported when all of them are read. */
function startOf(compressed: Buffer): Uint8Array {
  try {
    return gunzipSync(compressed.subarray(0, headBytes), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array(0);
  }
}

/** Resolves on failure too: the failure itself arrives by the stream's `error` event. */
function write(gunzip: Gunzip, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    gunzip.write(piece, () => resolve());
  });
}

/**
 * The last four bytes of a gzip file are its uncompressed length modulo 2^32. With an output chunk of that size, all
 * output is in one buffer. A wrong trailer only costs address space: the pages of the chunk are not touched before they
 * are filled, and the ratio bounds it. The spare bytes keep zlib from requesting a second chunk. At least 64 KiB, so
 * that Node allocates a separate buffer instead of using its buffer pool.
 */
function guessContentBytes(compressed: Buffer, limitBytes: number): number {
  const promised = compressed.length >= 18 ? compressed.readUInt32LE(compressed.length - 4) : 0;
  const bounded = Math.min(promised, compressed.length * largestRatio, limitBytes);
  return Math.max(bounded + 64, 64 * 1024);
}

/** The pieces as one array: a view if they are adjacent in one chunk, else a copy. */
function join(parts: readonly Buffer[], totalBytes: number): Uint8Array {
  const first = parts[0];
  if (first === undefined) return new Uint8Array(0);
  let end = first.byteOffset;
  for (const part of parts) {
    if (part.buffer !== first.buffer || part.byteOffset !== end) {
      const copy = Buffer.concat(parts, totalBytes);
      return new Uint8Array(copy.buffer, copy.byteOffset, totalBytes);
    }
    end += part.length;
  }
  return new Uint8Array(first.buffer, first.byteOffset, totalBytes);
}

export function brokenGzip(error: unknown, compressedBytes: number, path: string): UserError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    'unexpected end of file': `truncated, it ends after ${compressedBytes} bytes`,
    'incorrect data check': 'the CRC-32 does not match',
    'incorrect length check': 'the length in its trailer does not match',
    'incorrect header check': 'other bytes follow it',
  };
  const reason = reasons[message] ?? `${message} (${code ?? 'unknown code'})`;
  return new UserError(`${path}: broken gzip data: ${reason}`, undefined, { cause: error });
}
