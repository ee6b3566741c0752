/** File systems in memory, of a size; unmounted by `cleanUp` too. */
import { spawnSync } from 'node:child_process';
import { atEnd } from './cleanup.ts';

/** What takes back the unmounting at the end, by folder. */
const mounted = new Map<string, () => void>();

/** False without the right to mount. */
export function mount(folder: string, kibibytes: number): boolean {
  const forget = atEnd(() => unmount(folder));
  mounted.set(folder, forget);
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', folder]);
  return status === 0;
}

export const resize = (folder: string, kibibytes: number) =>
  spawnSync('mount', ['-o', `remount,size=${kibibytes}k`, folder]);

/** Even while a process that has just been killed has files there. */
export function unmount(folder: string): void {
  mounted.get(folder)?.();
  mounted.delete(folder);
  if (spawnSync('umount', [folder]).status !== 0) spawnSync('umount', ['--lazy', folder]);
}
