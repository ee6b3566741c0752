/** Logits outside a session against the float64 reference, and against the accuracy that a session reports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../dist/config/schema.js';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import type { Dataset } from '../dist/data/dataset.js';
import { Predictor } from '../dist/inference/predictor.js';
import { directionShape } from '../dist/kernels/directions/spec.js';
import { loadKernels } from '../dist/kernels/load.js';
import { activation, matmul } from '../dist/kernels/reference.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { Rng } from '../dist/numbers/rng.js';
import { inputsByDefinition } from './support/inputs-by-definition.ts';
import { prepared, readSafetensors, someMnist, train, weightsFile } from './support/pairs.ts';
import { refusing } from './support/says.ts';
import { configure, openSession, realMnist, syntheticDataset } from './support/training.ts';

type Tensors = ReadonlyMap<string, Tensor>;

const kernels = loadKernels();

async function withPredictor<T>(
  [config, dataset, tensors]: readonly [Config, Dataset, Tensors],
  threads: number,
  use: (predictor: Predictor) => T,
): Promise<T> {
  const { facts, pipeline } = prepareData(dataset, config);
  const network = { config, facts, pipeline };
  const predictor = await Predictor.open(network, tensors, kernels, 'tensors', { threads, cores: 2 });
  try {
    return use(predictor);
  } finally {
    await predictor.close();
  }
}

/** By definition, in float64: f64 [count][classes]. */
function referenceLogits(config: Config, dataset: Dataset, tensors: Tensors, count: number): Float64Array {
  let rows = inputsByDefinition(config, dataset, count);
  const layers = tensors.size / 2;
  for (let l = 0; l < layers; l++) {
    const weight = tensors.get(`${2 * l}.weight`);
    const bias = tensors.get(`${2 * l}.bias`);
    assert.ok(weight !== undefined && bias !== undefined);
    const [outputs, inputs] = weight.shape;
    const columns = new Float64Array(inputs * outputs);
    weight.data.forEach((w, i) => {
      columns[(i % inputs) * outputs + Math.floor(i / inputs)] = w;
    });
    rows = matmul(rows, columns, count, inputs, outputs).map((sum, i) => {
      const z = sum + bias.data[i % outputs];
      return l < layers - 1 ? activation(config.model.activation, z) : z;
    });
  }
  return rows;
}

function greatestDifference(got: Float32Array, expected: Float64Array): number {
  assert.equal(got.length, expected.length);
  return got.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0);
}

for (const packing of ['sparse', 'dense']) {
  test(`784-256-128-10, ${packing}: the reference's logits for 1, 7 and 1,024 images, 1 and 3 threads`, async () => {
    const dataset = await realMnist();
    const words = [
      'data.normalise=mnist',
      'data.pool=1',
      'data.features.kind=pixels',
      'model.hidden=[256,128]',
    ];
    const config = await configure(...words, `data.packing=${packing}`);
    const tensors = initialTensors(denseNetwork([784, 256, 128, 10]), 'torch', new Rng(3));
    const expected = referenceLogits(config, dataset, tensors, 1024);
    for (const threads of [1, 3]) {
      await withPredictor([config, dataset, tensors], threads, (predictor) => {
        for (const count of [1024, 7, 1, 1024]) {
          const logits = predictor.predict(dataset.test.values.subarray(0, count * 784));
          const error = greatestDifference(logits, expected.subarray(0, count * 10));
          assert.ok(error < 1e-4, `${count} images, ${threads} threads: off by ${error}`);
        }
      });
    }
  });
}

test('more images than fit a round: the same logits, bit by bit, on 1 and 2 threads', async () => {
  const dataset = await realMnist();
  const config = await configure('data.features.kind=pixels', 'data.pool=1', 'model.hidden=[64]');
  const network = [
    config,
    dataset,
    initialTensors(denseNetwork([784, 64, 10]), 'torch', new Rng(6)),
  ] as const;
  const [alone, shared] = [1, 2].map((threads) =>
    withPredictor(network, threads, (predictor) => predictor.predict(dataset.test.values)),
  );
  assert.deepEqual(await shared, await alone);
});

const odd = { rows: 9, columns: 11, classes: 19, train: 40, test: 330, density: 0.4, seed: 3 };

for (const kind of ['relu', 'tanh', 'gelu', 'sigmoid']) {
  for (const packing of ['sparse', 'dense']) {
    test(`cropped, pooled, centred, 19 classes, ${kind}, ${packing}: the reference's logits`, async () => {
      const dataset = syntheticDataset(odd);
      const pixels = ['data.features.kind=pixels', 'data.crop=1', 'data.pool=2', 'data.normalise=centre'];
      const model = ['model.hidden=[50,9]', `model.activation=${kind}`, 'train.batch=20'];
      const config = await configure(...pixels, ...model, `data.packing=${packing}`);
      const tensors = initialTensors(denseNetwork([12, 50, 9, 19]), 'torch', new Rng(4));
      const expected = referenceLogits(config, dataset, tensors, 330);
      for (const threads of [1, 2]) {
        const network = [config, dataset, tensors] as const;
        const logits = await withPredictor(network, threads, (p) => p.predict(dataset.test.values));
        const error = greatestDifference(logits, expected);
        assert.ok(error < 1e-4, `${threads} threads: off by ${error}`);
      }
    });
  }
}

const normalisations = ['none', 'mnist', 'centre', 'standardise', 'whiten'].map(
  (kind) => `data.normalise=${kind}`,
);
const drawn = ['data.normalise=centre', 'data.normalise=whiten'].map(
  (word) => ['data.momentNormalise=true', word] as const,
);
const inputs: readonly (readonly string[])[] = [...normalisations.map((word) => [word]), ...drawn];

for (const words of inputs) {
  for (const [pool, features] of [
    [1, 63],
    [2, 12],
  ]) {
    test(`${words.join(', ')}, cropped, pool ${pool}: the reference's logits`, async () => {
      const dataset = syntheticDataset(odd);
      const pixels = ['data.features.kind=pixels', 'data.crop=1', `data.pool=${pool}`, ...words];
      const config = await configure(...pixels, 'model.hidden=[50,9]', 'train.batch=20');
      const tensors = initialTensors(denseNetwork([features, 50, 9, 19]), 'torch', new Rng(7));
      const expected = referenceLogits(config, dataset, tensors, 330);
      for (const threads of [1, 2]) {
        const network = [config, dataset, tensors] as const;
        const logits = await withPredictor(network, threads, (p) => p.predict(dataset.test.values));
        const error = greatestDifference(logits, expected);
        assert.ok(error < 1e-4, `${threads} threads: off by ${error}`);
      }
    });
  }

  test(`${words.join(', ')}, real digits, pool 2: the reference's logits`, async () => {
    const dataset = await someMnist(500, 200);
    const pixels = ['data.features.kind=pixels', 'data.pool=2', ...words];
    const config = await configure(...pixels, 'model.hidden=[40]', 'train.batch=20');
    const tensors = initialTensors(denseNetwork([196, 40, 10]), 'torch', new Rng(8));
    const expected = referenceLogits(config, dataset, tensors, 200);
    const network = [config, dataset, tensors] as const;
    const logits = await withPredictor(network, 1, (p) => p.predict(dataset.test.values));
    const error = greatestDifference(logits, expected);
    assert.ok(error < 1e-4, `off by ${error}`);
  });
}

test('the accuracy of the logits is the one that the training session reports', async () => {
  const dataset = await realMnist();
  const words = ['data.features.kind=pixels', 'data.pool=2', 'data.normalise=centre', 'model.hidden=[128]'];
  const { session } = await openSession(dataset, 2, words);
  const tensors = initialTensors(denseNetwork([196, 128, 10]), 'torch', new Rng(5));
  session.setParameters(tensors, 'tensors');
  const { accuracy } = await session.evaluate('test');
  await session.close();
  const { values, targets, count } = dataset.test;
  const network = [await configure(...words), dataset, tensors] as const;
  const logits = await withPredictor(network, 2, (predictor) => predictor.predict(values));
  let correct = 0;
  for (let row = 0; row < count; row++) {
    const of = logits.subarray(row * 10, (row + 1) * 10);
    correct += Number(of.indexOf(Math.max(...of)) === targets[row]);
  }
  assert.equal(correct / count, accuracy);
});

test('what does not fit is refused in one line', async () => {
  const dataset = syntheticDataset(odd);
  const words = ['data.pool=1', 'data.normalise=mnist', 'model.hidden=[]', 'train.batch=20'];
  const config = await configure('data.features.kind=pixels', ...words);
  const tensors = initialTensors(denseNetwork([99, 19]), 'torch', new Rng(1));
  await withPredictor([config, dataset, tensors], 1, (predictor) => {
    assert.throws(
      () => predictor.predict(new Uint8Array(100)),
      refusing(2, 'images: ', '9×11×1', '100 bytes'),
    );
    assert.throws(
      () => predictor.predict(new Uint8Array(198), new Float32Array(19)),
      refusing(2, 'out: ', '2×19', 'got 19'),
    );
    assert.equal(predictor.predict(new Uint8Array(0)).length, 0);
  });
  await assert.rejects(
    withPredictor(
      [config, dataset, initialTensors(denseNetwork([98, 19]), 'torch', new Rng(1))],
      1,
      () => {},
    ),
    refusing(1, '0.weight: ', 'shape [19, 99]', 'got [19, 98]'),
  );
  await assert.rejects(
    withPredictor([config, dataset, tensors], 0, () => {}),
    refusing(2, 'threads: ', 'integer', 'got 0'),
  );
});

for (const words of [[], ['data.features.quadratic=8'], ['model.hidden=[24]', 'model.init.kind=he']])
  test(`direction features ${words.join(' ')}: any number of images at a time, as the session evaluates them`, async () => {
    const dataset = await someMnist(1000, 333);
    const config = await configure(
      'data.features.kind=directions',
      'model.hidden=[]',
      'train.batch=40',
      ...words,
    );
    const ready = prepared(config, dataset) ?? assert.fail('the data contradict the configuration');
    const run = (await train(ready, 2)) ?? assert.fail('diverged');
    const tensors = readSafetensors(weightsFile(run, ready), 'weights');
    const loaded = loadKernels(undefined, directionShape(config.data.features));
    const { facts, pipeline } = ready.data;
    const predictor = await Predictor.open({ config, facts, pipeline }, tensors, loaded, 'weights');
    const { values, targets, count } = dataset.test;
    const all = predictor.predict(values);
    const hits = targets.reduce((sum, target, i) => {
      const row = all.subarray(i * 10, (i + 1) * 10);
      return sum + Number(row.indexOf(Math.max(...row)) === target);
    }, 0);
    assert.equal(hits / count, run.test.accuracy);
    for (const some of [1, 7, 8, 9, 31, 32, 33, 100])
      assert.deepEqual(
        predictor.predict(values.subarray(0, some * 784)),
        all.slice(0, some * 10),
        `${some} images`,
      );
    await predictor.close();
  });
