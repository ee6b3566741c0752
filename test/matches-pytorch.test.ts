import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { goldenCases, hidden3216, matchGolden } from './support/golden.ts';
import {
  configure,
  fileOrder,
  openSession,
  readGolden,
  realMnist,
  relativeError,
  someMnist,
  takeSteps,
} from './support/training.ts';

const oneHiddenLayer = ['mlp-adam', 'mlp-adamw', 'mlp-clip', 'mlp-pooled'];

for (const name of Object.keys(goldenCases)) {
  for (const sync of ['average', 'sharded', 'owner', 'units']) {
    if (sync === 'units' && !oneHiddenLayer.includes(name)) continue;
    test(`${name} with ${sync}: PyTorch's losses, gradient and weights, 1 to 3 threads, sparse and dense`, async () => {
      for (const packing of ['sparse', 'dense']) {
        for (const threads of [1, 2, 3]) {
          const overrides = [`parallel.sync=${sync}`, `data.packing=${packing}`];
          await matchGolden(name, threads, overrides, `${packing}, ${threads} threads`);
        }
      }
    });
  }
}

test("the first gradient is PyTorch's: one plain SGD step of rate 1 moves the weights by it", async () => {
  const golden = readGolden('mlp-momentum');
  const dataset = await someMnist(golden.batch, 1);
  const { session } = await openSession(dataset, 2, [...hidden3216, 'optimizer.momentum=0']);
  session.setParameters(golden.tensors, golden.name, 'init.');
  fileOrder(session);
  await takeSteps(session, 0, [1], 0, golden.batch);
  await session.close();
  for (const [key, { data }] of session.parameters()) {
    const before = golden.tensors.get(`init.${key}`)?.data ?? new Float32Array();
    const moved = before.map((weight, i) => weight - data[i]);
    const error = relativeError(moved, golden.tensors.get(`grad.${key}`)?.data ?? []);
    assert.ok(error < 1e-4, `${key} is off by ${error}`);
  }
});

test('pooled means and the global deviation are those of the golden statistics', async () => {
  const file = new URL('golden/pooled-statistics.json', import.meta.url);
  const golden = JSON.parse(readFileSync(file, 'utf8')) as { mean: number[]; std: number };
  const data = prepareData(await realMnist(), await configure('data.pool=2', 'data.normalise=centre'));
  // scale is per summed block of four pixels; a pooled pixel is a quarter of it.
  assert.ok(Math.abs(1 / (data.facts.scale * 1) / 4 / golden.std - 1) < 1e-9);
  const means = data.pipeline.affine.shift.map((shift) => shift / data.facts.scale / 4);
  assert.ok(relativeError(means, golden.mean) < 1e-6);
});
