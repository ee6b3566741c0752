/** CIFAR-10's binary files, EMNIST and QMNIST as they are published: made here, byte by byte. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type DataRequest, loadDataset } from '../dist/data/load.js';
import { namesOf } from '../dist/data/target.js';
import { idx, temporaryFolder, writeFiles } from './support/data-files.ts';
import { refusing } from './support/says.ts';

const load = async (set: DataRequest['set'], dir: string) => {
  const notes: string[] = [];
  const dataset = await loadDataset({ set, dir }, { environment: {}, note: (line) => notes.push(line) });
  return { ...dataset, notes };
};

/** Rows of a class and three planes; a byte of a plane tells row, colour and place. */
const cifar = (classes: readonly number[]) =>
  Buffer.concat(
    classes.map((c, row) =>
      Buffer.from([
        c,
        ...Array.from({ length: 3072 }, (_, i) => (row + 80 * Math.floor(i / 1024) + (i % 1024)) % 256),
      ]),
    ),
  );

test('CIFAR-10: planes become pixels of three colours, batches follow their numbers, names are in a file', async (t) => {
  const dir = await temporaryFolder(t);
  const own = join(dir, 'cifar-10-batches-bin');
  mkdirSync(own);
  const meta = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'lorry'];
  await writeFiles(own, {
    'data_batch_10.bin': cifar([9]),
    'data_batch_2.bin.gz': gzipSync(cifar([4, 5])),
    'data_batch_1.bin': cifar([0, 1, 2]),
    'test_batch.bin': cifar([8, 7]),
    'batches.meta.txt': `${meta.join('\n')}\n\n`,
  });
  const { train, test: tested, target, notes, sha256 } = await load('cifar-10', dir);
  assert.deepEqual([...train.targets, ...tested.targets], [0, 1, 2, 4, 5, 9, 8, 7]);
  assert.deepEqual([...train.shape], [32, 32, 3]);
  assert.deepEqual(namesOf(target), meta);
  // Row 1 of the first batch, pixel 35: red, green and blue.
  assert.deepEqual([...train.values.slice(3072 + 3 * 35, 3072 + 3 * 36)], [36, 116, 196]);
  assert.deepEqual(Object.keys(sha256), [
    ...['data_batch_1.bin', 'data_batch_2.bin', 'data_batch_10.bin', 'test_batch.bin'],
  ]);
  assert.match(notes.join('\n'), /the files are in .*cifar-10-batches-bin/);
  assert.match(notes.join('\n'), /: without data_batch_3\.bin, data_batch_4\.bin, data_batch_5\.bin, which/);
});

test('CIFAR-10: other lengths, classes and versions are refused', async (t) => {
  const refused = async (files: Record<string, Buffer | string>, ...words: string[]) => {
    const dir = await temporaryFolder(t);
    await writeFiles(dir, { 'data_batch_1.bin': cifar([0, 1]), 'test_batch.bin': cifar([1]), ...files });
    await assert.rejects(load('cifar-10', dir), refusing(1, ...words));
  };
  await refused(
    { 'test_batch.bin': cifar([1]).subarray(1) },
    'test_batch.bin: 3072 bytes, expected a multiple of 3073',
  );
  await refused({ 'data_batch_1.bin': cifar([3, 10]) }, 'class 10 at image 1, expected 0 to 9');
  await refused({ 'data_batch_1.bin': cifar([3, 3]) }, 'expected at least two classes');
  await refused({ 'batches.meta.txt': 'a\nb\n' }, 'batches.meta.txt: 2 names of classes, expected 10');
  const dir = await temporaryFolder(t);
  await writeFiles(dir, { data_batch_1: 'pickled', test_batch: 'pickled' });
  await assert.rejects(
    load('cifar-10', dir),
    refusing(1, 'binary version of CIFAR-10', 'it holds data_batch_1'),
  );
});

/** Two images of 2×2 that count row by row as they are seen, stored column by column. */
const letters = (prefix: string, labels: readonly number[]) => ({
  [`${prefix}-train-images-idx3-ubyte`]: idx([2, 2, 2], [1, 3, 2, 4, 5, 7, 6, 8]),
  [`${prefix}-train-labels-idx1-ubyte`]: idx([2], labels),
  [`${prefix}-test-images-idx3-ubyte`]: idx([2, 2, 2], [11, 13, 12, 14, 15, 17, 16, 18]),
  [`${prefix}-test-labels-idx1-ubyte`]: idx([2], labels),
});

test('EMNIST: images are turned upright, labels from 1 are characters of the mapping file', async (t) => {
  const dir = await temporaryFolder(t);
  const mapping = '1 65 97\n2 66 98 \n3 67 99\n';
  await writeFiles(dir, { ...letters('emnist-letters', [3, 1]), 'emnist-letters-mapping.txt': mapping });
  const { train, test: tested, target } = await load('emnist', dir);
  assert.deepEqual([...train.values], [1, 2, 3, 4, 5, 6, 7, 8]);
  assert.deepEqual([...tested.values.slice(0, 4)], [11, 12, 13, 14]);
  assert.deepEqual(namesOf(target), ['A', 'B', 'C']);
  assert.deepEqual([...train.targets], [2, 0]);
  // The same files as IDX: as stored, with a hint.
  const plain = await load('idx', dir);
  assert.deepEqual([...plain.train.values.slice(0, 4)], [1, 3, 2, 4]);
  assert.match(plain.notes.join('\n'), /data\.set=emnist turns them/);
});

test('EMNIST: without a mapping file labels are names; a label that it lacks, and odd lines, are refused', async (t) => {
  const bare = await temporaryFolder(t);
  await writeFiles(bare, letters('emnist-letters', [3, 1]));
  const { target, train, notes } = await load('emnist', bare);
  assert.deepEqual(
    [namesOf(target), [...train.targets]],
    [
      ['1', '2', '3'],
      [2, 0],
    ],
  );
  assert.match(notes.join('\n'), /no mapping file/);
  const refused = async (mapping: string, ...words: string[]) => {
    const dir = await temporaryFolder(t);
    await writeFiles(dir, { ...letters('emnist-x', [3, 1]), 'emnist-x-mapping.txt': mapping });
    await assert.rejects(load('emnist', dir), refusing(1, ...words));
  };
  await refused('1 65\n2 66\n', 'label 3 of image 0, expected one of the mapping file: 1, 2');
  await refused('1 65\nsecond\n', 'emnist-x-mapping.txt:2: expected a label and the code', '"second"');
  await refused('1 65\n3 65\n', 'a different character in each line');
});

/** int32 [count][columns], the class first. */
const wide = (labels: readonly number[], columns: number) => {
  const rows = labels.flatMap((label, at) => [label, ...new Array(columns - 1).fill(1000 + at)]);
  const bytes = Buffer.alloc(4 * rows.length);
  for (const [at, value] of rows.entries()) bytes.writeInt32BE(value, 4 * at);
  return idx([labels.length, columns], bytes, 0x0c);
};

test('QMNIST: the class is the first of as many columns as the header says', async (t) => {
  for (const columns of [8, 10, 1]) {
    const dir = await temporaryFolder(t);
    await writeFiles(dir, {
      'qmnist-train-images-idx3-ubyte': idx([3, 2, 2], [...Array(12).keys()]),
      'qmnist-train-labels-idx2-int': wide([7, 0, 9], columns),
      'qmnist-test-images-idx3-ubyte': idx([1, 2, 2], [1, 2, 3, 4]),
      'qmnist-test-labels-idx2-int': wide([4], columns),
    });
    const { name, train, test: tested } = await load('qmnist', dir);
    assert.deepEqual([name, [...train.targets], [...tested.targets]], ['qmnist', [7, 0, 9], [4]]);
  }
});
