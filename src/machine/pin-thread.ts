/**
 * Keeps a thread on one CPU, where its share of the work is made for the speed of that CPU. Node has no call for it; the
 * program `taskset` of util-linux has.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, readlinkSync } from 'node:fs';
import path from 'node:path';

/** Whether pinThread can work. */
export function canPin(environment: Readonly<Record<string, string | undefined>> = process.env): boolean {
  if (process.platform !== 'linux') return false;
  return (environment.PATH ?? '').split(path.delimiter).some((folder) => {
    try {
      accessSync(path.join(folder, 'taskset'), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

/** The calling thread's; a thread that cannot be pinned only runs where the scheduler puts it. */
export function pinThread(cpu: number): void {
  try {
    // Read synchronously, so by this thread: <process>/task/<thread>.
    const thread = path.basename(readlinkSync('/proc/thread-self'));
    execFileSync('taskset', ['-p', '-c', `${cpu}`, thread], { stdio: 'ignore', timeout: 2000 });
  } catch {}
}
