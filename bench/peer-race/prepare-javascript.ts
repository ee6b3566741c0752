/**
 * JavaScript contestants: their packages found or installed. A user's program is run from a folder of its own beside the
 * package's node_modules, as it would be at a user's, since it imports the package by its name.
 */
import { copyFileSync, mkdtempSync, symlinkSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { dataFolder, type InstalledSize, type Launch, type Ready } from './types.ts';

export interface JavaScriptPrograms {
  readonly session: string | null;
  readonly user: string | null;
}

/** `packageFolder`: …/node_modules/NAME. */
export function readyJavaScript(
  { session, user }: JavaScriptPrograms,
  packageFolder: string,
  workFolder: string,
  installedSize: () => Promise<InstalledSize | null>,
): Ready {
  const node = (file: string, threads: number, ...more: string[]): Launch => ({
    program: process.execPath,
    words: [file, dataFolder, `${threads}`, ...more],
  });
  const installed = user === null ? null : besidePackages(user, packageFolder, workFolder);
  return {
    session: (_variant, threads) => (session === null ? null : node(session, threads, packageFolder)),
    user: (threads) => (installed === null ? null : node(installed, threads)),
    installedSize,
  };
}

/** A copy of the program in a new folder whose node_modules are the package's. Returns its path. */
function besidePackages(program: string, packageFolder: string, workFolder: string): string {
  const modules = packageFolder.slice(0, packageFolder.lastIndexOf(`${sep}node_modules${sep}`));
  const folder = mkdtempSync(join(workFolder, 'user-'));
  symlinkSync(join(modules, 'node_modules'), join(folder, 'node_modules'), 'dir');
  const copy = join(folder, basename(program));
  copyFileSync(program, copy);
  return copy;
}
