/** Finds the four IDX files of a set by the names under which they are published and unpacked. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitCode, UserError } from '../user-error.js';
import { shownPath } from './content.js';
import type { IdxPaths } from './folder.js';
import { holdings, type Listing, searchFolders } from './given-folder.js';
import { type IdxName, idxNames } from './known-sets.js';

/** Prefix (`qmnist-`, `emnist-letters-`), part, kind; then `-idx3-ubyte`, `.idx3-ubyte`, `-idx2-int`, `.idx`, or nothing. */
const idxFile =
  /^(.*?)(train|t10k|test)[-_](images|labels)(?:[-._]idx[1-3])?(?:[-._](?:ubyte|int))?(?:\.idx|\.bin)?(\.gz)?$/i;

interface IdxSet {
  readonly dir: string;
  /** In lower case. */
  readonly prefix: string;
  readonly paths: IdxPaths;
}

/**
 * All four IDX files of a folder or a subfolder, such as torchvision's `MNIST/raw`.
 * @param set the name of the known set to find, which decides between several folders.
 * @throws UserError that lists the missing files and the existing ones, or the sets if there are several.
 */
export async function findGivenIdxFiles(
  given: Listing,
  set: string,
  note: (line: string) => void,
): Promise<IdxPaths> {
  const { found, depth } = await searchFolders(given, setsIn);
  const sets = found.flat();
  const folded = (text: string) => text.toLowerCase().replace(/[^a-z0-9/\\]/g, '');
  const namesakes = sets.filter(({ dir, prefix }) =>
    [...folded(dir.slice(given.dir.length)).split(/[/\\]/), folded(prefix)].includes(folded(set)),
  );
  const [only] = sets.length === 1 ? sets : namesakes.length === 1 ? namesakes : [];
  if (only !== undefined) {
    if (depth > 0) note(`${shownPath(given.dir)}: the files are in ${shownPath(only.dir)}`);
    return only.paths;
  }
  if (sets.length > 1) {
    const names = sets.map(({ dir, prefix }) => shownPath(join(dir, prefix.replace(/[-_.]$/, ''))));
    const text = `several sets of files: ${names.slice(0, 8).join(', ')}`;
    throw new UserError(`${shownPath(given.dir)}: ${text}; expected one of them as data.dir`, ExitCode.usage);
  }
  const { missing } = await roles(given, '');
  const table = given.files.some((name) => /\.(csv|tsv)(\.gz)?$/i.test(name));
  const advice = table ? '; data.set=csv reads CSV files' : '';
  throw new UserError(
    `${shownPath(given.dir)}: missing ${missing.join(', ')} (each may be plain or .gz)${holdings(given)}${advice}`,
  );
}

/** The complete sets of a folder; one without a prefix excludes the others. Null if there is none. */
async function setsIn(listing: Listing): Promise<readonly IdxSet[] | null> {
  const prefixOf = (name: string) => idxFile.exec(name)?.[1]?.toLowerCase();
  const prefixes = new Set([...listing.files, ...listing.folders].map(prefixOf));
  const complete: IdxSet[] = [];
  for (const prefix of [...prefixes].filter((one) => one !== undefined).sort()) {
    const { paths, missing } = await roles(listing, prefix);
    if (missing.length === 0) complete.push({ dir: listing.dir, prefix, paths: paths as IdxPaths });
    if (missing.length === 0 && prefix === '') break;
  }
  return complete.length === 0 ? null : complete;
}

async function roles({ dir, files, folders }: Listing, prefix: string) {
  const paths: Partial<Record<IdxName, string>> = {};
  const missing: IdxName[] = [];
  for (const role of idxNames) {
    const [, , part, kind] = idxFile.exec(role) ?? [];
    const isOfRole = (name: string) => {
      const match = idxFile.exec(name);
      if (match === null || match[1].toLowerCase() !== prefix) return false;
      const matchPart = match[2].toLowerCase().replace('test', 't10k');
      return matchPart === part && match[3].toLowerCase() === kind;
    };
    // Kaggle's archive also has each file in a folder of the same name.
    const path = best(files.filter(isOfRole)) ?? (await inFolderOfItsName(dir, folders.filter(isOfRole)));
    if (path === null) missing.push(role);
    else paths[role] = join(dir, path);
  }
  return { paths, missing };
}

/** Plain rather than `.gz`, `t10k` rather than `test`, then the shortest name. */
function best(names: readonly string[]): string | null {
  const rank = (name: string) =>
    (/\.gz$/i.test(name) ? 1000 : 0) + (/t10k|train/i.test(name) ? 0 : 500) + name.length;
  return [...names].sort((a, b) => rank(a) - rank(b))[0] ?? null;
}

async function inFolderOfItsName(dir: string, folders: readonly string[]): Promise<string | null> {
  for (const name of folders) {
    const path = join(name, name);
    if (
      await stat(join(dir, path)).then(
        (entry) => entry.isFile(),
        () => false,
      )
    )
      return path;
  }
  return null;
}
