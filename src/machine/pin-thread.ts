/**
 * Keeps a thread on one CPU, because its share of the work is chosen for the speed of that CPU. Node has no function for
 * this; the program `taskset` of util-linux does it.
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

/** Pins the calling thread. If that fails, the thread runs on the CPUs that the scheduler chooses. */
export function pinThread(cpu: number): void {
  try {
    // Read synchronously, so by this thread: <process>/task/<thread>.
    const thread = path.basename(readlinkSync('/proc/thread-self'));
    execFileSync('taskset', ['-p', '-c', `${cpu}`, thread], { stdio: 'ignore', timeout: 2000 });
  } catch {}
}
