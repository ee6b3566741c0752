/** `units`: whichever ranks have which hidden units, the bits are the same; and so close to owner's as rounding allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryDataset } from '../dist/data/memory-set.js';
import { randomFrom } from './support/memory.ts';
import { trainedBits } from './support/trained-bits.ts';
import { openSession, someMnist, syntheticDataset } from './support/training.ts';

const units = 'parallel.sync=units';
const onMnist = async (threads: number, overrides: readonly string[], images = 700, batch = 96) =>
  trainedBits(await someMnist(1000, 500), threads, ['data.pool=2', units, ...overrides], images, batch);

for (const [what, overrides, batch] of [
  ['sparse, scattered', ['model.hidden=[128]', 'optimizer.nesterov=true']],
  ['sparse, gathered from columns in several tiles', ['model.hidden=[170]', 'data.normalise=centre'], 300],
  ['sparse, narrow: one block', ['model.hidden=[37]', 'data.normalise=centre']],
  ['dense, centred, odd sizes', ['model.hidden=[151]', 'data.packing=dense', 'data.normalise=centre']],
  ['AdamW, clipped', ['model.hidden=[200]', 'optimizer={name: adamw, clip: 0.2}']],
  ['GELU, which keeps its sums', ['model.hidden=[200]', 'model.activation=gelu']],
  [
    'tanh, Adam, smoothed labels',
    ['model.hidden=[129]', 'model.activation=tanh', 'optimizer.name=adam', 'loss.labelSmoothing=0.1'],
  ],
  ['LARS: one more barrier', ['model.hidden=[150]', 'optimizer={name: lars}']],
  ['squared error, row by row', ['model.hidden=[130]', 'loss=squared-error']],
  ['batches smaller than the number of threads', ['model.hidden=[200]'], 3],
] as const) {
  test(`units: the same bits for 1, 2, 3, 4 and 7 threads (${what})`, async () => {
    const images = batch === 3 ? 20 : 700;
    const reference = await onMnist(1, overrides, images, batch);
    for (const threads of [2, 3, 4, 7])
      assert.deepEqual(await onMnist(threads, overrides, images, batch), reference, `${threads} threads`);
  });
}

test('more classes than a panel has columns', async () => {
  const sizes = { rows: 9, columns: 8, classes: 37, train: 240, test: 80, density: 0.4, seed: 5 };
  const dataset = syntheticDataset(sizes);
  const run = (threads: number, sync: string) =>
    trainedBits(dataset, threads, [`parallel.sync=${sync}`, 'model.hidden=[190]'], 240, 50);
  const reference = await run(1, 'units');
  assert.deepEqual(await run(3, 'units'), reference);
  const owner = await run(2, 'owner');
  assert.ok(Math.abs(owner.loss - reference.loss) < 1e-5 * owner.loss);
});

test('real inputs', async () => {
  const random = randomFrom(3);
  const part = (count: number) => ({
    inputs: Array.from({ length: count }, () => Array.from({ length: 13 }, () => random() - 0.5)),
    targets: Array.from({ length: count }, (_, i) => i % 3),
  });
  const dataset = memoryDataset({ ...part(200), test: part(50) });
  const words = ['data.set=memory', 'data.normalise=standardise', 'model.hidden=[140]', units];
  const reference = await trainedBits(dataset, 1, words, 200, 32);
  for (const threads of [2, 5])
    assert.deepEqual(await trainedBits(dataset, threads, words, 200, 32), reference);
});

test("one block of units: owner's own bits", async () => {
  for (const packing of ['sparse', 'dense']) {
    const words = ['model.hidden=[64]', `data.packing=${packing}`];
    const owner = await onMnist(2, [...words, 'parallel.sync=owner']);
    assert.deepEqual(await onMnist(2, words), owner, packing);
  }
});

test("several blocks: owner's result up to rounding, hits and losses counted once", async () => {
  const [owner, byUnits] = [
    await onMnist(2, ['model.hidden=[150]', 'parallel.sync=owner']),
    await onMnist(4, ['model.hidden=[150]']),
  ];
  assert.notEqual(owner.bits, byUnits.bits);
  assert.ok(Math.abs(owner.loss - byUnits.loss) < 1e-5 * owner.loss);
  byUnits.steps.forEach(([loss, accuracy], i) => {
    assert.ok(Math.abs(loss - owner.steps[i][0]) < 1e-5 * loss, `loss of step ${i + 1}`);
    assert.equal(accuracy, owner.steps[i][1], `hits of step ${i + 1}`);
  });
});

test('the plan: every rank with units has rows of its own, and rank 0 has units', async () => {
  const { session, plan } = await openSession(await someMnist(1000, 500), 5, ['model.hidden=[180]', units]);
  await session.close();
  const ranks = plan.units?.ranks ?? [];
  assert.deepEqual(
    ranks.map(({ first, last }) => [first, last]),
    [
      [0, 64],
      [64, 128],
      [128, 128],
      [128, 180],
      [180, 180],
    ],
  );
  assert.deepEqual(
    plan.slices.map((own) => own.length > 0),
    ranks.map(({ first, last }) => last > first),
  );
  assert.deepEqual(
    plan.units?.workspaces.map(({ outputs }) => outputs.bytes > 0),
    [true, false, true, false],
  );
  assert.ok(plan.owners.units > 0);
});
