/** Images as CSV: what is read, and how mistakes are shown to the person who has to find them. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseCsv } from '../dist/data/csv.js';
import { loadDataset } from '../dist/data/load.js';
import { namesOf } from '../dist/data/target.js';
import { ExitCode } from '../dist/user-error.js';
import { refusal, temporaryFolder, writeFiles } from './support/data-files.ts';

const parse = (text: string, signal?: AbortSignal) => parseCsv(Buffer.from(text), 'a.csv', { signal });

test('label first, then the pixels; a square number of them is a square image', async () => {
  const { values: images, targets: labels, count, shape } = await parse('7,1,2,3,4\n0,255,0,9,10\n');
  assert.deepEqual([count, ...shape], [2, 2, 2, 1]);
  assert.deepEqual([...labels], [7, 0]);
  assert.deepEqual([...images], [1, 2, 3, 4, 255, 0, 9, 10]);
});

test('another number of pixels is one row', async () => {
  const { shape } = await parse('7,1,2,3\n');
  assert.deepEqual(shape, [1, 3, 1]);
});

const layouts = {
  'a header': 'label,p1,p2\n7,1,2\n3,4,5\n',
  'Windows line ends': 'label,p1,p2\r\n7,1,2\r\n3,4,5\r\n',
  'no newline at the end': '7,1,2\n3,4,5',
  'empty lines at the end': '7,1,2\n3,4,5\n\n\r\n',
  'a byte order mark': '\ufeff7,1,2\n3,4,5\n',
  'quotes and spaces': '"label","p1","p2"\n"7", 1,"2"\n3,4 ,005\n',
};
for (const [name, text] of Object.entries(layouts)) {
  test(`accepted: ${name}`, async () => {
    const { values: images, targets: labels, count } = await parse(text);
    assert.deepEqual([count, ...labels, ...images], [2, 7, 3, 1, 2, 4, 5]);
  });
}

const refused: Record<string, [text: string, parts: string[]]> = {
  'a stray quote': ['1,2,3,4,5\n1,2,"3,4,5\n1,2,3,4,5\n', ['a.csv: line 2', 'quote']],
  'a pixel above 255': [
    'label,a,b,c,d\n1,2,3,4,5\n1,2,3,4,300\n',
    ['a.csv: line 3, column 5', 'integer', '"300"'],
  ],
  'a label above 255': ['256,1\n', ['a.csv: line 1, column 1', '255', '"256"']],
  'a negative pixel': ['1,2\n1,-2\n', ['line 2, column 2', 'integer', '"-2"']],
  'a fraction': ['1,2.5\n', ['line 1, column 2', 'integer', '"2.5"']],
  'an empty cell': ['1,2,3\n1,,3\n', ['line 2, column 2', 'integer', 'got ""']],
  'a word': ['1,2\n\tcat,2\n', ['line 2, column 1', 'integer', '"cat"']],
  'a very long cell': [`1,${'9'.repeat(1000)}\n`, [`"${'9'.repeat(40)}…"`]],
  'a row too short': ['1,2,3\n1,2\n', ['a.csv: line 2 ', '2 columns', 'expected 3']],
  'a row too long': ['1,2,3\n1,2,3,\n', ['a.csv: line 2 ', '4 columns', 'expected 3']],
  'a truncated last row': ['1,2,3\n1', ['a.csv: line 2 ', '1 column', 'expected 3']],
  'an empty line in the middle': ['1,2,3\n\n\n1,2,3\n', ['a.csv: line 2 ', 'empty']],
  'labels without pixels': ['1\n2\n', ['a.csv: line 1 ', '1 column', 'pixel']],
  'an empty file': ['', ['a.csv: ', 'no rows']],
  'a header alone': ['label,p1\n', ['a.csv: ', 'no rows']],
  'another separator': ['1:2:3\n', ['a.csv: line 1 ', '1 column', 'pixel']],
};
for (const [name, [text, parts]] of Object.entries(refused)) {
  test(`refused: ${name}`, () => refusal(parse(text), parts));
}

test('lines are counted across the blocks in which a large file is read', async () => {
  const row = `1${',2'.repeat(500)}\n`;
  const text = `${row.repeat(12_000)}1${',2'.repeat(499)},x\n`;
  await refusal(parse(text), ['a.csv: line 12001, column 501: ', '"x"']);
  const { count, values: images } = await parse(row.repeat(12_000));
  assert.equal(count, 12_000);
  assert.ok(images.every((pixel) => pixel === 2));
});

test('a line without end is refused before it becomes one string', async () => {
  const content = Buffer.alloc(70 * 1024 * 1024, '1,');
  content.write('1,2\n');
  await refusal(parseCsv(content, 'a.csv'), ['a.csv: line 2 ', '67108864 bytes']);
});

test('whatever is written is read again', async () => {
  const byte = fc.nat({ max: 255 });
  const table = fc
    .integer({ min: 1, max: 20 })
    .chain((width) =>
      fc.array(fc.tuple(byte, fc.array(byte, { minLength: width, maxLength: width })), { minLength: 1 }),
    );
  await fc.assert(
    fc.asyncProperty(table, fc.boolean(), fc.constantFrom('\n', '\r\n'), async (rows, header, newline) => {
      const lines = rows.map(([label, pixels]) => [label, ...pixels].join(','));
      if (header) lines.unshift(`label${',p'.repeat(rows[0]?.[1].length ?? 0)}`);
      const { values: images, targets: labels, count } = await parse(lines.join(newline));
      assert.equal(count, rows.length);
      assert.deepEqual(
        [...labels],
        rows.map(([label]) => label),
      );
      assert.deepEqual(
        [...images],
        rows.flatMap(([, pixels]) => pixels),
      );
    }),
  );
});

test('a folder with train.csv.gz and mnist_test.csv', async (t) => {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, {
    'train.csv.gz': gzipSync('2,1,2,3,4\n1,1,2,3,4\n'),
    'mnist_test.csv': '5,6,7,8,9\n',
  });
  const dataset = await loadDataset({ set: 'csv', dir });
  assert.deepEqual([...dataset.train.shape, namesOf(dataset.target).length], [2, 2, 1, 6]);
  assert.deepEqual(Object.keys(dataset.sha256), ['train.csv', 'test.csv']);
  // Of the content before compression: `printf '2,1,2,3,4\n1,1,2,3,4\n' | sha256sum`.
  assert.equal(
    dataset.sha256['train.csv'],
    '0f89152d6edfcd618f725ea6cfcf00e070d3c0e9a100082e2ff9a9b3bd7d70c1',
  );
});

test('a folder that lacks train.csv, has another size of image, or no gzip behind .gz', async (t) => {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, { 'test.csv': '2,1,2\n' });
  const load = () => loadDataset({ set: 'csv', dir });
  await refusal(load(), [`${dir}: missing train.csv`, 'holds test.csv']);
  await writeFiles(dir, { 'train.csv': '2,1,2,3,4\n1,1,2,3,4\n' });
  const test = join(dir, 'test.csv');
  await refusal(load(), [`${test}: `, '3 columns', 'expected 5', join(dir, 'train.csv')]);
  const other = await temporaryFolder(t);
  await writeFiles(other, { 'train.csv.gz': '2,1,2,3,4\n', 'test.csv': '2,1,2,3,4\n' });
  await refusal(loadDataset({ set: 'csv', dir: other }), ['train.csv.gz: ', '322c312c']);
});

test('an aborted signal stops the parsing', () =>
  refusal(parse('1,2\n', AbortSignal.abort()), ['interrupted', 'a.csv'], ExitCode.interrupted));
