/** Logits outside a session against the float64 reference, and against the accuracy that a session reports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../dist/config/schema.js';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import type { Dataset, Samples } from '../dist/data/dataset.js';
import { normaliseMoments } from '../dist/data/transforms/moments.js';
import { Predictor } from '../dist/inference/predictor.js';
import { loadKernels } from '../dist/kernels/load.js';
import { activation, matmul } from '../dist/kernels/reference.js';
import { initialTensors } from '../dist/model/initialise.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { Rng } from '../dist/numbers/rng.js';
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

/** Light from 0 to 1 of the cropped and pooled images, row by row, by definition. */
function lightOf({ values, shape, count }: Samples, crop: number, pool: number): number[][] {
  const [rows, columns] = shape;
  return Array.from({ length: count }, (_, image) => {
    const light: number[] = [];
    for (let y = crop; y + pool <= rows - crop; y += pool)
      for (let x = crop; x + pool <= columns - crop; x += pool) {
        let sum = 0;
        for (let dy = 0; dy < pool; dy++)
          for (let dx = 0; dx < pool; dx++) sum += values[(image * rows + y + dy) * columns + x + dx];
        light.push(sum / (255 * pool * pool));
      }
    return light;
  });
}

/** Inputs of the first `count` test images, by the definitions in docs/config.md; nothing of it is the code under test. */
function inputsOf({ data }: Config, dataset: Dataset, count: number): Float64Array {
  const drawn = (set: Samples): Samples =>
    data.momentNormalise ? { ...set, values: Uint8Array.from(normaliseMoments(set).values) } : set;
  const shown = lightOf(drawn({ ...dataset.test, count }), data.crop, data.pool);
  const width = shown[0].length;
  if (data.normalise === 'none') return Float64Array.from(shown.flat());
  if (data.normalise === 'mnist') return Float64Array.from(shown.flat(), (x) => (x - 0.1307) / 0.3081);
  const train = lightOf(drawn(dataset.train), data.crop, data.pool);
  const mean = Array.from(
    { length: width },
    (_, p) => train.reduce((sum, x) => sum + x[p], 0) / train.length,
  );
  const variance = mean.map((m, p) => train.reduce((sum, x) => sum + (x[p] - m) ** 2, 0) / train.length);
  if (data.normalise === 'centre') {
    const deviation = Math.sqrt(variance.reduce((sum, v) => sum + v, 0) / width);
    return Float64Array.from(shown.flatMap((x) => x.map((value, p) => (value - mean[p]) / deviation)));
  }
  assert.equal(data.normalise, 'standardise');
  const scale = variance.map((v) => 1 / Math.sqrt(v + data.normaliseEpsilon));
  return Float64Array.from(shown.flatMap((x) => x.map((value, p) => (value - mean[p]) * scale[p])));
}

/** By definition, in float64: f64 [count][classes]. */
function referenceLogits(config: Config, dataset: Dataset, tensors: Tensors, count: number): Float64Array {
  let rows = inputsOf(config, dataset, count);
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
    const tensors = initialTensors([784, 256, 128, 10], 'torch', new Rng(3));
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
  const network = [config, dataset, initialTensors([784, 64, 10], 'torch', new Rng(6))] as const;
  const [alone, shared] = [1, 2].map((threads) =>
    withPredictor(network, threads, (predictor) => predictor.predict(dataset.test.values)),
  );
  assert.deepEqual(await shared, await alone);
});

const odd = { rows: 9, columns: 11, classes: 19, train: 40, test: 330, density: 0.4, seed: 3 };

for (const kind of ['relu', 'tanh', 'gelu']) {
  for (const packing of ['sparse', 'dense']) {
    test(`cropped, pooled, centred, 19 classes, ${kind}, ${packing}: the reference's logits`, async () => {
      const dataset = syntheticDataset(odd);
      const pixels = ['data.features.kind=pixels', 'data.crop=1', 'data.pool=2', 'data.normalise=centre'];
      const model = ['model.hidden=[50,9]', `model.activation=${kind}`, 'train.batch=20'];
      const config = await configure(...pixels, ...model, `data.packing=${packing}`);
      const tensors = initialTensors([12, 50, 9, 19], 'torch', new Rng(4));
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

for (const words of [
  ['data.normalise=none'],
  ['data.normalise=centre'],
  ['data.normalise=standardise'],
  ['data.normalise=standardise', 'data.pool=2', 'data.crop=1'],
  ['data.normalise=centre', 'data.momentNormalise=true'],
  ['data.normalise=standardise', 'data.momentNormalise=true', 'data.pool=2'],
]) {
  test(`${words.join(' ')}: the reference's logits`, async () => {
    const dataset = syntheticDataset({
      rows: 9,
      columns: 11,
      classes: 5,
      train: 200,
      test: 150,
      density: 0.4,
      seed: 8,
    });
    const config = await configure(
      'data.features.kind=pixels',
      'model.hidden=[20]',
      'train.batch=20',
      ...words,
    );
    const { pool, crop } = config.data;
    const inputs = Math.floor((9 - 2 * crop) / pool) * Math.floor((11 - 2 * crop) / pool);
    const tensors = initialTensors([inputs, 20, 5], 'torch', new Rng(12));
    const expected = referenceLogits(config, dataset, tensors, 150);
    // Inputs of a linear map are kept in steps of 1/1024.
    const bound = words[0].endsWith('standardise') ? 2e-3 : 1e-4;
    for (const threads of [1, 2]) {
      const logits = await withPredictor([config, dataset, tensors], threads, (p) =>
        p.predict(dataset.test.values),
      );
      const error = greatestDifference(logits, expected);
      assert.ok(error < bound, `${threads} threads: off by ${error}`);
    }
  });
}

test('the accuracy of the logits is the one that the training session reports', async () => {
  const dataset = await realMnist();
  const words = ['data.features.kind=pixels', 'data.pool=2', 'data.normalise=centre', 'model.hidden=[128]'];
  const { session } = await openSession(dataset, 2, words);
  const tensors = initialTensors([196, 128, 10], 'torch', new Rng(5));
  session.setParameters(tensors, 'tensors');
  const { accuracy } = await session.evaluate('test');
  await session.close();
  const { values: images, targets: labels, count } = dataset.test;
  const network = [await configure(...words), dataset, tensors] as const;
  const logits = await withPredictor(network, 2, (predictor) => predictor.predict(images));
  let correct = 0;
  for (let row = 0; row < count; row++) {
    const of = logits.subarray(row * 10, (row + 1) * 10);
    correct += Number(of.indexOf(Math.max(...of)) === labels[row]);
  }
  assert.equal(correct / count, accuracy);
});

test('what does not fit is refused in one sentence', async () => {
  const dataset = syntheticDataset(odd);
  const words = ['data.pool=1', 'data.normalise=mnist', 'model.hidden=[]', 'train.batch=20'];
  const config = await configure('data.features.kind=pixels', ...words);
  const tensors = initialTensors([99, 19], 'torch', new Rng(1));
  const refused = (message: string) => ({ name: 'UserError', message });
  await withPredictor([config, dataset, tensors], 1, (predictor) => {
    assert.throws(
      () => predictor.predict(new Uint8Array(100)),
      refused('images: expected whole samples of 9×11×1 values, a byte each, got 100 bytes'),
    );
    assert.throws(
      () => predictor.predict(new Uint8Array(198), new Float32Array(19)),
      refused('out: expected room for 2×19 logits, got 19'),
    );
    assert.equal(predictor.predict(new Uint8Array(0)).length, 0);
  });
  await assert.rejects(
    withPredictor([config, dataset, initialTensors([98, 19], 'torch', new Rng(1))], 1, () => {}),
    refused('tensors: 0.weight: expected the shape [19, 99] of the configured network, got [19, 98]'),
  );
  await assert.rejects(
    withPredictor([config, dataset, tensors], 0, () => {}),
    refused('threads: expected an integer from 1 up, got 0 (number)'),
  );
});

test('direction features are refused: their network does not see pixels', async () => {
  const dataset = await realMnist();
  const config = await configure('data.features.kind=directions');
  await assert.rejects(
    withPredictor([config, dataset, new Map()], 1, () => {}),
    {
      name: 'UserError',
      message: /^data\.features\.kind: expected pixels, .*got "directions" \(string\)$/,
    },
  );
});
