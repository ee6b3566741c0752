import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';
import { trainedBits } from './support/trained-bits.ts';
import { openSession, someMnist, syntheticDataset, takeSteps } from './support/training.ts';

const train = async (threads: number, overrides: string[], images: number, batch: number) =>
  trainedBits(await someMnist(1000, 500), threads, ['parallel.sync=owner', ...overrides], images, batch);

for (const [what, overrides, batch = 96] of [
  ['sparse, two hidden layers', ['model.hidden=[96,40]', 'optimizer.nesterov=true']],
  ['sparse, wide: gathered from columns in several tiles', ['model.hidden=[170]', 'data.pool=2'], 300],
  ['sparse, wide, of an odd number of features', ['model.hidden=[170]', 'data.pool=2', 'data.crop=1']],
  [
    'dense, centred, odd sizes',
    ['model.hidden=[37]', 'data.packing=dense', 'data.pool=2', 'data.normalise=centre'],
  ],
  ['softmax regression with Adam', ['model.hidden=[]', 'optimizer.name=adam', 'data.normalise=centre']],
  [
    'AdamW and clipping by the norm of all layers',
    ['model.hidden=[70,20]', 'optimizer={name: adamw, clip: 0.2}', 'data.normalise=centre'],
  ],
  [
    'dense, LARS on clipped gradients',
    ['model.hidden=[37]', 'data.packing=dense', 'optimizer={name: lars, clip: 0.2}'],
  ],
] as const) {
  test(`owner: the same bits for 1, 2, 3, 4, 7 and 12 threads (${what})`, async () => {
    const reference = await train(1, [...overrides], 1000, batch);
    for (const threads of [2, 3, 4, 7, 12])
      assert.deepEqual(await train(threads, [...overrides], 1000, batch), reference, `${threads} threads`);
  });
}

test('a batch smaller than the number of threads leaves some without work, and changes nothing', async () => {
  const overrides = ['model.hidden=[16]', 'data.pool=2'];
  assert.deepEqual(await train(7, overrides, 11, 3), await train(1, overrides, 11, 3));
});

test('a gathered gradient is zero for those without rows', async () => {
  const overrides = ['model.hidden=[130]', 'data.pool=2', 'data.normalise=centre', 'parallel.sync=sharded'];
  const [few, one] = [await train(7, overrides, 11, 3), await train(1, overrides, 11, 3)];
  assert.ok(Math.abs(few.loss - one.loss) < 1e-5 * one.loss);
});

test('average and sharded agree bit for bit with each other, and with owner up to rounding', async () => {
  const run = (sync: string) => train(3, ['model.hidden=[40]', `parallel.sync=${sync}`], 500, 64);
  const average = await run('average');
  assert.deepEqual(average, await run('sharded'));
  const owner = await run('owner');
  assert.ok(Math.abs(owner.loss - average.loss) < 1e-5 * average.loss);
});

test('full sparse rows of an odd number of features fit their tiles of columns', async () => {
  const size = { rows: 7, columns: 5, classes: 3, train: 400, test: 30, density: 1, seed: 3 };
  const dataset = syntheticDataset(size);
  // One tile for each of two threads, as many rows as a tile may have.
  const bits = (threads: number) =>
    trainedBits(
      dataset,
      threads,
      ['data.packing=sparse', 'model.hidden=[170]', 'parallel.sync=owner'],
      400,
      380,
    );
  const reference = await bits(1);
  for (let i = 0; i < 3; i++) assert.deepEqual(await bits(2), reference);
});

test('inverted images are packed densely by themselves and train to the same weights as when packed sparsely', async () => {
  const dataset = syntheticDataset({
    rows: 7,
    columns: 5,
    classes: 3,
    train: 90,
    test: 30,
    density: 0.97,
    seed: 3,
  });
  const weights = async (packing: string) => {
    const overrides = [`data.packing=${packing}`, 'model.hidden=[50]', 'train.batch=16'];
    const { session, plan } = await openSession(dataset, 2, overrides);
    session.setParameters(initialTensors(denseNetwork([35, 50, 3]), 'he', new Rng(1)), 'seed 1');
    session.order.forEach((_, i, order) => {
      order[i] = i;
    });
    await takeSteps(session, 0, new Array(6).fill(0.1), 0, 90);
    const tensors = session.parameters();
    await session.close();
    return { packing: plan.input.packing, tensors };
  };
  const [auto, sparse] = [await weights('auto'), await weights('sparse')];
  assert.equal(auto.packing, 'dense');
  assert.equal(sparse.packing, 'sparse');
  for (const [name, { data }] of auto.tensors) {
    const other = sparse.tensors.get(name)?.data ?? new Float32Array();
    data.forEach((value, i) => {
      assert.ok(Math.abs(value - other[i]) < 1e-4, `${name}[${i}]: ${value} and ${other[i]}`);
    });
  }
});
