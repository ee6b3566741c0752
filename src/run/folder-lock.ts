/**
 * The lock of a run folder: as long as a process writes in it, others are refused. It is a file that names the process by
 * its number and its start, so that the file of a process that was killed, or whose number went to another, is no lock.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { shown } from '../config/config-file.js';
import { ExitCode, UserError } from '../user-error.js';
import { cannot, errorCode } from './atomic-file.js';

export const lockName = 'run.lock';

/** What the file holds, as JSON. */
interface Holder {
  readonly pid: number;
  /** When the process started, in the form of its platform; null where that is not known. */
  readonly started: string | null;
  /** The machine, and the container where process numbers are its own. */
  readonly host: string;
}

export interface FolderLock {
  release(): void;
}

/** How long a file may be in the way that is held only while a stale lock is replaced. */
const takeoverMs = 10_000;

/** @throws UserError (usage) with the number of the process that holds the folder; when no file can be made in it. */
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
    try {
      if (readFileSync(file, 'utf8') === text) rmSync(file);
    } catch {
      // The folder is gone, or may no longer be written: the lock ends with the process.
    }
  };
  process.once('exit', release);
  return { release };
}

/** @throws UserError (usage) when a running process holds the folder; it need not exist. */
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

/** Only one process at a time looks at a stale lock and puts its own in the place. */
function replaceStale(file: string, text: string, folder: string): void {
  const guard = `${file}.new`;
  const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > takeoverMs) rmSync(guard, { force: true });
  if (!makeFile(guard, text)) throw refusal(folder, 'another process has just begun to write in it');
  try {
    refuseHeld(folder);
    rmSync(file, { force: true });
    if (!makeFile(file, text)) refuseHeld(folder);
  } finally {
    rmSync(guard, { force: true });
  }
}

/** False if it is there already. A link to a finished file: nobody ever reads half of one. */
function makeFile(file: string, text: string): boolean {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
    try {
      linkSync(temporary, file);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') return false;
      // A file system without links.
      writeFileSync(file, text, { flag: 'wx' });
    } finally {
      rmSync(temporary, { force: true });
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw cannot('lock the run folder', path.dirname(file), error, ExitCode.usage);
  }
}

/** Null without a file, and for one that no process of ours has written. */
function readHolder(file: string): Holder | null {
  try {
    const { pid, started, host: machine } = JSON.parse(readFileSync(file, 'utf8'));
    if (!Number.isSafeInteger(pid) || pid < 1 || typeof machine !== 'string') return null;
    return { pid, started: typeof started === 'string' ? started : null, host: machine };
  } catch {
    return null;
  }
}

function isRunning({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: somebody else's process, but one that runs.
    if (errorCode(error) !== 'EPERM') return false;
  }
  const now = startOf(pid);
  return started === null || now === null || now === started;
}

/** When a process started, the same text whenever it is asked; null where the platform does not tell. */
export function startOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // proc(5): the name, field 2, may hold spaces and brackets; the state is field 3, the start field 22.
      const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
      // A process that has ended, but that its parent has not asked for, runs no more.
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
