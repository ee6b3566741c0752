/** Claims a folder for a run. The folder is locked before its files are checked, so one of two processes is refused. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { cannot } from '../file-failure.js';
import { ExitCode } from '../user-error.js';
import { deleteRun, type FolderUse, refuseUsedFolder } from './folder-contents.js';
import { type FolderLock, lockFolder, refuseHeld } from './folder-lock.js';
import type { Resumed } from './resume.js';

/** The folder of a run: `--out`, or null for a new one; and whether the new run replaces the run in it. */
export interface RunPlace {
  readonly out: string | null;
  readonly overwrite: boolean;
  /** The run that goes on in its folder, instead of both. */
  readonly resumed?: Resumed | null;
}

/** Locks the folder, which must exist, and deletes the run that is replaced. @throws UserError (usage). */
export const claimFor =
  (use: FolderUse) =>
  (folder: string): FolderLock => {
    const lock = lockFolder(folder);
    try {
      refuseUsedFolder(folder, use);
      if (use === 'overwrite') deleteRun(folder);
      return lock;
    } catch (error) {
      lock.release();
      throw error;
    }
  };

/** Refuses what `claimFor` would refuse, before anything is read or computed. Changes nothing. @throws UserError (usage). */
export function refusePlace({ out, overwrite }: RunPlace): void {
  if (out === null) return;
  const folder = path.resolve(out);
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there !== undefined && !there.isDirectory())
    throw cannot('write to the run folder', folder, inTheWay(), ExitCode.usage);
  refuseHeld(folder);
  refuseUsedFolder(folder, useOf(overwrite));
}

const inTheWay = () => Object.assign(new Error('a file is in the way'), { code: 'EEXIST' });

export const useOf = (overwrite: boolean): FolderUse => (overwrite ? 'overwrite' : 'new');
