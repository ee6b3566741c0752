/** The learning rate scaled to the batch: by its rule, and in the rates of a real run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peakRate } from '../dist/optim/batch-scaling.js';
import { word } from './support/config-refusal.ts';
import { configure } from './support/training.ts';

const peak = async (...overrides: string[]) => {
  const { optimizer, train } = await configure(...overrides);
  return peakRate(optimizer, train.batch);
};

test('linear: k times the batch, k times the rate; sqrt: √k times', async () => {
  const keys = ['optimizer.lr=0.1', 'optimizer.referenceBatch=64', 'train.batch=576'];
  assert.equal(await peak('optimizer.lr=0.1', 'train.batch=576'), 0.1);
  assert.ok(Math.abs((await peak(...keys)) - 0.9) < 1e-12);
  assert.ok(Math.abs((await peak(...keys, 'optimizer.batchScaling=sqrt')) - 0.3) < 1e-12);
  assert.ok(
    Math.abs((await peak(...keys, 'optimizer.name=adam', 'optimizer.batchScaling=sqrt')) - 0.3) < 1e-12,
  );
});

test('a rule without the batch that the rate is meant for is refused', async () => {
  assert.equal(
    await word('optimizer.batchScaling=sqrt'),
    'command line: optimizer.batchScaling: expected linear if optimizer.referenceBatch is null, got "sqrt" (string)',
  );
});
