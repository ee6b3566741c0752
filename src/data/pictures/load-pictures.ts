/** A data set from pictures in folders, one for each class: found, decoded, and split into parts. */
import { createHash } from 'node:crypto';
import { relative, resolve, sep } from 'node:path';
import { expandHome } from '../../config/home.js';
import type { Config } from '../../config/schema.js';
import { cacheFolders } from '../../machine/cache-folders.js';
import { sizeOf } from '../../numbers/size.js';
import { grouped, plural } from '../../numbers/words.js';
import { ExitCode, UserError } from '../../user-error.js';
import type { Warn } from '../../warnings.js';
import { shownPath } from '../content.js';
import type { Dataset, PartName, PixelSamples } from '../dataset.js';
import { sharpVersions } from '../images/decode.js';
import { checkTrainingLabels } from '../labels.js';
import { holdOutClasses } from '../split.js';
import type { Decoded } from './decode-some.js';
import type { DecodeOptions, OpenDecoder, PictureDecoder } from './decoder.js';
import { type FoundPictures, findPictures, type PictureFile } from './find-pictures.js';
import { type DecodedPictures, PictureCache } from './picture-cache.js';

export type PicturesRequest = Pick<Config['data'], 'dir' | 'test' | 'images'>;

export interface PicturesOptions extends DecodeOptions {
  readonly decoder: OpenDecoder;
  readonly warn: Warn;
  readonly environment?: NodeJS.ProcessEnv | undefined;
  /** Classes of a model in their order: nothing is trained, and without a test part all pictures are one. Null: to be trained on. */
  readonly labels: readonly string[] | null;
}

/** The same pictures in every run, whatever its seed. */
const testSeed = 1;
const usualShare = 0.2;
/** A set with more broken pictures is hardly what was meant. */
const mostBroken = 0.1;

/** @throws UserError for a folder without classes, one class only, a class that training has not, or too many broken pictures. */
export async function loadPictures(request: PicturesRequest, options: PicturesOptions): Promise<Dataset> {
  const { warn, labels: known } = options;
  const [given, namedBy] = folderOf(request, options);
  const found = await findPictures(given, namedBy);
  const dir = resolve(found.dir);
  const say = (what: string) => warn('pictures-left-out', `${shownPath(dir)}: ${what}`);
  for (const what of found.leftOut) say(`${what} left out`);
  if (found.files.length === 0)
    throw new UserError(
      `${shownPath(dir)}: no .png, .jpg, .webp or .gif files in the folders of its classes`,
    );
  const decoded = await decodedOf(found, dir, request, options);
  const readable = found.files.map((_, at) => decoded.files[at][1] === null);
  sayBroken(decoded, dir, say);
  const kept = (part: PartName) =>
    found.files.flatMap((file, at) => (file.part === part && readable[at] ? [at] : []));
  const labels = known ?? [...new Set(kept('train').map((at) => found.files[at].className))].sort();
  const of = (part: PartName) => samplesOf(kept(part), decoded, found.files, labels, dir);
  const all = { train: of('train'), validation: of('validation'), test: of('test') };
  if (known === null) checkTrainingLabels(all.train, labels, { where: shownPath(dir), advice: () => '' });
  const [train, test] = testPart(all, found, request, options, labels);
  const { validation } = all;
  const [rows, columns, channels] = decoded.shape;
  for (const line of decoded.reasons) options.note(line);
  const counts = [train, validation, test].map(({ count }) => grouped(count));
  options.note(
    `pictures: ${labels.length} classes; ${counts[0]} for training, ${validation.count > 0 ? `${counts[1]} for validation, ` : ''}${counts[2]} for the test; ` +
      `samples of ${rows}×${columns}, ${channels === 1 ? 'grey' : 'colour'} (data.images)`,
  );
  return {
    ...{ name: 'images', source: dir, train, test, validation: validation.count > 0 ? validation : null },
    target: { kind: 'class', labels },
    sha256: { pictures: digestOf(found, decoded, dir) },
  };
}

function folderOf({ dir }: PicturesRequest, { environment = process.env }: PicturesOptions) {
  const { SHARDSTEP_DATA } = environment;
  if (dir !== null) return [dir, 'data.dir'] as const;
  if (SHARDSTEP_DATA)
    return [expandHome(SHARDSTEP_DATA, 'SHARDSTEP_DATA', environment), 'SHARDSTEP_DATA'] as const;
  throw new UserError('data.dir: expected the folder of the pictures', ExitCode.usage);
}

async function decodedOf(
  { files }: FoundPictures,
  dir: string,
  { images }: PicturesRequest,
  options: PicturesOptions,
): Promise<DecodedPictures> {
  const { environment = process.env, note } = options;
  const paths = files.map(({ path }) => path);
  // Also before the threads: the library must be loaded in the main thread first.
  const versions = await sharpVersions();
  const absolute = paths.map((path) => resolve(path));
  const settings = { size: images.size, fit: images.fit, colour: images.colour };
  const request = { dir, paths: absolute, settings, versions };
  const cache = await PictureCache.open(cacheFolders({ environment }), request);
  const kept = await cache.read();
  if (kept !== null) {
    note(`${plural(paths.length, 'picture')} of ${shownPath(dir)}: unchanged, decoded in an earlier run`);
    return kept;
  }
  const decoder = options.decoder(paths.length, options);
  try {
    const { shape, reasons } = await shapeFor(files, images, decoder);
    const { values, results } = await decoder.read(paths, shape, images.fit);
    const facts = results.map(
      (one) => (one.failure === null ? [one.sha256, null] : [null, one.failure]) as [string, null],
    );
    const decoded = { shape, values, files: facts, reasons };
    await cache.write(decoded);
    return decoded;
  } finally {
    await decoder.close();
  }
}

/** Larger pictures are scaled down unless the user wants them so. */
const largestUsual = 64;

async function shapeFor(
  files: readonly PictureFile[],
  { size, colour }: Config['data']['images'],
  decoder: PictureDecoder,
): Promise<Pick<DecodedPictures, 'shape' | 'reasons'>> {
  const given = typeof size === 'number' ? [size, size] : size;
  if (given !== null && colour !== 'auto')
    return { shape: [given[0], given[1], colour === 'grey' ? 1 : 3], reasons: [] };
  const trained = files.filter(({ part }) => part === 'train').map(({ path }) => path);
  const looks = (await decoder.look(trained)).flatMap(lookOf);
  const isGrey = colour === 'auto' ? looks.every((look) => look.isGrey) : colour === 'grey';
  const reasons: string[] = [];
  const colours = looks.filter((look) => !look.isGrey).length;
  if (colour === 'auto')
    reasons.push(
      `data.images.colour: ${isGrey ? 'grey: all training pictures are' : `colour, as ${grouped(colours)} of ${plural(looks.length, 'training picture')} are`}`,
    );
  const channels = isGrey ? 1 : 3;
  if (given !== null) return { shape: [given[0], given[1], channels], reasons };
  const counts = new Map<string, { rows: number; columns: number; count: number }>();
  for (const { width, height } of looks) {
    const key = `${height}×${width}`;
    const count = (counts.get(key)?.count ?? 0) + 1;
    counts.set(key, { rows: height, columns: width, count });
  }
  // Of equal counts the first in the order of the files.
  const usual = [...counts.values()].reduce((most, one) => (one.count > most.count ? one : most), {
    ...{ rows: 0, columns: 0, count: 0 },
  });
  const fits = usual.count > looks.length / 2 && usual.rows <= largestUsual && usual.columns <= largestUsual;
  const side = isGrey ? 28 : 32;
  const [rows, columns] = fits ? [usual.rows, usual.columns] : [side, side];
  const why = fits
    ? `that of ${grouped(usual.count)} of ${plural(looks.length, 'training picture')}`
    : `the training pictures have ${counts.size === 1 ? `${usual.rows}×${usual.columns}` : plural(counts.size, 'size')}`;
  reasons.push(`data.images.size: ${rows}×${columns}: ${why}`);
  return { shape: [rows, columns, channels], reasons };
}

const lookOf = (one: Decoded) => (one.failure === null && one.look !== null ? [one.look] : []);

/** @throws UserError if there are too many of them. */
function sayBroken({ files }: DecodedPictures, dir: string, say: (what: string) => void): void {
  const broken = files.flatMap(([, failure]) => (failure === null ? [] : [failure]));
  if (broken.length === 0) return;
  const first = `${broken.slice(0, 3).join('; ')}${broken.length > 3 ? '; …' : ''}`;
  const what = `${grouped(broken.length)} of ${plural(files.length, 'picture')} cannot be read`;
  if (broken.length > mostBroken * files.length)
    throw new UserError(`${shownPath(dir)}: ${what}, expected at most a tenth: ${first}`);
  say(`${what} and left out: ${first}`);
}

/** @throws UserError for a class that is none of `labels`. */
function samplesOf(
  places: readonly number[],
  { values, shape }: DecodedPictures,
  files: readonly PictureFile[],
  labels: readonly string[],
  dir: string,
): PixelSamples {
  const size = sizeOf(shape);
  const own = new Uint8Array(places.length * size);
  const classes = new Map(labels.map((label, at) => [label, at]));
  const targets = Uint32Array.from(places, (at, to) => {
    own.set(values.subarray(at * size, (at + 1) * size), to * size);
    const { className, path } = files[at];
    const target = classes.get(className);
    if (target !== undefined) return target;
    const expected = `${labels.slice(0, 8).join(', ')}${labels.length > 8 ? ', …' : ''}`;
    throw new UserError(
      `${shownPath(dir)}: the class ${JSON.stringify(className)} (${shownPath(path)}), expected one that training has: ${expected}`,
    );
  });
  return { values: own, targets, count: places.length, shape, full: 255 };
}

/** The training part that is left, and the test part. @throws UserError if a class has test pictures only. */
function testPart(
  { train, test }: { readonly train: PixelSamples; readonly test: PixelSamples },
  { parts }: FoundPictures,
  { test: asked }: PicturesRequest,
  { labels: known }: PicturesOptions,
  labels: readonly string[],
): readonly [train: PixelSamples, test: PixelSamples] {
  if (parts.has('test')) {
    if (asked === null) return [train, test];
    throw UserError.refusal('data.test', 'null beside a folder of test pictures', asked);
  }
  if (known !== null && asked === null) return [test, train];
  const wanted = asked ?? usualShare;
  const held = wanted < 1 ? Math.round(wanted * train.count) : wanted;
  if (held >= train.count)
    throw UserError.refusal('data.test', `a count below the ${train.count} pictures`, wanted);
  const split = holdOutClasses(train, held, testSeed);
  const trained = new Set(split.train.targets);
  const untrained = labels.filter((_, at) => !trained.has(at));
  if (untrained.length > 0 && known === null)
    throw new UserError(
      `data.test=${wanted} leaves no training pictures of ${untrained.slice(0, 5).join(', ')}`,
      ExitCode.usage,
    );
  return [split.train, split.test];
}

/** Of names and contents, in the order of the files: the same wherever the folder is. */
function digestOf({ files }: FoundPictures, decoded: DecodedPictures, dir: string): string {
  const hash = createHash('sha256');
  for (const [at, { path }] of files.entries()) {
    const name = relative(dir, resolve(path)).split(sep).join('/');
    hash.update(`${JSON.stringify([name, decoded.files[at][0]])}\n`);
  }
  return hash.digest('hex');
}
