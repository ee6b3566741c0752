/** The fitted encoder: from columns or objects to stored rows, from these to inputs, the same after it was saved. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { typeColumns, typeLike, wantedLike } from '../dist/tables/column-types.js';
import { Encoder } from '../dist/tables/encoder.js';
import { type EncoderOptions, edgesOf, fitEncoder, inverseNormal } from '../dist/tables/encoder-fit.js';
import { expandRow } from '../dist/tables/expand.js';
import { readTable } from '../dist/tables/read-table.js';
import { gramsOf } from '../dist/tables/text-entries.js';
import { refusing } from './support/says.ts';

type Row = Readonly<Record<string, unknown>>;
const range = <T>(count: number, cell: (row: number) => T): T[] =>
  Array.from({ length: count }, (_, row) => cell(row));

async function fitted(rows: readonly Row[], options: Partial<EncoderOptions> = {}, fit?: Uint32Array) {
  const table = typeColumns(await readTable([...rows]), ['target']);
  const encoder = fitEncoder(table, ['target'], fit ?? Uint32Array.from(rows.keys()), options);
  /** Inputs of the rows of a table. */
  const inputs = (of = table) => {
    const { values, count } = encoder.stored(of);
    const width = encoder.storedWidth;
    return range(count, (row) => {
      const stored = values.slice(row * width, (row + 1) * width);
      return [...encoder.expand(stored, new Float32Array(encoder.width).fill(9))];
    });
  };
  return { table, encoder, inputs };
}

const plain = { scaling: 'standard', bins: 0 } as const;

test('a number is standardised by the training rows alone; a missing one is the median, with a flag', async () => {
  const rows = [1, 2, 3, null, 1000].map((size, row) => ({ size, target: row }));
  const { encoder, inputs } = await fitted(rows, plain, Uint32Array.of(0, 1, 2, 3));
  const deviation = Math.fround(1 / Math.sqrt(2 / 3));
  assert.equal(encoder.width, 2);
  assert.deepEqual(inputs(), [
    [-deviation, 0],
    [0, 0],
    [deviation, 0],
    [0, 1],
    [Math.fround(998 * deviation), 0],
  ]);
  const complete = await fitted(rows, plain, Uint32Array.of(0, 1, 2));
  assert.deepEqual(complete.inputs()[3], [0]);
});

test('edges are half quantiles, half quantiles of the distinct values; few values are all edges', () => {
  const sorted = Float32Array.from([...range(900, () => 0), ...range(100, (row) => row + 1)]);
  const edges = edgesOf(sorted, 8) ?? new Float32Array(0);
  // Quantiles: 0, 0, 0, 0, 100; of the 101 distinct values: 0, 25, 50, 75, 100.
  assert.deepEqual([...edges], [0, 25, 50, 75, 100]);
  assert.deepEqual([...(edgesOf(Float32Array.of(1, 1, 2, 5), 8) ?? [])], [1, 2, 5]);
  assert.equal(edgesOf(Float32Array.of(3, 3), 8), null);
});

test('bins hold how much of each range lies below, 0 to 1', () => {
  const field = { column: 'x', part: 'value', fill: 2 } as const;
  const edges = Float32Array.of(0, 1, 3, 7);
  const inputs = (x: number) => {
    const out = new Float32Array(3);
    expandRow([{ op: 'bins', field: 0, at: 0, edges }], [field], Float32Array.of(x), out);
    return [...out];
  };
  assert.deepEqual(
    [inputs(-5), inputs(0.5), inputs(2), inputs(7), inputs(99)],
    [
      [0, 0, 0],
      [0.5, 0, 0],
      [1, 0.5, 0],
      [1, 1, 1],
      [1, 1, 1],
    ],
  );
  assert.deepEqual(inputs(Number.NaN), inputs(2));
  fc.assert(
    fc.property(fc.float({ min: -2, max: 9, noNaN: true }), (x) => {
      const expected = [0, 1, 2].map((bin) => {
        const share = (x - edges[bin]) / (edges[bin + 1] - edges[bin]);
        return Math.min(1, Math.max(0, share));
      });
      inputs(x).forEach((value, bin) => {
        assert.ok(Math.abs(value - expected[bin]) < 1e-6, `${x}: ${value}, ${expected[bin]}`);
      });
    }),
  );
});

test('quantile scaling gives normal ranks', async () => {
  for (const [share, value] of [
    [0.5, 0],
    [0.975, 1.959963985],
    [0.001, -3.090232306],
    [0.8413447461, 1],
  ])
    assert.ok(Math.abs(inverseNormal(share) - value) < 1e-7, `${share}`);
  const { inputs } = await fitted(
    range(1001, (row) => ({ size: Math.exp(row / 50), target: 0.5 })),
    { scaling: 'quantile', bins: 0 },
  );
  const scaled = inputs().map(([value]) => value);
  assert.ok(scaled.every((value, row) => row === 0 || value > scaled[row - 1]));
  assert.ok(Math.abs(scaled[500]) < 1e-3 && Math.abs(scaled[841] - 1) < 0.01 && scaled[1000] < 4);
});

test('periodic inputs: cosines and sines of frequencies that the seed gives', async () => {
  const rows = range(50, (row) => ({ size: 2 * row, target: 0.5 }));
  const options = { scaling: 'none', bins: 0, periodic: 3, sigma: 0.5 } as const;
  const { encoder, inputs } = await fitted(rows, options);
  const [block] = encoder.blocks;
  assert.ok(block.op === 'periodic');
  const z = Math.fround((14 - block.shift) * block.scale);
  inputs()[7].forEach((value, place) => {
    const angle = 2 * Math.PI * z * block.frequencies[place % 3];
    assert.ok(Math.abs(value - (place < 3 ? Math.cos(angle) : Math.sin(angle))) < 1e-6, `${place}`);
  });
  const [same] = (await fitted(rows, options)).encoder.blocks;
  const [other] = (await fitted(rows, { ...options, seed: 2 })).encoder.blocks;
  assert.deepEqual(same, block);
  assert.notDeepEqual(other, block);
});

test('categories: rare and unknown ones share an input, missing ones have one', async () => {
  const words = ['red', 'red', 'blue', 'blue', 'odd', null];
  const { encoder, inputs, table } = await fitted(
    words.map((colour) => ({ colour, target: 1 })),
    { rare: 2 },
  );
  assert.deepEqual(encoder.categories.colour, ['blue', 'red']);
  const [blue, red, odd, missing] = [
    [1, 0, 0, 0],
    [0, 1, 0, 0],
    [0, 0, 1, 0],
    [0, 0, 0, 1],
  ];
  assert.deepEqual(inputs(), [red, red, blue, blue, odd, missing]);
  const raw = await readTable([{ colour: 'green', target: 0 }], { wanted: wantedLike(table.schema) });
  const other = typeLike(raw, table.schema, ['target']);
  assert.deepEqual([inputs(other), [...encoder.stored(other).others]], [[odd], [['colour', 1]]]);
});

test('what training never had is no input, so that no weight of it stays as it began', async () => {
  const { encoder, inputs, table } = await fitted(
    range(20, (row) => ({ colour: ['red', 'blue'][row % 2], target: 1 })),
  );
  assert.equal(encoder.width, 2);
  const raw = await readTable([{ colour: 'green' }, { colour: null }], { wanted: wantedLike(table.schema) });
  assert.deepEqual(inputs(typeLike(raw, table.schema, ['target'])), [
    [0, 0],
    [0, 0],
  ]);
});

test('dates: days as a number, and the parts that vary come round', async () => {
  const rows = range(366, (row) => ({ day: new Date(Date.UTC(2024, 0, 1 + row)), target: 1 }));
  const { encoder, inputs } = await fitted(rows, plain);
  assert.deepEqual(
    encoder.fields.map(({ part }) => part),
    ['value', 'year', 'week'],
  );
  const all = inputs();
  // Monday 1 and 8 January have the same weekday, 1 January and 31 December nearly the same time of the year.
  assert.deepEqual(all[0].slice(3), all[7].slice(3));
  assert.notDeepEqual(all[0].slice(3), all[1].slice(3));
  const gap = (a: number, b: number) => Math.hypot(all[a][1] - all[b][1], all[a][2] - all[b][2]);
  assert.ok(gap(0, 365) < 0.05 && gap(0, 182) > 1.9);
  const hours = await fitted(
    range(48, (row) => ({ at: new Date(Date.UTC(2024, 0, 1, row)), target: 1 })),
    plain,
  );
  assert.deepEqual(
    hours.encoder.fields.map(({ part }) => part),
    ['value', 'year', 'week', 'day'],
  );
});

test('texts: words, pairs and pieces, hashed, of norm 1', async () => {
  const options = { wordGrams: 1, characters: null };
  const grams = (text: string, more = {}, column = 'a', most = 1024) => [
    ...gramsOf(text, { ...options, ...more }, column, most),
  ];
  assert.equal(grams('Good, good  day').length, 3);
  assert.equal(new Set(grams('Good, good  day', { wordGrams: 2 })).size, 4);
  // <day>: three pieces of 3, two of 4.
  assert.equal(grams('day', { characters: [3, 4] }).length, 1 + 3 + 2);
  assert.deepEqual(grams('…'), []);
  assert.notDeepEqual(grams('day'), grams('day', {}, 'b'));
  assert.deepEqual(grams('ÜBER Straße'), grams('über straße'));
  assert.equal(grams('ab '.repeat(400_000), {}, 'a', 8).length, 8);
  const rows = range(30, (row) => ({
    text: `this is text number ${row} of them`,
    note: `a second text, ${row * row} by number`,
    target: row % 2,
  }));
  const { encoder, inputs } = await fitted(rows, { buckets: 256 });
  assert.deepEqual([encoder.width, encoder.denseWidth], [256, 0]);
  const [first, second] = inputs();
  assert.ok(first.filter((value) => value !== 0).length > 10);
  assert.notDeepEqual(first, second);
  const one = await fitted(
    rows.map(({ text, target }) => ({ text, target })),
    { buckets: 1024 },
  );
  for (const row of one.inputs()) assert.ok(Math.abs(Math.hypot(...row) - 1) < 1e-6);
});

const mixed = range(60, (row) => ({
  age: row % 9 === 0 ? null : 20 + ((row * 7) % 31) / 2,
  colour: ['red', 'blue', 'green', null][row % 4],
  member: row % 3 === 0,
  since: `2023-${String(1 + (row % 12)).padStart(2, '0')}-1${row % 10}`,
  words: `row ${row} says hello to ${['you', 'me', 'them'][row % 3]}`,
  id: row,
  target: ['a', 'b'][row % 2],
}));

test('restored from JSON and tensors it gives the same bits', async () => {
  const options = { bins: 6, periodic: 2, buckets: 64 };
  for (const scaling of ['standard', 'quantile', 'none'] as const) {
    const { encoder, table, inputs } = await fitted(mixed, { ...options, scaling });
    const restored = Encoder.from(JSON.parse(JSON.stringify(encoder)), encoder.tensors());
    assert.equal(restored.width, encoder.width);
    assert.deepEqual(restored.blocks, encoder.blocks);
    const width = encoder.storedWidth;
    const { values } = restored.stored(table);
    const out = new Float32Array(restored.denseWidth);
    range(60, (row) =>
      expandRow(restored.blocks, restored.fields, values.subarray(row * width, (row + 1) * width), out),
    );
    assert.deepEqual([...out], inputs()[59].slice(0, restored.denseWidth));
    assert.deepEqual(JSON.parse(JSON.stringify(restored)), JSON.parse(JSON.stringify(encoder)));
  }
});

test('a column may be named as a property that every object has', async () => {
  for (const name of ['__proto__', 'constructor', 'toString']) {
    const rows = range(40, (row) =>
      Object.fromEntries<unknown>([
        [name, ['red', 'blue'][row % 2]],
        ['target', row],
      ]),
    );
    const { encoder, table } = await fitted(rows);
    const restored = Encoder.from(JSON.parse(JSON.stringify(encoder)), encoder.tensors());
    for (const each of [encoder, restored]) {
      assert.deepEqual(Object.entries(each.categories), [[name, ['blue', 'red']]]);
      assert.deepEqual([...each.stored(table).values.slice(0, 2)], [2, 1], name);
      assert.equal(each.object(rows[0]).values[0], 2, name);
      assert.deepEqual(each.object({}).missing, [name]);
    }
  }
});

test('an object becomes the stored row that the table has', async () => {
  const { encoder, table } = await fitted(mixed, { buckets: 64 });
  const all = encoder.stored(table);
  const width = encoder.storedWidth;
  mixed.forEach((row, place) => {
    const { values, missing } = encoder.object(row);
    assert.deepEqual(values, all.values.slice(place * width, (place + 1) * width));
    assert.deepEqual(missing, []);
  });
});

test('an object: texts of numbers are numbers, absent columns are missing and named', async () => {
  const { encoder } = await fitted(mixed, { buckets: 64 });
  const { values, missing } = encoder.object({ age: '25.5', member: true });
  assert.deepEqual([values[0], missing], [25.5, ['colour', 'since', 'words']]);
  assert.ok(Number.isNaN(values[1]));
  assert.deepEqual([...encoder.object({ colour: 'pink' }).others], [['colour', 1]]);
  assert.equal(encoder.object({ age: 'NA' }).missing.includes('age'), false);
});

test('an object: unknown names and values of another kind are refused', async () => {
  const { encoder } = await fitted(mixed, { buckets: 64 });
  assert.throws(() => encoder.object({ aged: 3 }), refusing(2, '"aged"', 'the columns are', 'age'));
  assert.throws(() => encoder.object({ age: 'old' }), refusing(2, 'age: expected a finite number', '"old"'));
  assert.throws(
    () => encoder.object({ age: Number.POSITIVE_INFINITY }),
    refusing(2, 'age', 'finite', 'Infinity'),
  );
  assert.throws(() => encoder.object({ age: true }), refusing(2, 'age', 'number', 'true'));
  assert.throws(() => encoder.object({ member: 'perhaps' }), refusing(2, 'member', '"true"', '"perhaps"'));
  assert.throws(() => encoder.object({ since: 'soon' }), refusing(2, 'since', 'date', '"soon"'));
  assert.throws(() => encoder.object({ colour: { red: 1 } }), refusing(2, 'colour', 'text'));
  await assert.rejects(fitted(mixed, { buckets: 100 }), refusing(2, 'buckets', 'power of two', '100'));
});
