/** When a run ends, as its files tell: steps, target, patience, and on which images accuracy is measured. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import {
  expectCode,
  readJson,
  readLog,
  readMetrics,
  type TrainingResult,
  workingDirectory,
} from './support/cli.ts';
import { writeMnist } from './support/mnist-files.ts';

const parent = await mkdtemp(join(tmpdir(), 'shardstep-stopping-'));
before(() => writeMnist(join(parent, 'data'), 1200, 1000));
after(() => rm(parent, { recursive: true, force: true }));

/** 10 steps an epoch; enough to learn something. */
const small = [
  'train',
  '--config',
  'pixels-97',
  'data.set=idx',
  `data.dir=${join(parent, 'data')}`,
  'data.take=640',
  'stop.target=null',
  'log.every=1',
  '--quiet',
  '--out',
  'run',
];

async function run(t: TestContext, code: number, words: readonly string[]) {
  const cwd = await workingDirectory(t);
  await expectCode(code, [...small, ...words], { cwd });
  const folder = join(cwd, 'run');
  const metrics = await readMetrics(folder);
  const evaluatedAt = metrics.filter(({ accuracy }) => accuracy !== null).map(({ step }) => step);
  const result = await readJson<TrainingResult>(folder, 'result.json');
  return { result, metrics, evaluatedAt, folder };
}

// Each has a folder and a process of its own.
describe('the end of a run', { concurrency: 2 }, () => {
  test('train.steps=N stops after N steps, in the middle of an epoch too, and evaluates there', async (t) => {
    const { result, metrics, evaluatedAt } = await run(t, 0, ['train.steps=23', 'train.epochs=100']);
    assert.deepEqual([result.status, result.reason], ['done', 'steps']);
    assert.deepEqual([result.steps, result.epochs, result.images], [23, 3, 23 * 64]);
    assert.deepEqual([metrics.length, metrics[9].epoch, metrics[10].epoch], [23, 1, 2]);
    assert.deepEqual(evaluatedAt, [10, 20, 23]);
  });

  test('train.epochs ends a run that train.steps would let go on; a partial last batch counts as it is', async (t) => {
    const { result, evaluatedAt } = await run(t, 0, ['data.take=650', 'train.epochs=2', 'train.steps=1000']);
    assert.deepEqual([result.reason, result.steps, result.images], ['epochs', 22, 1300]);
    assert.deepEqual(evaluatedAt, [11, 22]);
  });

  test("stop.on=train reports the mean accuracy of an epoch's batches, and the test accuracy of the end", async (t) => {
    const words = ['stop.on=train', 'train.epochs=2', 'train.steps=15'];
    const { result, evaluatedAt, folder } = await run(t, 0, words);
    assert.deepEqual([result.reason, evaluatedAt], ['steps', [10, 15]]);
    const log = await readLog(folder);
    const steps = log
      .filter(({ event }) => event === 'step')
      .map(({ batchAccuracy }) => Number(batchAccuracy));
    const evaluations = log.filter(({ event }) => event === 'eval');
    assert.deepEqual(
      evaluations.map(({ on }) => on),
      ['train', 'train'],
    );
    for (const [i, own] of [steps.slice(0, 10), steps.slice(10)].entries()) {
      const mean = own.reduce((sum, accuracy) => sum + accuracy, 0) / own.length;
      assert.ok(Math.abs(Number(evaluations[i].accuracy) - mean) < 1e-12);
    }
    assert.ok((result.testAccuracy ?? 0) > 0.3, `${result.testAccuracy}`);
  });

  test('stop.every=N evaluates every N steps and stops at once when the target is reached', async (t) => {
    const { result, metrics, evaluatedAt } = await run(t, 0, [
      'stop.every=4',
      'stop.target=0.5',
      'train.epochs=20',
    ]);
    assert.deepEqual([result.status, result.reason], ['reached', 'target']);
    assert.ok(result.steps % 4 === 0 && result.steps < 200, `${result.steps} steps`);
    assert.equal(metrics.length, result.steps);
    assert.deepEqual(
      evaluatedAt,
      Array.from({ length: result.steps / 4 }, (_, i) => 4 * (i + 1)),
    );
    const accuracies = metrics.flatMap(({ accuracy }) => accuracy ?? []);
    assert.ok(accuracies.slice(0, -1).every((accuracy) => accuracy < 0.5));
    assert.equal(accuracies.at(-1), result.accuracy);
  });

  test('stop.patience ends a run that no longer improves; with a target it has missed it', async (t) => {
    // No rise can be as large as minDelta after the first evaluation.
    const stuck = ['stop.every=5', 'stop.patience=3', 'stop.minDelta=0.999', 'train.epochs=50'];
    const { result, evaluatedAt } = await run(t, 0, stuck);
    assert.deepEqual([result.status, result.reason, result.steps], ['done', 'patience', 20]);
    assert.deepEqual(evaluatedAt, [5, 10, 15, 20]);
    const missed = await run(t, 3, [...stuck, 'stop.target=1']);
    assert.deepEqual([missed.result.status, missed.result.reason], ['missed', 'patience']);
  });

  test('stop.on=validation stops on held-out images and reports the test set beside them', async (t) => {
    const { result, folder } = await run(t, 0, [
      'stop.on=validation',
      'data.validation=500',
      'stop.target=0.5',
      'stop.every=5',
      'train.epochs=20',
    ]);
    assert.equal(result.status, 'reached');
    // Of 500 images.
    assert.ok(result.accuracy !== null && Number.isInteger(Math.round(result.accuracy * 500 * 1e6) / 1e6));
    assert.ok(result.testAccuracy !== undefined && result.testAccuracy > 0.3 && result.testAccuracy < 1);
    const evaluations = (await readLog(folder)).filter(({ event }) => event === 'eval');
    assert.ok(evaluations.length > 0 && evaluations.every(({ on }) => on === 'validation'));
  });

  test('log.every=0 leaves the evaluated steps only', async (t) => {
    const { metrics } = await run(t, 0, ['log.every=0', 'train.epochs=2']);
    assert.deepEqual(
      metrics.map(({ step }) => step),
      [10, 20],
    );
  });

  test('log.every=5 leaves every fifth step and the evaluated ones', async (t) => {
    const { metrics } = await run(t, 0, ['log.every=5', 'train.steps=13', 'train.epochs=2']);
    assert.deepEqual(
      metrics.map(({ step }) => step),
      [5, 10, 13],
    );
  });
});
