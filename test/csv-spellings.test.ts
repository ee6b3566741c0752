/** Separators, line ends, encodings and spellings of numbers: the same table in all of them, and what is no such text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCsv } from '../dist/data/csv.js';
import { UserError } from '../dist/user-error.js';
import { rows, text } from './support/csv-sets.ts';
import { refusal } from './support/data-files.ts';

const lines = rows(12);
const header = ['label', 'a', 'b', 'c', 'd'];
const parse = (content: string | Buffer) => parseCsv(Buffer.from(content), 'a.csv');
const utf16 = (content: string, order: 'le' | 'be', mark = true) => {
  const bytes = Buffer.from((mark ? '\ufeff' : '') + content, 'utf16le');
  return order === 'le' ? bytes : bytes.swap16();
};

const same: Record<string, string | Buffer> = {
  semicolons: text(lines, ';'),
  tabs: text(lines, '\t'),
  bars: text(lines, '|'),
  spaces: text(lines, ' '),
  'aligned with spaces': lines
    .map((row) => `${row.map((cell) => `${cell}`.padStart(5)).join('')}\n`)
    .join(''),
  'a comma and a space': text(lines, ', '),
  'semicolons below a header': text([header, ...lines], ';'),
  'carriage returns alone': text(lines, ',', '\r'),
  'carriage returns alone below a header': text([header, ...lines], ',', '\r'),
  'Windows line ends, quotes, a byte order mark': `\ufeff${text(
    [header, ...lines].map((row) => row.map((cell) => `"${cell}"`)),
    ',',
    '\r\n',
  )}`,
  'a separator at the end of each row': text(lines, ',', ',\n'),
  'a separator at the end of header and rows': text([header, ...lines], ';', ';\n'),
  'a separator at the end of rows alone': `${header.join(',')}\n${text(lines, ',', ',\n')}`,
  decimals: text(lines.map((row) => row.map((cell) => `${cell}.0`))),
  'numpy.savetxt': text(
    lines.map((row) => row.map((cell) => Number(cell).toExponential(18))),
    ' ',
  ),
  'a comment before the header': `# made by me\n${text([header, ...lines])}`,
  'UTF-16, little end first': utf16(text(lines), 'le'),
  'UTF-16, big end first, tabs': utf16(text([header, ...lines], '\t', '\r\n'), 'be'),
  'UTF-16 without a byte order mark': utf16(text(lines), 'le', false),
  'UTF-16 without a byte order mark, big end first': utf16(text(lines), 'be', false),
};
for (const [name, content] of Object.entries(same)) {
  test(`read: ${name}`, async () => {
    const [one, expected] = [await parse(content), await parse(text(lines))];
    assert.deepEqual([...one.targets], [...expected.targets]);
    assert.deepEqual([...one.values], [...expected.values]);
    assert.deepEqual(one.shape, [2, 2, 1]);
  });
}

test('any separator, line end and encoding gives the same table', async () => {
  const cell = fc.nat({ max: 255 });
  const table = fc
    .integer({ min: 3, max: 12 })
    .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 2 }))
    .filter(([first]) => first.some((value, column) => value !== first[0] + column));
  const choices = [
    fc.constantFrom(',', ';', '\t', '|', ' '),
    fc.constantFrom('\n', '\r\n', '\r'),
    fc.constantFrom('utf8', 'le', 'be'),
  ] as const;
  await fc.assert(
    fc.asyncProperty(table, ...choices, async (cells, separator, end, encoding) => {
      const content = text(cells, separator, end);
      const { targets, values } = await parse(encoding === 'utf8' ? content : utf16(content, encoding));
      assert.deepEqual(
        [...targets],
        cells.map(([first]) => first),
      );
      assert.deepEqual(
        [...values],
        cells.flatMap(([, ...rest]) => rest),
      );
    }),
  );
});

const table = text(lines);
const refused: Record<string, [Buffer, string]> = {
  'UTF-32': [Buffer.concat([Buffer.from('fffe0000', 'hex'), utf32(table)]), 'is text in UTF-32'],
  'UTF-32 without a mark': [utf32(table), 'looks like text in UTF-32'],
  'UTF-7': [Buffer.from(`+/v8-${table}`), 'is text in UTF-7'],
  EBCDIC: [
    Buffer.from(
      table
        .replaceAll(',', '\x6b')
        .replace(/\d/g, (digit) => String.fromCharCode(0xf0 + +digit))
        .replaceAll('\n', '\x25'),
      'latin1',
    ),
    'looks like text in EBCDIC',
  ],
  'Latin-1': [
    Buffer.from(`caf\xe9,1,2\n${table}`, 'latin1'),
    'holds byte 0xe9 in line 1, as text in Latin-1',
  ],
  'Windows-1252 far down': [
    Buffer.from(`${table.repeat(9)}\x80,1,2`, 'latin1'),
    'holds byte 0x80 in line 109',
  ],
  'damaged UTF-16': [utf16(`${table}\ud800,1`, 'le'), 'looks like UTF-16 and is damaged'],
  'a spreadsheet': [Buffer.from('504b03041400', 'hex'), 'is a zip archive or a spreadsheet (.xlsx)'],
  Parquet: [Buffer.from('PAR1....'), 'is a Parquet file'],
  'a web page': [Buffer.from('\n<!DOCTYPE html><html>'), 'is a web page'],
  'no text': [Buffer.from('1,2\0,3\n'), 'is not text'],
};
for (const [name, [content, message]] of Object.entries(refused)) {
  test(`refused by its name: ${name}`, () =>
    refusal(parse(content), [`a.csv: the file ${message}`, ', expected ']));
}

function utf32(content: string): Buffer {
  const bytes = Buffer.alloc(4 * content.length);
  for (let index = 0; index < content.length; index += 1) bytes[4 * index] = content.charCodeAt(index);
  return bytes;
}

const others: Record<string, [string, string]> = {
  'a header of fewer names': [
    `a,b,c,d\n${table}`,
    'a.csv: line 1 names 4 columns, expected 5 as in the next',
  ],
  'a decimal comma': [
    text(
      lines.map((row) => row.map((cell) => `${cell},5`)),
      ';',
    ),
    'got "0,5"',
  ],
  'a fraction': ['1,2.50\n', 'line 1, column 2: expected an integer 0 to 255, got "2.50"'],
  'something behind the last separator': [
    `${'1,2,\n3,4,\n'.repeat(40)}5,6,7\n`,
    'expected nothing, as in the first row, got "7"',
  ],
};
for (const [name, [content, message]] of Object.entries(others)) {
  test(`refused: ${name}`, () => refusal(parse(content), [message]));
}

test('a file of any bytes is read, or refused in one line', async () => {
  const pieces = [
    '1',
    '0',
    '255',
    'a',
    'label',
    ',',
    ';',
    '\t',
    ' ',
    '\n',
    '\r',
    '"',
    "'",
    '#',
    '.',
    '\ufeff',
    'é',
    '',
  ];
  const content = fc.oneof(
    fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((some) => Buffer.from(some.join(''))),
    fc.uint8Array({ maxLength: 80 }).map((some) => Buffer.from(some)),
  );
  await fc.assert(
    fc.asyncProperty(content, async (bytes) => {
      const read = await parse(bytes).catch((error: unknown) => {
        assert.ok(error instanceof UserError, String((error as Error).stack));
        assert.ok(!error.message.includes('\n'), error.message);
        return null;
      });
      if (read !== null) assert.equal(read.values.length, read.count * read.shape[0] * read.shape[1]);
    }),
    { numRuns: 1000 },
  );
});
