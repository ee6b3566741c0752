/** The gradient noise scale: the estimator on a problem with known G and Σ, and the squares that it is fed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { Rng } from '../dist/numbers/rng.js';
import { addSquares, emptyNoise, estimateOf, noiseSizes } from '../dist/optim/noise-scale.js';
import { fileOrder, openSession, syntheticDataset, takeSteps } from './support/training.ts';

const dataset = syntheticDataset({
  rows: 12,
  columns: 12,
  classes: 10,
  train: 200,
  test: 20,
  density: 0.3,
  seed: 9,
});

/** Standard normal numbers (Box & Muller 1958). */
function normal(rng: Rng): () => number {
  return () => {
    const radius = Math.sqrt(-2 * Math.log((rng.next() + 1) / 2 ** 32));
    return radius * Math.cos((2 * Math.PI * rng.next()) / 2 ** 32);
  };
}

const square = (vector: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return sum;
};

test('the estimates recover a known gradient and covariance, uneven shards included', () => {
  const draw = normal(new Rng(1));
  const dimensions = 400;
  // An anisotropic Σ: standard deviations of one image's gradient from 0.5 to 1.5.
  const deviations = Array.from({ length: dimensions }, (_, i) => 0.5 + i / dimensions);
  const gradient = Array.from({ length: dimensions }, (_, i) => 0.2 * Math.cos(i));
  const expected = square(deviations) / square(gradient);
  for (const shards of [
    [16, 16],
    [10, 11, 11, 32],
    [1, 63],
  ]) {
    const sizes = noiseSizes(shards);
    let averages = emptyNoise;
    assert.equal(estimateOf(averages), null);
    const batch = shards.reduce((sum, rows) => sum + rows, 0);
    for (let step = 0; step < 1500; step++) {
      const big = new Float64Array(dimensions);
      let small = 0;
      for (const rows of shards) {
        const of = gradient.map((g, i) => g + (deviations[i] * draw()) / Math.sqrt(rows));
        small += square(of) / shards.length;
        of.forEach((g, i) => {
          big[i] += (g * rows) / batch;
        });
      }
      averages = addSquares(averages, sizes, small, square(big));
    }
    const estimate = estimateOf(averages);
    assert.ok(estimate?.noiseScale != null);
    const within = (got: number, wanted: number) => Math.abs(got / wanted - 1) < 0.1;
    assert.ok(within(estimate.traceOfCovariance, square(deviations)), JSON.stringify({ shards, estimate }));
    assert.ok(within(estimate.squaredGradient, square(gradient)), JSON.stringify({ shards, estimate }));
    assert.ok(within(estimate.noiseScale, expected), JSON.stringify({ shards, estimate }));
  }
});

test('where nothing but noise is seen there is no scale', () => {
  const estimate = estimateOf(addSquares(emptyNoise, noiseSizes([8, 8]), 2, 0.9));
  assert.ok(estimate !== null && estimate.squaredGradient < 0);
  assert.equal(estimate.noiseScale, null);
});

/** The mean gradient over `rows` images from file place `first` on, out of one step of plain SGD with rate 1. */
async function meanGradient(first: number, rows: number): Promise<number[]> {
  const words = ['model.hidden=[40]', 'optimizer.momentum=0', `train.batch=${rows}`];
  const { session } = await openSession(dataset, 1, words);
  const start = initialTensors(denseNetwork([144, 40, 10]), 'torch', new Rng(7));
  session.setParameters(start, 'seed 7');
  fileOrder(session);
  await takeSteps(session, 0, [1], first, first + rows);
  const after = session.parameters();
  await session.close();
  return [...start].flatMap(([name, { data }]) => difference(data, after.get(name)));
}

const difference = (before: Float32Array, after: Tensor | undefined): number[] =>
  Array.from(before, (value, i) => value - (after?.data[i] ?? Number.NaN));

for (const sync of ['sharded', 'average'])
  test(`${sync}: the squares are those of the shards' mean gradients and of the batch's`, async () => {
    const words = ['model.hidden=[40]', 'train.batch=50', 'log.noiseScale=true', `parallel.sync=${sync}`];
    const { session } = await openSession(dataset, 3, [...words, 'parallel.threads=3']);
    session.setParameters(initialTensors(denseNetwork([144, 40, 10]), 'torch', new Rng(7)), 'seed 7');
    fileOrder(session);
    // Rate 0: both steps measure at the same weights; the last batch of 30 is not full.
    const metrics = await takeSteps(session, 0, [0, 0, 0], 0, 130);
    await session.close();
    assert.equal(metrics[2].squares, null);
    for (const step of [0, 1]) {
      const shards = [16, 17, 17];
      let first = step * 50;
      let small = 0;
      for (const rows of shards) {
        small += square(await meanGradient(first, rows)) / 3;
        first += rows;
      }
      const big = square(await meanGradient(step * 50, 50));
      const { squares } = metrics[step];
      assert.ok(squares !== null);
      assert.ok(Math.abs(squares.small / small - 1) < 1e-3, `${squares.small} and ${small}`);
      assert.ok(Math.abs(squares.big / big - 1) < 1e-3, `${squares.big} and ${big}`);
      assert.ok(small > big);
    }
  });

test('it is refused where there are no two shards with images to compare', async () => {
  const open = (threads: number, batch: number) =>
    openSession(dataset, threads, ['parallel.sync=sharded', `train.batch=${batch}`, 'log.noiseScale=true']);
  await assert.rejects(open(1, 50), {
    exitCode: 2,
    message: /^log\.noiseScale: expected false.* thread/,
  });
  await assert.rejects(open(3, 2), {
    exitCode: 2,
    message: /^log\.noiseScale: expected false.*train\.batch=2/,
  });
});

test('measuring changes nothing of the training', async () => {
  const train = async (...more: string[]) => {
    const words = ['model.hidden=[40]', 'train.batch=50', 'parallel.sync=sharded', 'parallel.threads=3'];
    const { session } = await openSession(dataset, 3, [...words, ...more]);
    session.setParameters(initialTensors(denseNetwork([144, 40, 10]), 'torch', new Rng(7)), 'seed 7');
    fileOrder(session);
    await takeSteps(session, 0, [0.1, 0.1, 0.1], 0, 130);
    const weights = session.parameters();
    await session.close();
    return weights;
  };
  assert.deepEqual(await train('log.noiseScale=true'), await train());
});
