/** Runs on direction features over real images and real workers: same bits, whoever does what. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { trainOnce } from '../dist/coordinator/training-run.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { configure, openSession, realMnist } from './support/training.ts';

const recipe = [
  'data.features.kind=directions',
  'model.hidden=[]',
  'model.init.kind=zero',
  'loss.labelSmoothing=0.15',
  'optimizer.nesterov=true',
  'schedule.name=warmup-linear',
  'schedule.warmup=0',
];
const small = [...recipe, 'data.take=600', 'train.batch=8', 'train.epochs=1', 'optimizer.lr=0.05'];
const large = [...recipe, 'data.take=1100', 'train.batch=256', 'train.epochs=2', 'optimizer.lr=0.3'];
const layers = [
  'model.hidden=[40,24]',
  'model.init.kind=he',
  'data.features.pool=5',
  'train.batch=64',
  'optimizer.lr=0.05',
];
const products = [
  'data.features.grid=20',
  'data.features.pool=5',
  'data.features.rows=all',
  'data.features.aspect=true',
  'data.features.gradient=sobel',
  'data.features.quadratic=24',
];

const lars = [
  'data.features.kind=directions',
  'data.take=1100',
  'train.batch=256',
  'train.epochs=2',
  'optimizer={name: lars, lr: 0.3, trustCoefficient: 0.1, weightDecay: 0.001}',
];

/** `trainers`: whoever the plan would choose to train, these do. */
async function train(threads: number, overrides: readonly string[], runs = 1, trainers?: 'one' | 'all') {
  const { signal } = new AbortController();
  const { trainer, session, plan } = await openSession(
    await realMnist(),
    threads,
    overrides,
    signal,
    (made) =>
      trainers === undefined || made.directions === null
        ? made
        : { ...made, directions: { ...made.directions, team: { trainers, reason: 'a test' } } },
  );
  try {
    const losses: number[] = [];
    let accuracy = Number.NaN;
    for (let run = 0; run < runs; run++) {
      losses.length = 0;
      const outcome = await trainer.train(5, { step: (_, { loss }) => losses.push(loss) });
      accuracy = outcome.evaluation?.accuracy ?? Number.NaN;
    }
    const tensors = session.parameters();
    return { losses, accuracy, tensors, bits: bitsOf(tensors), trainers: plan.directions?.team.trainers };
  } finally {
    await session.close();
  }
}

function bitsOf(tensors: ReadonlyMap<string, Tensor>): string {
  const digest = createHash('sha256');
  for (const [name, { data }] of tensors) digest.update(name).update(Buffer.from(data.buffer));
  return digest.digest('hex');
}

for (const [what, overrides] of [
  ['small batches, one trainer', small],
  ['small batches on a finer grid, two epochs', [...small, 'data.features.grid=20', 'train.epochs=2']],
  ['large batches in shards, two epochs, the last batch not full', large],
  ['products of components, one trainer', [...small, ...products, 'optimizer.lr=0.015']],
  ['hidden layers', [...large, ...layers]],
  ['LARS, softmax regression', [...lars, 'model.hidden=[]', 'model.init.kind=zero']],
  ['LARS, hidden layers', [...lars, 'train.epochs=5', 'model.hidden=[40,24]', 'model.init.kind=he']],
  ['products of components in shards', [...large, ...products, 'train.batch=128', 'optimizer.lr=0.1']],
] as const) {
  test(`the same bits for 1, 2, 3 and 5 threads: ${what}`, async () => {
    const { trainers: _, ...reference } = await train(1, overrides);
    assert.ok(reference.accuracy > 0.9, `accuracy ${reference.accuracy}`);
    for (const threads of [2, 3, 5]) {
      const { trainers: __, ...got } = await train(threads, overrides);
      assert.deepEqual(
        { ...got, tensors: null },
        { ...reference, tensors: null },
        `${threads} threads differ from one`,
      );
    }
  });
}

test('a second run in the same session repeats the first bit for bit', async () => {
  assert.equal((await train(2, small, 3)).bits, (await train(2, small)).bits);
  assert.equal((await train(2, large, 2)).bits, (await train(2, large)).bits);
});

test('one trainer and several compute the same bits', async () => {
  const detailed = [...large, ...products, 'optimizer.lr=0.1', 'optimizer.weightDecay=1e-4'];
  for (const recipe of [detailed, [...large, 'optimizer.nesterov=false']]) {
    const bits = new Set<string>();
    for (const threads of [1, 2, 5])
      for (const trainers of ['one', 'all'] as const)
        bits.add((await train(threads, recipe, 1, trainers)).bits);
    assert.equal(bits.size, 1);
  }
});

test('small batches are trained by one worker, large ones by all', async () => {
  assert.equal((await train(2, small)).trainers, 'one');
  assert.equal((await train(2, [...large, ...products, 'data.take=8000'])).trainers, 'all');
});

test('average and sharded agree with owner up to rounding', async () => {
  const owner = await train(2, large);
  for (const sync of ['average', 'sharded']) {
    const got = await train(2, [...large, `parallel.sync=${sync}`]);
    got.losses.forEach((loss, i) => {
      assert.ok(Math.abs(loss - owner.losses[i]) < 1e-4 * owner.losses[i], `${sync}, step ${i + 1}`);
    });
  }
});

test('the transform travels with the weights: tensors alone give the same evaluation', async () => {
  for (const overrides of [small, [...small, ...products], [...large, ...layers]]) {
    const trained = await train(1, overrides);
    const { session } = await openSession(await realMnist(), 2, overrides);
    session.setParameters(trained.tensors, 'trained');
    const { accuracy } = await session.evaluate('test');
    const again = session.parameters();
    await session.close();
    assert.equal(accuracy, trained.accuracy);
    assert.equal(bitsOf(again), trained.bits);
  }
});

test('evaluating one part, then another, then the first again', async () => {
  const overrides = [...small, 'data.validation=3001', 'stop.on=validation'];
  const { trainer, session } = await openSession(await realMnist(), 2, overrides);
  const { evaluation } = await trainer.train(1, {});
  const onTest = await session.evaluate('test');
  assert.deepEqual(await session.evaluate('validation'), evaluation);
  assert.deepEqual(await session.evaluate('test'), onTest);
  assert.ok(Number(onTest.accuracy) > 0.95);
  await session.close();
});

test('of equal logits the first counts: weights of zero find the images of class 0', async () => {
  const zeros = 980 / 10_000;
  for (const overrides of [small, [...small, ...products]]) {
    const { trainer, session } = await openSession(await realMnist(), 2, overrides);
    await trainer.start(1);
    assert.equal((await session.evaluate('test')).accuracy, zeros);
    const accuracies: number[] = [];
    await trainer.train(1, { step: (_, { batchAccuracy }) => accuracies.push(batchAccuracy) });
    assert.ok(accuracies[0] < 0.6, `${accuracies[0]} of the first batch`);
    await session.close();
  }
});

test('weights that come with their transform keep it, whatever images the run has', async () => {
  for (const overrides of [
    [...small, ...products],
    [...large, ...layers],
  ]) {
    const trained = await train(2, overrides);
    const still = [...overrides, 'data.take=80', 'train.batch=8', 'train.epochs=1', 'optimizer.lr=1e-30'];
    const config = await configure(...still);
    const { session } = await openSession(await realMnist(), 2, still);
    session.setParameters(trained.tensors, 'trained');
    const { evaluation } = await trainOnce(session, config, 9, {});
    await session.close();
    assert.equal(evaluation?.accuracy, trained.accuracy);
  }
});
