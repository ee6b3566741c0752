/** Which pictures a folder of classes holds, by their names alone: `cats/1.png`, or `train/cats/1.png` and `test/cats/2.png`. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { plural } from '../../numbers/words.js';
import { UserError } from '../../user-error.js';
import { cannotRead, shownPath } from '../content.js';
import type { PartName } from '../dataset.js';
import { holdings, type Listing } from '../given-folder.js';

export interface PictureFile {
  readonly path: string;
  readonly part: PartName;
  /** The name of its folder. */
  readonly className: string;
}

export interface FoundPictures {
  /** Of all parts: training, validation, test; classes sorted by UTF-16 code units, then names. */
  readonly files: readonly PictureFile[];
  /** The parts that have a folder of their own. */
  readonly parts: ReadonlySet<PartName>;
  /** The folder of the classes, or of the parts: below the given one if that holds nothing else. */
  readonly dir: string;
  /** What is in the folder and is not read: for a warning. */
  readonly leftOut: readonly string[];
}

export const pictureName = /\.(png|jpe?g|webp|gif)$/i;

/** Files and folders that systems and unpackers leave behind. */
const isLitter = (name: string) => /^(\.|__MACOSX$|@eaDir$|Thumbs\.db$|desktop\.ini$)/i.test(name);

const partNames = { train: /^train(ing)?$/i, validation: /^val(id|idation)?$/i, test: /^test(ing)?$/i };

/** Archives are often unpacked into a folder of their name. */
const deepest = 3;

/** @throws UserError for a folder without classes, pictures below the folder of a class, a test part without training part. */
export async function findPictures(given: string, namedBy: string): Promise<FoundPictures> {
  let root = await list(given).catch((error: NodeJS.ErrnoException) => {
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: 'does not exist',
      ENOTDIR: 'is a file, expected a folder with a folder of pictures for each class',
    };
    const reason = reasons[error.code ?? ''];
    if (reason === undefined) throw cannotRead(`${namedBy}: ${shownPath(given)}`, error);
    throw new UserError(`${namedBy}: ${shownPath(given)} ${reason}`, undefined, { cause: error });
  });
  for (let depth = 0; depth < deepest && root.folders.length === 1; depth++) {
    const isPart = Object.values(partNames).some((pattern) => pattern.test(root.folders[0]));
    if (isPart || root.files.some((name) => pictureName.test(name))) break;
    const only = await listed(join(root.dir, root.folders[0]));
    if (only.folders.length === 0 || only.files.some((name) => pictureName.test(name))) break;
    root = only;
  }
  const split = await partsOf(root);
  const leftOut: string[] = [];
  if (split === null) {
    const files = await classesIn(root, 'train', leftOut);
    return { files, parts: new Set(['train']), dir: root.dir, leftOut };
  }
  const files: PictureFile[] = [];
  for (const [part, listing] of split) files.push(...(await classesIn(listing, part, leftOut)));
  const inParts = new Set([...split.values()].map(({ dir }) => dir));
  const others = root.folders.filter((name) => !inParts.has(join(root.dir, name)));
  if (others.length > 0) leftOut.push(`${plural(others.length, 'other folder')} (${firstOf(others)})`);
  const loose = root.files.filter((name) => pictureName.test(name));
  if (loose.length > 0) leftOut.push(`${plural(loose.length, 'picture')} of no class (${firstOf(loose)})`);
  return { files, parts: new Set(split.keys()), dir: root.dir, leftOut };
}

/** Null: the folders are classes, such as `car`, `plane` and `train`. */
async function partsOf(root: Listing): Promise<ReadonlyMap<PartName, Listing> | null> {
  const parts = new Map<PartName, Listing>();
  for (const [part, pattern] of Object.entries(partNames) as [PartName, RegExp][]) {
    const named = root.folders.filter((name) => pattern.test(name));
    const listings = await Promise.all(named.map((name) => listed(join(root.dir, name))));
    const ofClasses = listings.filter(({ folders }) => folders.length > 0);
    if (ofClasses.length > 1)
      throw new UserError(
        `${shownPath(root.dir)}: expected one folder of the ${part} part, got ${firstOf(named)}`,
      );
    for (const listing of ofClasses) parts.set(part, listing);
  }
  if (parts.size === 0) return null;
  if (!parts.has('train'))
    throw new UserError(
      `${shownPath(root.dir)}: expected the folder train beside ${[...parts.keys()].join(' and ')}${holdings(root)}`,
    );
  return parts;
}

/** Adds to `leftOut`. */
async function classesIn(root: Listing, part: PartName, leftOut: string[]): Promise<PictureFile[]> {
  const where = shownPath(root.dir);
  const loose = root.files.filter((name) => pictureName.test(name));
  if (root.folders.length === 0) {
    const what = loose.length > 0 ? `${plural(loose.length, 'picture')} and no folders` : 'no folders';
    throw new UserError(
      `${where}: ${what}, expected a folder of pictures for each class, such as cats and dogs${holdings(root)}`,
    );
  }
  if (loose.length > 0)
    leftOut.push(`${plural(loose.length, 'picture')} of no class in ${where} (${firstOf(loose)})`);
  const files: PictureFile[] = [];
  const empty: string[] = [];
  for (const className of root.folders) {
    const listing = await listed(join(root.dir, className));
    if (listing.folders.length > 0)
      throw new UserError(
        `${shownPath(join(listing.dir, listing.folders[0]))}: a folder in that of the class ${JSON.stringify(className)}, expected pictures only`,
      );
    const names = listing.files.filter((name) => pictureName.test(name));
    const others = listing.files.filter((name) => !pictureName.test(name));
    if (others.length > 0)
      leftOut.push(
        `${plural(others.length, 'file')} in ${shownPath(listing.dir)} not named like a picture (${firstOf(others)})`,
      );
    if (names.length === 0) empty.push(className);
    for (const name of names) files.push({ path: join(listing.dir, name), part, className });
  }
  if (empty.length > 0)
    leftOut.push(
      `${plural(empty.length, 'folder')} without pictures in ${where}, which ${empty.length === 1 ? 'is no class' : 'are no classes'} (${firstOf(empty)})`,
    );
  return files;
}

const firstOf = (names: readonly string[]) =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;

const listed = (dir: string): Promise<Listing> =>
  list(dir).catch((error: unknown) => {
    throw cannotRead(shownPath(dir), error);
  });

/** Sorted, links followed, without litter. A link to nothing counts as a file, and cannot be read later. */
async function list(dir: string): Promise<Listing> {
  const entries = await readdir(dir, { withFileTypes: true });
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    if (isLitter(entry.name)) continue;
    const target = entry.isSymbolicLink() ? await stat(join(dir, entry.name)).catch(() => null) : entry;
    (target?.isDirectory() ? folders : files).push(entry.name);
  }
  return { dir, files: files.sort(), folders: folders.sort() };
}
