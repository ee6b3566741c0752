/** Labels that are words: classes in sorted order, whose names the data set keeps. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classWarnings } from '../dist/data/odd-data.js';
import { namesOf } from '../dist/data/target.js';
import { loadFiles, rows, text } from './support/csv-sets.ts';
import { refusal } from './support/data-files.ts';

const both = (lines: (number | string)[][]) => ({ 'train.csv': text(lines), 'test.csv': text(lines) });
const animals = ['cat', 'ant', 'polar bear'];

test('words are classes in sorted order, whatever comes first', async (t) => {
  const lines = rows(9, (_, label, four) => [animals[label], ...four]);
  const { dataset, notes } = await loadFiles(t, both(lines));
  assert.deepEqual(namesOf(dataset.target), ['ant', 'cat', 'polar bear']);
  assert.deepEqual([...dataset.train.targets], [1, 0, 2, 1, 0, 2, 1, 0, 2]);
  assert.equal(namesOf(dataset.target).length, 3);
  assert.match(notes[0], /3 classes in sorted order: ant, cat, polar bear$/);
});

test('the only column of words holds the labels, wherever it is, also below a header', async (t) => {
  const lines = rows(9, (_, label, [a, ...rest]) => [a, animals[label], ...rest]);
  for (const header of [[], [['a', 'b', 'c', 'd', 'e']]]) {
    const { dataset, warned } = await loadFiles(t, both([...header, ...lines]));
    assert.deepEqual(namesOf(dataset.target), ['ant', 'cat', 'polar bear']);
    assert.deepEqual(dataset.train.shape, [2, 2, 1]);
    assert.deepEqual(warned, []);
  }
});

test('single quotes are no part of a label: integers stay integers', async (t) => {
  const digits = await loadFiles(t, both(rows(9, (_, label, four) => [`'${label + 5}'`, ...four])));
  assert.deepEqual([...digits.dataset.train.targets.subarray(0, 3)], [5, 6, 7]);
  const quoted = await loadFiles(t, both(rows(9, (_, label, four) => [`"'${animals[label]}'"`, ...four])));
  assert.deepEqual(namesOf(quoted.dataset.target), ['ant', 'cat', 'polar bear']);
});

test('names in UTF-8', async (t) => {
  const names = ['épée', 'い', 'Ωmega'];
  const { dataset } = await loadFiles(t, both(rows(9, (_, label, four) => [names[label], ...four])));
  assert.deepEqual(namesOf(dataset.target), ['Ωmega', 'épée', 'い'].sort());
});

test('a word of the test file alone is a class, and the warning names it', async (t) => {
  const train = rows(9, (_, label, four) => [animals[label], ...four]);
  const files = { 'train.csv': text(train), 'test.csv': text([...train, ['Cat', 1, 2, 3, 4]]) };
  const { dataset } = await loadFiles(t, files);
  assert.deepEqual(namesOf(dataset.target), ['Cat', 'ant', 'cat', 'polar bear']);
  assert.deepEqual(dataset.train.targets[0], 2);
  const { train: training, test: tested } = dataset;
  const [warning, ...others] = classWarnings(
    { train: training, test: tested, validation: { ...tested, count: 0 } },
    dataset.target,
    { data: { take: null, shuffle: true } } as Parameters<typeof classWarnings>[2],
  );
  assert.equal(warning.message, '1 of 4 classes has no image in the train part: Cat');
  assert.deepEqual(others, []);
});

const mixed: Record<string, [cell: string, first: string, message: string]> = {
  'an integer among words': ['5', 'ant', 'line 2, column 1: expected a word as in the first row, got "5"'],
  'a word among integers': ['ant', '5', 'line 2, column 1: expected an integer 0 to 255, got "ant"'],
  'no label among words': ['', 'ant', 'line 2, column 1: expected a word as in the first row, got ""'],
  'NaN among words': ['NaN', 'ant', 'line 2, column 1: expected a word as in the first row, got "NaN"'],
};
for (const [name, [cell, first, message]] of Object.entries(mixed)) {
  test(`refused: ${name}`, (t) =>
    refusal(
      loadFiles(
        t,
        both([
          [first, 1, 2, 3, 4],
          [cell, 1, 2, 3, 4],
          [first, 1, 2, 3, 4],
        ]),
      ),
      [message],
    ));
}
