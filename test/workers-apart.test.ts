/** The strategies in which the workers train apart: hogwild and local-sgd. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dataset } from '../dist/data/dataset.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { Rng, shuffle } from '../dist/numbers/rng.js';
import { openSession, realMnist, relativeError, syntheticDataset, takeSteps } from './support/training.ts';

interface Training {
  readonly threads: number;
  readonly words: readonly string[];
  /** Steps in a command; all of an epoch unless given. */
  readonly command?: number;
  readonly images?: number;
  readonly batch?: number;
  readonly dataset?: Dataset;
}

const random = syntheticDataset({
  rows: 16,
  columns: 16,
  classes: 10,
  train: 1000,
  test: 300,
  density: 0.25,
  seed: 2,
});

const epochs = 2;

/** Two short epochs with a last batch that is not full. */
async function train({
  threads,
  words,
  command = 1024,
  images = 1000,
  batch = 96,
  dataset = random,
}: Training) {
  const { session, plan } = await openSession(dataset, threads, [
    ...words,
    `train.batch=${batch}`,
    `train.epochs=${epochs}`,
    `data.take=${images}`,
  ]);
  const sizes = [plan.input.features, ...plan.layers.map((layer) => layer.outputs)];
  session.setParameters(initialTensors(denseNetwork(sizes), 'torch', new Rng(7)), 'seed 7');
  const perEpoch = Math.ceil(images / batch);
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    session.order.forEach((_, i, order) => {
      order[i] = i;
    });
    shuffle(session.order, new Rng(7, 2 + epoch));
    for (let step = 0; step < perEpoch; step += command) {
      const rates = new Array(Math.min(command, perEpoch - step)).fill(0.05);
      const metrics = await takeSteps(session, epoch * perEpoch + step, rates, step * batch, images);
      losses.push(...metrics.map(({ loss }) => loss));
    }
  }
  const evaluation = await session.evaluate('test');
  const weights = session.parameters();
  await session.close();
  return { weights, losses, evaluation };
}

function assertClose(got: Map<string, Tensor>, expected: Map<string, Tensor>, tolerance: number) {
  for (const [name, { data }] of expected) {
    const error = relativeError(got.get(name)?.data ?? [], data);
    assert.ok(error < tolerance, `${name}: relative error ${error}`);
  }
}

/** Sparse rows in panels of 64 and dense ones; a centred bias kept by its owner; gathered columns; GELU. */
const networks = [
  ['model.hidden=[96,40]'],
  ['model.hidden=[128]', 'data.pool=2', 'data.normalise=centre'],
  ['model.hidden=[170]', 'data.normalise=centre'],
  ['model.hidden=[37]', 'data.packing=dense', 'data.pool=2', 'model.activation=gelu'],
];

for (const network of networks) {
  const momentum = ['optimizer.momentum=0.8', 'optimizer.nesterov=true', 'optimizer.weightDecay=0.001'];

  for (const sync of ['hogwild', 'local-sgd'])
    test(`${sync}: one thread trains as one thread does elsewhere, bit for bit (${network.join(' ')})`, async () => {
      const owner = await train({ threads: 1, words: [...network, 'parallel.sync=owner'] });
      assert.deepEqual(await train({ threads: 1, words: [...network, `parallel.sync=${sync}`] }), owner);
    });

  test(`local-sgd: averaging after every step is synchronous SGD (${network.join(' ')})`, async () => {
    for (const { optimizer, batch, images } of [
      { optimizer: ['optimizer.momentum=0', 'optimizer.weightDecay=0.001'], batch: 95, images: 1000 },
      // Momentum is linear in the gradients while each shard is the same share of its batch.
      { optimizer: momentum, batch: 96, images: 960 },
    ]) {
      const words = [...network, ...optimizer];
      const owner = await train({ threads: 3, words, batch, images });
      const everyStep = [...words, 'parallel.sync=local-sgd', 'parallel.localSteps=1'];
      const averaged = await train({ threads: 3, words: everyStep, batch, images });
      assertClose(averaged.weights, owner.weights, 5e-6);
      assert.ok(relativeError(averaged.losses, owner.losses) < 1e-5);
      assert.ok(Math.abs(averaged.evaluation.loss - owner.evaluation.loss) < 1e-5 * owner.evaluation.loss);
    }
  });
}

const local = ['model.hidden=[96,40]', 'parallel.sync=local-sgd', 'parallel.localSteps=4'];

test('local-sgd: the same bits for the same threads, however often it is evaluated', async () => {
  const reference = await train({ threads: 3, words: local });
  assert.deepEqual(await train({ threads: 3, words: local }), reference);
  // Commands of three steps end between two averagings.
  assert.deepEqual(await train({ threads: 3, words: local, command: 3 }), reference);
});

test('local-sgd: several local steps train otherwise than synchronous ones, and other threads otherwise', async () => {
  const reference = await train({ threads: 3, words: local });
  const owner = await train({ threads: 3, words: ['model.hidden=[96,40]'] });
  const two = await train({ threads: 2, words: local });
  for (const other of [owner, two]) {
    assert.equal(other.losses[0], reference.losses[0]);
    assert.notDeepEqual(other.weights, reference.weights);
  }
});

test('local-sgd: the weights that are evaluated are the mean of those trained on each shard alone', async () => {
  const images = 40;
  const words = ['model.hidden=[20]', 'parallel.sync=local-sgd', 'parallel.localSteps=5'];
  const whole = await train({ threads: 2, words, images, batch: 40 });
  // The same two steps, one an epoch, on the first and the last half of each epoch's order.
  const halves: Map<string, Tensor>[] = [];
  for (const half of [0, 1]) {
    const { session, plan } = await openSession(random, 1, ['model.hidden=[20]', 'train.batch=20']);
    session.setParameters(initialTensors(denseNetwork([256, 20, 10]), 'torch', new Rng(7)), 'seed 7');
    for (let epoch = 0; epoch < epochs; epoch++) {
      session.order.forEach((_, i, order) => {
        order[i] = i;
      });
      shuffle(session.order, new Rng(7, 2 + epoch));
      await takeSteps(session, epoch, [0.05], half * 20, images);
    }
    assert.equal(plan.batch, 20);
    halves.push(session.parameters());
    await session.close();
  }
  const mean = new Map(
    [...halves[0]].map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((value, i) => (value + (halves[1].get(name)?.data[i] ?? Number.NaN)) / 2) },
    ]),
  );
  assertClose(whole.weights, mean, 1e-6);
});

test('post-local SGD: bit for bit owner for its first share, local afterwards', async () => {
  const network = ['model.hidden=[96,40]'];
  // 2 epochs of 11 steps: the first 11 are synchronous.
  const post = await train({ threads: 3, words: [...local, 'parallel.localAfter=0.5'] });
  const owner = await train({ threads: 3, words: network });
  assert.deepEqual(post.losses.slice(0, 12), owner.losses.slice(0, 12));
  assert.notDeepEqual(post.losses, owner.losses);
  const allLocal = await train({ threads: 3, words: local });
  assert.notDeepEqual(post.losses, allLocal.losses);
});

test('hogwild: every batch is trained on once, and several threads learn', async () => {
  const words = ['model.hidden=[64]', 'parallel.sync=hogwild', 'data.pool=2'];
  const { losses, evaluation } = await train({
    threads: 3,
    words,
    images: 6000,
    batch: 32,
    dataset: await realMnist(),
  });
  assert.equal(losses.length, 2 * Math.ceil(6000 / 32));
  assert.ok(losses.every((loss) => loss > 0 && loss < 4));
  assert.ok(Number(evaluation.accuracy) > 0.9, `${evaluation.accuracy}`);
});

test('hogwild: the weights that are saved are the ones that are evaluated, centred biases included', async () => {
  const words = ['model.hidden=[128]', 'parallel.sync=hogwild', 'data.pool=2', 'data.normalise=centre'];
  const { weights, evaluation } = await train({ threads: 2, words });
  const { session } = await openSession(random, 1, [
    'model.hidden=[128]',
    'data.pool=2',
    'data.normalise=centre',
    'data.take=1000',
    'train.batch=96',
  ]);
  session.setParameters(weights, 'hogwild');
  const again = await session.evaluate('test');
  await session.close();
  assert.equal(again.accuracy, evaluation.accuracy);
  assert.ok(Math.abs(again.loss - evaluation.loss) < 1e-5 * evaluation.loss);
});
