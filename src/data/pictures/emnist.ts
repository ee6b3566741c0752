/**
 * EMNIST (Cohen et al. 2017): IDX files whose images are stored column by column, so they appear turned and mirrored; labels
 * may begin at 1, and a mapping file beside them says which characters they are.
 */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate as otherEvents } from 'node:timers/promises';
import { UserError } from '../../user-error.js';
import { readContent, shownPath } from '../content.js';
import type { PixelDataset, PixelSamples } from '../dataset.js';

/** Upright images, and classes named by their characters. `images`: the path of the training images. */
export async function upright(
  dataset: PixelDataset,
  images: string,
  note: (line: string) => void,
): Promise<PixelDataset> {
  const names = await namesFor(dataset, images, note);
  const places = new Map([...names.keys()].map((label, place) => [label, place]));
  return {
    ...dataset,
    train: await turned(dataset.train, places, images),
    test: await turned(dataset.test, places, images),
    target: { kind: 'class', labels: [...names.values()] },
  };
}

/** By label, ascending. */
async function namesFor(
  { train, test }: PixelDataset,
  images: string,
  note: (line: string) => void,
): Promise<ReadonlyMap<number, string>> {
  const file = await mappingBeside(images);
  if (file !== null) return charactersIn(file);
  const present = [train.targets, test.targets].map((targets) => targets.reduce((a, b) => Math.min(a, b)));
  const first = Math.min(...present);
  const last = [train.targets, test.targets]
    .map((targets) => targets.reduce((a, b) => Math.max(a, b)))
    .reduce((a, b) => Math.max(a, b));
  note(`${shownPath(dirname(images))}: no mapping file of EMNIST: classes are named by their labels`);
  return new Map(Array.from({ length: last - first + 1 }, (_, at) => [first + at, String(first + at)]));
}

/** `emnist-letters-mapping.txt` beside `emnist-letters-train-images-idx3-ubyte`. */
async function mappingBeside(images: string): Promise<string | null> {
  const prefix = basename(images)
    .replace(/train[-_]images.*$/i, '')
    .toLowerCase();
  const dir = dirname(images);
  const names = await readdir(dir).catch(() => []);
  const name = names.find((one) => one.toLowerCase() === `${prefix}mapping.txt`);
  return name === undefined ? null : join(dir, name);
}

/** Lines of a label and the code of its character; the code of the same letter in lower case may follow. */
async function charactersIn(file: string): Promise<ReadonlyMap<number, string>> {
  const path = shownPath(file);
  const { bytes } = await readContent(file);
  const lines = Buffer.from(bytes).toString('latin1').split(/\r?\n/);
  const entries = lines.flatMap((line, at): [number, string][] => {
    if (line.trim() === '') return [];
    const match = /^\s*(\d{1,3})\s+(\d{2,5})(\s+\d{2,5})*\s*$/.exec(line);
    if (match === null)
      throw new UserError(
        `${path}:${at + 1}: expected a label and the code of a character, such as "10 65", got ${JSON.stringify(line)}`,
      );
    return [[Number(match[1]), String.fromCodePoint(Number(match[2]))]];
  });
  const names = new Map(entries.sort(([a], [b]) => a - b));
  const isOdd = names.size < 2 || names.size < entries.length;
  if (isOdd || new Set(names.values()).size < names.size)
    throw new UserError(`${path}: expected a different label and a different character in each line`);
  return names;
}

/** Turned without a pause: some milliseconds. */
const imagesAtOnce = 4096;

/** @throws UserError for a label that has no place. */
async function turned(
  { values, targets, count, shape: [rows, columns], full }: PixelSamples,
  places: ReadonlyMap<number, number>,
  images: string,
): Promise<PixelSamples> {
  const size = rows * columns;
  const out = new Uint8Array(count * size);
  for (let image = 0; image < count; image++) {
    if (image % imagesAtOnce === 0) await otherEvents();
    const at = image * size;
    for (let y = 0; y < columns; y++)
      for (let x = 0; x < rows; x++) out[at + y * rows + x] = values[at + x * columns + y];
  }
  const classes = targets.map((label, at) => {
    const place = places.get(label);
    if (place !== undefined) return place;
    throw new UserError(
      `${shownPath(images)}: label ${label} of image ${at}, expected one of the mapping file: ${[...places.keys()].slice(0, 8).join(', ')}, …`,
    );
  });
  return { values: out, targets: classes, count, shape: [columns, rows, 1], full };
}
