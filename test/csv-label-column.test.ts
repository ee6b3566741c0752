/** Which column of a CSV file is the label, and files whose labels cannot be meant. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesOf } from '../dist/data/target.js';
import { ExitCode } from '../dist/user-error.js';
import { loadFiles, rows, text } from './support/csv-sets.ts';
import { refusal } from './support/data-files.ts';

const pixelNames = ['pixel1', 'pixel2', 'pixel3', 'pixel4'];
const both = (lines: (number | string)[][]) => ({ 'train.csv': text(lines), 'test.csv': text(lines) });
const expected = rows(12).map(([label]) => label);
const pixels = rows(12).flatMap(([, ...rest]) => rest);

type Case = readonly [lines: (number | string)[][], label?: string | number | null];
const last = rows(12, (_, label, four) => [...four, label]);
const inside = rows(12, (_, label, [a, ...rest]) => [a, label, ...rest]);
const found: Record<string, Case> = {
  'first without a header': [rows(12)],
  'class at the end': [[[...pixelNames, 'class'], ...last]],
  'Label in between': [[['p1', ' Label ', 'p2', 'p3', 'p4'], ...inside]],
  'target, quoted': [[[...pixelNames, '"target"'], ...last]],
  'y beside x1, x2': [[['x1', 'x2', 'x3', 'x4', 'y'], ...last]],
  'the odd name out': [[[...pixelNames, 'garment'], ...last]],
  'numbers beside the name': [[['label', 0, 1, 2, 3], ...rows(12)]],
  'a header behind a comment mark': [[['# made by me'], ['# p1', 'p2', 'p3', 'p4', 'class'], ...last]],
  'data.label is a number': [last, 5],
  'data.label is a name, in other case': [[['a', 'b', 'c', 'd', 'Kind'], ...last], 'kind'],
  'data.label says another than the header': [
    [['class', ...pixelNames.slice(1), 'second'], ...last],
    'second',
  ],
};
for (const [name, [lines, label]] of Object.entries(found)) {
  test(`the column of the labels: ${name}`, async (t) => {
    const { dataset, warned } = await loadFiles(t, both(lines), label);
    assert.deepEqual([...dataset.train.targets], expected);
    assert.deepEqual([...dataset.test.targets], expected);
    assert.deepEqual([...dataset.train.values], pixels);
    assert.deepEqual([...namesOf(dataset.target)], ['0', '1', '2']);
    assert.deepEqual(warned, []);
  });
}

test('a column that is not the first is noted', async (t) => {
  const { notes } = await loadFiles(t, both([[...pixelNames, 'class'], ...last]));
  assert.match(notes[0], /train\.csv: the labels are column 5 \("class"\)$/);
});

test('a header of numbers is no row: eight or more that count the columns', async (t) => {
  const wide = rows(6, (_, label, four) => [label, ...four, ...four]);
  for (const from of [0, 1]) {
    const header = wide[0].map((_, column) => column + from);
    const { dataset } = await loadFiles(t, both([header, ...wide]));
    assert.equal(dataset.train.count, 6);
    assert.deepEqual(dataset.train.shape, [1, 8, 1]);
  }
});

test('a header that says nothing: the first column, with a warning', async (t) => {
  const { dataset, warned, warnings } = await loadFiles(
    t,
    both([['V1', 'V2', 'V3', 'V4', 'V5'], ...rows(12)]),
  );
  assert.deepEqual([...dataset.train.targets], expected);
  assert.deepEqual(warned, ['label-guessed']);
  assert.match(warnings[0], /column 1 \("V1"\) is used; data\.label names another/);
});

test('a column that names or counts the rows is left out, with a warning', async (t) => {
  const named = rows(12, (index, label, four) => [(index * 7) % 12, label, ...four]);
  const counted = rows(300, (index, label, four) => [label, index, ...four]);
  const noted = rows(12, (index, label, four) => [label, ...four, `image_${index}.png`]);
  const cases: [(number | string)[][], RegExp][] = [
    [[['', 'label', ...pixelNames], ...named], /column 1 \(""\) names the rows/],
    [[['Unnamed: 0', 'label', ...pixelNames], ...named], /column 1 \("Unnamed: 0"\) names the rows/],
    [[['label', ...pixelNames, 'image_id'], ...noted], /column 6 \("image_id"\) names the rows/],
    [counted, /column 2 counts the rows/],
  ];
  for (const [lines, message] of cases) {
    const { dataset, warned, warnings } = await loadFiles(t, both(lines));
    assert.deepEqual(warned, ['column-left-out']);
    assert.match(warnings[0], message);
    assert.deepEqual(dataset.train.shape, [2, 2, 1]);
    assert.deepEqual([...dataset.train.values.subarray(0, 48)], pixels);
  }
});

test('a column that counts the first rows only is a column of pixels', async (t) => {
  const lines = rows(100, (index, label, four) => [label, index < 80 ? index : 7, ...four.slice(1)]);
  const { dataset, warned } = await loadFiles(t, both(lines));
  assert.deepEqual(dataset.train.shape, [2, 2, 1]);
  assert.deepEqual([dataset.train.values[4 * 79], dataset.train.values[4 * 80]], [79, 7]);
  assert.deepEqual(warned, []);
});

test('labels that look one-hot: a warning, wherever they are', async (t) => {
  const hot = (label: number) => [0, 1, 2].map((one) => Number(one === label));
  const cases: [(number | string)[][], RegExp][] = [
    [rows(12, (_, label, four) => [...hot(label), ...four]), /columns 1 to 3 .* only column 1 is used/],
    [rows(12, (_, label, four) => [label, ...four, ...hot(label)]), /columns 6 to 8 .* used as pixels/],
    [
      [[...pixelNames, 'is_a', 'is_b', 'label'], ...rows(12, (_, label, four) => [...four, ...hot(label)])],
      /columns 5 to 7 .* only column 7 \("label"\) is used/,
    ],
  ];
  for (const [lines, message] of cases) {
    const { warned, warnings } = await loadFiles(t, both(lines));
    assert.deepEqual(warned, ['label-one-hot']);
    assert.match(warnings[0], message);
  }
  const binary = rows(40, (index, label) => [label, ...[1, 2, 4, 8].map((bit) => Number((index & bit) > 0))]);
  assert.deepEqual((await loadFiles(t, both(binary))).warned, []);
});

const zero = rows(12, (_, label, [, ...four]) => [0, ...four, label]);
const refused: Record<string, [Case, string[]]> = {
  'one class': [
    [rows(12, (_, __, four) => [7, ...four])],
    ['column 1: all 12 labels are 7', 'at least two classes'],
  ],
  'one class, and the last column looks like labels': [[zero], ['column 5 looks like labels: data.label=5']],
  'the labels count the rows': [
    [rows(30, (index, label, four) => [index, label, ...four])],
    ['column 1: the labels count the rows; data.label names another column'],
  ],
  'the labels count more rows than there are classes': [
    [[['a', 'b', 'c', 'd', 'e', 'f'], ...rows(300, (index, label, four) => [index + 1, label, ...four])]],
    ['column 1 ("a"): the labels count the rows; data.label names another column'],
  ],
  'as many classes as rows': [
    [rows(30, (index, _, four) => [(index * 7) % 30, ...four])],
    ['each of the 30 labels is another class, expected several rows of each class'],
  ],
};
for (const [name, [[lines, label], parts]] of Object.entries(refused)) {
  test(`refused: ${name}`, (t) => refusal(loadFiles(t, both(lines), label), parts));
}

test('labels that count the rows can still be asked for, and are refused for what they are', (t) =>
  refusal(loadFiles(t, both(rows(30, (index, _, four) => [index, ...four])), 1), [
    'the labels count the rows, expected',
  ]));

const misused: Record<string, [Case, string[]]> = {
  'a name that no column has': [
    [[[...pixelNames, 'class'], ...last], 'clas'],
    ['data.label: expected the name of a column of ', 'did you mean class?', 'got "clas" (string)'],
  ],
  'a number above the columns': [
    [last, 6],
    ['data.label: expected a column of ', 'from 1 to 5, got 6 (number)'],
  ],
  'a name without a header': [
    [last, 'class'],
    ['data.label: expected the number of a column, from 1, since '],
  ],
  'two names of labels': [
    [[['label', ...pixelNames.slice(1), 'class'], ...last]],
    ['column 1 ("label") and column 5 ("class") may both hold the labels', 'data.label'],
  ],
};
for (const [name, [[lines, label], parts]] of Object.entries(misused)) {
  test(`refused as a mistake of usage: ${name}`, (t) =>
    refusal(loadFiles(t, both(lines), label), parts, ExitCode.usage));
}

test('one class in IDX labels', async (t) => {
  const { idx, names, tinySet } = await import('./support/data-files.ts');
  const one = { ...tinySet(), [names.trainLabels]: idx([3], [4, 4, 4]) };
  await refusal(loadFiles(t, one, null, 'idx'), [`${names.trainLabels}: all 3 labels are 4`]);
});

test('the test file has its columns in another order, or other ones', async (t) => {
  const header = ['label', ...pixelNames];
  const swapped = ['label', 'pixel2', 'pixel1', 'pixel3', 'pixel4'];
  const files = (own: (number | string)[][]) => ({
    'train.csv': text([header, ...rows(12)]),
    'test.csv': text(own),
  });
  await refusal(loadFiles(t, files([swapped, ...rows(12)])), [
    'test.csv: column 2 ("pixel2"), expected column 2 ("pixel1") as in ',
    'the order of the columns differs',
  ]);
  const bare = { 'train.csv': text(rows(12)), 'test.csv': text([[...pixelNames, 'class'], ...last]) };
  await refusal(loadFiles(t, bare), [
    'test.csv: the labels are column 5 ("class"), expected column 1 as in ',
  ]);
});

test('a test file without labels: named for what it is', async (t) => {
  const train = { 'train.csv': text([['label', ...pixelNames], ...rows(60)]) };
  const four = rows(12, (_, __, pixels) => pixels);
  const { dataset, warned, warnings } = await loadFiles(t, {
    ...train,
    'test.csv': text([pixelNames, ...four]),
  });
  assert.deepEqual(warned, ['test-without-labels']);
  assert.match(warnings[0], /test\.csv has no labels: no column is named "label"; .*train\.csv .* held out/);
  assert.deepEqual([dataset.train.count, dataset.test.count], [48, 12]);
  const empty = rows(12, (_, __, pixels) => ['', ...pixels]);
  const other = await loadFiles(t, { ...train, 'test.csv': text([['label', ...pixelNames], ...empty]) });
  assert.match(other.warnings[0], /test\.csv has no labels: column 1 \("label"\) is empty/);
  await refusal(loadFiles(t, { 'train.csv': text(rows(12)), 'test.csv': text(four) }), [
    'test.csv: 4 columns, one fewer than ',
    'it seems to have no labels',
  ]);
});
