/** All 10,000 test images: exported models give the predictor's probabilities, and 8-bit weights keep the accuracy. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { toFunction } from '../dist/formats/runtime/predict.js';
import { answering, compiled, withoutGcc } from './support/gcc.ts';
import { difference, imported, toleranceOf, trainedGraph } from './support/graphs.ts';
import { type Dataset, someMnist } from './support/pairs.ts';

const count = 10_000;

let dataset: Dataset;
let samples: Uint8Array;
before(async () => {
  dataset = await someMnist(12_000, count);
  samples = dataset.test.values as Uint8Array;
});

const steps = ['train.epochs=1', 'stop.target=null', 'schedule.name=warmup-linear', 'schedule.end=0'];
const sgd = ['optimizer.momentum=0.9', 'optimizer.nesterov=true'];
const models: Readonly<Record<string, { words: readonly string[]; least: number }>> = {
  'pixels, 784-256-128-10': {
    words: ['data.normalise=mnist', 'model.hidden=[256,128]', 'train.batch=64', 'optimizer.lr=0.05'],
    least: 0.93,
  },
  'direction features, 128-10': {
    words: [
      ...[
        'data.features.kind=directions',
        'model.hidden=[]',
        'model.init.kind=zero',
        'loss.labelSmoothing=0.15',
      ],
      ...['train.batch=8', 'optimizer.lr=0.05', 'data.take=2000'],
    ],
    least: 0.97,
  },
  'direction features and products of components': {
    words: [
      ...[
        'data.features.kind=directions',
        'data.features.grid=20',
        'data.features.pool=5',
        'data.features.rows=all',
      ],
      ...['data.features.aspect=true', 'data.features.gradient=sobel', 'data.features.quadratic=48'],
      ...[
        'model.hidden=[]',
        'model.init.kind=zero',
        'loss.labelSmoothing=0.1',
        'train.batch=32',
        'optimizer.lr=0.04',
      ],
    ],
    least: 0.98,
  },
};

for (const [name, { words, least }] of Object.entries(models)) {
  test(name, async (t) => {
    const model = await trainedGraph([...words, ...sgd, ...steps], dataset);
    assert.ok(model !== null, 'refused, or the loss became infinite');
    const accuracyOf = (indices: readonly number[]) =>
      indices.reduce((hits, index, i) => hits + Number(index === dataset.test.targets[i]), 0) / count;
    const row = (i: number) => model.logits.subarray(i * 10, (i + 1) * 10);
    const accuracy = accuracyOf(Array.from({ length: count }, (_, i) => row(i).indexOf(Math.max(...row(i)))));
    assert.ok(accuracy >= least, `${accuracy}`);
    const check = (what: string, off: number) => {
      t.diagnostic(`${what}: off by ${off.toExponential(1)} at most`);
      assert.ok(off <= toleranceOf(model.graph), `${what}: off by ${off}`);
    };
    check('function', difference(toFunction(model.graph), model, samples, count));
    const { predict } = await imported(model.graph);
    check('module', difference(predict, model, samples, count));
    if (withoutGcc !== false) return t.skip(withoutGcc);
    check('header', difference(answering(compiled(model.graph), samples, 784), model, samples, count));
    const int8 = compiled(model.graph, { isQuantised: true });
    const inEightBits = accuracyOf(int8.run(samples).map(({ index }) => index));
    t.diagnostic(`accuracy ${accuracy}, in 8 bits ${inEightBits}`);
    assert.ok(Math.abs(inEightBits - accuracy) <= 0.001, `${inEightBits}, ${accuracy}`);
  });
}
