/**
 * Training, profiling, evaluation and prediction are one pipeline: what one of them does to an image or to a weight, the
 * others do too.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { predictsAsEvaluated, sameRun } from './support/one-pipeline.ts';
import {
  configured,
  type Dataset,
  evaluateFile,
  type Prepared,
  prepared,
  readSafetensors,
  someMnist,
  train,
  weightsFile,
} from './support/pairs.ts';

let dataset: Dataset;
/** The same test images, beside other training images. */
let elsewhere: Dataset;
before(async () => {
  dataset = await someMnist(320, 200);
  elsewhere = await someMnist(250, 200, 320);
});

async function ready(...words: string[]) {
  const config = await configured(['train.batch=48', 'train.steps=8', 'model.hidden=[20]', ...words]);
  assert.ok(config !== null);
  return prepared(config, dataset) ?? assert.fail('the data contradict the configuration');
}

function moved({ config }: Prepared): Prepared {
  return prepared(config, elsewhere) ?? assert.fail('the data contradict the configuration');
}

for (const optimizer of ['sgd', 'adam', 'lars']) {
  for (const sync of ['owner', 'sharded', 'average', 'units']) {
    test(`profiling changes no bit of the weights: ${optimizer}, ${sync}`, async () => {
      const words = [`optimizer.name=${optimizer}`, `parallel.sync=${sync}`];
      // Three blocks of units.
      const run = await ready(...words, ...(sync === 'units' ? ['model.hidden=[140]'] : []));
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
        await predictsAsEvaluated(run, trained, weightsFile(trained, run));
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
    await predictsAsEvaluated(run, trained, weightsFile(trained, run));
  });
}

const tensorsOf: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> = {
  centre: { 'normalise.shift': [196], 'normalise.scale': [1] },
  standardise: { 'normalise.mean': [196], 'normalise.weight': [196] },
  whiten: { 'normalise.mean': [196], 'normalise.weight': [196, 196] },
};
for (const [normalise, shapes] of Object.entries(tensorsOf)) {
  for (const others of [
    [],
    ['data.momentNormalise=true'],
    ['backend=js'],
    ...(normalise === 'centre' ? [['data.packing=sparse'], ['data.packing=dense']] : []),
  ]) {
    const words = [`data.normalise=${normalise}`, ...others];
    test(`weights keep their inputs: from other images a run evaluates as theirs did: ${words.join(', ')}`, async () => {
      const run = await ready('data.pool=2', ...words);
      const trained = (await train(run, 2)) ?? assert.fail('diverged');
      const file = weightsFile(trained, run);
      const held = [...readSafetensors(file, 'weights')].filter(([name]) => name.startsWith('normalise.'));
      assert.deepEqual(Object.fromEntries(held.map(([name, { shape }]) => [name, shape])), shapes);
      const other = moved(run);
      const fitted = other.data.pipeline.tensors();
      for (const [name, { data }] of held)
        assert.notDeepEqual(fitted.get(name)?.data, data, `${name} of other images`);
      for (const threads of [1, 2]) assert.deepEqual(await evaluateFile(other, file, threads), trained.test);
      await predictsAsEvaluated(other, trained, file);
    });
  }
}

test('weights on centred images are refused by a run that normalises otherwise', async () => {
  const run = await ready('data.normalise=centre');
  const trained = (await train(run, 2)) ?? assert.fail('diverged');
  const file = weightsFile(trained, run);
  for (const other of ['mnist', 'none', 'standardise', 'whiten']) {
    await assert.rejects(evaluateFile(await ready(`data.normalise=${other}`), file, 1), {
      name: 'UserError',
      exitCode: 2,
      message: new RegExp(`^data\\.normalise: expected centre.*model\\.init\\.file=.*got "${other}"`),
    });
  }
});
