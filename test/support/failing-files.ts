/**
 * Loaded into a child process by `--import`, before the program: fails the n-th file operation below a folder.
 * `SHARDSTEP_FAULT` is a `Fault` as JSON. Operations of the main thread only. Node's own functions call each other, so
 * only the outermost call counts.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

export interface Fault {
  /** Absolute; operations on other paths are neither counted nor failed. */
  readonly folder: string;
  /**
   * The number of the operation that fails, from 1, among those that the code meets; 0: none fails, all are counted. Or the beginning
   * of its name: the first such one fails.
   */
  readonly at: number | string;
  /** ENOENT: the file is really deleted just before, as by another process; the operation then ends as it does. */
  readonly code: 'ENOSPC' | 'EIO' | 'EROFS' | 'EACCES' | 'ENOENT';
  /** Later operations fail too: a disk that stays full. */
  readonly lasts: boolean;
  /** Counts only operations whose line begins with the second, after one that begins with the first. */
  readonly among?: readonly [after: string, only: string];
  /** Receives the counted operations when the process exits, one a line: the codes that meet it, a tab, its name. */
  readonly report: string;
}

type Kind = 'read' | 'write' | 'make' | 'remove' | 'sync' | 'close' | 'look';
type Call = (this: unknown, ...given: unknown[]) => unknown;
type Calls = Record<string, unknown>;

const kinds: Readonly<Record<string, Kind>> = {
  ...{ readFile: 'read', read: 'read', readdir: 'look', readlink: 'look', stat: 'look', lstat: 'look' },
  ...{ fstat: 'look', access: 'look', realpath: 'look', exists: 'look' },
  ...{
    writeFile: 'write',
    appendFile: 'write',
    write: 'write',
    truncate: 'write',
    ftruncate: 'write',
    copyFile: 'make',
  },
  ...{ mkdir: 'make', mkdtemp: 'make', symlink: 'make', link: 'make', rename: 'make' },
  ...{ rm: 'remove', rmdir: 'remove', unlink: 'remove', fsync: 'sync', sync: 'sync', datasync: 'sync' },
  // To read; to write it is `make`.
  ...{ close: 'close', open: 'read' },
};

/** A full disk still deletes; a descriptor that is open works on under EACCES, but writes are refused here too. */
const meets: Readonly<Record<Fault['code'], readonly Kind[]>> = {
  ENOSPC: ['write', 'make', 'sync', 'close'],
  EIO: ['read', 'write', 'make', 'remove', 'sync', 'close', 'look'],
  EROFS: ['write', 'make', 'remove'],
  EACCES: ['read', 'make', 'remove', 'look'],
  ENOENT: ['read', 'make', 'look'],
};

const reasons: Readonly<Record<Fault['code'], string>> = {
  ENOSPC: 'no space left on device',
  EIO: 'i/o error',
  EROFS: 'read-only file system',
  EACCES: 'permission denied',
  ENOENT: 'no such file or directory',
};

interface Operation {
  readonly name: string;
  /** A descriptor or a path; `given` are the arguments after it. */
  readonly target: unknown;
  readonly given: readonly unknown[];
}

class Faults {
  readonly done: string[] = [];
  readonly #paths = new Map<number, string>();
  readonly #fault: Fault;
  #isAfter = false;
  #hasFailed = false;
  readonly #original = { writeFileSync: fs.writeFileSync, writeSync: fs.writeSync, rmSync: fs.rmSync };

  constructor(fault: Fault) {
    this.#fault = fault;
  }

  opened(descriptor: number, file: unknown): void {
    this.#paths.set(descriptor, absolute(file));
  }

  /** Counts it. Null: it goes on. A write that fails leaves half of its bytes, as on a disk that becomes full. */
  of({ name, target, given }: Operation): Error | null {
    const { folder, at, code, lasts } = this.#fault;
    const base = name.replace(/Sync$/, '');
    const named = base === 'symlink' || base === 'link' ? given[0] : target;
    const place = typeof named === 'number' ? this.#paths.get(named) : absolute(named);
    if (place === undefined || (place !== folder && !place.startsWith(folder + path.sep))) return null;
    const kind = base === 'open' && opensToWrite(given[0]) ? 'make' : kinds[base];
    const codes = Object.keys(meets).filter((one) => meets[one as Fault['code']].includes(kind));
    if (codes.length === 0 || (at !== 0 && !codes.includes(code))) return null;
    const said = `${name} ${path.relative(folder, place) || '.'}`;
    if (!this.#counts(said)) return null;
    this.done.push(`${codes.join(' ')}\t${said}`);
    const begins =
      !this.#hasFailed && (typeof at === 'number' ? this.done.length === at : said.startsWith(at));
    if (!begins && !(this.#hasFailed && lasts)) return null;
    this.#hasFailed = true;
    if (code === 'ENOENT') {
      if (place !== folder) this.#original.rmSync(place, { recursive: true, force: true });
      return null;
    }
    if (kind === 'write') this.#writeHalf(target, given);
    const message = `${code}: ${reasons[code]}, ${base} '${place}'`;
    return Object.assign(new Error(message), { code, syscall: base, path: place });
  }

  #counts(line: string): boolean {
    const { among } = this.#fault;
    if (among === undefined) return true;
    const [after, only] = among;
    if (this.#isAfter) return line.startsWith(only);
    this.#isAfter = line.startsWith(after);
    return false;
  }

  #writeHalf(target: unknown, [data, offset, length, position]: readonly unknown[]): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    if (!(bytes instanceof Uint8Array)) return;
    const from = Number(offset) || 0;
    const half = bytes.subarray(from, from + ((Number(length) || bytes.length - from) >> 1));
    const place = typeof position === 'number' ? position : null;
    if (typeof target === 'number') this.#original.writeSync(target, half, 0, half.length, place);
    else this.#original.writeFileSync(String(target), half);
  }
}

const absolute = (file: unknown) => (file instanceof URL ? fileURLToPath(file) : path.resolve(String(file)));

function opensToWrite(flags: unknown = 'r'): boolean {
  return typeof flags === 'number' ? (flags & 3) !== 0 : /[wax+]/.test(String(flags));
}

function install(fault: Fault): void {
  const faults = new Faults(fault);
  const { writeFileSync } = fs;
  let depth = 0;

  const synchronous = (calls: Calls, name: string): void => {
    const original = calls[name] as Call;
    calls[name] = function (this: unknown, ...words: unknown[]) {
      if (depth > 0) return original.apply(this, words);
      depth += 1;
      try {
        const [target, ...given] = words;
        const error = faults.of({ name, target, given });
        if (error !== null && name === 'existsSync') return false;
        // close(2) reports an error of earlier writes, and closes.
        if (error !== null && name !== 'closeSync') throw error;
        const result = original.apply(this, words);
        if (name === 'openSync') faults.opened(result as number, target);
        if (error !== null) throw error;
        return result;
      } finally {
        depth -= 1;
      }
    };
  };

  /** `handle`: the method belongs to an open file. */
  const promised = (calls: Calls, name: string, handle: fs.promises.FileHandle | null): void => {
    const original = calls[name] as Call;
    calls[name] = async function (this: unknown, ...words: unknown[]) {
      const [target, ...given] = handle === null ? words : [handle.fd, ...words];
      const error = faults.of({ name, target, given });
      if (error !== null && name !== 'close') throw error;
      const result = await original.apply(this, words);
      if (name === 'open') {
        const opened = result as fs.promises.FileHandle;
        faults.opened(opened.fd, target);
        patchAll(opened as unknown as Calls, opened);
      }
      if (error !== null) throw error;
      return result;
    };
  };

  const withCallback = (calls: Calls, name: string): void => {
    const original = calls[name] as Call;
    calls[name] = function (this: unknown, ...words: unknown[]) {
      const [target, ...given] = words;
      const error = depth > 0 ? null : faults.of({ name, target, given });
      if (error === null) return original.apply(this, words);
      process.nextTick(words.at(-1) as (error: Error) => void, error);
      return undefined;
    };
  };

  const patchAll = (calls: Calls, handle: fs.promises.FileHandle | null): void => {
    for (const name of Object.keys(kinds))
      if (typeof calls[name] === 'function') promised(calls, name, handle);
  };

  const calls = fs as unknown as Calls;
  for (const name of Object.keys(kinds))
    if (typeof calls[`${name}Sync`] === 'function') synchronous(calls, `${name}Sync`);
  patchAll(fs.promises as unknown as Calls, null);
  for (const name of ['stat', 'readFile']) withCallback(calls, name);
  syncBuiltinESMExports();
  process.on('exit', () => {
    depth = 1;
    writeFileSync(fault.report, faults.done.map((line) => `${line}\n`).join(''));
  });
}

const wanted = process.env.SHARDSTEP_FAULT;
if (wanted !== undefined && isMainThread) install(JSON.parse(wanted) as Fault);
