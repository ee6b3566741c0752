/** The types of a table's columns are found from all values; what could be read in two ways is refused, not guessed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeColumns, typeLike, wantedLike } from '../dist/tables/column-types.js';
import { daysIn } from '../dist/tables/dates-in-cells.js';
import { numberIn } from '../dist/tables/numbers-in-cells.js';
import { readTable } from '../dist/tables/read-table.js';
import { schemaTable } from '../dist/tables/schema.js';
import { refusing, says } from './support/says.ts';

/** A table of one column `x` beside the number `n`, whose rows are `cells`. */
async function typed(cells: readonly string[], columns: Readonly<Record<string, string>> = {}) {
  const quoted = cells.map((cell, row) => `${(row * 7) % 5}.5,"${cell.replaceAll('"', '""')}"`);
  const text = `n,x\n${quoted.join('\n')}\n`;
  return typeColumns(await readTable(Buffer.from(text), { name: 'a.csv', header: true, columns }));
}

const ofX = async (cells: readonly string[], columns: Readonly<Record<string, string>> = {}) => {
  const table = await typed(cells, columns);
  const column = table.columns[1];
  const values =
    column.kind === 'values'
      ? Array.from(column.values, (value) => (Number.isNaN(value) ? null : value))
      : column.kind === 'words'
        ? Array.from(column.indices, (index) => column.words[index] || null)
        : [];
  return { ...table.schema.columns[1], values, notes: table.notes };
};

const repeated = (cells: readonly string[], times = 12) => Array.from({ length: times }, () => cells).flat();
const range = (count: number, cell: (row: number) => string) =>
  Array.from({ length: count }, (_, row) => cell(row));
const sentence = (row: number) => `the ${row}th time that I say so, ${'really '.repeat(row % 3)}now`;

const types: Record<string, [cells: string[], type: string]> = {
  numbers: [['1', '2.5', '-3e2', '', '.5'], 'number'],
  'numbers with every missing value': [['1', 'NA', 'n/a', '?', 'NULL', 'NaN', '2'], 'number'],
  words: [repeated(['red', 'green', 'blue']), 'category'],
  'a few numbers and a word': [repeated(['1', '2', '3', 'other']), 'category'],
  'codes with zeros in front': [repeated(['01', '02', '10']), 'category'],
  'yes and no': [['Yes', 'no', '', 'no'], 'yes/no'],
  'true and false': [['TRUE', 'FALSE', 'TRUE'], 'yes/no'],
  '0 and 1': [['0', '1', '1'], 'yes/no'],
  dates: [['2024-02-29', '1999-12-31', ''], 'date'],
  moments: [['2024-02-29T12:00:00Z', '2024-03-01 06:30'], 'date'],
  'dates of months': [['3 Apr 2024', '12 December 1999'], 'date'],
  'days first': [['3.4.2024', '31.12.1999'], 'date'],
  'months first, as one day shows': [['3/4/2024', '12/31/1999'], 'date'],
  'dates without separators': [['20240403', '19991231'], 'date'],
  texts: [range(30, sentence), 'text'],
  'names that are mostly rare': [range(300, (row) => `w${Math.floor(row / 1.7)}`), 'text'],
  'one value': [['5', '5', '5'], 'ignore'],
  'one word': [['a', 'a', 'a'], 'ignore'],
  'one value or none': [['5', '', '5'], 'number'],
  'no value': [['', 'NA', '?'], 'ignore'],
  'numbers of the rows': [range(20, (row) => String(row + 100)), 'ignore'],
  'names of the rows': [range(20, (row) => `k${row * 3}`), 'ignore'],
};
for (const [name, [cells, type]] of Object.entries(types))
  test(`found: ${name}`, async () => assert.equal((await ofX(cells)).type, type));

test('columns that are ignored are named with the reason', async () => {
  const { notes } = await ofX(range(20, (row) => `k${row * 3}`));
  assert.ok(
    notes.some((note) => note.includes('a.csv: column "x" is ignored: it names the rows')),
    notes.join('\n'),
  );
  const ids = await readTable(
    range(20, String).map((row) => ({ user_id: (Number(row) * 13) % 20, size: Number(row) % 3 })),
  );
  assert.equal(typeColumns(ids).schema.columns[0].type, 'ignore');
});

test('the table of the columns has a line for each: its type, missing values, values, the reason', async () => {
  const text = schemaTable((await typed(['red', 'green', '', 'red'])).schema);
  assert.match(text, /^\| n +\| number +\| +– \| 0\.5 to 4\.5 +\| numbers +\|$/m);
  assert.match(text, /^\| x +\| category +\| +1 \| red, green +\| 2 values +\|$/m);
});

const numbers: Record<string, [cells: string[], values: (number | null)[]]> = {
  'decimal commas': [
    ['1,5', '-2,25', '3', ''],
    [1.5, -2.25, 3, null],
  ],
  'three decimals behind a comma, one number below 1': [
    ['1,125', '-0,375', '5,500'],
    [1.125, -0.375, 5.5],
  ],
  'decimal commas and thousands by points': [
    ['1.234,5', '2.000', '3'],
    [1234.5, 2000, 3],
  ],
  'thousands by commas': [
    ['1,234', '1,234,567', '12.5'],
    [1234, 1234567, 12.5],
  ],
  'thousands by spaces, also narrow ones': [
    ['1 234', '12\u202f345,5', '7'],
    [1234, 12345.5, 7],
  ],
  'thousands by apostrophes': [
    ["1'234.5", '12’000'],
    [1234.5, 12000],
  ],
  currencies: [
    ['$1,234.50', '$5', '-$3.25', '7'],
    [1234.5, 5, -3.25, 7],
  ],
  'a currency behind': [
    ['1.234,50 €', '5 €'],
    [1234.5, 5],
  ],
  percentages: [
    ['12%', '3.5 %', ''],
    [12, 3.5, null],
  ],
  'points with three digits, as programs write them': [['1.234', '5.678'], [1.234, 5.678].map(Math.fround)],
};
for (const [name, [cells, values]] of Object.entries(numbers))
  test(`numbers: ${name}`, async () => {
    const found = await ofX(cells);
    assert.deepEqual([found.type, found.values], ['number', values]);
  });

test('commas are decimal if they are in other columns of the file', async () => {
  const text = 'a;b\n1,234;1,5\n2,345;2,25\n';
  const { columns } = typeColumns(await readTable(Buffer.from(text), { name: 'a.csv' }));
  assert.deepEqual(columns[0].kind === 'values' && [...columns[0].values], [1.234, 2.345].map(Math.fround));
});

const uncertain: Record<string, [cells: string[], parts: string[]]> = {
  'commas that may be decimal or thousands': [
    ['1,234', '5,678'],
    ['column 2 ("x")', '"1,234" in line 2 is', '1234', '1.234', 'x=number:comma'],
  ],
  'commas and points as decimal signs': [
    ['1,5', '2', '2.5'],
    ['"1,5" in line 2 and "2.5" in line 4', 'different formats'],
  ],
  'two currencies': [
    ['$5', '€7'],
    ['"$5" in line 2 and "€7" in line 3', 'units'],
  ],
  'percentages and numbers': [
    ['5%', '0.07'],
    ['"5%" in line 2 and "0.07" in line 3', 'units'],
  ],
  'days and months': [
    ['3/4/2024', '5/6/2024'],
    ['line 2, column 2 ("x")', '"3/4/2024" is 2024-04-03 or 2024-03-04', 'x=date:day-first'],
  ],
  'three words among numbers': [
    [...range(100, (row) => String(row / 4)), 'n.a.', 'broken', 'n.a.'],
    [
      'column 2 ("x") has numbers in 100 of 103 rows',
      '3 words',
      '"n.a." in line 102 and 1 more',
      '"broken" in line 103',
      'x=number',
      'x=category',
    ],
  ],
  'words among thousands of numbers': [
    [...range(3000, (row) => String(row / 4)), 'broken'],
    ['numbers in 3,000 of 3,001 rows', '1 word ("broken" in line 3002)'],
  ],
  'a number of another format after thousands': [
    [...range(3000, (row) => String(row / 4)), '1,5'],
    ['"1,5" in line 3002', 'different formats'],
  ],
  'infinity among amounts': [
    ['$5', 'inf', '$6'],
    ['line 3, column 2 ("x")', 'finite', '"inf"'],
  ],
};
for (const [name, [cells, parts]] of Object.entries(uncertain))
  test(`refused: ${name}`, () => assert.rejects(ofX(cells), refusing(1, 'a.csv', ...parts)));

test('the caller says what is not certain', async () => {
  assert.deepEqual(
    (await ofX(['1,234', '5,678'], { x: 'number:comma' })).values,
    [1.234, 5.678].map(Math.fround),
  );
  assert.deepEqual((await ofX(['1,234', '5,678'], { x: 'number:point' })).values, [1234, 5678]);
  assert.deepEqual((await ofX(['3/4/2024'], { x: 'date:day-first' })).values, [
    daysIn('2024-04-03', 'year-first'),
  ]);
  const words = await ofX([...range(100, (row) => String(row)), 'broken'], { x: 'number' });
  assert.deepEqual([words.type, words.missing, words.values[100]], ['number', 1, null]);
  says(words.reason, '1 word counted as missing');
  assert.equal((await ofX(['1', '2', '3'], { x: 'category' })).values[0], '1');
  assert.equal((await ofX(['5', '5'], { x: 'number' })).type, 'number');
  assert.equal((await ofX(['1', '2'], { x: 'ignore' })).type, 'ignore');
  assert.deepEqual((await ofX(['male', 'female', 'male'], { x: 'yes/no' })).values, [1, 0, 1]);
  await assert.rejects(
    ofX(['red', 'blue'], { x: 'number' }),
    refusing(1, '"x"', 'red, blue', 'expected numbers'),
  );
  await assert.rejects(ofX(['red', 'blue'], { x: 'date' }), refusing(1, '"x"', 'expected dates'));
});

test('dates are days, in every form the same', () => {
  assert.equal(daysIn('2000-01-01', 'year-first'), 0);
  assert.equal(daysIn('1999-12-31T12:00', 'year-first'), -0.5);
  assert.equal(daysIn('2024-03-01T01:30:00+01:30', 'year-first'), daysIn('1.3.2024', 'day-first'));
  assert.equal(daysIn('Mar 1, 2024', 'named-month'), daysIn('3/1/2024', 'month-first'));
  assert.equal(daysIn('3/1/2024 1:30 PM', 'month-first'), daysIn('20240301', 'compact') + 13.5 / 24);
  for (const wrong of ['2023-02-29', '2024-13-01', '2024-01-01 25:00', '24-01-01', '2024-1-1x'])
    assert.ok(Number.isNaN(daysIn(wrong, 'year-first')), wrong);
});

test('Indian groups, and groups of two signs, are no numbers of any format', () => {
  const format = { decimal: '.', thousands: ',', unit: '' } as const;
  for (const cell of ['1,23,456', '1,234.567.8', '1.234,567.8', '12,34', '(5)', '5-', '5 000', '1e5,000'])
    assert.ok(Number.isNaN(numberIn(cell, format)), cell);
});

const train = 'size,colour,sold\n1.5,red,yes\n2.5,blue,no\n3.5,red,no\n';
const like = async (
  text: string,
  optional: readonly string[] = [],
  columns: Readonly<Record<string, string>> = {},
) => {
  const { schema } = typeColumns(await readTable(Buffer.from(train), { name: 'train.csv', columns }), [
    'sold',
  ]);
  const table = await readTable(Buffer.from(text), { name: 'test.csv', wanted: wantedLike(schema) });
  return typeLike(table, schema, optional);
};

test('other rows: columns in another order, more columns, no targets', async () => {
  const other = await like('sold,more,colour,size\nno,9,green,7\n');
  assert.deepEqual(
    other.columns.map((column) => column.kind),
    ['values', 'words', 'values'],
  );
  assert.deepEqual(other.columns[0].kind === 'values' && [...other.columns[0].values], [7]);
  assert.ok(other.notes.some((note) => note.includes('more')));
  assert.equal((await like('size,colour\n1,red\n', ['sold'])).columns[2].kind, 'none');
});

test('other rows: an absent column is refused with the nearest name, a word in a column of numbers with its place', async () => {
  await assert.rejects(
    like('sise,colour,sold\n1,red,no\n'),
    refusing(2, 'test.csv', '"size"', 'did you mean sise?'),
  );
  await assert.rejects(
    like('size,colour,sold\n1,red,no\nbig,red,no\n'),
    refusing(1, 'test.csv: line 3, column 1 ("size"): expected a number, got "big"'),
  );
  await assert.rejects(
    like('size,colour,sold\n"1,5",red,no\n'),
    refusing(1, 'line 2, column 1 ("size")', '"1,5"'),
  );
  const third = await like('size,colour,sold\n1,red,no\n2,red,perhaps\n');
  assert.ok(
    third.notes.some((note) => note.includes('"sold"') && note.includes('1 row')),
    third.notes.join(),
  );
  assert.equal((await like('size,colour,sold\nbig,red,no\n', [], { size: 'number' })).rowCount, 1);
});

test('points that may be decimal or between thousands are refused', async () => {
  const refused = (cells: readonly string[]) =>
    assert.rejects(ofX(cells), /is 1\.05 or 1050: .*number:comma/);
  await refused(repeated(['950', '1.050', '12.300']));
  await refused([...range(1500, (row) => String(100 + (row % 7))), '1.050']);
  await refused(['-950', '-1.050'].map((cell) => cell.replace('-1', '1')));
  for (const cell of ['0.125', '1.5', '1.1250', '1000', '.125', '1e3'])
    assert.equal((await ofX(repeated(['950', '1.050', cell]))).type, 'number', cell);
  assert.equal((await ofX(repeated(['3.950', '1.050', '2.125']))).type, 'number');
  const comma = await ofX(repeated(['950', '1.050']), { x: 'number:comma' });
  assert.deepEqual(comma.values.slice(0, 2), [950, 1050]);
  const point = await ofX(repeated(['950', '1.050']), { x: 'number:point' });
  assert.deepEqual(point.values.slice(0, 2), [950, Math.fround(1.05)]);
});

test('points beside decimal commas of another column are refused if they may be between thousands', async () => {
  const read = async (cells: readonly string[]) => {
    const text = `n;x\n${cells.map((cell, row) => `${row % 5},5;${cell}`).join('\n')}\n`;
    return typeColumns(await readTable(Buffer.from(text), { name: 'a.csv' }));
  };
  await assert.rejects(read(repeated(['1.050', '2.125'])), /"1\.050" in line 2 is 1\.05 or 1050/);
  assert.equal((await read(repeated(['1.050', '2.12']))).schema.columns[1].type, 'number');
});

test('numbers that float32 does not tell apart are left out with the reason, and refused as targets', async () => {
  const cells = range(200, (row) => String(1.7e12 + ((row * 37) % 101)));
  const column = await ofX(cells);
  assert.equal(column.type, 'ignore');
  assert.match(column.reason, /32 bits .* 1700000000000 to 1700000000100/);
  await assert.rejects(ofX(cells, { x: 'number' }), /column 2 \("x"\): 32 bits/);
  const text = `n,x\n${cells.map((cell, row) => `${row % 5}.5,${cell}`).join('\n')}\n`;
  const table = await readTable(Buffer.from(text), { name: 'a.csv' });
  assert.throws(() => typeColumns(table, ['x']), /column 2 \("x"\): 32 bits/);
  const exact = range(200, (row) => String(16_000_000 + ((row * 37) % 11)));
  assert.equal((await ofX(exact)).type, 'number');
  assert.equal((await ofX(range(200, (row) => String(1.7e9 + 100_000 * ((row * 37) % 101))))).type, 'number');
});
