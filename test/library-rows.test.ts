/** Rows of objects, iterables and pairs train as the same data in a file or in arrays do. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Data, type Epoch, train, UserError } from '../dist/index.js';
import { workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';
import { oneByOne, rowRecipe } from './support/rows-in-memory.ts';

const options = { recipe: rowRecipe, threads: 1 };

const colours = ['red', 'green', 'blue'];
const rows = Array.from({ length: 120 }, (_, i) => ({
  size: (i * 7) % 13,
  colour: colours[i % 3],
  class: (i * 7) % 13 > 5 ? 'large' : 'small',
}));
const text = ['size,colour,class', ...rows.map((row) => Object.values(row).join(','))].join('\n');

const weights = async (data: Data) => {
  const model = await train(data, options);
  return { model, bytes: Buffer.from(model.toSafetensors()) };
};

/** Without what names the source. */
const tensorsOf = async (data: Data) => {
  const { model } = await weights(data);
  return rows.slice(0, 20).map(({ size, colour }) => [...model.predict({ size, colour }).probabilities]);
};

test('objects, an iterable, an async iterable, targets apart and pairs give the network of the file', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'rows.csv': text });
  const wanted = await tensorsOf({ table: join(cwd, 'rows.csv'), target: 'class' });
  const apart = rows.map(({ size, colour }) => ({ size, colour }));
  const targets = rows.map((row) => row.class);
  const forms: Record<string, Data> = {
    objects: { inputs: rows, target: 'class' },
    iterable: { inputs: new Set(rows), target: 'class' },
    'async iterable': { inputs: oneByOne(rows), target: 'class' },
    'targets apart': { inputs: apart, targets },
    'targets one by one': { inputs: oneByOne(apart), targets: oneByOne(targets) },
    pairs: { pairs: oneByOne(apart.map((row, i) => [row, targets[i]] as const)) },
  };
  for (const [name, data] of Object.entries(forms)) assert.deepEqual(await tensorsOf(data), wanted, name);
});

test('numbers one by one give the bytes of numbers in arrays, also from a source that fills one array again', async () => {
  const inputs = rows.map(({ size }, i) => [size, i % 5]);
  const targets = rows.map(({ size }) => (size > 5 ? 1 : 0));
  async function* again() {
    const own = new Float32Array(2);
    for (const input of inputs) {
      own.set(input);
      yield own;
    }
  }
  const { bytes } = await weights({ inputs, targets });
  assert.ok((await weights({ inputs: again(), targets: oneByOne(targets) })).bytes.equals(bytes));
  const pairs = inputs.map((input, i) => [input, targets[i]] as const);
  assert.ok((await weights({ pairs: oneByOne(pairs) })).bytes.equals(bytes));
  const values = await train({ pairs: inputs.map((input) => [input, [input[0] / 2]] as const) }, options);
  assert.equal(values.kind, 'value');
});

test('epochs and progress of a regression have its metrics, by the names of metrics()', async () => {
  const inputs = rows.map(({ size }, i) => [size, i % 5]);
  const targets = Float32Array.from(inputs, ([a, b]) => 2 * a - b);
  const data = { inputs, targets, validation: { inputs, targets } };
  const seen: unknown[] = [];
  const run = train(data, {
    recipe: { ...rowRecipe, stop: { on: 'validation', target: null } },
    threads: 1,
    onProgress: ({ metrics }) => seen.push(metrics),
  });
  const epochs: Epoch[] = [];
  for await (const epoch of run) epochs.push(epoch);
  const wanted = await (await run).metrics({ inputs, targets });
  const last = epochs.at(-1)?.metrics ?? assert.fail('no metrics');
  assert.deepEqual(Object.keys(last).sort(), Object.keys(wanted).sort());
  for (const [name, value] of Object.entries(wanted))
    assert.ok(Math.abs(Number(last[name as keyof typeof last]) - Number(value)) < 1e-5, name);
  assert.ok(seen.length > 0);
});

const refused = async (data: unknown, ...words: string[]) => {
  const failed = await Promise.resolve(train(data as Data, options)).then(
    () => assert.fail('trained'),
    (error: unknown) => error,
  );
  assert.ok(failed instanceof UserError, String(failed));
  for (const word of words) assert.ok(failed.message.includes(word), `${word}: ${failed.message}`);
};

const bad: Record<string, [data: unknown, ...words: string[]]> = {
  'a value that is no cell': [
    { inputs: [...rows, { size: [1] }] },
    'data.inputs: row 121',
    '"size"',
    'a number, a text',
  ],
  'a word among numbers': [
    {
      inputs: [
        ...rows.map((row, i) => ({ ...row, size: i * 1.5 })),
        { size: 'many', colour: 'red', class: 'small' },
      ],
      target: 'class',
    },
    'data.inputs: column 1 ("size")',
    '"many" in row 121',
    'expected numbers',
  ],
  infinity: [
    {
      inputs: oneByOne([...rows, { size: Number.POSITIVE_INFINITY, colour: 'red', class: 'small' }]),
      target: 'class',
    },
    'data.inputs: row 121',
    '"size"',
    'finite',
    'Infinity',
  ],
  'a row of another form': [{ inputs: [...rows, [1, 2, 3]], target: 'class' }, 'data.inputs: row 121'],
  'a target that is no column': [{ inputs: rows, target: 'clas' }, '"clas"', 'class'],
  'fewer targets than rows': [{ inputs: rows, targets: ['a', 'b'] }, 'data.targets', 'one for each row', '2'],
  'more targets than rows': [{ inputs: rows.slice(0, 2), targets: ['a', 'b', 'c'] }, 'data.targets', '2'],
  'a target and targets': [{ inputs: rows, target: 'class', targets: [] }, 'data.target', 'data.targets'],
  'no rows': [{ inputs: oneByOne([]) }, 'data.inputs', 'at least one'],
  'a pair of one': [{ pairs: [[{ a: 1 }, 'x'], [{ a: 1 }]] }, 'data.pairs[1]', '[input, target]'],
  'a test part of objects': [{ inputs: rows, test: { inputs: rows } }, 'data.test', 'a share'],
  'an unknown key': [{ inputs: rows, targt: 'class' }, 'targt'],
};

for (const [name, [data, ...words]] of Object.entries(bad))
  test(`refused: ${name}`, () => refused(data, ...words));
