import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveConfig } from '../dist/config/load.js';
import { chooseTeam } from '../dist/data/transforms/directions/team.js';
import { directionShape } from '../dist/kernels/directions/spec.js';
import { chooseThreads, estimateMs } from '../dist/plan/threads.js';

const size = { train: 60_000, evaluated: 10_000, inputs: 784, classes: 10 };
const cores = { physical: 4, logical: 8, available: 8 };

async function configOf(file: string, ...overrides: string[]) {
  return (await resolveConfig({ file, overrides, environment: {} })).config;
}

test('auto: a sprint of a few milliseconds gets one worker, epochs of a deep network all cores', async () => {
  const sprint = chooseThreads(await configOf('mnist-97', 'parallel.threads=auto'), cores, size, 'owner');
  assert.equal(sprint.count, 1);
  assert.match(sprint.reason, /[\d.]+ ms of work.*cost/);
  const deep = chooseThreads(await configOf('fastmlp', 'parallel.threads=auto'), cores, size, 'owner');
  assert.equal(deep.count, 4);
  assert.match(deep.reason, /every physical core/);
});

test('a count, physical and logical are what they say', async () => {
  for (const [word, count] of [
    ['3', 3],
    ['physical', 4],
    ['logical', 8],
  ] as const) {
    const config = await configOf('mnist-97', `parallel.threads=${word}`);
    assert.equal(chooseThreads(config, cores, size, 'owner').count, count);
  }
});

test('the estimate grows with images, epochs, grid and layers', async () => {
  const estimate = async (file: string, ...overrides: string[]) =>
    estimateMs(await configOf(file, ...overrides), size);
  const base = await estimate('mnist-97');
  assert.ok(base < (await estimate('mnist-97', 'data.take=4000')));
  assert.ok(base < (await estimate('mnist-97', 'train.epochs=2')));
  assert.ok(base < (await estimate('mnist-97', 'data.features.grid=20')));
  assert.ok(base < (await estimate('mnist-97', 'data.features.quadratic=24')));
  assert.ok(base < (await estimate('mnist-97', 'model.hidden=[32]', 'model.init.kind=he')));
  assert.ok((await estimate('fastmlp', 'train.steps=1')) < 0.01 * (await estimate('fastmlp')));
  assert.ok((await estimate('fastmlp', 'stop.every=1')) > 2 * (await estimate('fastmlp')));
  assert.ok((await estimate('pixels-97')) < (await estimate('fastmlp', 'train.epochs=1')));
});

test('small batches have one trainer; large ones, and optimisers without a fused step, have all', async () => {
  const trainers = async (file: string, threads: number, ...overrides: string[]) => {
    const { data, train, optimizer, model } = await configOf(file, ...overrides);
    const { batch, epochs } = train;
    const steps = Math.ceil((data.take ?? 60_000) / batch) * epochs;
    const shape = directionShape(data.features);
    const hasLayers = model.hidden.length > 0;
    const sizes = { hasLayers, batch, steps, evaluated: 10_000, threads, oversubscribed: threads > 8 };
    return chooseTeam({ optimizer, shape, ...sizes }).trainers;
  };
  assert.equal(await trainers('mnist-97', 2), 'one');
  assert.equal(await trainers('mnist-97', 2, 'train.batch=512'), 'all');
  assert.equal(await trainers('mnist-97', 2, 'optimizer.name=adam'), 'all');
  assert.equal(await trainers('mnist-99', 2), 'one');
  assert.equal(await trainers('mnist-99.5', 1), 'one');
  assert.equal(await trainers('mnist-97', 2, 'model.hidden=[32]', 'model.init.kind=he'), 'all');
  assert.equal(await trainers('mnist-99.5', 2), 'all');
  assert.equal(await trainers('mnist-99-large-batch', 2), 'all');
  assert.equal(await trainers('mnist-99-large-batch', 12), 'one');
});
