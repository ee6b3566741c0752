/** Dropout: its masks, its gradient, and what it leaves unchanged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orderOf } from '../dist/coordinator/epoch-order.js';
import { type ActivationName, activation, crossEntropy } from '../dist/kernels/reference.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { layerWords, unitWord } from '../dist/numbers/counter-hash.js';
import { Rng } from '../dist/numbers/rng.js';
import { dropoutFactors, dropoutRates } from '../dist/optim/dropout.js';
import { word } from './support/config-refusal.ts';
import { assertSlopes } from './support/slopes.ts';
import { trainedBits } from './support/trained-bits.ts';
import {
  configure,
  fileOrder,
  openSession,
  relativeError,
  someMnist,
  syntheticDataset,
  takeSteps,
} from './support/training.ts';

const rateOf = async (rate: number) =>
  dropoutRates(await configure(`train.dropout=${rate}`, 'model.hidden=[8]'))[0];

test('the share of dropped units is the rate, at rates near the ends too, and their mean factor is 1', async () => {
  const [places, units] = [400, 256];
  const count = places * units;
  for (const rate of [0.001, 0.1, 0.5, 0.9]) {
    const drop = await rateOf(rate);
    for (const [seed, step, layer] of [
      [1, 1, 0],
      [1, 1, 1],
      [4_294_967_295, 70_000, 2],
    ]) {
      let dropped = 0;
      let sum = 0;
      for (let place = 0; place < places; place++)
        for (const factor of dropoutFactors(drop, seed, step, layer, place, units)) {
          dropped += Number(factor === 0);
          sum += factor;
        }
      // Five standard deviations of a binomial distribution.
      const deviation = Math.sqrt(count * rate * (1 - rate));
      assert.ok(Math.abs(dropped - rate * count) < 5 * deviation, `${rate}: ${dropped} of ${count}`);
      assert.ok(Math.abs(sum - count) < (5 * deviation) / (1 - rate), `${rate}: mean ${sum / count}`);
    }
  }
});

test('the masks of neighbouring seeds, steps, layers, places and units are uncorrelated, as is every bit of a word', () => {
  const [places, units] = [128, 512];
  const count = places * units;
  const words = (seed: number, step: number, layer: number, place: number, unit: number) => {
    const of = layerWords(seed, step, layer);
    return Int32Array.from({ length: count }, (_, i) =>
      unitWord(of, place + Math.floor(i / units), unit + (i % units)),
    );
  };
  const base = words(1, 5, 1, 1000, 0);
  const others = {
    seed: words(2, 5, 1, 1000, 0),
    step: words(1, 6, 1, 1000, 0),
    layer: words(1, 5, 2, 1000, 0),
    place: words(1, 5, 1, 1001, 0),
    unit: words(1, 5, 1, 1000, 1),
    'step for place': words(1, 6, 1, 999, 0),
    'units of the next row': words(1, 5, 1, 1001, 512),
  };
  // Five standard deviations of the number of equal bits; 32 bits of each pair.
  const bound = 5 * Math.sqrt(count / 4);
  for (let bit = 0; bit < 32; bit++) {
    const ones = base.reduce((sum, value) => sum + ((value >>> bit) & 1), 0);
    assert.ok(Math.abs(ones - count / 2) < bound, `bit ${bit}: ${ones}`);
  }
  for (const [name, other] of Object.entries(others)) {
    for (let bit = 0; bit < 32; bit++) {
      const differing = base.reduce((sum, value, i) => sum + (((value ^ other[i]) >>> bit) & 1), 0);
      assert.ok(Math.abs(differing - count / 2) < bound, `${name}, bit ${bit}: ${differing}`);
    }
    for (const rate of [0.1, 0.5]) {
      const below = rate * 2 ** 32 - 2 ** 31;
      const both = base.reduce((sum, value, i) => sum + Number(value < below && other[i] < below), 0);
      const expected = rate * rate * count;
      assert.ok(Math.abs(both - expected) < 5 * Math.sqrt(expected), `${name}, ${rate}: ${both}`);
    }
  }
});

const [rows, columns, classes, batch] = [5, 7, 6, 20];
const dataset = syntheticDataset({ rows, columns, classes, train: 60, test: 4, density: 0.4, seed: 11 });

for (const kind of ['relu', 'tanh', 'gelu', 'sigmoid'] as const)
  for (const [sync, hidden] of [
    ['owner', [50, 9]],
    ['units', [140]],
  ] as const)
    test(`${kind}, ${sync}: the gradient of every layer is the slope of the float64 loss with the same masks`, async () => {
      const seed = 77;
      const rates = hidden.length === 2 ? [0.3, 0.5] : [0.4];
      const keys = [
        ...[`model.hidden=[${hidden}]`, `parallel.sync=${sync}`, `model.activation=${kind}`],
        ...[`train.dropout=[${rates}]`, `train.batch=${batch}`, 'optimizer.momentum=0'],
      ];
      const sizes = [rows * columns, ...hidden, classes];
      const { session, plan } = await openSession(dataset, 2, keys);
      const tensors = initialTensors(denseNetwork(sizes), 'torch', new Rng(5));
      session.setParameters(tensors, 'seed 5');
      fileOrder(session);
      session.maskSeed.fill(seed);
      // Step 8, on the second batch of an epoch.
      const [{ loss }] = await takeSteps(session, 7, [1], batch, 60);
      const after = session.parameters();
      await session.close();
      const weights = new Map([...tensors].map(([name, { data }]) => [name, Float64Array.from(data)]));
      const drops = plan.dropout?.rates ?? [];
      const factors = Array.from({ length: batch }, (_, row) =>
        drops.map((rate, l) => dropoutFactors(rate, seed, 8, l, batch + row, hidden[l] ?? 0)),
      );
      const lossNow = () => lossOf(weights, kind, sizes, factors);
      assert.ok(Math.abs(loss - lossNow()) < 1e-5, `${loss}, ${lossNow()}`);
      assertSlopes(weights, after, lossNow, 8);
    });

/** Mean loss of the second `batch` images; `factors`: of each row's hidden units, by layer. */
function lossOf(
  weights: ReadonlyMap<string, Float64Array>,
  kind: ActivationName,
  sizes: readonly number[],
  factors: readonly (readonly Float64Array[])[],
): number {
  let total = 0;
  for (let row = 0; row < batch; row++) {
    const sample = batch + row;
    let units = Array.from(
      dataset.train.values.subarray(sample * sizes[0], (sample + 1) * sizes[0]),
      (x) => (x / 255 - 0.1307) / 0.3081,
    );
    for (let layer = 0; layer + 1 < sizes.length; layer++) {
      const weight = weights.get(`${2 * layer}.weight`) ?? new Float64Array();
      const bias = weights.get(`${2 * layer}.bias`) ?? new Float64Array();
      const inputs = units;
      units = Array.from(bias, (b, o) => {
        const z = inputs.reduce((sum, x, i) => sum + x * weight[o * inputs.length + i], b);
        return layer + 2 === sizes.length ? z : activation(kind, z) * factors[row][layer][o];
      });
    }
    total += crossEntropy(units, dataset.train.targets[sample], 0).loss;
  }
  return total / batch;
}

test('the outputs that dropout gives are, in the mean over many steps, those of all units', async () => {
  const sizes = [rows * columns, 200, classes];
  const keys = ['model.hidden=[200]', 'train.batch=60', 'optimizer.momentum=0', 'loss=squared-error'];
  const tensors = initialTensors(denseNetwork(sizes), 'torch', new Rng(5));
  const biases = async (dropout: number, count: number) => {
    const { session } = await openSession(dataset, 2, [...keys, `train.dropout=${dropout}`]);
    fileOrder(session);
    session.maskSeed.fill(3);
    const mean = new Float64Array(classes);
    for (let step = 0; step < count; step++) {
      session.setParameters(tensors, 'seed 5');
      // With the squared error, the gradient of the output's bias is the mean output less the mean target.
      await takeSteps(session, step, [1], 0, 60);
      const bias = session.parameters().get('2.bias')?.data ?? new Float32Array();
      const start = tensors.get('2.bias')?.data ?? new Float32Array();
      bias.forEach((value, k) => {
        mean[k] += (start[k] - value) / count;
      });
    }
    await session.close();
    return mean;
  };
  const [whole, dropped] = [await biases(0, 1), await biases(0.5, 200)];
  const [once] = [await biases(0.5, 1)];
  assert.ok(relativeError(dropped, whole) < 0.02, `${dropped}, ${whole}`);
  assert.ok(relativeError(once, whole) > 1e-4, 'a step drops units');
});

const bits = async (threads: number, keys: readonly string[]) =>
  trainedBits(await someMnist(1000, 500), threads, [...keys], 1000, 96);

for (const [what, keys] of [
  ['ReLU, sparse', ['parallel.sync=owner', 'model.hidden=[96,40]', 'train.dropout=0.3']],
  [
    'tanh, dense, clipped AdamW',
    [
      ...['parallel.sync=owner', 'data.packing=dense', 'data.pool=2', 'model.hidden=[37,20]'],
      ...['model.activation=tanh', 'train.dropout=[0,0.5]', 'optimizer={name: adamw, clip: 0.3}'],
    ],
  ],
  [
    'sigmoid, units',
    ['parallel.sync=units', 'model.hidden=[200]', 'model.activation=sigmoid', 'train.dropout=0.2'],
  ],
] as const)
  test(`${what}: the same bits for 1, 2, 3 and 7 threads`, async () => {
    const reference = await bits(1, keys);
    for (const threads of [2, 3, 7])
      assert.deepEqual(await bits(threads, keys), reference, `${threads} threads`);
    const without = keys.map((key) => (key.startsWith('train.dropout') ? 'train.dropout=0' : key));
    assert.notDeepEqual((await bits(1, without)).loss, reference.loss);
  });

test('the plain TypeScript backend drops the same units', async () => {
  const keys = ['model.hidden=[24,16]', 'train.dropout=[0.2,0.5]', 'train.batch=20', 'model.activation=gelu'];
  const sizes = [rows * columns, 24, 16, classes];
  const after = async (backend: string) => {
    const { session } = await openSession(dataset, 2, [...keys, `backend=${backend}`]);
    session.setParameters(initialTensors(denseNetwork(sizes), 'torch', new Rng(5)), 'seed 5');
    fileOrder(session);
    session.maskSeed.fill(12345);
    const steps = await takeSteps(session, 0, [0.1, 0.1, 0.1], 0, 60);
    const tensors = session.parameters();
    await session.close();
    return { steps, tensors };
  };
  const [kernels, plain] = [await after('wasm'), await after('js')];
  for (const [name, { data }] of plain.tensors)
    assert.ok(relativeError(kernels.tensors.get(name)?.data ?? [], data) < 1e-5, name);
});

test('the masks of a run follow from its seed', async () => {
  const { session } = await openSession(dataset, 1, [
    'model.hidden=[8]',
    'train.dropout=0.5',
    'train.batch=20',
  ]);
  const config = await configure('model.hidden=[8]', 'train.dropout=0.5', 'train.batch=20');
  const seeds = [1, 2, 1].map((seed) => {
    orderOf(session, config, seed, 60, 1);
    return session.maskSeed[0];
  });
  await session.close();
  assert.notEqual(seeds[0], seeds[1]);
  assert.equal(seeds[0], seeds[2]);
});

test('what cannot drop units is refused, and lists that fit no network', async () => {
  const given = 'command line: train.dropout: expected ';
  assert.equal(
    await word('train.dropout=0.5', 'backend=tfjs-node'),
    `${given}0 if backend is tfjs-node, got 0.5 (number)`,
  );
  assert.equal(
    await word('train.dropout=0.5', 'model.hidden=[]'),
    `${given}0 if model.hidden is []: the units of hidden layers are left out, got 0.5 (number)`,
  );
  assert.match(
    await word('train.dropout=[0.5]', 'model.hidden=[20,10]'),
    /train\.dropout: expected a number, or a list as long as model\.hidden, 2, got/,
  );
  for (const wrong of ['1', '-0.1', '[0.2,1]', 'half', 'null'])
    assert.match(
      await word(`train.dropout=${wrong}`),
      /train\.dropout(\[1\])?: expected a number from 0 to below 1, or a list of them, got/,
    );
});
