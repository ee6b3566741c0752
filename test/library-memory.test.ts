/** The library on data in memory: pixels and real numbers, names of classes, parts, and what is refused. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Data,
  type Epoch,
  load,
  type Model,
  type TrainOptions,
  train,
  UserError,
} from '../dist/index.js';
import { toyRows, writeToySet } from './support/toy-set.ts';

const recipe = { model: { hidden: [16] }, train: { batch: 16, epochs: 6 }, 'optimizer.lr': 0.05 };
const part = (count: number, seed: number) => {
  const rows = toyRows(count, seed);
  return {
    inputs: Uint8Array.from(rows.flatMap(({ pixels }) => pixels)),
    targets: rows.map(({ label }) => label),
  };
};
const toy = { ...part(240, 7), shape: [8, 8], test: part(80, 8) };
const bytesOf = async (run: PromiseLike<Model>) => Buffer.from((await run).toSafetensors());

test('the same samples from memory and from CSV files give the same network', async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), 'shardstep-memory-'));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  writeToySet(cwd, 'toy');
  const memory = await train(
    { ...part(240, 7), test: part(80, 8) },
    { recipe: { ...recipe, 'data.normalise': 'none' } },
  );
  const files = await train({ csv: join(cwd, 'toy') }, { recipe: { ...recipe, 'data.normalise': 'none' } });
  const sample = toyRows(1, 9)[0].pixels;
  assert.deepEqual(memory.predict(sample), files.predict(sample));
  assert.equal(memory.metadata.accuracy, files.metadata.accuracy);
});

test('[8, 8] means [8, 8, 1]; arrays of samples are the same data', async () => {
  const model = await train(toy, { recipe });
  assert.deepEqual(model.input, [8, 8, 1]);
  const rows = toyRows(240, 7).map(({ pixels }) => Uint8Array.from(pixels));
  const again = train({ ...toy, shape: [8, 8, 1], inputs: rows }, { recipe });
  assert.deepEqual(await bytesOf(again), Buffer.from(model.toSafetensors()));
});

test('the caller may change its arrays as soon as train has been called and awaited its data', async () => {
  const inputs = toy.inputs.slice();
  const expected = await bytesOf(train(toy, { recipe }));
  const run = train({ ...toy, inputs }, { recipe });
  for await (const { epoch } of run) if (epoch === 1) inputs.fill(0);
  assert.deepEqual(await bytesOf(run), expected);
});

test('real numbers: exclusive or', async () => {
  const inputs = [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ];
  const targets = ['even', 'odd', 'odd', 'even'];
  const recipe = {
    model: { hidden: [16], activation: 'tanh' },
    train: { batch: 4, epochs: 500 },
    'optimizer.lr': 0.3,
  };
  const run = train({ inputs, targets }, { recipe });
  const epochs: Epoch[] = [];
  for await (const epoch of run) epochs.push(epoch);
  assert.equal(epochs[499].on, 'train');
  assert.equal(epochs[499].accuracy, 1);
  const model = await run;
  assert.deepEqual(model.labels, ['even', 'odd']);
  for (const [i, sample] of inputs.entries()) {
    const prediction = model.predict(sample);
    assert.equal(prediction.kind === 'class' && prediction.label, targets[i]);
  }
  const many = await model.predictMany(inputs);
  assert.deepEqual(
    many,
    Float32Array.from(inputs.flatMap((sample) => [...model.predict(sample).probabilities])),
  );
  assert.deepEqual(await model.predictMany(Float32Array.from(inputs.flat())), many);
  assert.equal((await model.evaluate({ inputs, targets })).accuracy, 1);
  const same = await load(model.toSafetensors());
  assert.deepEqual(await same.predictMany(inputs), many);
  assert.throws(() => model.predict([0, Number.NaN]), { key: 'sample[1]' });
});

test('validation samples are evaluated, and never trained on', async () => {
  const { test: validation, ...data } = toy;
  const run = train({ ...data, validation }, { recipe });
  const epochs: Epoch[] = [];
  for await (const epoch of run) epochs.push(epoch);
  assert.ok(epochs.every(({ on }) => on === 'validation'));
  const model = await run;
  assert.equal((await model.evaluate(validation)).accuracy, epochs[5].accuracy);
  assert.deepEqual(
    model.predict(validation.inputs.subarray(0, 64)),
    (await train(toy, { recipe })).predict(validation.inputs.subarray(0, 64)),
  );
});

const { test: _, ...noTest } = toy;
const wrong: readonly [string, Data, TrainOptions, string][] = [
  [
    'a target without anything to reach it on',
    noTest,
    { recipe: { ...recipe, 'stop.target': 0.9 } },
    'stop.target',
  ],
  ['half a sample', { ...toy, inputs: toy.inputs.subarray(1) }, { recipe }, 'data.inputs'],
  ['fewer targets', { ...toy, targets: toy.targets.slice(1) }, { recipe }, 'data.inputs'],
  ['a negative class', { ...toy, targets: toy.targets.with(5, -1) }, { recipe }, 'data.targets[5]'],
  ['a ragged row', { inputs: [[1, 2], [3]], targets: [0, 1] }, { recipe }, 'data.inputs[1]'],
  [
    'not a number',
    {
      inputs: [
        [1, 2],
        [3, Number.NaN],
      ],
      targets: [0, 1],
    },
    { recipe },
    'data.inputs[1][1]',
  ],
  ['a wrong shape', { ...toy, shape: [0, 8] }, { recipe }, 'data.shape'],
  ['a misspelt part', { ...toy, tests: toy.test } as Data, { recipe }, 'data'],
  [
    'directions of other images',
    toy,
    { recipe: { 'data.features.kind': 'directions' } },
    'data.features.kind',
  ],
  [
    'real numbers as images',
    {
      ...toy,
      inputs: Float32Array.from(toy.inputs),
      test: { ...toy.test, inputs: Float32Array.from(toy.test.inputs) },
    },
    { recipe: { ...recipe, 'data.momentNormalise': true } },
    'data.momentNormalise',
  ],
];
for (const [what, data, options, key] of wrong)
  test(`${what} is refused by name`, () =>
    assert.rejects(train(data, options).model, (error) => {
      assert.ok(error instanceof UserError, String(error));
      assert.ok(error.message.includes(key), error.message);
      assert.doesNotMatch(error.message, /\n|bug/);
      return true;
    }));
