/** A data file's uncompressed content, from a gzip or a plain file. The first two bytes decide, not the name. */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import { isAbsolute, relative } from 'node:path';
import { setImmediate as otherEvents } from 'node:timers/promises';
import { requireWhole } from '../memory/whole-file.js';
import { UserError } from '../user-error.js';
import { type InflateOptions, inflate } from './inflate.js';
import { interruption } from './interruption.js';
import { knownArchives } from './known-sets.js';

export interface Content {
  readonly bytes: Uint8Array;
  /** Of the uncompressed content, hexadecimal. */
  readonly sha256: string;
  /** Of the file as stored on the disk; null unless requested. */
  readonly fileSha256: string | null;
}

export interface ReadOptions {
  readonly hashFile?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** More bytes, stored or inflated, are refused. */
  readonly limitBytes?: number;
  /** Of gzip data: what the first bytes announce. */
  readonly announced?: InflateOptions['announced'];
  /** Called when the file was read and is being inflated. */
  readonly begun?: (() => void) | undefined;
}

/**
 * Reads a whole file and inflates it if it is gzip.
 * @throws UserError if the file can't be read, is broken gzip, or has the extension `.gz` and is something else; with
 * exit code `interrupted` if the signal is aborted.
 */
export async function readContent(path: string, options: ReadOptions = {}): Promise<Content> {
  const { signal, limitBytes, announced } = options;
  const name = shownPath(path);
  const { size } = await sized(path, name, limitBytes).catch((error: unknown) => {
    throw error instanceof UserError ? error : cannotRead(name, error);
  });
  const file = await readWhole(path, size, signal).catch((error: unknown) => {
    throw signal?.aborted ? interruption(`reading ${name}`, signal) : cannotRead(name, error);
  });
  if (file[0] === 0x1f && file[1] === 0x8b) {
    const inflating = inflate(file, name, {
      signal,
      limitBytes,
      announced,
      lookUp: () => knownContent(file),
    });
    options.begun?.();
    const hashing = options.hashFile ? sha256Of(file) : null;
    const [inflated, fileSha256] = await Promise.all([inflating, hashing]);
    return { ...inflated, fileSha256 };
  }
  // Some programs inflate a download and keep its name: content that starts like IDX is accepted.
  if (path.endsWith('.gz') && !(file[0] === 0 && file[1] === 0)) {
    const start = file.length === 0 ? 'is empty' : `starts with ${file.subarray(0, 4).toString('hex')}`;
    throw new UserError(`${name}: the file ${start}, expected gzip data (1f8b)`);
  }
  options.begun?.();
  const sha256 = await sha256Of(file);
  // Not the Buffer itself: its `slice` is a view, an array's is a copy.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length);
  return { bytes, sha256, fileSha256: options.hashFile ? sha256 : null };
}

async function sized(path: string, name: string, limitBytes: number | undefined): Promise<Stats> {
  const stats = await stat(path);
  requireWhole(name, stats, limitBytes);
  return stats;
}

/** SHA-256 of the content of a published archive, which need not be hashed; null for any other file. */
function knownContent(file: Buffer): string | null {
  const candidates = knownArchives().filter(({ sizeBytes }) => sizeBytes === file.length);
  if (candidates.length === 0) return null;
  const sha256 = createHash('sha256').update(file).digest('hex');
  return candidates.find((archive) => archive.sha256 === sha256)?.contentSha256 ?? null;
}

/** Read at a time: some milliseconds. `readFile` reads 512 KiB, and other work of this thread delays each piece. */
const readBytes = 16 * 2 ** 20;
/** Larger files, and those of no known size, are left to `readFile` and its errors. */
const mostAtOnce = 2 ** 30;

/** `sizeBytes`: as the file system reports. */
async function readWhole(path: string, sizeBytes: number, signal: AbortSignal | undefined): Promise<Buffer> {
  const options = signal === undefined ? {} : { signal };
  if (sizeBytes === 0 || sizeBytes > mostAtOnce) return readFile(path, options);
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafeSlow(sizeBytes);
    for (let filled = 0; filled < sizeBytes; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, filled, Math.min(readBytes, sizeBytes - filled));
      // It became shorter.
      if (bytesRead === 0) return buffer.subarray(0, filled);
      filled += bytesRead;
    }
    return buffer;
  } finally {
    await file.close();
  }
}

/** Hashed at a time: about 10 ms, with events between. */
const hashedBytes = 16 * 2 ** 20;

async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += hashedBytes) {
    if (at > 0) await otherEvents();
    hash.update(bytes.subarray(at, at + hashedBytes));
  }
  return hash.digest('hex');
}

/** A path as a person would write it: relative when it lies below the working folder. */
export function shownPath(path: string): string {
  const below = relative(process.cwd(), path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}

export function cannotRead(name: string, error: unknown): UserError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === 'EACCES' ? 'permission denied' : message;
  return new UserError(`${name}: cannot be read: ${reason}`, undefined, { cause: error });
}
