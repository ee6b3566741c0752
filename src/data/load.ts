/**
 * From a request for data to a data set in memory: finds the files, downloads them if necessary, reads all of them in
 * parallel and checks that they fit together. The formats are in `idx.ts` and `csv.ts`.
 */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { dataSets } from '../config/choices.js';
import { expandHome } from '../config/home.js';
import { type CacheFolder, cacheFolders, writableCache } from '../machine/cache-folders.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';
import type { Warn } from '../warnings.js';
import { type Content, readContent, shownPath } from './content.js';
import { findCsvFiles } from './csv-files.js';
import type { LabelColumn } from './csv-layout.js';
import type { CsvFiles } from './csv-set.js';
import type { CsvValues } from './csv-values.js';
import { checkLabels, checkSameSize, type Dataset, type PixelDataset } from './dataset.js';
import type { DownloadOptions } from './download.js';
import { findIdxFiles, type IdxPaths, listOptionalFolder } from './folder.js';
import { type Listing, listGivenFolder } from './given-folder.js';
import { announcedIdx, parseIdxPart } from './idx.js';
import { findGivenIdxFiles } from './idx-files.js';
import {
  type IdxName,
  idxNames,
  isKnownSet,
  type KnownSet,
  type KnownSetName,
  knownSetClasses,
  knownSets,
} from './known-sets.js';
import { checkTrainingLabels, integerLabels } from './labels.js';

export type { Dataset, Samples } from './dataset.js';

export interface DataRequest {
  set: (typeof dataSets)[number];
  /** The folder with the files; may be null for the sets that are known by name. */
  dir: string | null;
  /** Of CSV files: the column of the labels; null: found by the header, else the first. */
  label?: LabelColumn;
  /** Of CSV files whose targets are values: their columns; null: that of `label`. */
  values?: CsvValues | null;
}

/** A request for files of images with classes. */
type PixelRequest = DataRequest & { readonly set: KnownSetName | 'idx' };

export interface LoadOptions extends DownloadOptions {
  /** Instead of `process.env`: `SHARDSTEP_DATA` and `SHARDSTEP_CACHE` are read. */
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** Instead of the real mirrors and checksums, for tests. */
  readonly knownSets?: Readonly<Record<KnownSetName, KnownSet>>;
  /** Replaces `SHARDSTEP_CACHE` and the system's cache folder. */
  readonly cacheDir?: string;
  /** Takes a line for people. */
  readonly note?: (line: string) => void;
  readonly warn?: Warn;
  /** Called when the files were read and are being inflated, which takes longest and needs other threads only. */
  readonly begun?: () => void;
}

/** Where files were found; it decides their verification and the advice in an error. */
type Origin = 'given' | 'vendored' | 'cache';
interface Place {
  readonly dir: string;
  readonly paths: IdxPaths;
  readonly origin: Origin;
}

/** `dist/data/load.js` is two levels below the package root, which holds `data/`. */
const vendoredRoot = fileURLToPath(new URL('../../data/', import.meta.url));

/**
 * Loads a data set.
 *
 * Files are looked for in `request.dir`, else `SHARDSTEP_DATA` (and then nowhere else). Known sets are then looked for
 * in the vendored `data/<set>` and the cache folder, and else downloaded into the latter.
 * @throws UserError, one line with file, expectation and finding: exit code `failure` for problems of the data, `usage`
 * if `data.dir` is required and missing, `interrupted` after the signal.
 */
export async function loadDataset(request: PixelRequest, options?: LoadOptions): Promise<PixelDataset>;
export async function loadDataset(request: DataRequest, options?: LoadOptions): Promise<Dataset>;
export async function loadDataset(request: DataRequest, options: LoadOptions = {}): Promise<Dataset> {
  const { set, dir } = request;
  if (set === 'memory')
    throw new UserError(
      `data.set: ${expectedGot('a set with files: memory is for programs, which pass their samples', set)}`,
      ExitCode.usage,
    );
  if (set === 'table')
    throw new UserError(
      `data.set: ${expectedGot('a set of images: a table has columns of any types', set)}`,
      ExitCode.usage,
    );
  if (set === 'images')
    throw new UserError(
      `data.set: ${expectedGot('a set of images of one size: those in folders are of any', set)}`,
      ExitCode.usage,
    );
  if (isKnownSet(set)) return loadKnownSet(set, dir, options);
  const [given, namedBy] = givenFolder(dir, options);
  if (given === undefined) {
    throw new UserError(`data.dir: expected the folder with the files of data.set=${set}`, ExitCode.usage);
  }
  // One file is a training file without a test file.
  if (set === 'csv' && (await isFile(given)))
    return readCsv(given, { train: given, test: null }, request, options);
  const { note = () => {}, signal } = options;
  if (set === 'cifar-10') {
    options.begun?.();
    return (await import('./pictures/cifar.js')).readCifar(given, namedBy, { note, signal });
  }
  const listing = await listGivenFolder(given, namedBy);
  if (set === 'csv') return loadCsv(given, listing, request, options);
  const paths = await findGivenIdxFiles(listing, set, note);
  const dataset = assembleIdx(set, given, paths, await readAll(paths, false, options));
  const images = paths['train-images-idx3-ubyte'];
  if (set === 'emnist') return (await import('./pictures/emnist.js')).upright(dataset, images, note);
  if (set === 'idx' && /emnist/i.test(basename(images)))
    note(
      `${shownPath(images)}: images of EMNIST lie on their side; data.set=emnist turns them and names the classes`,
    );
  return dataset;
}

/** The folder given by `data.dir` or else by the environment, and the name of its source. */
function givenFolder(dir: string | null, { environment = process.env }: LoadOptions) {
  if (dir) return [dir, 'data.dir'] as const;
  const named = environment.SHARDSTEP_DATA;
  return [named ? expandHome(named, 'SHARDSTEP_DATA', environment) : undefined, 'SHARDSTEP_DATA'] as const;
}

async function loadKnownSet(
  set: KnownSetName,
  dir: string | null,
  options: LoadOptions,
): Promise<PixelDataset> {
  const known = (options.knownSets ?? knownSets)[set];
  const place = await locate(set, known, dir, options);
  return readKnownSet(set, known, place, options).catch(async (error: unknown) => {
    if (place.origin !== 'cache' || !(error instanceof UserError) || options.signal?.aborted) throw error;
    const { renewDamaged } = await import('./cached-set.js');
    if (!(await renewDamaged(error, place.dir, known, options))) throw error;
    return readKnownSet(set, known, place, options);
  });
}

async function readKnownSet(
  set: KnownSetName,
  known: KnownSet,
  place: Place,
  options: LoadOptions,
): Promise<PixelDataset> {
  // A published archive is verified as stored; files given by hand may be compressed differently.
  const contents = await readAll(place.paths, place.origin === 'cache', options);
  const dataset = assembleIdx(set, place.dir, place.paths, contents);
  for (const name of idxNames) verify(name, set, known, place, contents[name]);
  checkLabels(dataset.train.targets, knownSetClasses, shownPath(place.paths['train-labels-idx1-ubyte']));
  checkLabels(dataset.test.targets, knownSetClasses, shownPath(place.paths['t10k-labels-idx1-ubyte']));
  return dataset;
}

async function locate(
  set: KnownSetName,
  known: KnownSet,
  requestDir: string | null,
  options: LoadOptions,
): Promise<Place> {
  const environment = options.environment ?? process.env;
  const [dir, namedBy] = givenFolder(requestDir, options);
  if (dir !== undefined) {
    const listing = await listGivenFolder(dir, namedBy);
    const paths = await findGivenIdxFiles(listing, set, options.note ?? (() => {}));
    return { dir, paths, origin: 'given' };
  }
  const vendoredDir = join(vendoredRoot, set);
  const vendored = findIdxFiles(await listOptionalFolder(vendoredDir), vendoredDir);
  if (vendored.missing.length === 0) {
    return { dir: vendoredDir, paths: vendored.paths as IdxPaths, origin: 'vendored' };
  }
  const within = (folder: CacheFolder) => join(folder.path, 'datasets', set);
  const folders = options.cacheDir
    ? [{ path: resolve(options.cacheDir), insteadOf: null }]
    : cacheFolders({ environment });
  for (const dir of folders.map(within)) {
    // A folder that cannot be read counts as empty. If it is the only one, downloading into it gives the reason.
    const entries = await listOptionalFolder(dir).catch(() => new Set<string>());
    const { paths, missing } = findIdxFiles(entries, dir);
    if (missing.length === 0) return { dir, paths: paths as IdxPaths, origin: 'cache' };
  }
  const chosen = writableCache(folders);
  if (chosen.insteadOf !== null)
    options.warn?.(
      'cache-temporary',
      `${chosen.insteadOf}: downloads go to ${chosen.path}, which may be emptied; SHARDSTEP_CACHE names a folder that stays`,
    );
  const cached = within(chosen);
  const { paths, missing } = findIdxFiles(await listOptionalFolder(cached), cached);
  const megabytes = missing.reduce((sum, name) => sum + known.files[name].archiveSizeBytes, 0) / 1e6;
  options.note?.(`${set}: downloading ${megabytes.toFixed(1)} MB into ${cached}, once`);
  const { downloadFile } = await import('./download.js');
  const all = { ...paths };
  for (const name of missing)
    all[name] = await downloadFile(name, known.files[name], known.mirrors, cached, options);
  return { dir: cached, paths: all as IdxPaths, origin: 'cache' };
}

/** Reads the four files in parallel: zlib works on as many threads of libuv. */
async function readAll(
  paths: IdxPaths,
  hashFile: boolean,
  { signal, begun: allBegun }: LoadOptions,
): Promise<Readonly<Record<IdxName, Content>>> {
  let missing = idxNames.length;
  const begun = () => {
    missing -= 1;
    if (missing === 0) allBegun?.();
  };
  const options = { hashFile, signal, begun };
  const read = idxNames.map(async (name) => {
    const path = paths[name];
    const kind = name.includes('images') ? 'images' : 'labels';
    const announced = (start: Uint8Array) => announcedIdx(start, kind, shownPath(path));
    return [name, await readContent(path, { ...options, announced })];
  });
  return Object.fromEntries(await Promise.all(read)) as Record<IdxName, Content>;
}

function assembleIdx(
  set: string,
  dir: string,
  paths: IdxPaths,
  contents: Readonly<Record<IdxName, Content>>,
): PixelDataset {
  const part = (images: IdxName, labels: IdxName) =>
    parseIdxPart(contents[images].bytes, contents[labels].bytes, {
      images: shownPath(paths[images]),
      labels: shownPath(paths[labels]),
    });
  const train = part('train-images-idx3-ubyte', 'train-labels-idx1-ubyte');
  const test = part('t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte');
  const pathOf = (name: IdxName) => shownPath(paths[name]);
  checkSameSize(train, pathOf('train-images-idx3-ubyte'), test, pathOf('t10k-images-idx3-ubyte'));
  const sha256 = Object.fromEntries(idxNames.map((name) => [name, contents[name].sha256]));
  const labels = integerLabels(train.targets, test.targets);
  if (!isKnownSet(set)) {
    checkTrainingLabels(train, labels, { where: pathOf('train-labels-idx1-ubyte'), advice: () => '' });
  }
  const parts = { train, test, validation: null };
  return { name: set, source: resolve(dir), ...parts, target: { kind: 'class', labels }, sha256 };
}

/** @throws UserError if a file differs from the published one, as far as its checksum is known. */
function verify(name: IdxName, set: KnownSetName, known: KnownSet, place: Place, content: Content): void {
  const { contentSha256, archiveSha256 } = known.files[name];
  const path = place.paths[name];
  const [what, received, expected] =
    contentSha256 !== null
      ? ['uncompressed content', content.sha256, contentSha256]
      : path.endsWith('.gz') && content.fileSha256 !== null
        ? ['file', content.fileSha256, archiveSha256]
        : ['', '', ''];
  if (received === expected) return;
  const advice: Readonly<Record<Origin, string>> = {
    given: 'for other data in this format set data.set=idx',
    vendored: 'the copy beside the program is damaged, install it again',
    cache: 'delete it and it is downloaded again',
  };
  throw new UserError(
    `${shownPath(path)}: the SHA-256 of the ${what} is ${received}, expected ${expected} (${set}); ${advice[place.origin]}`,
  );
}

async function loadCsv(
  dir: string,
  listing: Listing,
  request: DataRequest,
  options: LoadOptions,
): Promise<Dataset> {
  return readCsv(dir, await findCsvFiles(listing, options.note ?? (() => {})), request, options);
}

async function readCsv(
  place: string,
  files: CsvFiles,
  { label = null, values = null }: DataRequest,
  { note = () => {}, warn = () => {}, signal, begun }: LoadOptions,
): Promise<Dataset> {
  begun?.();
  // Papa is loaded only if needed: its import would slow every other start.
  const about = { label, note, warn, signal };
  const set =
    values === null
      ? await (await import('./csv-set.js')).readCsvSet(files, about)
      : await (await import('./csv-values.js')).readCsvValues(files, { ...about, values });
  return { name: 'csv', source: resolve(place), validation: null, ...set };
}

const isFile = async (path: string) => (await stat(path).catch(() => null))?.isFile() === true;
