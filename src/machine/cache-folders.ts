/**
 * The folder of downloads: if SHARDSTEP_CACHE names one, only that; else the user's cache folder, else the temporary
 * folder. A user of a container often has neither an entry in passwd nor a home.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expandHome } from '../config/home.js';

export interface CacheSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
  /** Throws if there is no home folder. */
  readonly home?: () => string;
  readonly temporary?: () => string;
}

export interface CacheFolder {
  readonly path: string;
  /** Why it is not the expected folder; null if it is. */
  readonly insteadOf: string | null;
}

/** The folders that may already hold downloads, the preferred one first. */
export function cacheFolders(sources: CacheSources): readonly CacheFolder[] {
  const { environment, temporary = os.tmpdir } = sources;
  const named = environment.SHARDSTEP_CACHE;
  if (named) {
    const folder = path.resolve(expandHome(named, 'SHARDSTEP_CACHE', environment));
    return [{ path: folder, insteadOf: null }];
  }
  const own = userCache(sources);
  // Other users share the temporary folder, so the name contains this user's number.
  const user = process.getuid?.() ?? 'user';
  return [
    ...(own === null ? [] : [{ path: own, insteadOf: null }]),
    {
      path: path.join(temporary(), `shardstep-${user}`),
      insteadOf: own === null ? 'this user has no home folder' : `${own} cannot be written`,
    },
  ];
}

/** The first folder that can be written, made if it is missing; the last one if none can be written. */
export function writableCache(folders: readonly CacheFolder[]): CacheFolder {
  return folders.find(({ path }) => isWritable(path)) ?? folders[folders.length - 1];
}

function isWritable(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The platform's folder for caches; null without a home. */
function userCache({ environment, platform = process.platform, home = os.homedir }: CacheSources) {
  const below = (...parts: string[]) => {
    const folder = homeOf(home);
    return folder === null ? null : path.join(folder, ...parts, 'shardstep');
  };
  if (platform === 'win32') {
    const local = environment.LOCALAPPDATA;
    const folder = local ? path.join(local, 'shardstep') : below('AppData', 'Local');
    return folder && path.join(folder, 'Cache');
  }
  if (platform === 'darwin') return below('Library', 'Caches');
  // XDG base directories: a relative path must be ignored.
  const xdg = environment.XDG_CACHE_HOME;
  return xdg && path.isAbsolute(xdg) ? path.join(xdg, 'shardstep') : below('.cache');
}

/** libuv reads HOME first, then passwd, and throws if neither names a home folder. */
function homeOf(home: () => string): string | null {
  try {
    return home() || null;
  } catch {
    return null;
  }
}
