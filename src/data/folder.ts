/** Finds data files in a folder of this program under their usual names. Reads only names, opens nothing. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../user-error.js';
import { type IdxName, idxNames } from './known-sets.js';

export type IdxPaths = Readonly<Record<IdxName, string>>;

/**
 * The names in a folder that may not exist yet: empty then.
 * @throws UserError for any other problem with it.
 */
export async function listOptionalFolder(dir: string): Promise<ReadonlySet<string>> {
  return new Set(
    await readdir(dir).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw new UserError(`${dir}: cannot be read: ${error.message}`, undefined, { cause: error });
    }),
  );
}

/** The path of the first existing file of `names`, plain rather than `.gz`; null if there is none. */
export function findFile(entries: ReadonlySet<string>, dir: string, names: readonly string[]): string | null {
  const found = [...names, ...names.map((name) => `${name}.gz`)].find((name) => entries.has(name));
  return found === undefined ? null : join(dir, found);
}

/** Which of the four IDX files exist, in either spelling, and which are missing. */
export function findIdxFiles(
  entries: ReadonlySet<string>,
  dir: string,
): { readonly paths: Readonly<Partial<Record<IdxName, string>>>; readonly missing: readonly IdxName[] } {
  const paths: Partial<Record<IdxName, string>> = {};
  const missing: IdxName[] = [];
  for (const name of idxNames) {
    // Some mirrors write `train-images.idx3-ubyte`.
    const path = findFile(entries, dir, [name, name.replace('-idx', '.idx')]);
    if (path === null) missing.push(name);
    else paths[name] = path;
  }
  return { paths, missing };
}
