/** Real numbers as inputs: from memory through training, evaluation, prediction and a weights file. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import type { Dataset } from '../dist/data/dataset.js';
import { memoryDataset } from '../dist/data/memory-set.js';
import { namesOf } from '../dist/data/target.js';
import { Pipeline } from '../dist/data/transforms/pipeline.js';
import { graphOf } from '../dist/inference/model-graph.js';
import { Predictor } from '../dist/inference/predictor.js';
import { savedModel } from '../dist/inference/saved-model.js';
import { loadKernels } from '../dist/kernels/load.js';
import { readSafetensors, readSafetensorsMetadata } from '../dist/model/safetensors.js';
import { atOnce } from '../dist/numbers/steps.js';
import { pairsOfFeatures, smallRun } from './support/features-of-runs.ts';
import { chosen, randomFrom, setUp, spirals, trainOn } from './support/memory.ts';
import { holdsForAll, predictsAsEvaluated, sameRun } from './support/one-pipeline.ts';
import {
  configured,
  evaluateFile,
  type Prepared,
  predict,
  prepared,
  train,
  weightsFile,
} from './support/pairs.ts';
import { needsTfjs } from './support/tfjs.ts';
import { configure, relativeError } from './support/training.ts';

const usage = (message: RegExp) => ({ name: 'UserError', exitCode: 2, message });

/** 11 features of unlike units, the last one constant; three classes that a small network tells apart. */
function measurements(train: number, test: number): Dataset {
  const random = randomFrom(11);
  const part = (count: number) => {
    const targets = Array.from({ length: count }, (_, i) => i % 3);
    const inputs = targets.map((target) =>
      Array.from({ length: 11 }, (_, p) =>
        p === 10 ? 0.1 : 10 ** (p - 5) * (p + Math.sin(target + p) + (random() - 0.5) * 1.5),
      ),
    );
    return { inputs, targets };
  };
  return memoryDataset({ ...part(train), test: part(test) });
}

let dataset: Dataset;
before(() => {
  dataset = measurements(320, 200);
});

async function ready(...words: string[]): Promise<Prepared> {
  const all = [...smallRun, 'data.set=memory', 'data.normalise=standardise', ...words];
  const config = await configured(all);
  assert.ok(config !== null);
  return { config, dataset, data: prepareData(dataset, config) };
}

describe('learning', () => {
  test('XOR', async () => {
    const inputs = [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ];
    const words = ['model.hidden=[16]', 'train.epochs=200', 'train.batch=4', 'optimizer.lr=0.2'];
    const run = await trainOn({ inputs, targets: ['no', 'yes', 'yes', 'no'] }, words);
    assert.equal(run.outcome.evaluation?.accuracy, 1);
    assert.deepEqual(namesOf(run.dataset.target), ['no', 'yes']);
    const logits = await run.predict(Float32Array.from(inputs.flat()));
    assert.deepEqual(chosen(logits, 2), [0, 1, 1, 0]);
  });

  for (const sync of ['owner', 'units', 'sharded', 'average', 'hogwild', 'local-sgd'])
    test(`spirals of unlike units: ${sync}, 2 threads`, async () => {
      const hidden = sync === 'units' ? '[128]' : '[64,32]';
      const words = [`model.hidden=${hidden}`, 'train.epochs=60', 'train.batch=16', `parallel.sync=${sync}`];
      const test = spirals(300, 2);
      const run = await trainOn({ ...spirals(900, 1), test }, [...words, 'optimizer.lr=0.05'], 2);
      const accuracy = run.outcome.evaluation?.accuracy ?? 0;
      assert.ok(accuracy >= 0.99, `accuracy ${accuracy}`);
      const logits = await run.predict(test.inputs);
      const right = chosen(logits, 3).filter((found, i) => found === test.targets[i]).length;
      assert.equal(right / 300, accuracy);
      assert.deepEqual([run.packing, run.config.data.normalise], ['real', 'standardise']);
    });
});

test('pixels divided beforehand train the weights that pixels train', async () => {
  const random = randomFrom(5);
  const targets = Array.from({ length: 150 }, (_, i) => i % 3);
  const pixels = Uint8Array.from({ length: 150 * 20 }, () => (random() < 0.5 ? 0 : 256 * random()));
  const words = ['model.hidden=[20]', 'train.batch=32', 'train.epochs=4', 'data.normalise=none'];
  const asPixels = await trainOn({ inputs: pixels, targets }, [...words, 'data.packing=dense'], 2);
  assert.equal(asPixels.packing, 'dense');
  const kernels = Float32Array.from(pixels, (x) => x * Math.fround(1 / 255));
  const same = await trainOn({ inputs: kernels, targets }, words, 2);
  for (const [name, { data }] of asPixels.tensors) assert.deepEqual(same.tensors.get(name)?.data, data, name);
  const close = await trainOn({ inputs: Float32Array.from(pixels, (x) => x / 255), targets }, words, 2);
  for (const [name, { data }] of asPixels.tensors) {
    const error = relativeError(close.tensors.get(name)?.data ?? [], data);
    assert.ok(error < 1e-6, `${name} is off by ${error}`);
  }
});

describe('one pipeline', () => {
  for (const words of [
    ['data.normalise=none', 'optimizer.lr=1e-7'],
    ['data.normalise=centre'],
    ['data.packing=dense'],
    ['model.hidden=[]'],
    ['data.validation=40', 'stop.on=validation'],
    ['loss=squared-error', 'optimizer.lr=0.01'],
    ['backend=js'],
  ])
    test(`threads, profiling, a file and predictions change nothing: ${words.join(' ')}`, async () => {
      const { config } = await ready(...words);
      assert.ok(await holdsForAll(config, dataset));
    });

  test('1, 2 and 3 threads give the same bits', async () => {
    const run = await ready();
    const one = (await train(run, 1)) ?? assert.fail('diverged');
    for (const threads of [2, 3]) sameRun(one, await train(run, threads), `${threads} threads`, 1e-6);
    assert.equal(one.packing, 'real');
  });

  for (const [backend, options] of [
    ['js', {}],
    ['tfjs-node', needsTfjs],
  ] as const)
    test(`${backend} gives the kernels' weights and evaluation`, options, async () => {
      const expected = (await train(await ready(), 1)) ?? assert.fail('diverged');
      for (const threads of [1, 2]) {
        const got = (await train(await ready(`backend=${backend}`), threads)) ?? assert.fail('diverged');
        for (const [name, { data }] of expected.tensors) {
          const error = relativeError(got.tensors.get(name)?.data ?? [], data);
          assert.ok(error < 1e-5, `${name} is off by ${error}`);
        }
        assert.equal(got.test.accuracy, expected.test.accuracy);
      }
    });

  test('weights keep the means of their own samples', async () => {
    const run = await ready();
    const trained = (await train(run, 2)) ?? assert.fail('diverged');
    const file = weightsFile(trained, run);
    const moved = memoryDataset({
      inputs: run.dataset.train.values.subarray(0, 110) as Float32Array,
      targets: run.dataset.train.targets.subarray(0, 10),
      test: { inputs: run.dataset.test.values as Float32Array, targets: run.dataset.test.targets },
    });
    const config = { ...run.config, train: { ...run.config.train, batch: 8 } };
    const other = { config, dataset: moved, data: prepareData(moved, config) };
    assert.deepEqual(await evaluateFile(other, file, 2), trained.test);
    await predictsAsEvaluated(other, trained, file);
  });

  test('the file says that its values are float32; a run on pixels refuses it', async () => {
    const run = await ready();
    const trained = (await train(run, 1)) ?? assert.fail('diverged');
    const file = weightsFile(trained, run);
    assert.equal(readSafetensorsMetadata(file, 'weights').values, 'float32');
    const { train: part, test } = dataset;
    const pixels = memoryDataset({
      inputs: new Uint8Array(part.values.length).fill(3),
      targets: part.targets,
      test: { inputs: new Uint8Array(test.values.length), targets: test.targets },
    });
    await assert.rejects(
      evaluateFile({ ...run, dataset: pixels }, file, 1),
      usage(/^values: expected float32, .*model\.init\.file=.*got "uint8"/),
    );
  });

  test('a model opened from its file alone gives the logits of the run', async () => {
    for (const kind of ['standardise', 'centre', 'none']) {
      const words = [`data.normalise=${kind}`, ...(kind === 'none' ? ['optimizer.lr=1e-7'] : [])];
      const run = await ready(...words);
      const trained = (await train(run, 1)) ?? assert.fail('diverged');
      const file = weightsFile(trained, run);
      const weights = { tensors: readSafetensors(file, 'x'), metadata: readSafetensorsMetadata(file, 'x') };
      const model = savedModel(weights, 'x');
      assert.deepEqual([model.pipeline.values, model.facts.packing], ['float32', 'real']);
      const predictor = await Predictor.open(model, model.tensors, loadKernels(undefined, null), 'x');
      assert.deepEqual(predictor.predict(dataset.test.values), await predict(run, file, 1));
      for (const [key, word] of [
        ['packing', 'dense'],
        ['data.normalise', 'mnist'],
        ['values', 'float64'],
      ]) {
        const metadata = { ...weights.metadata, [key]: word };
        const message = new RegExp(`^x: ${key}: expected one of .*got "${word}"`);
        assert.throws(() => savedModel({ ...weights, metadata }, 'x'), { name: 'UserError', message });
      }
    }
  });

  test('pairs of features', { timeout: 600_000 }, async () => {
    const runs = { numRuns: Number(process.env.PAIRS_RUNS ?? 30), seed: 20262, maxSkipsPerRun: 10 };
    await fc.assert(
      fc.asyncProperty(pairsOfFeatures, async (words) => {
        const config = await configured([
          ...smallRun,
          ...['data.set=memory', 'data.normalise=standardise', 'optimizer.lr=0.01'],
          ...words,
        ]);
        fc.pre(config !== null);
        fc.pre(prepared(config, dataset) !== null && (await holdsForAll(config, dataset)));
      }),
      runs,
    );
  });
});

describe('normalisation', () => {
  const fit = async (values: number[][], ...words: string[]) => {
    const { data } = await configure('data.set=memory', ...words);
    const samples = memoryDataset({ inputs: values, targets: values.map((_, i) => i % 2) }).train;
    return { samples, pipeline: atOnce(Pipeline.fit(data, samples, null)).pipeline };
  };
  const values = [
    [1, 1e6, 0.1],
    [2, 1e6 + 2, 0.1],
    [6, 1e6 + 4, 0.1],
    [7, 1e6 + 2, 0.1],
  ];

  test('standardise: mean 0 and deviation 1 of each feature, 0 for a constant one', async () => {
    const { samples, pipeline } = await fit(values, 'data.normalise=standardise');
    const inputs = pipeline.apply(samples).values;
    const [a, b] = [Math.sqrt(26 / 4), Math.sqrt(2)];
    const expected = [-3 / a, -2 / b, 0, -2 / a, 0, 0, 2 / a, 2 / b, 0, 3 / a, 0, 0];
    inputs.forEach((input, i) => {
      assert.ok(Math.abs(input - expected[i]) < 1e-6, `${i}: ${input}, ${expected[i]}`);
    });
  });

  test('a feature that differs by rounding only is constant', async () => {
    const rounded = [1e6, 1e6 + 1 / 16, 1e6, 1e6 - 1 / 16].map((x, i) => [i, x]);
    const { samples, pipeline } = await fit(rounded, 'data.normalise=standardise');
    assert.deepEqual(new Set(samples.values.filter((_, i) => i % 2 === 1)).size, 3);
    const inputs = pipeline.apply(samples).values;
    assert.ok(inputs.every((input, i) => i % 2 === 0 || input === 0));
    assert.ok(inputs.some((input) => input !== 0));
  });

  test('centre: the mean of each, one deviation of all', async () => {
    const { samples, pipeline } = await fit(values, 'data.normalise=centre');
    const deviation = Math.sqrt((26 + 8) / 12);
    const inputs = pipeline.apply(samples).values;
    const expected = [-3, -2, 0, -2, 0, 0, 2, 2, 0, 3, 0, 0].map((x) => x / deviation);
    inputs.forEach((input, i) => {
      assert.ok(Math.abs(input - expected[i]) < 1e-6, `${i}: ${input}, ${expected[i]}`);
    });
  });

  test('none: the values as given', async () => {
    const { samples, pipeline } = await fit(values, 'data.normalise=none');
    assert.equal(pipeline.apply(samples).values, samples.values);
  });

  for (const kind of ['standardise', 'centre', 'none'])
    test(`${kind}: its primitive operations give the same bits, float32 after each`, async () => {
      const run = await ready(`data.normalise=${kind}`, ...(kind === 'none' ? ['optimizer.lr=1e-7'] : []));
      const trained = (await train(run, 1)) ?? assert.fail('diverged');
      const { pipeline } = run.data;
      const graph = graphOf({
        ...{ config: run.config, pipeline, table: null, facts: run.data.facts },
        ...{ target: dataset.target, scale: null },
        ...{ tensors: trained.tensors, metadata: {}, source: 'x' },
      });
      assert.deepEqual([graph.values, graph.input], ['float32', [11]]);
      const inputs = Float32Array.from(dataset.test.values);
      for (const op of graph.ops) {
        if (op.op !== 'affine') break;
        const of = (floats: ArrayLike<number>, p: number) => floats[floats.length === 1 ? 0 : p];
        for (let i = 0; i < inputs.length; i++)
          inputs[i] = Math.fround(inputs[i] * of(op.scale, i % 11)) - of(op.shift, i % 11);
      }
      const { values } = pipeline.apply(dataset.test);
      assert.ok(values.every((value, i) => value === inputs[i]));
    });
});

describe('settings of pixels', () => {
  const data = spirals(90, 1);
  for (const [word, message] of [
    ['data.normalise=mnist', /^data\.normalise: expected standardise, centre or none, got "mnist"/],
    ['data.normalise=whiten', /^data\.normalise: expected standardise, centre or none, got "whiten"/],
    ['data.pool=2', /^data\.pool: expected 1, got 2/],
    ['data.crop=1', /^data\.crop: expected 0, got 1/],
    ['data.momentNormalise=true', /^data\.momentNormalise: expected false, got true/],
    ['data.features.kind=directions', /^data\.features\.kind: expected pixels, got "directions"/],
    ['data.scale=255', /^data\.scale: expected auto, got 255/],
    ['data.packing=sparse', /^data\.packing: expected auto or dense, got "sparse"/],
    ['data.normaliseEpsilon=0.1', /^data\.normaliseEpsilon: expected 0\.01, got 0\.1/],
  ] as const)
    test(`${word} is refused`, async () => {
      await assert.rejects(
        setUp(data, [word], async () => {}),
        usage(message),
      );
      await assert.rejects(
        setUp(data, [word], async () => {}),
        /: the inputs are real numbers$/,
      );
    });

  test('the defaults are fitted, each with a note', async () => {
    const notes = await setUp(data, [], async ({ config }, lines) => {
      assert.equal(config.data.normalise, 'standardise');
      return lines;
    });
    assert.ok(notes.some((line) => /^data\.normalise: standardise instead of mnist, .*real/.test(line)));
  });

  test('pixels without rows and columns have no pooling, cropping, moments or directions', async () => {
    const flat = { inputs: Uint8Array.from({ length: 784 * 40 }, (_, i) => i % 251), shape: [784] };
    const targets = Array.from({ length: 40 }, (_, i) => i % 2);
    for (const [word, key] of [
      ['data.pool=2', 'data.pool'],
      ['data.crop=1', 'data.crop'],
      ['data.momentNormalise=true', 'data.momentNormalise'],
      ['data.features.kind=directions', 'data.features.kind'],
    ])
      await assert.rejects(
        setUp({ ...flat, targets }, [word], async () => {}),
        usage(new RegExp(`^${key}: expected .*: samples of 784 values are no grey images$`)),
      );
    const words = ['model.hidden=[8]', 'train.epochs=2', 'train.batch=8'];
    const run = await trainOn({ ...flat, targets }, words);
    assert.equal(run.config.data.normalise, 'mnist');
  });
});

test('a predictor takes samples of the kind that its network was trained on', async () => {
  const words = ['model.hidden=[8]', 'train.epochs=1', 'train.batch=8'];
  const run = await trainOn(spirals(90, 1), words);
  await assert.rejects(run.predict(new Uint8Array(2)), usage(/^images: expected a Float32Array/));
  await assert.rejects(
    run.predict(new Float32Array(3)),
    usage(/^images: expected whole samples of 2 values, got 3/),
  );
});
