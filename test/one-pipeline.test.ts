/**
 * Training, profiling, evaluation and prediction are one pipeline: what one of them does to an image or to a weight, the
 * others do too.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { predictsAsEvaluated, sameRun } from './support/one-pipeline.ts';
import { configured, type Dataset, prepared, someMnist, train, weightsFile } from './support/pairs.ts';

let dataset: Dataset;
before(async () => {
  dataset = await someMnist(320, 200);
});

async function ready(...words: string[]) {
  const config = await configured(['train.batch=48', 'train.steps=8', 'model.hidden=[20]', ...words]);
  assert.ok(config !== null);
  return prepared(config, dataset) ?? assert.fail('the data contradict the configuration');
}

for (const optimizer of ['sgd', 'adam', 'lars']) {
  for (const sync of ['owner', 'sharded', 'average']) {
    test(`profiling changes no bit of the weights: ${optimizer}, ${sync}`, async () => {
      const run = await ready(`optimizer.name=${optimizer}`, `parallel.sync=${sync}`);
      const plain = (await train(run, 2)) ?? assert.fail('diverged');
      sameRun(plain, await train(run, 2, true), 'profiled', 0);
    });
  }
}

const kinds = ['none', 'mnist', 'centre', 'standardise', 'whiten'].map((kind) => `data.normalise=${kind}`);
for (const normalise of [...kinds, 'data.momentNormalise=true']) {
  for (const pool of [1, 2]) {
    for (const crop of [0, 4]) {
      // Whitening 784 pixels takes seconds.
      const cropped = normalise.endsWith('whiten') && pool === 1 ? crop + 8 : crop;
      test(`predictions are those of the session: ${normalise}, pool ${pool}, crop ${cropped}`, async () => {
        const run = await ready(normalise, `data.pool=${pool}`, `data.crop=${cropped}`);
        const trained = (await train(run, 2)) ?? assert.fail('diverged');
        await predictsAsEvaluated(run, trained, weightsFile(trained, run.config));
      });
    }
  }
}

/** Keys of training, which say nothing of a network that only predicts. */
const ofTraining: Readonly<Record<string, readonly string[]>> = {
  'the noise scale': ['log.noiseScale=true', 'parallel.sync=average'],
  'chosen images': ['train.selective.beta=2'],
  'local steps': ['parallel.sync=local-sgd', 'parallel.localSteps=2'],
  'plain TypeScript': ['backend=js'],
};
for (const [name, words] of Object.entries(ofTraining)) {
  test(`predictions are those of the session: ${name} in training`, async () => {
    const run = await ready(...words);
    const trained = (await train(run, 2)) ?? assert.fail('diverged');
    await predictsAsEvaluated(run, trained, weightsFile(trained, run.config));
  });
}
