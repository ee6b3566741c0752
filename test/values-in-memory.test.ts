/** Regression, labels and binary classification through the library: what is learnt, measured, saved and predicted. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { load, type Model, train } from '../dist/index.js';
import { Rng } from '../dist/numbers/rng.js';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'shardstep-values-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const [samples, width] = [240, 4];

/** Inputs from −1 to 1, and targets that are a function of them. */
function table(of: (row: Float32Array) => number[], count = samples, seed = 5) {
  const rng = new Rng(seed);
  const inputs = Float32Array.from({ length: count * width }, () => rng.symmetric(1));
  const rows = Array.from({ length: count }, (_, i) => inputs.subarray(i * width, (i + 1) * width));
  return { inputs: rows, targets: Float32Array.from(rows.flatMap(of)) };
}

const plane = ([a, b, c]: Float32Array) => [5000 + 900 * a - 400 * b * b, 0.02 * c - 0.01 * a];
const recipe = {
  model: { hidden: [24], activation: 'tanh' },
  train: { batch: 24, epochs: 40 },
  'optimizer.lr': 0.1,
};

test('a regression learns values of any unit; metrics and predictions have their units', async () => {
  const data = { ...table(plane), test: table(plane, 60, 9), labels: ['price', 'rate'] };
  const run = train(data, { recipe });
  const epochs = [];
  for await (const epoch of run) epochs.push(epoch);
  const model = await run;
  assert.equal(model.kind, 'value');
  assert.deepEqual(model.labels, ['price', 'rate']);
  assert.equal(epochs.at(-1)?.accuracy, null);
  const { rmse, mae, r2, ...others } = await model.metrics(data);
  assert.deepEqual(others, {});
  assert.ok(Number(r2) > 0.95, `r2 ${r2}`);
  // By the definition, from the predictions.
  const predicted = await model.predictMany(data.test.inputs);
  const errors = [0, 1].map((k) => {
    const own = data.test.inputs.map((_, i) => predicted[2 * i + k] - data.test.targets[2 * i + k]);
    const mean = (of: (x: number) => number) => own.reduce((sum, x) => sum + of(x), 0) / own.length;
    return { rmse: Math.sqrt(mean((x) => x * x)), mae: mean(Math.abs) };
  });
  assert.ok(Math.abs(Number(rmse) - (errors[0].rmse + errors[1].rmse) / 2) < 1e-3 * Number(rmse));
  assert.ok(Math.abs(Number(mae) - (errors[0].mae + errors[1].mae) / 2) < 1e-3 * Number(mae));
  const [price, rate] = model.predictValues(data.test.inputs[0]);
  assert.ok(Math.abs(price - predicted[0]) < 0.01 && Math.abs(rate - predicted[1]) < 1e-6);
  assert.throws(() => model.predict(data.test.inputs[0]), /predictValues/);
  await assert.rejects(model.evaluate(data), /metrics\(\)/);
  // The file alone says all of it.
  const file = join(folder, 'model.safetensors');
  await model.save(file);
  await using loaded = await load(file);
  assert.deepEqual([...(await loaded.predictMany(data.test.inputs))], [...predicted]);
});

test('a positive skewed target is learnt as a logarithm, unless the recipe says otherwise', async () => {
  const skewed = ([a, b]: Float32Array) => [Math.exp(3 * a + 2 * b)];
  const data = table(skewed);
  const notes: string[] = [];
  const log = (_: object, line: string) => notes.push(line);
  const logger = { debug() {}, warn() {}, info: log };
  const isLog = async (scale: string) => {
    const model = await train(data, {
      recipe: { ...recipe, 'data.targetScale': scale, 'train.epochs': 2 },
      logger,
    });
    const [value] = model.predictValues([-1, -1, 0, 0]);
    return value > 0;
  };
  assert.equal(await isLog('auto'), true);
  assert.ok(
    notes.some((line) => /target target: its logarithm is learnt/.test(line)),
    notes.join('\n'),
  );
  const model = await train(data, { recipe });
  const other = await train(data, { recipe: { ...recipe, 'data.targetScale': 'standard' } });
  // Small values are far below the error of a model of plain values.
  const small: readonly number[] = [-0.9, -0.9, 0, 0];
  const distance = (one: Model) => Math.abs(Math.log(Math.max(1e-9, one.predictValues(small)[0])) + 4.5);
  assert.ok(distance(model) < distance(other), `${distance(model)}, ${distance(other)}`);
});

test('equal calls give equal files, whatever the threads', async () => {
  const data = table(plane);
  const bytes = async (threads: number) => (await train(data, { recipe, threads })).toSafetensors();
  const one = await bytes(1);
  assert.deepEqual(await bytes(2), one);
  assert.deepEqual(await bytes(3), one);
});

test('two classes with one output are classes for everything after the training', async () => {
  const { inputs } = table(plane);
  const targets = inputs.map(([a, b]) => (a + b > 0 ? 'up' : 'down'));
  const data = { inputs, targets };
  const model = await train(data, { recipe: { ...recipe, loss: { name: 'binary-cross-entropy' } } });
  assert.equal(model.kind, 'class');
  const { label, probabilities } = model.predict([0.8, 0.7, 0, 0]);
  assert.equal(label, 'up');
  assert.ok(Math.abs(probabilities[0] + probabilities[1] - 1) < 1e-6 && probabilities[1] > 0.9);
  const { accuracy } = await model.evaluate(data);
  assert.ok(accuracy > 0.95, `${accuracy}`);
  const metrics = await model.metrics(data);
  assert.equal(metrics.accuracy, accuracy);
  assert.ok(Number(metrics.auc) > 0.99);
  assert.deepEqual(Object.keys(metrics).sort(), ['accuracy', 'auc', 'balancedAccuracy', 'f1', 'logLoss']);
  const outside = model.toFunction()([0.8, 0.7, 0, 0]);
  assert.ok(Math.abs(outside.probabilities[1] - probabilities[1]) < 1e-6);
});

test('several labels of a sample', async () => {
  const labelled = ([a, b, c]: Float32Array) => [Number(a > 0), Number(b + c > 0.2)];
  const data = table(labelled);
  const model = await train(data, { recipe: { ...recipe, 'loss.name': 'binary-cross-entropy' } });
  assert.equal(model.kind, 'value');
  const { accuracy, f1 } = await model.metrics(data);
  assert.ok(Number(accuracy) > 0.85 && Number(f1) > 0.9, `${accuracy}, ${f1}`);
  const [first, second] = model.predictValues([0.9, 0.9, 0.9, 0]);
  assert.ok(first > 0.9 && first < 1 && second > 0.9 && second < 1);
});

test('targets, losses and metrics of different kinds are refused', async () => {
  const values = table(plane);
  const classes = { inputs: values.inputs, targets: values.inputs.map((_, i) => i % 3) };
  const refusal = async (data: Parameters<typeof train>[0], more: object, expected: RegExp) =>
    assert.rejects(train(data, { recipe: { ...recipe, ...more } }).model, expected);
  await refusal(values, { 'loss.name': 'cross-entropy' }, /^UserError: loss.name: expected squared-error/);
  await refusal(values, { 'stop.metric': 'accuracy' }, /stop.metric: expected rmse, mae or r2/);
  await refusal(classes, { 'stop.metric': 'rmse' }, /stop.metric: expected accuracy/);
  await refusal(classes, { 'data.task': 'regression' }, /data.task: expected auto or classification/);
  await refusal(
    classes,
    { 'loss.name': 'binary-cross-entropy' },
    /loss.name: expected cross-entropy: there are 3/,
  );
  await refusal(values, { 'loss.name': 'binary-cross-entropy' }, /targets: expected values of 0 and 1/);
  await refusal(classes, { loss: { classWeights: [1, 2] } }, /loss.classWeights: expected 3 weights/);
  await refusal({ ...values, targets: values.targets.fill(3) }, {}, /all training values are 3/);
});
