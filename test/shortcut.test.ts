/** A linear shortcut beside the layers: PyTorch's runs, same bits, files, exports, predictions, refusals. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { memoryDataset } from '../dist/data/memory-set.js';
import { toFunction } from '../dist/formats/runtime/predict.js';
import { graphOf } from '../dist/inference/model-graph.js';
import { Predictor } from '../dist/inference/predictor.js';
import { savedModel } from '../dist/inference/saved-model.js';
import { parseWeights } from '../dist/inference/weights-file.js';
import { loadKernels } from '../dist/kernels/load.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { chooseSync, type SyncFacts } from '../dist/plan/choose-sync.js';
import { refusal } from './support/config-refusal.ts';
import { exportedModel, logitsOf } from './support/exported-models.ts';
import { repeatsGolden } from './support/golden-runs.ts';
import { configured, prepared, someMnist, train, weightsFile } from './support/pairs.ts';
import { configure, fileOrder, openSession, takeSteps } from './support/training.ts';

interface Run {
  readonly targets: number[];
  readonly initial: Readonly<Record<string, { readonly shape: number[]; readonly data: number[] }>>;
  readonly losses: number[];
  readonly final: Run['initial'];
}

const golden = JSON.parse(readFileSync(new URL('golden/shortcut.json', import.meta.url), 'utf8')) as {
  readonly inputs: number;
  readonly hidden: number[];
  readonly batch: number;
  readonly lr: number;
  readonly samples: number[];
  readonly runs: Readonly<Record<string, Run>>;
};

const cases: Readonly<Record<string, readonly string[]>> = {
  sgd: ['optimizer={name: sgd, momentum: 0.9, weightDecay: 0.01}'],
  adamw: ['optimizer={name: adamw, weightDecay: 0.1}'],
  clip: ['optimizer={name: sgd, momentum: 0.9, weightDecay: 0.01, clip: 0.2}'],
  binary: ['optimizer={name: sgd, momentum: 0.9, weightDecay: 0.01}', 'loss=binary-cross-entropy'],
};
const common = [
  ...['data.set=memory', 'data.normalise=none', `model.hidden=[${golden.hidden}]`, 'model.shortcut=true'],
  ...['model.activation=tanh', `train.batch=${golden.batch}`],
];

const tensorsOf = (state: Run['initial']): Map<string, Tensor> =>
  new Map(
    Object.entries(state).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
  );

const setOf = ({ targets }: Run) => {
  const part = { inputs: Float32Array.from(golden.samples), targets: Uint32Array.from(targets) };
  return memoryDataset({ ...part, shape: [golden.inputs], test: part });
};

for (const [name, words] of Object.entries(cases))
  for (const [backend, sync] of [
    ['wasm', 'owner'],
    ['wasm', 'average'],
    ['wasm', 'sharded'],
    ['js', 'owner'],
  ]) {
    if (backend === 'js' && name === 'clip') continue;
    test(`${name}, ${backend}, ${sync}: PyTorch's losses and weights, 1 to 3 threads`, async () => {
      const run = golden.runs[name];
      const overrides = [...common, ...words, `backend=${backend}`, `parallel.sync=${sync}`];
      const tensors = { initial: tensorsOf(run.initial), final: tensorsOf(run.final) };
      const expected = { ...tensors, losses: run.losses, lr: golden.lr };
      await repeatsGolden(setOf(run), overrides, expected, sync === 'owner');
    });
  }

const short = [
  'train.batch=64',
  'train.steps=60',
  'log.every=0',
  'parallel.threads=1',
  'model.shortcut=true',
];

for (const hidden of ['[12]', '[70,20]', '[17,9,8]'])
  test(`ReLU, ${hidden}: a chain of operations gives the predictor's probabilities`, async () => {
    const dataset = await someMnist(320, 100);
    const { model, graph } = await exportedModel(['model.shortcut=true', `model.hidden=${hidden}`], dataset);
    const { shape, data } = model.tensors.get('shortcut.weight') ?? {};
    assert.deepEqual(shape, [10, 784]);
    assert.ok(data?.some((value) => value !== 0));
    const pixels = dataset.test.values;
    assert.ok(pixels instanceof Uint8Array);
    const logits = await logitsOf(model, pixels);
    const predict = toFunction(graph);
    for (let row = 0; row < 100; row++) {
      const of = logits.subarray(row * 10, (row + 1) * 10);
      const sum = of.reduce((total, z) => total + Math.exp(z), 0);
      const { probabilities } = predict(pixels.subarray(row * 784, (row + 1) * 784));
      const expected = Array.from(of, (z) => Math.exp(z) / sum);
      for (const [k, p] of expected.entries())
        assert.ok(Math.abs(p - probabilities[k]) < 1e-4, `${row}, ${k}`);
    }
  });

test('one output for two classes: the file predicts what the session evaluates', async () => {
  const run = golden.runs.binary;
  const dataset = setOf(run);
  const config = await configured([
    ...common,
    ...cases.binary,
    'train.steps=6',
    'log.every=0',
    'optimizer.lr=0.1',
  ]);
  assert.ok(config !== null);
  const ready = prepared(config, dataset);
  assert.ok(ready !== null);
  const trained = await train(ready, 2);
  assert.ok(trained !== null);
  const saved = savedModel(parseWeights(weightsFile(trained, ready), 'm'), 'm');
  assert.deepEqual(saved.tensors.get('shortcut.weight')?.shape, [2, 6]);
  const logits = await logitsOf(saved, Float32Array.from(golden.samples));
  const losses = run.targets.map((target, row) =>
    Math.log1p(Math.exp((1 - 2 * target) * logits[2 * row + 1])),
  );
  assert.ok(logits.every((z, i) => i % 2 === 1 || z === 0));
  const loss = losses.reduce((sum, each) => sum + each, 0) / losses.length;
  assert.ok(Math.abs(loss - trained.test.loss) < 1e-5, `${loss}, ${trained.test.loss}`);
});

test('other activations: an export names model.shortcut', async () => {
  const dataset = await someMnist(320, 10);
  const config = await configured([...short, 'model.hidden=[12]', 'model.activation=gelu']);
  assert.ok(config !== null);
  const ready = prepared(config, dataset);
  assert.ok(ready !== null);
  const run = await train(ready, 1);
  assert.ok(run !== null);
  const saved = savedModel(parseWeights(weightsFile(run, ready), 'm.safetensors'), 'm.safetensors');
  assert.throws(
    () => graphOf(saved),
    /m\.safetensors: model\.shortcut: expected false, or layers with relu.*gelu/,
  );
  await assert.rejects(
    Predictor.open(saved, saved.tensors, loadKernels(undefined, null), 'm', { precision: 'int8' }),
    /model\.shortcut.*int8/,
  );
});

test('weights with a shortcut are no weights of a network without one, nor the other way', async () => {
  const dataset = setOf(golden.runs.sgd);
  const tensors = tensorsOf(golden.runs.sgd.initial);
  const { session } = await openSession(dataset, 1, [...common, 'model.shortcut=false']);
  assert.throws(
    () => session.setParameters(tensors, 'f'),
    /^UserError: f: holds shortcut\.weight.*model\.shortcut/,
  );
  await session.close();
  const other = await openSession(dataset, 1, common);
  tensors.delete('shortcut.weight');
  assert.throws(
    () => other.session.setParameters(tensors, 'f'),
    /f: expected a tensor shortcut\.weight \[3, 6\]/,
  );
  await other.session.close();
});

test('what has no shortcut refuses it with a reason, and auto is owner', async () => {
  for (const [words, expected] of [
    [['model.hidden=[]'], /model\.shortcut.*expected false if model\.hidden is \[\].*a linear map already/],
    [['parallel.sync=units', 'model.hidden=[140]'], /parallel\.sync.*if model\.shortcut is true/],
    [['backend=tfjs-node'], /backend.*if model\.shortcut is true/],
  ] as const)
    assert.match(await refusal({ overrides: ['model.shortcut=true', ...words] }), expected);
  const words = ['model.hidden=[1024]', 'train.batch=64', 'data.packing=sparse'];
  const none = { count: 0, nonZeros: 0 };
  const facts: SyncFacts = {
    ...{ features: 784, outputs: 10, packing: 'sparse' as const },
    parts: { train: { count: 60_000, nonZeros: 6e6 }, validation: none, test: none },
  };
  assert.equal(chooseSync(await configure(...words), facts).sync, 'units');
  const { sync, reason } = chooseSync(await configure(...words, 'model.shortcut=true'), facts);
  assert.deepEqual([sync, reason], ['owner', 'auto: units does not go with model.shortcut=true']);
});

test('dropout leaves the shortcut whole: with every hidden unit left out now and then, its part of the outputs stays', async () => {
  const run = golden.runs.sgd;
  const dataset = setOf(run);
  const { session } = await openSession(dataset, 2, [
    ...common,
    'train.dropout=0.999',
    'optimizer.momentum=0',
  ]);
  const tensors = tensorsOf(run.initial);
  // The layers say nothing.
  tensors.get('4.weight')?.data.fill(0);
  tensors.get('4.bias')?.data.fill(0);
  session.setParameters(tensors, 'dropout');
  fileOrder(session);
  const [{ loss }] = await takeSteps(session, 0, [0], 0, dataset.train.count);
  await session.close();
  const weight = run.initial['shortcut.weight'].data;
  let expected = 0;
  for (let row = 0; row < golden.batch; row++) {
    const x = golden.samples.slice(row * golden.inputs, (row + 1) * golden.inputs);
    const z = [0, 1, 2].map((k) =>
      x.reduce((sum, value, i) => sum + value * weight[k * golden.inputs + i], 0),
    );
    expected += Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0)) - z[run.targets[row]];
  }
  assert.ok(Math.abs(loss - expected / golden.batch) < 1e-5, `${loss} instead of ${expected / golden.batch}`);
});
