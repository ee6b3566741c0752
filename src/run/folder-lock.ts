/**
 * The lock of a run folder: while one process writes in it, others are refused. It is a file with the number and the start
 * time of that process. So it is no lock if the process was killed, or if another process got its number.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { shown } from '../config/config-file.js';
import { cannot, errorCode } from '../file-failure.js';
import { readWholeFile } from '../memory/whole-file.js';
import { ExitCode, UserError } from '../user-error.js';

export const lockName = 'run.lock';

/** What the file holds, as JSON. */
interface Holder {
  readonly pid: number;
  /** When the process started, in the form of its platform; null if that is not known. */
  readonly started: string | null;
  /** The machine, and the container if it has process numbers of its own. */
  readonly host: string;
}

export interface FolderLock {
  release(): void;
}

/** After this time, the file that guards the replacement of a stale lock is itself stale. */
const takeoverMs = 10_000;

/** @throws UserError (usage) with the number of the process that holds the folder, or if no file can be made in it. */
export function lockFolder(folder: string): FolderLock {
  const file = path.join(folder, lockName);
  const holder: Holder = { pid: process.pid, started: startOf(process.pid), host: host() };
  const text = `${JSON.stringify(holder)}\n`;
  if (!makeFile(file, text)) {
    refuseHeld(folder);
    replaceStale(file, text, folder);
  }
  const release = () => {
    process.removeListener('exit', release);
    removeIfSame(file, text);
  };
  process.once('exit', release);
  return { release };
}

/** @throws UserError (usage) if a running process holds the folder. The folder need not exist. */
export function refuseHeld(folder: string): void {
  const holder = readHolder(path.join(folder, lockName));
  if (holder === null) return;
  if (holder.host !== host())
    throw refusal(
      folder,
      `process ${holder.pid} of ${holder.host} writes in it; delete ${lockName} if that process is gone`,
    );
  if (isRunning(holder)) throw refusal(folder, `process ${holder.pid} is writing in it`);
}

/** Only one process at a time checks a stale lock and replaces it with its own. */
function replaceStale(file: string, text: string, folder: string): void {
  const guard = `${file}.new`;
  removeStale(guard, isOldGuard);
  if (!makeFile(guard, text)) throw refusal(folder, 'another process has just begun to write in it');
  try {
    for (let tries = 0; tries < mostTries; tries++) {
      refuseHeld(folder);
      removeStale(file, (lock) => !isHeld(lock));
      if (makeFile(file, text)) return;
      // Another process has made its own meanwhile, and holds the folder or has released it.
    }
    throw refusal(folder, 'other processes begin and end to write in it');
  } finally {
    removeIfSame(guard, text);
  }
}

/** Each try loses against a run that begins and ends meanwhile. */
const mostTries = 100;

const isOldGuard = (guard: string) => {
  const made = statSync(guard, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > takeoverMs;
};

/** Whether a running process, or one of another machine, holds this lock. */
function isHeld(lock: string): boolean {
  const holder = readHolder(lock);
  return holder !== null && (holder.host !== host() || isRunning(holder));
}

/**
 * Removes a file that is stale. Between the judgement and the removal another process may have put its own in the place: so the
 * file is renamed first and judged again; a live one goes back, unless there is a newer one.
 */
function removeStale(file: string, isStale: (file: string) => boolean): void {
  if (!isStale(file)) return;
  const aside = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw cannot('lock the run folder', path.dirname(file), error, ExitCode.usage);
  }
  try {
    if (!isStale(aside)) makeFile(file, readFileSync(aside, 'utf8'));
  } finally {
    removeIfPossible(aside);
  }
}

/** A lock of another process stays. */
function removeIfSame(file: string, text: string): void {
  try {
    if (readFileSync(file, 'utf8') === text) rmSync(file);
  } catch {
    // The folder is gone, or may no longer be written: the lock ends with the process.
  }
}

/**
 * False if the file exists already. It is a link to a finished file, so no process reads half of it; on a file system without
 * links it is written in place, and one that begins in that moment may take it for stale.
 */
function makeFile(file: string, text: string): boolean {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    makeWhole(temporary, text);
    try {
      linkSync(temporary, file);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      makeWhole(file, text);
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw cannot('lock the run folder', path.dirname(file), error, ExitCode.usage);
  } finally {
    removeIfPossible(temporary);
  }
}

/** Leaves no part of a file whose writing fails. */
function makeWhole(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') removeIfPossible(file);
    throw error;
  }
}

function removeIfPossible(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {}
}

/** Null if there is no file, or if it is not the lock of a run. @throws UserError (usage) if it cannot be read. */
function readHolder(file: string): Holder | null {
  const text = readLock(file);
  if (text === null) return null;
  try {
    const { pid, started, host: machine } = JSON.parse(text);
    if (!Number.isSafeInteger(pid) || pid < 1 || typeof machine !== 'string') return null;
    return { pid, started: typeof started === 'string' ? started : null, host: machine };
  } catch {
    return null;
  }
}

function readLock(file: string): string | null {
  try {
    return readWholeFile(file).toString('utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error))) return null;
    throw cannot('read the lock', file, error, ExitCode.usage);
  }
}

function isRunning({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process runs, but belongs to another user.
    if (errorCode(error) !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return started === null || now === null || now === started;
}

/** When a process started, as the same text at every call; null if the platform does not report it. */
export function startOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // proc(5): the name, field 2, may hold spaces and brackets; the state is field 3, the start field 22.
      const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
      // A process that has ended does not run, even if its parent has not read its exit status.
      if (fields[0] === 'Z' || fields[0] === 'X') return 'ended';
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19]}`;
    }
    if (process.platform === 'win32') return null;
    const words = ['-o', 'lstart=', '-p', String(pid)];
    const options = { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } } as const;
    return execFileSync('ps', words, { ...options, stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null;
  } catch {
    return null;
  }
}

function host(): string {
  try {
    // Containers on one machine may share its name, but not their process numbers.
    return `${hostname()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

const refusal = (folder: string, reason: string) =>
  new UserError(
    `--out: ${shown(folder, process.cwd())}: expected a folder that no run is writing in: ${reason}`,
    ExitCode.usage,
  );
