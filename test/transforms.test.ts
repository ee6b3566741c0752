/** Transforms: restored from their tensors they are what was fitted; a file that lacks them is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { Pipeline } from '../dist/data/transforms/pipeline.js';
import { atOnce } from '../dist/numbers/steps.js';
import { configure, syntheticDataset } from './support/training.ts';

const images = { rows: 8, columns: 7, classes: 3, train: 60, test: 20, density: 0.5 };
const [dataset, other] = [1, 2].map((seed) => syntheticDataset({ ...images, seed }));
const variants = [
  ['data.normalise=mnist'],
  ['data.normalise=none', 'data.pool=2'],
  ['data.normalise=centre'],
  ['data.normalise=centre', 'data.momentNormalise=true', 'data.crop=1'],
  ['data.normalise=standardise'],
  ['data.normalise=whiten', 'data.pool=2'],
];

for (const words of variants) {
  test(`${words.join(' ')}: restored as fitted, whatever the samples at hand`, async () => {
    const { data, ...rest } = await configure('train.batch=8', ...words);
    const fitted = atOnce(Pipeline.fit(data, dataset.train, null)).pipeline;
    const stored = { tensors: fitted.tensors(), prefix: '', source: 'weights' };
    const restored = Pipeline.restore(data, dataset.train.shape, stored);
    const kept = prepareData(other, { data, ...rest }, stored.tensors).pipeline;
    for (const pipeline of [restored, kept]) {
      assert.deepEqual(pipeline.output, fitted.output);
      assert.deepEqual(pipeline.affine.shift, fitted.affine.shift);
      assert.equal(Math.fround(pipeline.affine.scale), Math.fround(fitted.affine.scale));
      assert.deepEqual(pipeline.apply(dataset.test).values, fitted.apply(dataset.test).values);
    }
    assert.equal(fitted.keepsValues, fitted.apply(dataset.test).values === dataset.test.values);
  });
}

test('tensors that are not there are refused by name', async () => {
  for (const normalise of ['centre', 'standardise']) {
    const { data } = await configure(`data.normalise=${normalise}`);
    const none = { tensors: new Map(), prefix: '', source: 'weights.safetensors' };
    assert.throws(() => Pipeline.restore(data, [8, 7, 1], none), {
      name: 'UserError',
      message: new RegExp(`^weights\\.safetensors: .*data\\.normalise=${normalise}`),
    });
  }
});
