/**
 * Fetches one published file into a folder: mirrors in turn, several tries at each, resumed, verified.
 *
 * The file is gathered in memory (the largest is 26 MB), verified, and written to the disk by an atomic rename. The
 * bytes of an interrupted download are kept in the same way as `NAME.gz.part`. So processes that download the same file
 * at once can't disturb each other, and no lock is needed. The price: a killed process leaves nothing to resume from.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../user-error.js';
import { shownPath } from './content.js';
import { interruption } from './interruption.js';
import { type IdxName, idxNames, type KnownFile } from './known-sets.js';
import { type Arrival, continueFrom, MirrorFailure, TooSlow, WrongContent } from './mirror.js';
import { useProxies } from './proxy.js';

export interface DownloadProgress {
  readonly file: string;
  readonly receivedBytes: number;
  readonly totalBytes: number | null;
}

export interface DownloadOptions {
  readonly onProgress?: ((message: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** How long a mirror may take for 4096 bytes, default 20 s. */
  readonly idleTimeoutMs?: number | undefined;
  /** How long a mirror may take for the missing bytes in all; default: a minute and 16 KiB a second. */
  readonly totalTimeoutMs?: number | undefined;
  /** Instead of `process.env`: the proxies are read. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
}

const triesPerMirror = 3;

/** What a mirror has to reach on average: 26 MB take at most half an hour. */
const [graceMs, leastBytesPerMs] = [60_000, 16.384];

/** A temporary file that is older was left by a process that was killed. Its number would say nothing: caches may be shared. */
const oldestTemporaryMs = 24 * 3_600_000;

/**
 * Downloads `name`.gz into `dir`, which is made if missing.
 * @returns the path of the verified file.
 * @throws UserError that describes the failure of each mirror and where to put the files by hand; if the folder can't
 * be written; with exit code `interrupted` if the signal is aborted (the received bytes are kept).
 */
export async function downloadFile(
  name: IdxName,
  expected: KnownFile,
  mirrors: readonly string[],
  dir: string,
  options: DownloadOptions = {},
): Promise<string> {
  const file = `${name}.gz`;
  const path = join(dir, file);
  const partPath = `${path}.part`;
  await mkdir(dir, { recursive: true }).catch((error: unknown) => {
    throw cannotWrite(dir, error);
  });
  const arrival = await openPart(partPath, expected.archiveSizeBytes);
  const failures: string[] = [];
  const proxies = useProxies(options.environment ?? process.env);
  try {
    for (const mirror of mirrors) {
      const url = `${mirror}${file}`;
      const delivered = await tryMirror(url, arrival, expected, failures, file, options);
      if (delivered) {
        await writeAtomically(path, arrival.bytes);
        await discard(partPath);
        return path;
      }
      if (options.signal?.aborted) {
        const kept = await keepPart(partPath, arrival);
        throw interruption(`downloading ${url}${kept}`, options.signal);
      }
    }
  } finally {
    proxies.end();
  }
  const kept = await keepPart(partPath, arrival);
  const names = idxNames.map((each) => `${each}.gz`).join(', ');
  throw new UserError(
    `${file}: could not be downloaded: ${failures.join('; ')}${proxies.words}${kept}; ` +
      `put ${names} into ${dir} by hand, or name the folder that has them in data.dir or SHARDSTEP_DATA`,
  );
}

/** Whether the verified file has arrived; if not, the reason is added to `failures`. */
async function tryMirror(
  url: string,
  arrival: Arrival,
  expected: KnownFile,
  failures: string[],
  file: string,
  options: DownloadOptions,
): Promise<boolean> {
  const totalBytes = expected.archiveSizeBytes;
  const onBytes = (receivedBytes: number) => options.onProgress?.({ file, receivedBytes, totalBytes });
  const missingBytes = totalBytes - arrival.receivedBytes;
  const { totalTimeoutMs = graceMs + missingBytes / leastBytesPerMs } = options;
  const deadlineMs = performance.now() + totalTimeoutMs;
  for (let attempt = 0; attempt < triesPerMirror && !options.signal?.aborted; attempt += 1) {
    const resumedBytes = arrival.receivedBytes;
    try {
      if (arrival.receivedBytes < totalBytes) {
        const { signal, idleTimeoutMs = 20_000 } = options;
        await continueFrom(url, arrival, { signal, idleTimeoutMs, deadlineMs, onBytes });
      }
      verify(arrival.bytes, expected.archiveSha256);
      return true;
    } catch (error) {
      if (!(error instanceof MirrorFailure)) throw error;
      failures.push(`${url}: ${error.message}`);
      if (error instanceof TooSlow) return false;
      const wrong = error instanceof WrongContent;
      if (wrong) arrival.receivedBytes = 0;
      // Retry only if the result can differ: there was progress, or the resumed bytes were bad.
      if (wrong ? resumedBytes === 0 : arrival.receivedBytes <= resumedBytes) return false;
    }
  }
  return false;
}

function verify(bytes: Uint8Array, expectedSha256: string): void {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== expectedSha256) {
    throw new WrongContent(`its SHA-256 is ${sha256}, expected ${expectedSha256}`);
  }
}

async function openPart(partPath: string, sizeBytes: number): Promise<Arrival> {
  const bytes = new Uint8Array(sizeBytes);
  // A .part file that is missing or can't be read only means starting from nothing.
  const part = await readFile(partPath).catch(() => new Uint8Array(0));
  if (part.length > sizeBytes) return { bytes, receivedBytes: 0 };
  bytes.set(part);
  return { bytes, receivedBytes: part.length };
}

/** Keeps the received bytes for the next time; returns a note about it, the tail of an error message. */
async function keepPart(partPath: string, arrival: Arrival): Promise<string> {
  if (arrival.receivedBytes === 0) {
    await discard(partPath);
    return '';
  }
  try {
    await writeAtomically(partPath, arrival.bytes.subarray(0, arrival.receivedBytes));
    return ` (${arrival.receivedBytes} bytes are kept to resume from)`;
  } catch (error) {
    // The download's own failure is reported first.
    return ` (${(error as Error).message})`;
  }
}

/** Flushed before the rename, so that a power cut can't leave an empty file under the final name. */
async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  await removeOldTemporaries(dirname(path));
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, bytes, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await discard(temporary);
    throw cannotWrite(path, error);
  }
}

/** Those of processes that were killed. */
async function removeOldTemporaries(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => []);
  for (const name of names) {
    if (!/\.gz(?:\.part)?\.[0-9a-f-]{36}\.tmp$/.test(name)) continue;
    const made = await stat(join(dir, name)).catch(() => null);
    if (made !== null && Date.now() - made.mtimeMs > oldestTemporaryMs) await discard(join(dir, name));
  }
}

/** A file that stays costs some place: it is no reason to fail. */
async function discard(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => {});
}

function cannotWrite(path: string, error: unknown): UserError {
  const { message } = error as Error;
  return new UserError(
    `${shownPath(path)}: cannot be written: ${message}; SHARDSTEP_CACHE names another folder for downloads`,
    undefined,
    { cause: error },
  );
}
