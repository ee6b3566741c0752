/** Files under the names that they are published and unpacked with, and what a message says if there are others. */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ExitCode } from '../dist/user-error.js';
import { loadFolder, rows, text } from './support/csv-sets.ts';
import {
  type Files,
  idx,
  names,
  refusal,
  temporaryFolder,
  tinySet,
  writeFiles,
} from './support/data-files.ts';

async function folderOf(t: TestContext, files: Files): Promise<string> {
  const dir = await temporaryFolder(t);
  for (const name of Object.keys(files)) await mkdir(dirname(join(dir, name)), { recursive: true });
  await writeFiles(dir, files);
  return dir;
}

/** The tiny set under other names. */
const renamed = (change: (name: string) => string): Files =>
  Object.fromEntries(Object.entries(tinySet()).map(([name, content]) => [change(name), content]));

const idxFolders: Record<string, Files> = {
  "Kaggle's archive": {
    ...renamed((name) => name.replace('-idx', '.idx')),
    ...renamed((name) => `${name}/${name}`),
  },
  "the folders of Kaggle's archive": renamed((name) => `${name}/${name}`),
  "torchvision's MNIST/raw": renamed((name) => `MNIST/raw/${name}`),
  'torchvision, plain and .gz': {
    ...renamed((name) => `raw/${name}`),
    ...Object.fromEntries(
      Object.entries(tinySet()).map(([name, file]) => [`raw/${name}.gz`, gzipSync(file)]),
    ),
  },
  EMNIST: renamed((name) => `gzip/emnist-letters-${name.replace('t10k', 'test')}`),
  QMNIST: renamed((name) => `qmnist-${name.replace('t10k', 'test')}`),
  'capital letters': renamed((name) => name.toUpperCase()),
  'another extension': renamed((name) => `${name}.idx`),
};
for (const [name, files] of Object.entries(idxFolders)) {
  test(`IDX: ${name}`, async (t) => {
    const { dataset } = await loadFolder(await folderOf(t, files), null, 'idx');
    assert.deepEqual([...dataset.train.targets, ...dataset.test.targets], [7, 0, 9, 4, 2]);
    assert.deepEqual([...dataset.test.values], [...tinySet()[names.testImages].subarray(16)]);
  });
}

test('IDX: a folder in the folder is noted', async (t) => {
  const dir = await folderOf(
    t,
    renamed((name) => `MNIST/raw/${name}`),
  );
  const { notes, dataset } = await loadFolder(dir, null, 'idx');
  assert.deepEqual(notes, [`${dir}: the files are in ${join(dir, 'MNIST/raw')}`]);
  assert.equal(dataset.source, dir);
});

test("IDX: QMNIST's labels are 32-bit integers, eight an image", async (t) => {
  const wide = (labels: readonly number[]) =>
    idx(
      [labels.length, 8],
      labels.flatMap((label) => [0, 0, 0, label, ...Array<number>(28).fill(1)]),
      0x0c,
    );
  const set = tinySet();
  const files = {
    'qmnist-train-images-idx3-ubyte': set[names.trainImages],
    'qmnist-train-labels-idx2-int': wide([7, 0, 9]),
    'qmnist-test-images-idx3-ubyte': set[names.testImages],
    'qmnist-test-labels-idx2-int': wide([4, 2]),
  };
  const { dataset } = await loadFolder(await folderOf(t, files), null, 'idx');
  assert.deepEqual([...dataset.train.targets, ...dataset.test.targets], [7, 0, 9, 4, 2]);
  const cut = { ...files, 'qmnist-test-labels-idx2-int': wide([4, 2]).subarray(0, 70) };
  await refusal(loadFolder(await folderOf(t, cut), null, 'idx'), ['70 bytes, expected 76 for 2x8 integers']);
});

test('IDX: of several sets one is named, by its prefix too', async (t) => {
  const files = {
    ...renamed((name) => `emnist-letters-${name.replace('t10k', 'test')}`),
    ...renamed((name) => `emnist-digits-${name.replace('t10k', 'test')}`),
  };
  const dir = await folderOf(t, files);
  const listed = `several sets of files: ${join(dir, 'emnist-digits')}, ${join(dir, 'emnist-letters')}`;
  await refusal(loadFolder(dir, null, 'idx'), [listed, 'expected one of them as data.dir'], ExitCode.usage);
  assert.equal((await loadFolder(join(dir, 'emnist-letters'), null, 'idx')).dataset.train.count, 3);
  await refusal(loadFolder(join(dir, 'emnist-lettres'), null, 'idx'), ['emnist-lettres does not exist']);
});

test('IDX: a known set is found by its folder among others', async (t) => {
  const files = {
    ...renamed((name) => `MNIST/raw/${name}`),
    ...renamed((name) => `FashionMNIST/raw/${name}`),
  };
  const dir = await folderOf(t, files);
  // The checksums of Fashion-MNIST are known of its archives alone.
  const { notes } = await loadFolder(dir, null, 'fashion-mnist');
  assert.deepEqual(notes, [`${dir}: the files are in ${join(dir, 'FashionMNIST/raw')}`]);
  await refusal(loadFolder(dir, null, 'mnist'), [join(dir, 'MNIST/raw'), 'the SHA-256 of the']);
});

const table = text(rows(30));
const csvFolders: Record<string, [Files, counts: [number, number]]> = {
  "Kaggle's Fashion": [{ 'fashion-mnist_train.csv': table, 'fashion-mnist_test.csv': table }, [30, 30]],
  'unpacked into a folder': [{ 'archive/mnist_train.csv': table, 'archive/mnist_test.csv': table }, [30, 30]],
  EMNIST: [{ 'emnist-letters-train.csv': table, 'emnist-letters-test.csv.gz': gzipSync(table) }, [30, 30]],
  'tabs and another extension': [
    { 'train.tsv': text(rows(30), '\t'), 'test.tsv': text(rows(9), '\t') },
    [30, 9],
  ],
  'train.csv alone': [{ 'train.csv': table }, [24, 6]],
  'fashion-mnist_train.csv alone': [{ 'fashion-mnist_train.csv': table }, [24, 6]],
  'data.csv': [{ 'data.csv': table }, [24, 6]],
  'one file of another name': [{ 'digits.csv.gz': gzipSync(table), 'README.md': '' }, [24, 6]],
};
for (const [name, [files, counts]] of Object.entries(csvFolders)) {
  test(`CSV: ${name}`, async (t) => {
    const { dataset, notes } = await loadFolder(await folderOf(t, files));
    assert.deepEqual([dataset.train.count, dataset.test.count], counts);
    assert.equal(
      notes.some((line) => line.includes('is held out for the test')),
      counts[0] === 24,
    );
  });
}

test('CSV: what is held out has its share of every class, the same rows every time, also of sorted files', async (t) => {
  const sorted = rows(30).sort((a, b) => Number(a[0]) - Number(b[0]));
  const { dataset } = await loadFolder(await folderOf(t, { 'train.csv': text(sorted) }));
  assert.deepEqual([...dataset.test.targets], [0, 0, 1, 1, 2, 2]);
  assert.deepEqual([...dataset.test.values.subarray(0, 4)], sorted[4].slice(1));
  assert.deepEqual([...dataset.train.values.subarray(16, 20)], sorted[5].slice(1));
  await refusal(loadFolder(await folderOf(t, { 'train.csv': text(rows(9)) })), [
    'train.csv: no class has five rows',
    'expected a test.csv',
  ]);
});

test('what is there is listed beside what is wanted', async (t) => {
  const many = Object.fromEntries('abcdefgh'.split('').map((name) => [`${name}.png`, '']));
  const cases: [Files, 'csv' | 'idx', string[]][] = [
    [{}, 'csv', ['missing train.csv, test.csv (plain or .gz', '; it is empty']],
    [{}, 'idx', ['missing train-images-idx3-ubyte, ', '; it is empty']],
    [{ 'train/0/a.png': '', 'x.txt': '' }, 'csv', ['; it holds train/, x.txt']],
    [many, 'csv', ['; it holds a.png, b.png, c.png, d.png, e.png, f.png and 2 more', 'images are not read']],
    [tinySet(), 'csv', ['it holds t10k-images-idx3-ubyte, ', 'data.set=idx reads IDX files']],
    [{ 'train.csv': table }, 'idx', ['it holds train.csv', 'data.set=csv reads CSV files']],
    [{ 'test.csv': table }, 'csv', ['missing train.csv (', 'it holds test.csv']],
  ];
  for (const [files, set, parts] of cases)
    await refusal(loadFolder(await folderOf(t, files), null, set), parts);
  const two = { 'a_train.csv': table, 'a_test.csv': table, 'b_train.csv': table, 'b_test.csv': table };
  await refusal(loadFolder(await folderOf(t, two)), ['several files to train on: '], ExitCode.usage);
});
