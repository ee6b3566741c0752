/**
 * CIFAR-10 in its binary version (Krizhevsky 2009): files of rows of 3,073 bytes, the class and then three planes of 32×32,
 * red, green and blue. Their names and their lengths are checked, and every class.
 */
import { basename, join, resolve } from 'node:path';
import { setImmediate as otherEvents } from 'node:timers/promises';
import { UserError } from '../../user-error.js';
import { type Content, readContent, shownPath } from '../content.js';
import type { PixelDataset, PixelSamples } from '../dataset.js';
import { holdings, type Listing, listGivenFolder, searchFolders } from '../given-folder.js';
import { checkTrainingLabels } from '../labels.js';

const side = 32;
const planeBytes = side * side;
const rowBytes = 1 + 3 * planeBytes;

const usualNames = [
  ...['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
];

interface Files {
  readonly dir: string;
  readonly train: readonly string[];
  readonly test: string;
  /** Names of the classes, a line each. */
  readonly names: string | null;
}

export interface CifarOptions {
  readonly note: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** @throws UserError for files that are missing, of another length, or with another class than 0 to 9. */
export async function readCifar(
  dir: string,
  namedBy: string,
  { note, signal }: CifarOptions,
): Promise<PixelDataset> {
  const listing = await listGivenFolder(dir, namedBy);
  const { found, depth } = await searchFolders(listing, filesIn);
  const [files] = found;
  if (files === undefined || found.length > 1) {
    const several = found.map((one) => shownPath(one.dir)).join(', ');
    throw new UserError(
      found.length > 1
        ? `${shownPath(dir)}: several sets of files: ${several}; expected one of them as data.dir`
        : `${shownPath(dir)}: expected data_batch_1.bin, … and test_batch.bin of the binary version of CIFAR-10 (each may be plain or .gz)${holdings(listing)}`,
    );
  }
  if (depth > 0) note(`${shownPath(dir)}: the files are in ${shownPath(files.dir)}`);
  const has = (batch: number) => files.train.some((name) => name.startsWith(`data_batch_${batch}.bin`));
  const missing = [1, 2, 3, 4, 5].flatMap((batch) => (has(batch) ? [] : [`data_batch_${batch}.bin`]));
  if (missing.length > 0)
    note(`${shownPath(files.dir)}: without ${missing.join(', ')}, which the published set has`);
  const read = (name: string) => readContent(join(files.dir, name), { signal });
  const [train, test] = await Promise.all([Promise.all(files.train.map(read)), read(files.test)]);
  const shown = (name: string) => shownPath(join(files.dir, name));
  const labels = files.names === null ? usualNames : namesIn(await read(files.names), shown(files.names));
  const parts = {
    train: await samplesOf(train, files.train.map(shown), labels.length),
    test: await samplesOf([test], [shown(files.test)], labels.length),
    validation: null,
  };
  checkTrainingLabels(parts.train, labels, { where: shownPath(files.dir), advice: () => '' });
  const contents = [
    ...files.train.map((name, at) => [name, train[at]] as const),
    [files.test, test] as const,
  ];
  return {
    ...{ name: 'cifar-10', source: resolve(files.dir), ...parts, target: { kind: 'class', labels } },
    sha256: Object.fromEntries(
      contents.map(([name, { sha256 }]) => [basename(name).replace(/\.gz$/i, ''), sha256]),
    ),
  };
}

function filesIn({ dir, files }: Listing): Files | null {
  const train = files.filter((name) => /^data_batch_\d+\.bin(\.gz)?$/i.test(name));
  const test = files.find((name) => /^test_batch\.bin(\.gz)?$/i.test(name));
  const names = files.find((name) => /^batches\.meta\.txt$/i.test(name)) ?? null;
  const bare = new Set(train.map((name) => name.replace(/\.gz$/i, '')));
  // A file beside its own archive would count twice.
  const once = [...bare].map((name) => (train.includes(name) ? name : `${name}.gz`));
  const number = (name: string) => Number(/\d+/.exec(name)?.[0]);
  once.sort((a, b) => number(a) - number(b));
  return train.length === 0 || test === undefined ? null : { dir, train: once, test, names };
}

function namesIn({ bytes }: Content, path: string): string[] {
  const names = Buffer.from(bytes)
    .toString('utf8')
    .split(/\r?\n/)
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === usualNames.length && new Set(names).size === names.length) return names;
  throw new UserError(`${path}: ${names.length} names of classes, expected ${usualNames.length} that differ`);
}

/** Copied without a pause: some milliseconds. */
const rowsAtOnce = 1024;

/** Pixels [count][32][32][3]. */
async function samplesOf(
  contents: readonly Content[],
  paths: readonly string[],
  classes: number,
): Promise<PixelSamples> {
  for (const [at, { bytes }] of contents.entries())
    if (bytes.length === 0 || bytes.length % rowBytes !== 0)
      throw new UserError(
        `${paths[at]}: ${bytes.length} bytes, expected a multiple of ${rowBytes}: a class and 32×32 pixels of three colours`,
      );
  const count = contents.reduce((sum, { bytes }) => sum + bytes.length / rowBytes, 0);
  const values = new Uint8Array(count * 3 * planeBytes);
  const targets = new Uint32Array(count);
  let row = 0;
  for (const [at, { bytes }] of contents.entries())
    for (let from = 0; from < bytes.length; from += rowBytes, row++) {
      if (row % rowsAtOnce === 0) await otherEvents();
      targets[row] = bytes[from];
      if (bytes[from] >= classes)
        throw new UserError(
          `${paths[at]}: class ${bytes[from]} at image ${from / rowBytes}, expected 0 to ${classes - 1}`,
        );
      const to = row * 3 * planeBytes;
      for (let pixel = 0; pixel < planeBytes; pixel++)
        for (let colour = 0; colour < 3; colour++)
          values[to + 3 * pixel + colour] = bytes[from + 1 + colour * planeBytes + pixel];
    }
  return { values, targets, count, shape: [side, side, 3], full: 255 };
}
