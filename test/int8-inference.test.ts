/** Networks of integers: exact against plain TypeScript, equal on every level and thread count, and close to float32. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Config } from '../dist/config/schema.js';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import type { Dataset } from '../dist/data/dataset.js';
import { load } from '../dist/index.js';
import { quantiseLayer, shiftedBiases } from '../dist/inference/int8/int8-weights.js';
import { Predictor, type PredictorOptions } from '../dist/inference/predictor.js';
import { checkInt8 } from '../dist/kernels/int8/int8-checks.js';
import { instantiateInt8, mostPair } from '../dist/kernels/int8/int8-kernels.js';
import * as reference from '../dist/kernels/int8/int8-reference.js';
import { loadInt8 } from '../dist/kernels/int8/load-int8.js';
import { candidateLevels, type Level, levels } from '../dist/kernels/levels.js';
import { loadKernels } from '../dist/kernels/load.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { quantiseRows } from '../dist/model/quantise.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { Rng } from '../dist/numbers/rng.js';
import { prepared, someMnist, train, weightsFile } from './support/pairs.ts';
import { refusing } from './support/says.ts';
import { configure, realMnist, syntheticDataset } from './support/training.ts';

type Tensors = ReadonlyMap<string, Tensor>;
type Network = readonly [Config, Dataset, Tensors];

const here = candidateLevels(process.versions.v8, process.arch);
const mine = here[0];

async function predicted(
  [config, dataset, tensors]: Network,
  { level = mine, ...options }: PredictorOptions & { level?: Level } = {},
  images = dataset.test.values,
): Promise<Float32Array> {
  const { facts, pipeline } = prepareData(dataset, config);
  const network = { config, facts, pipeline };
  const given = { precision: 'int8', cores: 2, ...options } as const;
  const predictor = await Predictor.open(network, tensors, loadKernels([level]), 'tensors', given);
  try {
    return predictor.predict(images);
  } finally {
    await predictor.close();
  }
}

/** By definition: the inputs of each image as the pipeline makes them, then layers of integers. */
function expectedLogits([config, dataset, tensors]: Network, images: Uint8Array): number[] {
  const { pipeline } = prepareData(dataset, config);
  const shape = dataset.test.shape;
  const size = shape.reduce((product, side) => product * side, 1);
  const count = images.length / size;
  const { values, full } = pipeline.apply({ values: images, count, shape, full: 255 });
  const { scale, shift } = pipeline.affine;
  const bits = Math.max(0, Math.ceil(Math.log2((full + 1) / 128)));
  const layers = Array.from({ length: tensors.size / 2 }, (_, l) => {
    const [weight, bias] = ['weight', 'bias'].map((kind) => tensors.get(`${2 * l}.${kind}`));
    assert.ok(weight !== undefined && bias !== undefined);
    const [outputs, inputs] = weight.shape;
    const dense = { name: `${2 * l}`, outputs, inputs, weight: weight.data, bias: bias.data };
    const biases = l === 0 ? shiftedBiases(dense, shift) : bias.data;
    return { ...quantiseLayer(dense), biases };
  });
  const width = layers[0].inputs;
  return Array.from({ length: count }, (_, i) => {
    const seven = Uint8Array.from(values.subarray(i * width, (i + 1) * width), (value) =>
      Math.min(127, Math.floor((value + (bits > 0 ? 2 ** (bits - 1) : 0)) / 2 ** bits)),
    );
    let row: reference.Row = { inputs: seven, scale: 2 ** bits * scale };
    for (const layer of layers.slice(0, -1))
      row = reference.quantisedUnits(reference.forward(layer, row, true));
    return [...reference.forward(layers[layers.length - 1], row, false)];
  }).flat();
}

const sameBits = (got: Float32Array, expected: readonly number[], message: string) => {
  assert.equal(got.length, expected.length);
  const at = expected.findIndex((value, i) => !Object.is(value + 0, got[i] + 0));
  assert.equal(at, -1, `${message}: logit ${at} is ${got[at]}, expected ${expected[at]}`);
};

for (const level of levels) {
  const skip = here.includes(level) ? false : `this V8 has no ${level} level`;
  test(`every integer kernel of level ${level} equals its definition over odd sizes`, { skip }, async () => {
    const { module } = await loadInt8(level);
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
    const kernels = instantiateInt8(module, memory);
    assert.equal(kernels.hasHalves(), level === 'simd' ? 1 : 0, 'the module of the level is in use');
    fc.assert(
      fc.property(
        fc.record({
          rows: fc.integer({ min: 2, max: 40 }),
          inputs: fc.integer({ min: 1, max: 300 }),
          seed: fc.integer({ min: 1, max: 2 ** 31 }),
        }),
        (size) => assert.deepEqual(checkInt8(kernels, memory, size), []),
      ),
      { numRuns: 60 },
    );
  });
}

test('a kernel that computes wrongly is noticed', async () => {
  const { module } = await loadInt8(mine);
  if (mine === 'simd') return;
  const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
  const kernels = instantiateInt8(module, memory);
  const narrow: typeof kernels = {
    ...kernels,
    forward64(...given) {
      const [starts, rows, weights, ...rest] = given;
      new Uint8Array(memory.buffer, weights, 64)[0] ^= 1;
      kernels.forward64(starts, rows, weights, ...rest);
    },
  };
  assert.deepEqual(checkInt8(narrow, memory), ['forward64']);
});

const odd = { rows: 9, columns: 11, classes: 19, train: 40, test: 330, density: 0.4, seed: 3 };

const networks: readonly (readonly [string, readonly string[], readonly number[]])[] = [
  [
    'cropped, pooled, centred',
    ['data.crop=1', 'data.pool=2', 'data.normalise=centre', 'model.hidden=[50,9]'],
    [12, 50, 9, 19],
  ],
  ['as read', ['data.crop=0', 'data.pool=1', 'data.normalise=mnist', 'model.hidden=[150]'], [99, 150, 19]],
  [
    'without hidden layers',
    ['data.crop=0', 'data.pool=1', 'data.normalise=none', 'model.hidden=[]'],
    [99, 19],
  ],
];
for (const [name, words, sizes] of networks)
  for (const packing of ['sparse', 'dense'])
    test(`${name}, ${packing}: the defined logits, bit by bit, on every level and 1 to 3 threads`, async () => {
      const dataset = syntheticDataset(odd);
      const config = await configure(
        'data.features.kind=pixels',
        'train.batch=20',
        ...words,
        `data.packing=${packing}`,
      );
      const network = [config, dataset, initialTensors(denseNetwork(sizes), 'torch', new Rng(4))] as const;
      const expected = expectedLogits(network, dataset.test.values);
      for (const level of here) sameBits(await predicted(network, { level }), expected, level);
      for (const threads of [2, 3])
        sameBits(await predicted(network, { threads }), expected, `${threads} threads`);
    });

test('the greatest inputs and weights: full and blank images, equal and alternating weights', async () => {
  const dataset = await someMnist(100, 10);
  const pixels = ['data.features.kind=pixels', 'data.pool=1', 'data.normalise=none'];
  const config = await configure(...pixels, 'model.hidden=[70]', 'train.batch=20');
  const images = new Uint8Array(3 * 784);
  images.fill(255, 784, 1568);
  for (let i = 1568; i < images.length; i++) images[i] = i % 2 === 0 ? 255 : 0;
  for (const sign of [
    () => 1,
    (i: number) => (i % 2 === 0 ? 1 : -1),
    (i: number) => (i % 4 < 2 ? 1 : 1e-6),
  ]) {
    const tensors: Tensors = new Map(
      [...initialTensors(denseNetwork([784, 70, 10]), 'torch', new Rng(1))].map(([name, { shape, data }]) => [
        name,
        { shape, data: data.map((_, i) => (name.endsWith('bias') ? 0 : 0.03 * sign(i))) },
      ]),
    );
    const network = [config, dataset, tensors] as const;
    const expected = expectedLogits(network, images);
    assert.ok(expected.every(Number.isFinite));
    assert.deepEqual(expected.slice(0, 10), new Array(10).fill(0));
    for (const level of here) sameBits(await predicted(network, { level }, images), expected, level);
  }
});

test('weights are symmetric for each output; no two neighbours exceed what 16 bits hold', () => {
  const rng = new Rng(5);
  const [outputs, inputs] = [40, 33];
  const weight = Float32Array.from({ length: outputs * inputs }, (_, i) => rng.symmetric(1 + (i % 7)));
  weight.fill(0, 0, inputs);
  weight.fill(3, inputs, 2 * inputs);
  const { values, scales } = quantiseRows(weight, outputs, inputs);
  const layer = quantiseLayer({ name: '0', outputs, inputs, weight, bias: new Float32Array(outputs) });
  for (let o = 0; o < outputs; o++) {
    const row = (all: Int8Array) => [...all.subarray(o * inputs, (o + 1) * inputs)];
    assert.equal(Math.max(...row(values).map(Math.abs)), o === 0 ? 0 : 127);
    for (const [i, value] of row(values).entries())
      assert.ok(Math.abs(value * scales[o] - weight[o * inputs + i]) <= scales[o] * 0.5001);
    const paired = row(layer.values);
    for (let i = 0; i < inputs; i += 2)
      assert.ok(Math.abs(paired[i]) + Math.abs(paired[i + 1] ?? 0) <= mostPair);
    assert.ok(layer.scales[o] <= 2 * scales[o] && layer.scales[o] >= scales[o]);
    for (const [i, value] of paired.entries())
      assert.ok(Math.abs(value * layer.scales[o] - weight[o * inputs + i]) <= layer.scales[o] * 0.5001);
  }
});

test('a trained network loses at most 0.1 point on the 10,000 images', async () => {
  const dataset = await realMnist();
  const words = ['data.features.kind=pixels', 'data.pool=1', 'data.normalise=mnist', 'model.hidden=[64,32]'];
  const config = await configure(...words, 'data.take=20000', 'train.epochs=6', 'train.batch=64');
  const ready = prepared(config, dataset) ?? assert.fail('the data contradict the configuration');
  const run = (await train(ready, 2)) ?? assert.fail('diverged');
  const model = await load(weightsFile(run, ready));
  const data = { inputs: dataset.test.values, targets: dataset.test.targets };
  const float32 = (await model.evaluate(data)).accuracy;
  const int8 = (await (await model.toInt8(data)).evaluate(data)).accuracy;
  assert.ok(float32 > 0.93, `float32: ${float32}`);
  assert.ok(int8 >= float32 - 0.001, `float32 ${float32}, int8 ${int8}`);
  // One more hit is asked for than there is.
  const mostLost = float32 - int8 - 1e-4;
  await assert.rejects(model.toInt8(data, { mostLost }), refusing(1, 'int8 recognises ', 'lost'));
});

test('networks without an integer form are refused in one line', async () => {
  const dataset = await someMnist(200, 10);
  for (const [words, key] of [
    [['data.features.kind=directions', 'model.hidden=[]'], 'data.features.kind: expected pixels'],
    [
      ['data.features.kind=pixels', 'data.normalise=standardise'],
      'data.normalise: expected none, mnist or centre',
    ],
    [['data.features.kind=pixels', 'model.activation=gelu'], 'model.activation: expected relu'],
  ] as const) {
    const config = await configure('train.batch=40', ...words);
    await assert.rejects(predicted([config, dataset, new Map()]), refusing(2, key, 'int8'));
  }
});
