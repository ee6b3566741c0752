/** The bytes of a table: a file or bytes in memory, inflated if they are gzip, in pieces; they can be read several times. */
import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { cannotRead, shownPath } from '../data/content.js';
import { brokenGzip } from '../data/inflate.js';
import { throwIfInterrupted } from '../data/interruption.js';
import { UserError } from '../user-error.js';

/**
 * Cells are separate strings, about 40 times their text. Larger pieces make V8's young generation grow, by 40 MiB at 256
 * KiB, and are slower.
 */
const pieceBytes = 32 * 1024;

export interface ByteSource {
  /** In messages. */
  readonly name: string;
  /** As stored. */
  readonly sizeBytes: number;
  readonly isGzip: boolean;
  /** The first stored bytes. */
  readonly start: Buffer;
  /** Stored bytes of a range, for formats that are not read from the front. */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
  /** From the first byte on; a piece is valid until the next. `read`: is given the number of stored bytes read so far. */
  pieces(read: (bytes: number) => void, signal?: AbortSignal): AsyncIterable<Buffer>;
  /** Of the stored bytes, hexadecimal, once they have been read to the end as pieces; else null. */
  sha256(): string | null;
}

/** @throws UserError for a path that is not a readable file, and for an empty one. */
export async function byteSource(source: string | Uint8Array, name?: string): Promise<ByteSource> {
  return typeof source === 'string' ? fileSource(source) : memorySource(source, name ?? 'table');
}

async function fileSource(path: string): Promise<ByteSource> {
  const name = shownPath(path);
  const fail = (error: unknown): never => {
    throw cannotRead(name, error);
  };
  const kind = await stat(path).catch(fail);
  if (kind.isDirectory()) throw new UserError(`${name}: cannot be read: it is a folder, expected a file`);
  if (!kind.isFile())
    throw new UserError(`${name}: cannot be read: it is neither a file nor a folder, expected a file`);
  const slice = async (start: number, end = kind.size) => {
    const file = await open(path).catch(fail);
    try {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, kind.size) - start));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.buffer.slice(0, filled);
    } finally {
      await file.close();
    }
  };
  const start = Buffer.from(await slice(0, 16).catch(fail));
  async function* stored() {
    const file = await open(path).catch(fail);
    // One for all pieces: buffers are freed late, and megabytes of them would pile up.
    const buffer = Buffer.allocUnsafeSlow(pieceBytes);
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, pieceBytes);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }
  return described(name, kind.size, start, slice, stored);
}

function memorySource(bytes: Uint8Array, name: string): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  async function* stored() {
    for (let at = 0; at < buffer.length; at += pieceBytes) {
      if (at > 0) await new Promise((resolve) => setImmediate(resolve));
      yield buffer.subarray(at, at + pieceBytes);
    }
  }
  const slice = async (start: number, end = buffer.length) =>
    Uint8Array.from(buffer.subarray(start, end)).buffer;
  return described(name, buffer.length, buffer.subarray(0, 16), slice, stored);
}

function described(
  name: string,
  sizeBytes: number,
  start: Buffer,
  slice: ByteSource['slice'],
  stored: () => AsyncIterable<Buffer>,
): ByteSource {
  if (sizeBytes === 0) throw new UserError(`${name}: the file is empty, expected rows`);
  const isGzip = start[0] === 0x1f && start[1] === 0x8b;
  if (name.endsWith('.gz') && !isGzip)
    throw new UserError(
      `${name}: the file starts with ${start.toString('hex', 0, 4)}, expected gzip data (1f8b)`,
    );
  let digest: string | null = null;
  return {
    ...{ name, sizeBytes, isGzip, start, slice },
    sha256: () => digest,
    async *pieces(read, signal) {
      let total = 0;
      const hash = createHash('sha256');
      async function* counted() {
        try {
          for await (const piece of stored()) {
            throwIfInterrupted(signal, `reading ${name}`);
            total += piece.length;
            hash.update(piece);
            read(total);
            yield piece;
          }
          digest = hash.digest('hex');
        } catch (error) {
          throw error instanceof UserError ? error : cannotRead(name, error);
        }
      }
      yield* isGzip ? inflated(counted(), sizeBytes, name) : counted();
    },
  };
}

/** zlib reads a piece after the next has come. */
async function* copied(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield Buffer.from(piece);
}

async function* inflated(
  stored: AsyncIterable<Buffer>,
  sizeBytes: number,
  name: string,
): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: pieceBytes });
  // Its failure arrives by the iterator of `gunzip` too.
  const written = pipeline(copied(stored), gunzip).catch(() => {});
  try {
    yield* gunzip as AsyncIterable<Buffer>;
    await written;
  } catch (error) {
    throw error instanceof UserError ? error : brokenGzip(error, sizeBytes, name);
  } finally {
    gunzip.destroy();
  }
}
