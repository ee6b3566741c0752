/** The tables of what choices need and offer: whole, and telling what the code does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  choosers,
  expectedBeside,
  gradientBuffers,
  isLinearMap,
  measuresFirst,
  trainsApart,
} from '../dist/config/capabilities.js';
import { describeKeys } from '../dist/config/keys.js';
import { resolveConfig } from '../dist/config/load.js';
import { labelSmoothingOf } from '../dist/config/loss-keys.js';
import { configSchema } from '../dist/config/schema.js';
import { strategies } from '../dist/sync/strategy.js';
import { word } from './support/config-refusal.ts';

const set = async (...overrides: string[]) =>
  (await resolveConfig({ file: null, overrides, environment: {} })).config;

test('every key of the tables is one of the schema, and has a choice for each of its words', () => {
  for (const { key, choices } of choosers) {
    const known = describeKeys().filter((found) => [key, `${key}.name`].includes(found.key));
    assert.ok(known.length > 0, key);
    for (const name of known.flatMap((found) => found.choices)) assert.ok(name in choices, `${key}=${name}`);
  }
});

test('whatever two choices do not go together, the refusal says what would do', () => {
  choosers.forEach((chooser, at) => {
    for (const other of choosers.slice(0, at))
      for (const name of Object.keys(chooser.choices))
        for (const otherName of Object.keys(other.choices)) {
          const expected = expectedBeside(chooser, name, other, otherName);
          assert.match(expected ?? 'any if x is y', /^\S.* if \S+ is \S/, `${chooser.key}=${name}`);
        }
  });
});

test('the tables of choices say what the rest of the program builds on', () => {
  const buffers = { auto: 1, average: 5, sharded: 5, owner: 1, units: 1, hogwild: 0, 'local-sgd': 1 };
  for (const sync of Object.keys(strategies)) {
    const { parallel } = configSchema.parse({ parallel: { sync } });
    assert.equal(gradientBuffers(parallel.sync, 5), buffers[parallel.sync], sync);
    assert.equal(trainsApart(parallel.sync), ['hogwild', 'local-sgd'].includes(sync), sync);
  }
  for (const normalise of ['mnist', 'centre', 'standardise', 'whiten', 'none'] as const)
    assert.equal(isLinearMap(normalise), ['standardise', 'whiten'].includes(normalise), normalise);
  for (const name of ['sgd', 'adam', 'adamw', 'lars'])
    for (const clip of [null, 1]) {
      const { optimizer } = configSchema.parse({ optimizer: { name, clip } });
      assert.equal(measuresFirst(optimizer), name === 'lars' || clip === 1, `${name}, ${clip}`);
    }
});

test('the key that says what a run is of stays, the other is refused, by whoever gave one of them last', async () => {
  assert.match(
    await word('data.features.kind=directions', 'data.normalise=whiten'),
    /: data\.normalise: .*scale/,
  );
  assert.match(await word('optimizer=lars', 'parallel.sync=hogwild'), /: optimizer\.name: .*whole batch/);
  assert.match(
    await word('train.tailAverage=0.5', 'parallel.sync=local-sgd'),
    /: train\.tailAverage: .*weights/,
  );
  assert.match(
    await word('stop.restoreBest=true', 'parallel.sync=hogwild'),
    /: stop\.restoreBest: .*weights/,
  );
});

test('a loss by name; cross-entropy is the default, and its key needs no name', async () => {
  assert.deepEqual((await set()).loss, {
    ...{ name: 'cross-entropy', labelSmoothing: 0, classWeights: 'none' },
  });
  assert.deepEqual((await set('loss.labelSmoothing=0.1')).loss, {
    ...{ name: 'cross-entropy', labelSmoothing: 0.1, classWeights: 'none' },
  });
  assert.deepEqual(configSchema.parse({ loss: { name: 'squared-error' } }).loss, { name: 'squared-error' });
  assert.equal(labelSmoothingOf({ name: 'squared-error' }), 0);
  assert.match(
    await word('loss=squared-error', 'loss.labelSmoothing=0.1'),
    /: loss\.labelSmoothing: unknown .*loss\.name=cross-entropy/,
  );
  assert.match(await word('loss=squares'), /: loss\.name: .*cross-entropy, squared-error/);
});

test('the squared error: not in the kernels of softmax regression on direction features', async () => {
  assert.deepEqual((await set('loss=squared-error')).loss, { name: 'squared-error' });
  const loss = choosers.find(({ key }) => key === 'loss.name');
  const hidden = choosers.find(({ key }) => key === 'model.hidden');
  assert.ok(loss && hidden);
  const beside = (network: string) => expectedBeside(loss, 'squared-error', hidden, network);
  assert.match(beside('softmaxOnDirections') ?? '', /^cross-entropy if model\.hidden is \[\]: .*direction/);
  assert.deepEqual([beside('softmax'), beside('layers')], [null, null]);
});
