/** The race's one-threaded sprint gives what a session gives for the same images in the same order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openRaceModule } from '../dist/fast-start/module.js';
import { raceRecipe } from '../dist/fast-start/recipe.js';
import { memoryPages, Sprint } from '../dist/fast-start/sprint.js';
import { UserError } from '../dist/user-error.js';
import { configure, openSession, realMnist } from './support/training.ts';

const pixels = 28 * 28;
const base = [
  'data.features.kind=directions',
  'data.take=2000',
  'data.shuffle=false',
  'model.hidden=[]',
  'model.init.kind=zero',
  'train.batch=8',
  'train.epochs=1',
  'stop.target=0.97',
];
const variants: readonly (readonly string[])[] = [
  ['loss.labelSmoothing=0.15', 'optimizer.nesterov=true', 'schedule.name=warmup-linear', 'schedule.warmup=0'],
  // The last chunk of 32 images is not full.
  ['data.take=1000', 'optimizer.lr=0.02'],
  ['data.take=1040', 'train.batch=16', 'optimizer.weightDecay=0.01', 'schedule.name=cosine'],
];

for (const variant of variants) {
  test(`the same hits as a session's: ${variant.join(' ')}`, async () => {
    const overrides = [...base, ...variant];
    const config = await configure(...overrides);
    const dataset = await realMnist();
    const recipe = raceRecipe('test', config);
    const { train, test: tested } = dataset;
    const labels = (targets: Uint32Array) => Uint8Array.from(targets);
    const { kernels, memory } = openRaceModule(recipe.shape.grid, memoryPages(recipe, tested.count), true);
    const sprint = new Sprint(recipe, kernels, memory, tested.count);
    sprint.train(
      train.values.subarray(0, recipe.images * pixels),
      labels(train.targets.subarray(0, recipe.images)),
    );
    sprint.setTestLabels(labels(tested.targets));
    // Pieces that end in the middle of an image.
    for (let at = 0; at < tested.values.length; at += 1_000_003)
      sprint.evaluate(tested.values.subarray(at, at + 1_000_003));
    assert.equal(sprint.evaluated, tested.count);
    const { trainer } = await openSession(dataset, 1, overrides);
    try {
      const { evaluation } = await trainer.train(config.seed, {});
      assert.equal(sprint.hits / tested.count, evaluation?.accuracy);
      assert.ok(sprint.hits > 0.95 * tested.count);
    } finally {
      await trainer.close();
    }
  });
}

test('a recipe that the race cannot run is refused with what it needs', async () => {
  for (const [override, needed] of [
    ['data.features.kind=pixels', 'data.features.kind'],
    ['model.init.kind=torch', 'model.init.kind=zero'],
    ['train.epochs=2', 'one epoch'],
    ['data.take=2004', 'whole batches'],
    ['stop.target=null', 'stop.target'],
    ['stop.every=100', 'one evaluation'],
    ['optimizer.name=adam', 'optimizer.name=sgd'],
  ]) {
    const config = await configure(...base, override);
    assert.throws(
      () => raceRecipe('test', config),
      (error) => error instanceof UserError && error.message.includes(needed),
      override,
    );
  }
});
