/** Selective back-propagation: which images of a batch are trained on, and that nothing else changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';
import { Selector } from '../dist/optim/selective.js';
import { fileOrder, openSession, syntheticDataset, takeSteps } from './support/training.ts';

const dataset = syntheticDataset({
  rows: 12,
  columns: 12,
  classes: 10,
  train: 600,
  test: 20,
  density: 0.3,
  seed: 9,
});
const most = 2 ** 32 - 1;

function chosenRows(beta: number, losses: number[], draws: number[]): number[] {
  const rows = new Int32Array(losses.length);
  const count = new Selector(beta, losses.length + 5).choose(
    Float64Array.from(losses),
    Uint32Array.from(draws),
    rows,
  );
  return [...rows.subarray(0, count)];
}

test('the largest loss is always chosen, the others with their percentile to the power of beta', () => {
  assert.deepEqual(chosenRows(2, [3, 1, 9, 2], new Array(4).fill(most)), [2]);
  assert.deepEqual(chosenRows(2, [3, 1, 9, 2], new Array(4).fill(0)), [0, 1, 2, 3]);
  // Percentiles 3/4, 1/4, 1, 2/4; squared 9/16, 1/16, 1, 1/4.
  const just = (probability: number) => probability * 2 ** 32 - 1;
  assert.deepEqual(
    chosenRows(2, [3, 1, 9, 2], [just(9 / 16), just(1 / 16), most, just(1 / 4)]),
    [0, 1, 2, 3],
  );
  const above = (probability: number) => probability * 2 ** 32;
  assert.deepEqual(chosenRows(2, [3, 1, 9, 2], [above(9 / 16), above(1 / 16), most, above(1 / 4)]), [2]);
});

test('equal losses share the mean of their ranks; where none is drawn, a largest one is chosen', () => {
  // Ranks 1, 2, 3 of 3: 2/3 each.
  assert.deepEqual(chosenRows(1, [1, 1, 1], new Array(3).fill((2 / 3) * 2 ** 32 - 1)), [0, 1, 2]);
  assert.deepEqual(chosenRows(1, [1, 1, 1], new Array(3).fill((2 / 3) * 2 ** 32 + 1)), [0]);
  assert.deepEqual(chosenRows(1, [0, 1, 1], new Array(3).fill(most)), [1]);
  assert.deepEqual(chosenRows(1, [Number.NaN, Number.NaN], [most, most]), [0]);
});

test('about the share 1 / (1 + beta) is chosen', () => {
  const rng = new Rng(3);
  for (const beta of [0.5, 1, 3]) {
    let chosen = 0;
    for (let i = 0; i < 200; i++) {
      const losses = Array.from({ length: 100 }, () => rng.next());
      chosen += chosenRows(
        beta,
        losses,
        Array.from({ length: 100 }, () => rng.next()),
      ).length;
    }
    // Standard deviation of the share below 0.004; the percentile of n losses is 1/2n too high on average.
    assert.ok(Math.abs(chosen / 20_000 - 1 / (1 + beta) - 0.005) < 0.012, `${beta}: ${chosen}`);
  }
});

const network = ['model.hidden=[96,40]', 'optimizer.nesterov=true'];

interface Training {
  readonly threads: number;
  readonly words: readonly string[];
  readonly batch: number;
  readonly order: readonly number[];
  readonly draws?: (place: number) => number;
  readonly rate?: number;
}

/** One pass over `order`. */
async function train({ threads, words, batch, order, draws, rate = 0.05 }: Training) {
  const { session } = await openSession(dataset, threads, [...words, `train.batch=${batch}`]);
  session.setParameters(initialTensors(denseNetwork([144, 96, 40, 10]), 'torch', new Rng(7)), 'seed 7');
  fileOrder(session);
  session.order.set(order);
  if (draws !== undefined) for (let i = 0; i < order.length; i++) session.draws[i] = draws(i);
  const rates = new Array(Math.ceil(order.length / batch)).fill(rate);
  const metrics = await takeSteps(session, 0, rates, 0, order.length);
  const weights = session.parameters();
  await session.close();
  return { metrics, weights };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const selective = [...network, 'train.selective.beta=2'];

test('a step on chosen images is an ordinary step on these, its loss that of the whole batch', async () => {
  const order = range(100, 160);
  const single = await train({ threads: 1, words: network, batch: 1, order, rate: 0 });
  const losses = single.metrics.map(({ loss }) => loss);
  const rng = new Rng(11);
  const draws = order.map(() => rng.next());
  const chosen = order.filter((_, i) => {
    const percentile = losses.filter((loss) => loss <= losses[i]).length / losses.length;
    return draws[i] / 2 ** 32 < percentile ** 2;
  });
  assert.ok(chosen.length > 5 && chosen.length < 50);
  const plain = await train({ threads: 1, words: network, batch: chosen.length, order: chosen });
  for (const threads of [1, 2, 3]) {
    const picked = await train({ threads, words: selective, batch: 60, order, draws: (i) => draws[i] });
    assert.deepEqual(picked.weights, plain.weights, `${threads} threads`);
    assert.equal(picked.metrics[0].trainedImages, chosen.length);
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    assert.ok(Math.abs(picked.metrics[0].loss - mean) < 1e-5);
  }
});

test('draws that choose everything train as without a choice, bit for bit, partial batches included', async () => {
  const order = range(0, 250);
  const plain = await train({ threads: 2, words: network, batch: 64, order });
  const all = await train({ threads: 2, words: selective, batch: 64, order, draws: () => 0 });
  assert.deepEqual(all.weights, plain.weights);
  assert.deepEqual(
    all.metrics.map(({ trainedImages }) => trainedImages),
    [64, 64, 64, 58],
  );
});

test('the same images are chosen by every strategy and number of threads', async () => {
  const order = range(0, 500);
  const rng = new Rng(5);
  const numbers = order.map(() => rng.next());
  const run = async (threads: number, sync: string) => {
    const words = [...selective, `parallel.sync=${sync}`];
    return train({ threads, words, batch: 64, order, draws: (i) => numbers[i] });
  };
  const reference = await run(1, 'owner');
  const { weights, metrics } = await run(3, 'owner');
  assert.deepEqual(weights, reference.weights);
  const trained = metrics.map(({ trainedImages }) => trainedImages);
  assert.deepEqual(
    trained,
    reference.metrics.map(({ trainedImages }) => trainedImages),
  );
  const average = await run(3, 'average');
  assert.deepEqual((await run(3, 'sharded')).weights, average.weights);
  assert.deepEqual(average.metrics[0].trainedImages, trained[0]);
});
