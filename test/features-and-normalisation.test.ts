import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { measureFeatures } from '../dist/data/statistics.js';
import { makeNormaliser } from '../dist/data/transforms/affine.js';
import { extractFeatures } from '../dist/data/transforms/crop-pool.js';
import { configure, syntheticDataset } from './support/training.ts';

const image = (rows: number, columns: number, images: number[]) => ({
  values: Uint8Array.from(images),
  count: 1,
  shape: [rows, columns, 1],
  full: 255,
});

test('pooling sums 2×2 blocks and leaves out an odd last row and column', () => {
  const { values, shape, full } = extractFeatures(image(3, 5, [...Array(15).keys()]), 0, 2);
  assert.deepEqual([...values], [0 + 1 + 5 + 6, 2 + 3 + 7 + 8]);
  assert.deepEqual([...shape, full], [1, 2, 1, 4 * 255]);
});

test('a white block does not overflow', () => {
  assert.deepEqual([...extractFeatures(image(2, 2, [255, 255, 255, 255]), 0, 2).values], [1020]);
});

test('cropping takes off every side', () => {
  const { values, shape } = extractFeatures(image(4, 3, [...Array(12).keys()]), 1, 1);
  assert.deepEqual(
    [[...values], shape],
    [
      [4, 7],
      [2, 1, 1],
    ],
  );
});

test('cropping everything away is refused by name', () => {
  assert.throws(() => extractFeatures(image(4, 4, Array(16).fill(0)), 2, 1), /data\.crop=2.*4×4/);
});

test('centred features have mean zero and deviation one over the training images', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2 ** 31 }),
      fc.double({ min: 0.05, max: 1, noNaN: true }),
      (seed, density) => {
        const { train } = syntheticDataset({
          rows: 4,
          columns: 4,
          classes: 2,
          train: 40,
          test: 2,
          density,
          seed,
        });
        const features = extractFeatures(train, 0, 1);
        const statistics = measureFeatures(features);
        const { scale, shift } = makeNormaliser('centre', statistics, 1);
        const inputs = Array.from(features.values, (v, i) => v * scale - shift[i % 16]);
        for (let p = 0; p < 16; p++) {
          const mean = inputs.filter((_, i) => i % 16 === p).reduce((a, b) => a + b) / 40;
          assert.ok(Math.abs(mean) < 1e-6);
        }
        const variance = inputs.reduce((sum, x) => sum + x * x, 0) / inputs.length;
        assert.ok(Math.abs(variance - 1) < 1e-5 || statistics.totalNonZeros === 0);
      },
    ),
  );
});

test('blank images are centred without a division by zero', () => {
  const statistics = measureFeatures(extractFeatures(image(2, 2, [7, 7, 7, 7]), 0, 1));
  const { scale, shift } = makeNormaliser('centre', statistics, 1);
  assert.equal(scale, 1);
  assert.deepEqual([...shift], [7, 7, 7, 7]);
});

test('the validation part is the end of the training set, and only the rest is measured', async () => {
  const dataset = syntheticDataset({
    rows: 3,
    columns: 3,
    classes: 4,
    train: 20,
    test: 5,
    density: 0.5,
    seed: 2,
  });
  for (const validation of ['0.25', '5']) {
    const { facts, parts } = prepareData(
      dataset,
      await configure(`data.validation=${validation}`, 'train.batch=4'),
    );
    assert.deepEqual([facts.parts.train.count, facts.parts.validation.count], [15, 5]);
    assert.deepEqual([...parts.validation.targets], [...dataset.train.targets.subarray(15)]);
    assert.deepEqual([...parts.validation.values.values], [...dataset.train.values.subarray(15 * 9)]);
  }
});

for (const [words, key] of [
  [['data.validation=20'], /^data\.validation: expected a count below the 20 training images, got 20/],
  [['data.take=21'], /^data\.take: expected at most the 20 training images, got 21/],
  [['train.batch=21'], /^train\.batch: expected at most the 20 training images of a run, got 21/],
  [['data.take=8', 'train.batch=9'], /^train\.batch: expected at most the 8 /],
] as const) {
  test(`more than there is is refused: ${words.join(' ')}`, async () => {
    const dataset = syntheticDataset({
      rows: 3,
      columns: 3,
      classes: 4,
      train: 20,
      test: 5,
      density: 0.5,
      seed: 2,
    });
    const config = await configure(
      ...(words.some((w) => w.includes('batch')) ? words : [...words, 'train.batch=1']),
    );
    assert.throws(() => prepareData(dataset, config), { exitCode: 2, message: key });
  });
}
