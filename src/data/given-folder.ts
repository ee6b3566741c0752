/** The contents of a folder that the user named, and of its subfolders. Reads only names, opens no file. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError } from '../user-error.js';
import { shownPath } from './content.js';

/** What a folder holds, sorted. */
export interface Listing {
  readonly dir: string;
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

/** Deep enough for `MNIST/raw` in any folder. A folder with more subfolders is not that of a data set. */
const deepest = 3;
const mostFolders = 200;

/**
 * The listing of a folder. If the folder does not exist, the last word of the path may be a prefix of files in the folder
 * above it (`emnist/emnist-letters`): then those are listed.
 * @param namedBy the source of the folder's name, `data.dir` or `SHARDSTEP_DATA`, for errors.
 * @throws UserError if the folder does not exist, is a file, or cannot be read.
 */
export async function listGivenFolder(dir: string, namedBy: string): Promise<Listing> {
  try {
    return await list(dir);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const above = code === 'ENOENT' ? await list(dirname(dir)).catch(() => null) : null;
    const begins =
      above?.files.filter(
        (name) => name.startsWith(basename(dir)) && /^[-_.]/.test(name.slice(basename(dir).length)),
      ) ?? [];
    if (above !== null && begins.length > 0) return { dir: above.dir, files: begins, folders: [] };
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'does not exist',
      ENOTDIR: 'is a file, expected a folder',
      EACCES: 'cannot be read: permission denied',
    };
    const reason = reasons[code ?? ''] ?? `cannot be read: ${message}`;
    throw new UserError(`${namedBy}: ${shownPath(dir)} ${reason}`, undefined, { cause: error });
  }
}

async function list(dir: string): Promise<Listing> {
  const entries = (await readdir(dir, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const isLink = entry.isSymbolicLink();
    const target = isLink ? await stat(join(dir, entry.name)).catch(() => null) : entry;
    (target?.isDirectory() ? folders : files).push(entry.name);
  }
  return { dir, files, folders };
}

/** What `find` finds in the folder, else in its subfolders, level by level: all results of the first level that has any. */
export async function searchFolders<T>(
  given: Listing,
  find: (listing: Listing) => T | null | Promise<T | null>,
): Promise<{ readonly found: readonly T[]; readonly depth: number }> {
  let level: readonly Listing[] = [given];
  let looked = 0;
  for (let depth = 0; depth <= deepest && level.length > 0; depth += 1) {
    const found = (await Promise.all(level.map(find))).filter((one) => one !== null);
    if (found.length > 0) return { found, depth };
    const below = level.flatMap(({ dir, folders }) => folders.map((name) => join(dir, name)));
    looked += below.length;
    if (looked > mostFolders) break;
    const listings = await Promise.all(below.map((dir) => list(dir).catch(() => null)));
    level = listings.filter((listing) => listing !== null);
  }
  return { found: [], depth: 0 };
}

/** `; it holds a.png, b/ and 3 more`: for errors. */
export function holdings({ files, folders }: Listing): string {
  const names = [...folders.map((name) => `${name}/`), ...files];
  if (names.length === 0) return '; it is empty';
  const shown = names.slice(0, 6).join(', ');
  return `; it holds ${shown}${names.length > 6 ? ` and ${names.length - 6} more` : ''}`;
}
