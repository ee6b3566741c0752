/** With which weights a run ends: the last step's, the tail's average, or those of the best evaluation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunOutcome } from '../dist/coordinator/training-run.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { isInTail, nextInTail, tailOf } from '../dist/optim/tail-average.js';
import { word } from './support/config-refusal.ts';
import { openSession, someMnist } from './support/training.ts';

const pixels = ['model.hidden=[12]', 'data.pool=2', 'data.take=640', 'train.batch=64', 'optimizer.lr=0.2'];
const directions = [
  'data.features.kind=directions',
  'model.hidden=[]',
  'model.init.kind=zero',
  'data.take=640',
  'train.batch=64',
];

interface Ended extends RunOutcome {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** What the weights reach when they are evaluated again. */
  readonly again: number;
  readonly evaluatedAt: number[];
}

async function train(overrides: readonly string[], threads = 2): Promise<Ended> {
  const { trainer, session } = await openSession(await someMnist(640, 1000), threads, overrides);
  try {
    const evaluatedAt: number[] = [];
    const outcome = await trainer.train(3, { evaluation: ({ step }) => evaluatedAt.push(step) });
    const again = (await session.evaluate('test')).accuracy ?? Number.NaN;
    return { ...outcome, tensors: session.parameters(), again, evaluatedAt };
  } finally {
    await session.close();
  }
}

test('the tail is the last share of the steps, counted back from the last one', () => {
  const wanted = (total: number, share: number, every: number) => {
    const tail = tailOf(total, share, every);
    return Array.from({ length: total }, (_, i) => i + 1).filter((step) => isInTail(tail, step));
  };
  assert.deepEqual(wanted(10, 0.3, 1), [8, 9, 10]);
  assert.deepEqual(wanted(10, 0.25, 1), [8, 9, 10]);
  assert.deepEqual(wanted(10, 0.5, 2), [6, 8, 10]);
  assert.deepEqual(wanted(10, 0.5, 3), [7, 10]);
  assert.deepEqual(wanted(10, 0.5, 50), [10]);
  assert.deepEqual(wanted(1, 0.01, 1), [1]);
  assert.equal(nextInTail(tailOf(10, 0.5, 3), 2), 7);
});

for (const [what, keys] of [
  ['pixels', pixels],
  ['pixels, average', [...pixels, 'parallel.sync=average']],
  ['direction features', directions],
] as const) {
  test(`${what}: a run ends with the mean of the weights that shorter runs end with`, async () => {
    const long = [...keys, 'train.epochs=2', 'train.steps=16'];
    const averaged = await train([...long, 'train.tailAverage=0.3', 'train.tailEvery=2']);
    assert.deepEqual(averaged.weights, { of: 'tail average', step: 16 });
    // Of 16 steps, 0.3 are the last 5: steps 12, 14 and 16.
    const points: Ended[] = [];
    for (const steps of [12, 14, 16])
      points.push(await train([...keys, 'train.epochs=2', `train.steps=${steps}`]));
    for (const [name, { data }] of averaged.tensors) {
      data.forEach((value, i) => {
        const mean =
          points.reduce((sum, { tensors }) => sum + (tensors.get(name)?.data[i] ?? Number.NaN), 0) / 3;
        assert.ok(
          Math.abs(value - mean) <= 1e-6 * Math.max(1, Math.abs(mean)),
          `${name}[${i}]: ${value}, ${mean}`,
        );
      });
    }
    assert.equal(averaged.evaluation?.accuracy, averaged.again);
    assert.deepEqual(averaged.evaluatedAt, [10, 16]);
    assert.deepEqual(points[2].weights, { of: 'last step', step: 16 });
    assert.notEqual(points[2].evaluation?.loss, averaged.evaluation?.loss);
  });
}

test('evaluations within the tail are of the present weights, and may end the run', async () => {
  const keys = [...pixels, 'train.tailAverage=0.9', 'stop.every=2'];
  const plain = await train([...pixels, 'stop.every=2', 'stop.target=0.4']);
  const averaged = await train([...keys, 'stop.target=0.4']);
  assert.equal(averaged.reason, 'target');
  assert.ok(averaged.steps < 10);
  assert.deepEqual(averaged.weights, { of: 'last step', step: averaged.steps });
  assert.deepEqual(averaged.tensors, plain.tensors);
});

test('stop.restoreBest: a run ends with the weights and the accuracy of its best evaluation', async () => {
  // A rate at which accuracy goes up and down.
  const keys = [...pixels, 'optimizer.lr=0.7', 'train.epochs=6', 'stop.every=3', 'stop.patience=6'];
  const last = await train(keys);
  const best = await train([...keys, 'stop.restoreBest=true']);
  assert.equal(best.steps, last.steps);
  assert.equal(best.weights.of, 'best evaluation');
  assert.ok(best.weights.step < best.steps);
  assert.ok((best.evaluation?.accuracy ?? 0) > (last.evaluation?.accuracy ?? 1));
  assert.equal(best.again, best.evaluation?.accuracy);
  const until = await train([...keys, `train.steps=${best.weights.step}`]);
  assert.deepEqual(best.tensors, until.tensors);
});

test('stop.bestMargin: the last weights stay within so many standard errors, after the last step only', async () => {
  const keys = [...pixels, 'optimizer.lr=0.7', 'train.epochs=6', 'stop.every=3', 'stop.restoreBest=true'];
  const [best, last] = [await train(keys), await train([...keys, 'stop.restoreBest=false'])];
  const [high, low] = [best.evaluation?.accuracy ?? 0, last.evaluation?.accuracy ?? 1];
  assert.ok(best.weights.step < best.steps && high > low);
  const lead = (high - low) / Math.sqrt((high * (1 - high)) / 1000);
  for (const [margin, expected] of [
    [lead * 1.01, last],
    [lead * 0.99, best],
  ] as const) {
    const got = await train([...keys, `stop.bestMargin=${margin}`]);
    assert.deepEqual([got.weights, got.tensors], [expected.weights, expected.tensors], `${margin}`);
  }
  // Ended by patience: the learning rate had not come to its end.
  const early = [...keys, 'stop.patience=2'];
  const stopped = await train([...early, 'stop.bestMargin=1000']);
  assert.ok(stopped.steps < best.steps);
  assert.equal(stopped.weights.of, 'best evaluation');
  assert.match(
    await word('stop.restoreBest=false', 'stop.bestMargin=1'),
    /stop\.bestMargin: expected 0 if stop\.restoreBest is false, got 1/,
  );
});

test('an average beside patience or the best weights is refused', async () => {
  assert.equal(
    await word('train.tailAverage=0.2', 'stop.patience=3'),
    'command line: train.tailAverage: expected 0 if stop.patience is given: the tail is a share of a run whose length is known, got 0.2 (number)',
  );
  assert.match(
    await word('train.tailAverage=0.2', 'stop.restoreBest=true'),
    /train\.tailAverage: expected 0 if stop\.restoreBest is true, got 0\.2/,
  );
});
