/** Tables of any format become columns; what cannot be read is refused in one line with its place. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { looksNumeric, plainNumber } from '../dist/tables/numbers-in-cells.js';
import { type ReadTableOptions, readTable, type Table } from '../dist/tables/read-table.js';
import { refusing } from './support/says.ts';
import { scratch } from './support/scratch.ts';

const read = (text: string | Uint8Array, options: ReadTableOptions = {}) =>
  readTable(typeof text === 'string' ? Buffer.from(text) : text, { name: 'a.csv', ...options });

/** The values of a column: numbers, days or words; null for missing ones. */
function cells(table: Table, name: string): (number | string | null)[] {
  const column = table.columns[table.names.indexOf(name)];
  if (column.kind === 'none') return [];
  if (column.kind === 'words') return Array.from(column.indices, (index) => column.words[index] || null);
  return Array.from(column.values, (value) => (Number.isNaN(value) ? null : value));
}

const expected = { size: [1.5, null, -3], word: ['red', 'dark blue', null] };
const rows = 'size,word\n1.5,red\n,dark blue\n-3,NA\n';
const formats: Record<string, string | Uint8Array> = {
  commas: rows,
  semicolons: rows.replaceAll(',', ';'),
  tabs: rows.replaceAll(',', '\t'),
  pipes: rows.replaceAll(',', '|'),
  'Windows line ends': rows.replaceAll('\n', '\r\n'),
  'line ends of old Macs': rows.replaceAll('\n', '\r'),
  'a byte order mark': `\ufeff${rows}`,
  'no line end at the end': rows.trimEnd(),
  'empty lines at the end': `${rows}\n\n`,
  quotes: '"size","word"\n"1.5","red"\n"","dark blue"\n"-3","NA"\n',
  'spaces around cells': 'size, word\n 1.5, red\n , dark blue\n -3 , ?\n',
  'a comment above': `# by hand\n${rows}`,
  'separators at the ends of rows': 'size,word,\n1.5,red,\n,dark blue,\n-3,null,\n',
  gzip: gzipSync(rows),
  'UTF-16': Buffer.from(`\ufeff${rows}`, 'utf16le'),
  'lines of JSON': '{"size":1.5,"word":"red"}\n{"word":"dark blue","size":null}\n{"size":-3}\n',
  'a JSON array': '[{"size":1.5,"word":"red"},{"word":"dark blue"},{"size":-3,"word":null}]',
};
for (const [name, text] of Object.entries(formats))
  test(`read: ${name}`, async () => {
    const table = await read(text);
    assert.deepEqual([...table.names], ['size', 'word']);
    assert.deepEqual({ size: cells(table, 'size'), word: cells(table, 'word') }, expected);
  });

test('read: objects, arrays, and rows that come one at a time', async () => {
  const objects = [{ size: 1.5, word: 'red' }, { size: undefined, word: 'dark blue' }, { size: -3 }];
  async function* oneByOne() {
    yield* objects;
  }
  for (const source of [objects, oneByOne()]) {
    const table = await readTable(source);
    assert.deepEqual({ size: cells(table, 'size'), word: cells(table, 'word') }, expected);
  }
  const arrays = await readTable([
    [1, 'x'],
    [Number.NaN, 'y'],
  ]);
  assert.deepEqual(
    [cells(arrays, '1'), cells(arrays, '2')],
    [
      [1, null],
      ['x', 'y'],
    ],
  );
  const later = await readTable([...Array.from({ length: 3000 }, () => ({ a: 1 })), { a: 2, b: 'x' }]);
  assert.deepEqual(cells(later, 'b').slice(-2), [null, 'x']);
  assert.equal(cells(later, 'b').length, 3001);
});

test('read: a Parquet file', async () => {
  const table = await readTable(new URL('fixtures/tables/mixed.parquet', import.meta.url).pathname);
  assert.deepEqual([table.rowCount, ...table.names], [12, 'size', 'gap', 'colour', 'sold', 'day']);
  assert.deepEqual(cells(table, 'gap').slice(0, 5), [0, 1, 4, null, 16]);
  assert.deepEqual(cells(table, 'colour').slice(0, 3), ['red', 'green', 'blue']);
  assert.deepEqual(cells(table, 'day').slice(0, 2), [8766, 8806]);
});

test('without the package hyparquet: one line that says how to install it', (t) => {
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve(name, context, next) {
      if (name === 'hyparquet') throw Object.assign(new Error('none'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    } });
    const { readTable } = await import(${JSON.stringify(new URL('../dist/tables/read-table.js', import.meta.url).href)});
    await readTable(Buffer.from('PAR1')).catch((error) => console.log(error.message));`;
  const folder = scratch(t);
  writeFileSync(join(folder, 'p.mjs'), program);
  const { stdout } = spawnSync(process.execPath, [join(folder, 'p.mjs')], { encoding: 'utf8' });
  assert.equal(stdout, 'Parquet files need the package hyparquet: npm install hyparquet\n');
});

test('a cell within quotes may hold separators, quotes and lines; later lines keep their numbers', async () => {
  const table = await read('a,b\n1,"x, ""y""\nz"\n2,w\n');
  assert.deepEqual(cells(table, 'b'), ['x, "y"\nz', 'w']);
  await assert.rejects(read('a,b\n1,"x\ny"\n2\n'), refusing(1, 'a.csv: line 4 has 1 column', 'expected 2'));
});

test('blocks do not show: long files, long cells, characters of several bytes', async () => {
  const rows = Array.from({ length: 4000 }, (_, row) => [
    `${row / 8}`,
    row % 97 === 0 ? `"é${'ü,'.repeat(row)}\n"` : `w${row % 7}`,
  ]);
  const table = await read(`a,b\n${rows.map((row) => row.join(',')).join('\n')}\n`);
  assert.deepEqual(
    cells(table, 'a'),
    rows.map(([a]) => Number(a)),
  );
  assert.deepEqual(
    cells(table, 'b'),
    rows.map(([, b]) => b.replaceAll('"', '').trim()),
  );
});

const headers: [text: string, names: string[], count: number][] = [
  ['a,b\n1,2\n', ['a', 'b'], 1],
  ['1,2\n3,4\n', ['1', '2'], 2],
  ['x,1\ny,2\nx,3\n', ['1', '2'], 3],
  ['colour,shape\nred,round\nblue,flat\nred,flat\nblue,round\n', ['colour', 'shape'], 4],
  ['red,round\nblue,flat\nred,flat\nblue,round\n', ['1', '2'], 4],
  ['text,label\nI like it a lot,yes\nnot for me at all,no\nfine by me indeed,yes\n', ['text', 'label'], 3],
  ['0,1,2,3,4,5,6,7\n5,5,5,5,5,5,5,5\n', ['0', '1', '2', '3', '4', '5', '6', '7'], 1],
  [',a\n0,5\n1,6\n', ['column 1', 'a'], 2],
  ['only\n5\n\n7\n', ['only'], 3],
];
for (const [text, names, count] of headers)
  test(`the header is found or not: ${JSON.stringify(text.slice(0, 24))}`, async () => {
    const table = await read(text);
    assert.deepEqual([[...table.names], table.rowCount], [names, count]);
  });

const named: [text: string, named: string[], names: string[], count: number][] = [
  ['2019,2020,2021\n1.5,2.5,3.5\n4,5,6\n', ['2021'], ['2019', '2020', '2021'], 2],
  ['2019,2020,2021\n1.5,2.5,3.5\n4,5,6\n', [], ['1', '2', '3'], 3],
  // A number that counts the columns says nothing of the first line.
  ['3,1,2\n1.5,2.5,3.5\n4,5,6\n', ['3'], ['1', '2', '3'], 3],
  ['job,city\nclerk,Rome\nnurse,Oslo\n', ['job', 'city'], ['job', 'city'], 2],
  ['job, home  city\nclerk,Rome\n', ['home city'], ['job', 'home city'], 1],
  ['job,city\nclerk,Rome\nnurse,Oslo\n', ['town'], ['1', '2'], 3],
  ['"job"\nclerk\nnurse\n', ['job'], ['job'], 2],
];
for (const [text, asked, names, count] of named)
  test(`a line of names that are asked for is the header: ${JSON.stringify(text.slice(0, 14))} with ${asked}`, async () => {
    const table = await read(text, { named: asked });
    assert.deepEqual([[...table.names], table.rowCount], [names, count]);
  });

test('a column with a type is asked for; the caller knows better', async () => {
  const text = '2019,2020\n1,2\n3,4\n';
  assert.deepEqual([...(await read(text, { columns: { 2020: 'number' } })).names], ['2019', '2020']);
  assert.deepEqual([...(await read(text, { named: ['2019'], header: false })).names], ['1', '2']);
});

test('the header and the separator can be said', async () => {
  assert.deepEqual([...(await read('a,b\nc,d\n', { header: false })).names], ['1', '2']);
  assert.deepEqual([...(await read('1,2\n3,4\n', { header: true })).names], ['1', '2']);
  assert.deepEqual([...(await read('a;b,c\n1;2,3\n', { separator: ',' })).names], ['a;b', 'c']);
});

test('labels within a cell and decimal commas do not decide the separator', async () => {
  assert.deepEqual([...(await read('a,tags\n1,x|y\n2,x\n3,y|z\n')).names], ['a', 'tags']);
  assert.deepEqual(cells(await read('a;b\n1,5;2,25\n3,5;4\n'), 'b'), [2.25, 4]);
});

const refused: Record<string, [text: string | Uint8Array, parts: string[]]> = {
  'a row too short': ['a,b\n1,2\n3\n', ['a.csv: line 3 has 1 column', 'expected 2', '"3"']],
  'a row too long': ['a,b\n1,2\n3,4,5\n', ['a.csv: line 3 has 3 columns', 'expected 2']],
  'an empty line in the middle': ['a,b\n1,2\n\n3,4\n', ['a.csv: line 3 is empty']],
  'a quote that is not closed': ['a,b\n1,"2\n3,4\n', ['a.csv: line 2', 'quote']],
  'a quote that is closed too early': ['a,b\n1,2\n"x"y,4\n', ['a.csv: line 3', 'quote']],
  'two columns of one name': ['a,b,a\n1,2,3\n', ['line 1: columns 1 and 3', '"a"', 'different names']],
  'no bytes': ['', ['a.csv: the file is empty']],
  'empty lines only': ['\n\n', ['a.csv: no rows']],
  'a header only': ['a,b\n', ['a.csv: no rows']],
  'too many columns': [`${'a,'.repeat(10 ** 6)}a\n`, ['line 1 has 1000001 columns', 'at most 100000']],
  Infinity: ['a,b\n1,2\n2,Infinity\n', ['a.csv: line 3, column 2 ("b")', 'finite', '"Infinity"']],
  'a number beyond float32': ['a,b\n1,2\n2,1e39\n', ['line 3, column 2 ("b")', 'float32', '"1e39"']],
  'Latin-1': [Buffer.from('a,b\n1,caf\xe9\n', 'latin1'), ['0xe9 in line 2', 'Latin-1', 'UTF-8']],
  'a picture': [Buffer.from('89504e470d0a1a0a0000', 'hex'), ['a.csv', 'PNG']],
  'other binary data': [Buffer.from(`a,b\n1,2\n${'1,2\n'.repeat(50)}1,\0\n`), ['0x00 in line 53', 'binary']],
  'a web page': ['<!doctype html><p>x', ['a.csv', 'HTML']],
  'damaged gzip': [gzipSync(rows).subarray(0, 30), ['a.csv: broken gzip', 'truncated']],
  'a line that is no JSON': ['{"a":1}\n{"a":\n', ['a.csv: line 2: not valid JSON']],
  'an object in an object': ['{"a":1}\n{"a":{"b":2}}\n', ['a.csv: line 2, "a"', '{"b":2}']],
};
for (const [name, [text, parts]] of Object.entries(refused))
  test(`refused: ${name}`, () => assert.rejects(read(text), refusing(1, ...parts)));

test('refused: no file, a folder, a type for no column or of no kind', async (t) => {
  await assert.rejects(readTable('no such.csv'), refusing(1, 'no such.csv: cannot be read'));
  await assert.rejects(readTable(scratch(t)), refusing(1, 'folder'));
  await assert.rejects(
    read(rows, { columns: { sise: 'number' } }),
    refusing(2, '"sise"', 'did you mean size?'),
  );
  await assert.rejects(
    read(rows, { columns: { size: 'float' } }),
    refusing(2, '"size"', 'one of number', '"float"'),
  );
});

test('a file that does not fit is refused with the estimate, after its first rows', async (t) => {
  const path = join(scratch(t), 'large.csv');
  writeFileSync(path, `a,b,c,d\n${'1.5,2.5,3.5,4.5\n'.repeat(1_100_000)}`);
  // The rest is a hole: its bytes are never reached.
  truncateSync(path, 2 ** 43);
  await assert.rejects(readTable(path), refusing(1, 'large.csv', 'rows × 4 columns', 'MiB', 'fewer rows'));
});

test('an aborted reading ends', async () => {
  const signal = AbortSignal.abort();
  await assert.rejects(read('a,b\n1,2\n', { signal }), refusing(130, 'interrupted'));
});

test('a column that turns out to be words is read again, and keeps the text of its numbers', async () => {
  const text = `a,b\n${'1,1.50\n'.repeat(3000)}2,1.5.0\n${'3,x1\n'.repeat(3000)}`;
  assert.deepEqual(new Set(cells(await read(text), 'b')), new Set(['1.50', '1.5.0', 'x1']));
  const codes = await read(`zip\n${'12345\n'.repeat(2000)}01234\n`);
  assert.deepEqual(cells(codes, 'zip').slice(-2), ['12345', '01234']);
  assert.deepEqual(cells(await read('zip,b\n01234,1\n', { columns: { zip: 'number' } }), 'zip'), [1234]);
  async function* once() {
    for (let row = 0; row < 2000; row++) yield { zip: '12345' };
    yield { zip: '01234' };
  }
  await assert.rejects(readTable(once()), refusing(1, 'row 2001', '"zip"', '"01234"', 'type of the column'));
});

test('distinct words keep nothing of the file alive', async () => {
  const word = (row: number) => `a long word with number ${row % 1000}`;
  const text = Buffer.from(
    `n,w\n${Array.from({ length: 20_000 }, (_, row) => `${row},${word(row)}`).join('\n')}\n`,
  );
  const table = await read(text);
  assert.equal(new Set(cells(table, 'w')).size, 1000);
  assert.equal(cells(table, 'w')[19_999], word(19_999));
});

test('plain numbers are read as Number reads them, or not at all', () => {
  const text = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.integer().map(String),
    fc
      .tuple(fc.integer({ min: 0, max: 10 ** 9 }), fc.nat(9))
      .map(([value, places]) => (value / 10 ** places).toFixed(places)),
    fc.string({ maxLength: 8 }),
    fc.stringMatching(/^[-+.0-9e]{1,9}$/),
  );
  fc.assert(
    fc.property(text, (cell) => {
      const value = plainNumber(cell);
      if (Number.isNaN(value)) return;
      assert.ok(Object.is(value, Number(cell)) || (value === 0 && Number(cell) === 0), cell);
      assert.ok(looksNumeric(cell), cell);
    }),
    { numRuns: 2000 },
  );
  for (const cell of ['', '-', '.', '1.2.3', '01', '-012', '0x10', ' 1', '1e', 'e5', '1,5', '--1', '1-'])
    assert.ok(Number.isNaN(plainNumber(cell)), cell);
  for (const [cell, value] of [
    ['0', 0],
    ['-0.5', -0.5],
    ['.5', 0.5],
    ['5.', 5],
    ['1e3', 1000],
    ['0.1', 0.1],
    ['123456789.123456789', 123456789.12345679],
  ] as const)
    assert.equal(plainNumber(cell), value);
});

test('an invalid date of a program is a missing value', async () => {
  const rows = [{ a: 1 }, { a: new Date(Number.NaN) }, { a: 3 }];
  assert.deepEqual(cells(await readTable(rows), 'a'), [1, null, 3]);
});

test('a device is no table', () =>
  assert.rejects(readTable('/dev/null'), refusing(1, 'neither a file nor a folder')));

test('the usual spellings of missing values', async () => {
  assert.deepEqual(cells(await read('a,b\n1,x\nNaN,N/A\nNULL,?\n nan ,\n'), 'b'), ['x', null, null, null]);
});
