/** A model of a table is measured on rows in every form that trains it: the figures are those of the file. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Data, type Model, train, UserError } from '../dist/index.js';
import { workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';
import { oneByOne, rowRecipe } from './support/rows-in-memory.ts';

const options = { recipe: rowRecipe, threads: 1 };

// The zip is a number in each row, and a category of the model.
const rows = Array.from({ length: 120 }, (_, i) => ({
  size: (i * 7) % 13,
  zip: 100 + (i % 3),
  class: (i * 7) % 13 > 5 !== (i % 11 === 0) ? 'large' : 'small',
  price: (((i * 7) % 13) + (i % 3)) / 2,
}));
const fileOf = (names: readonly (keyof (typeof rows)[0])[]) =>
  [names.join(','), ...rows.map((row) => names.map((name) => row[name]).join(','))].join('\n');
const columns = { zip: 'category' };

/** Every form gives `wanted`. */
async function measures(model: Model, target: 'class' | 'price', file: string) {
  const apart = rows.map(({ size, zip }) => ({ size, zip }));
  const whole = rows.map((row) => ({ size: row.size, zip: row.zip, [target]: row[target] }));
  const targets = rows.map((row) => row[target]);
  const forms: Record<string, () => Data> = {
    objects: () => ({ inputs: whole }),
    'the target named': () => ({ inputs: whole, target, columns }),
    iterable: () => ({ inputs: oneByOne(whole) }),
    'targets apart': () => ({ inputs: apart, targets }),
    pairs: () => ({ pairs: apart.map((row, i) => [row, targets[i]] as const) }),
  };
  const wanted = await model.metrics({ table: file });
  for (const [name, data] of Object.entries(forms))
    assert.deepEqual(await model.metrics(data()), wanted, name);
  const part = await model.metrics({ inputs: whole, test: 0.25 });
  assert.deepEqual(part, await model.metrics({ table: file, test: 0.25 }));
  assert.notDeepEqual(part, wanted);
  return { apart, whole, targets };
}

const refused = (work: Promise<unknown>, ...words: string[]) =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    for (const word of words) assert.ok(error.message.includes(word), `${word}: ${error.message}`);
    return true;
  });

test('classes: metrics() and evaluate() of rows are those of the file', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'rows.csv': fileOf(['size', 'zip', 'class']) });
  const file = join(cwd, 'rows.csv');
  const model = await train({ table: file, target: 'class', columns }, options);
  const { apart, whole, targets } = await measures(model, 'class', file);
  assert.deepEqual(await model.evaluate({ inputs: apart, targets }), await model.evaluate({ table: file }));

  const other = [...whole.slice(1), { ...whole[0], class: 'huge' }];
  await refused(model.metrics({ inputs: other }), '"class"', 'huge');
  await refused(model.metrics({ inputs: whole, target: 'size' }), 'data.target', 'class');
  await refused(model.metrics({ inputs: whole, columns: { size: 'category' } }), 'data.columns.size');
  await refused(model.metrics({ inputs: apart, targets: targets.slice(1) }), 'data.targets');
  await refused(model.metrics({ inputs: whole, targets }), 'data.inputs', '"class"');
  await refused(model.metrics({ inputs: apart.map(({ zip }) => ({ zip })), targets }), 'size');
});

test('a regression: metrics() of rows are those of the file', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'rows.csv': fileOf(['size', 'zip', 'price']) });
  const file = join(cwd, 'rows.csv');
  const model = await train({ table: file, target: 'price', columns }, options);
  assert.equal(model.kind, 'value');
  await measures(model, 'price', file);
});

test('labels: metrics() of rows with the columns of the model', async (t) => {
  const cwd = await workingDirectory(t);
  const flags = rows.map(({ size, zip }) => ({ size, zip, big: size > 6, even: size % 2 === 0 }));
  const file = join(cwd, 'rows.csv');
  const text = ['size,zip,big,even', ...flags.map((row) => Object.values(row).join(','))].join('\n');
  await writeFiles(cwd, { 'rows.csv': text });
  const labels = { ...rowRecipe, loss: { name: 'binary-cross-entropy' } };
  const own = { ...labels, data: { ...rowRecipe.data, target: ['big', 'even'], task: 'labels' } };
  const model = await train({ table: file }, { ...options, recipe: own });
  assert.deepEqual(model.labels, ['big', 'even']);
  assert.deepEqual(await model.metrics({ inputs: flags }), await model.metrics({ table: file }));
  const apart = { inputs: rows.map(({ size, zip }) => ({ size, zip })), targets: rows.map(() => true) };
  await refused(model.metrics(apart), 'data.targets', 'big, even');
});

test('numbers: samples one by one are measured, rows of objects are refused', async () => {
  const inputs = rows.map(({ size, zip }) => [size, zip]);
  const targets = rows.map(({ size }) => (size > 5 ? 1 : 0));
  const model = await train({ inputs, targets }, options);
  const wanted = await model.metrics({ inputs, targets });
  assert.deepEqual(await model.metrics({ inputs: oneByOne(inputs), targets: oneByOne(targets) }), wanted);
  await refused(model.metrics({ inputs: rows, target: 'class' }), 'data.inputs', 'rows of a table');
});
