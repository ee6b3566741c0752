/**
 * Decoded pictures in the cache folder, so that the next run need not decode them. An entry is of one folder and one choice of
 * settings; it holds only as long as no file has another name, size, time or place on the disk. It is never needed: one that is
 * missing, damaged or of other files is made again.
 *
 *   a line of JSON: `Stored`; then the samples of all pictures, u8.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PictureFit } from '../../config/choices.js';
import { type CacheFolder, writableCache } from '../../machine/cache-folders.js';
import type { ImageShape } from '../images/prepare.js';

/** Samples of the pictures of a folder. */
export interface DecodedPictures {
  readonly shape: ImageShape;
  /** u8 [pictures][rows][columns][channels]; those that failed are black. */
  readonly values: Uint8Array;
  /** Of each picture: SHA-256 of its file, or the message that refuses it. */
  readonly files: readonly (readonly [sha256: string | null, failure: string | null])[];
  /** Why the samples have their shape; empty if the user said it. */
  readonly reasons: readonly string[];
}

type Stored = Omit<DecodedPictures, 'values'> & { readonly key: string; readonly sha256: string };

export interface CacheRequest {
  /** Absolute. */
  readonly dir: string;
  readonly paths: readonly string[];
  readonly settings: {
    readonly size: number | readonly number[] | null;
    readonly fit: PictureFit;
    readonly colour: string;
  };
  /** Of the decoder, on which the samples depend. */
  readonly versions: string;
}

/** Raised when other samples are made of the same picture. */
const format = 1;
/** A larger set is decoded in each run. */
const mostBytes = 2 ** 30;
const newline = 0x0a;

const hashOf = (...parts: (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** Statistics are asked for so many files at a time. */
const filesAtOnce = 256;

/** Changes if a file is changed, also if its size and its time of modification were set back. */
async function keyOf({ paths, settings, versions, dir }: CacheRequest): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([format, dir, settings, versions]));
  for (let first = 0; first < paths.length; first += filesAtOnce) {
    const some = paths.slice(first, first + filesAtOnce);
    const lines = await Promise.all(
      some.map(async (path) => {
        const found = await stat(path, { bigint: true }).catch(() => null);
        const facts = found && [found.size, found.mtimeNs, found.ctimeNs, found.ino].map(String);
        return JSON.stringify([path, facts]);
      }),
    );
    hash.update(lines.join('\n'));
  }
  return hash.digest('hex');
}

export class PictureCache {
  readonly #file: string;
  readonly #key: string;
  readonly #pictures: number;

  private constructor(file: string, key: string, pictures: number) {
    this.#file = file;
    this.#key = key;
    this.#pictures = pictures;
  }

  static async open(folders: readonly CacheFolder[], request: CacheRequest): Promise<PictureCache> {
    const { dir, settings } = request;
    const name = `${hashOf(JSON.stringify([dir, settings])).slice(0, 32)}.pictures`;
    const file = join(writableCache(folders).path, 'pictures', name);
    return new PictureCache(file, await keyOf(request), request.paths.length);
  }

  /** Null: there are none, or they are of other files. */
  async read(): Promise<DecodedPictures | null> {
    const bytes = await readFile(this.#file).catch(() => null);
    const end = bytes?.indexOf(newline) ?? -1;
    if (bytes === null || end < 0) return null;
    const stored = storedIn(bytes.subarray(0, end));
    const values = new Uint8Array(bytes.buffer, bytes.byteOffset + end + 1, bytes.length - end - 1);
    // The key alone could be that of a file whose end is damaged.
    if (stored?.key !== this.#key || stored.sha256 !== hashOf(JSON.stringify(rest(stored)), values))
      return null;
    return stored.files.length === this.#pictures ? { ...rest(stored), values } : null;
  }

  /** A cache that cannot be written costs the next run its time. */
  async write(decoded: DecodedPictures): Promise<void> {
    const { values } = decoded;
    if (values.length > mostBytes) return;
    const about = rest(decoded);
    const stored: Stored = {
      ...{ key: this.#key, sha256: hashOf(JSON.stringify(about), values) },
      ...about,
    };
    const temporary = `${this.#file}.${randomUUID()}.tmp`;
    try {
      await mkdir(join(this.#file, '..'), { recursive: true });
      await writeFile(temporary, [`${JSON.stringify(stored)}\n`, values]);
      await rename(temporary, this.#file);
    } catch {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }
}

const rest = ({ shape, files, reasons }: Omit<DecodedPictures, 'values'>) => ({ shape, files, reasons });

/** Null for text that is no entry. What it says is checked by its hash. */
function storedIn(text: Uint8Array): Stored | null {
  try {
    const stored: Partial<Stored> | null = JSON.parse(Buffer.from(text).toString('utf8'));
    const { key, sha256, shape, files, reasons } = stored ?? {};
    const isWhole = key !== undefined && sha256 !== undefined && Array.isArray(shape) && Array.isArray(files);
    return isWhole && Array.isArray(reasons) ? { key, sha256, shape, files, reasons } : null;
  } catch {
    return null;
  }
}
