/** Standardised and whitened inputs: what they must be by definition, and that weights and their map stay together. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import type { Dataset } from '../dist/data/dataset.js';
import { symmetricEigen } from '../dist/data/transforms/symmetric-eigen.js';
import { sizeOf } from '../dist/data/transforms/transform.js';
import { readSafetensors } from '../dist/model/safetensors.js';
import { expectCode, workingDirectory } from './support/cli.ts';
import { word } from './support/config-refusal.ts';
import { configure, realMnist, syntheticDataset } from './support/training.ts';

test('eigenvectors are orthonormal and rebuild their matrix, whatever its rank', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 24 }),
      fc.integer({ min: 0, max: 24 }),
      fc.infiniteStream(fc.integer({ min: -9, max: 9 })),
      (n, rank, numbers) => {
        const factor = Array.from({ length: n * rank }, () => numbers.next().value ?? 0);
        const matrix = Float64Array.from({ length: n * n }, (_, i) => {
          let sum = 0;
          for (let k = 0; k < rank; k++)
            sum += factor[Math.floor(i / n) * rank + k] * factor[(i % n) * rank + k];
          return sum;
        });
        const { values, vectors } = symmetricEigen(matrix, n);
        const scale = Math.max(1, ...values);
        for (let p = 0; p < n; p++) {
          for (let q = 0; q < n; q++) {
            let [dot, rebuilt] = [0, 0];
            for (let k = 0; k < n; k++) {
              dot += vectors[p * n + k] * vectors[q * n + k];
              rebuilt += values[k] * vectors[k * n + p] * vectors[k * n + q];
            }
            assert.ok(Math.abs(dot - Number(p === q)) < 1e-12);
            assert.ok(Math.abs(rebuilt - matrix[p * n + q]) < 1e-12 * scale);
          }
        }
      },
    ),
    { numRuns: 60 },
  );
});

/** Inputs of the training part, as the network sees them: [count][width]. */
async function inputsOf(dataset: Dataset, part: 'train' | 'test', ...overrides: string[]) {
  const { facts, pipeline, parts } = prepareData(dataset, await configure('train.batch=8', ...overrides));
  const { values, count, shape } = parts[part].values;
  const { shift } = pipeline.affine;
  const width = sizeOf(shape);
  assert.equal(facts.packing, 'dense');
  const at = (row: number, p: number) => values[row * width + p] * facts.scale - shift[p];
  return { at, count, width };
}

const dataset = syntheticDataset({
  rows: 6,
  columns: 5,
  classes: 3,
  train: 400,
  test: 20,
  density: 0.6,
  seed: 2,
});

/** Of pixels from 0 to 1, two passes in float64. */
function momentsOf(at: (row: number, p: number) => number, count: number, width: number) {
  const mean = Array.from({ length: width }, (_, p) => {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += at(row, p);
    return sum / count;
  });
  const covariance = (p: number, q: number) => {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += (at(row, p) - mean[p]) * (at(row, q) - mean[q]);
    return sum / count;
  };
  return { mean, covariance };
}

test('whiten: means 0, no correlations, variances λ / (λ + ε)', async () => {
  const epsilon = 0.02;
  const { at, count, width } = await inputsOf(
    dataset,
    'train',
    'data.normalise=whiten',
    `data.normaliseEpsilon=${epsilon}`,
  );
  const pixel = (row: number, p: number) => dataset.train.values[row * width + p] / 255;
  const [seen, raw] = [momentsOf(at, count, width), momentsOf(pixel, count, width)];
  const C = Float64Array.from({ length: width * width }, (_, i) =>
    raw.covariance(Math.floor(i / width), i % width),
  );
  // Of y = (C + ε)^(−1/2) (x − μ) the covariance is C (C + ε)^(−1): times C + ε it must be C.
  for (let p = 0; p < width; p++) {
    assert.ok(Math.abs(seen.mean[p]) < 1e-3, `mean of input ${p}: ${seen.mean[p]}`);
    for (let q = 0; q < width; q++) {
      let product = 0;
      for (let k = 0; k < width; k++)
        product += seen.covariance(p, k) * (C[k * width + q] + (k === q ? epsilon : 0));
      assert.ok(Math.abs(product - C[p * width + q]) < 5e-4, `${p}, ${q}: ${product}, ${C[p * width + q]}`);
    }
  }
  // Zero-phase: of all whitening maps this one is symmetric, so every input stays closest to its own pixel.
  const { pipeline } = prepareData(dataset, await configure('data.normalise=whiten', 'train.batch=8'));
  const map = pipeline.tensors().get('normalise.weight')?.data ?? new Float32Array();
  for (let p = 0; p < width; p++)
    for (let q = 0; q < width; q++) assert.equal(map[p * width + q], map[q * width + p]);
});

test('standardise: each pixel by its own mean and deviation, blank borders of real images too', async () => {
  const { at, count, width } = await inputsOf(
    await realMnist(),
    'test',
    'data.pool=2',
    'data.normalise=standardise',
  );
  const { train, test: images } = await realMnist();
  const block = (set: Uint8Array, row: number, p: number) => {
    const corner = row * 784 + Math.floor(p / 14) * 56 + (p % 14) * 2;
    return (set[corner] + set[corner + 1] + set[corner + 28] + set[corner + 29]) / 1020;
  };
  for (let p = 0; p < width; p += 13) {
    let [sum, squares] = [0, 0];
    for (let row = 0; row < train.count; row++) {
      const x = block(train.values, row, p);
      sum += x;
      squares += x * x;
    }
    const mean = sum / train.count;
    const deviation = Math.sqrt(squares / train.count - mean * mean + 0.01);
    for (let row = 0; row < count; row += 97) {
      const expected = (block(images.values, row, p) - mean) / deviation;
      assert.ok(Math.abs(at(row, p) - expected) < 1 / 1024, `${p}: ${at(row, p)}, ${expected}`);
    }
  }
});

test('weights keep their map: a run from them evaluates on other training images as it did', async (t) => {
  const cwd = await workingDirectory(t);
  const recipe = ['--config', 'pixels-97', 'stop.target=null', 'data.take=5000', 'model.hidden=[16]'];
  const json = async (out: string, ...more: string[]) => {
    const { stdout } = await expectCode(
      0,
      ['train', '--json', '--out', out, ...recipe, 'data.normalise=whiten', ...more],
      { cwd },
    );
    return JSON.parse(stdout);
  };
  const first = await json('a', 'optimizer.lr=0.02');
  const file = join(cwd, 'a', 'final.safetensors');
  const tensors = readSafetensors(readFileSync(file), file);
  assert.deepEqual(tensors.get('normalise.weight')?.shape, [196, 196]);
  // A learning rate that leaves the weights as they are, and a third of the images to fit another map on.
  const again = ['train.steps=1', 'optimizer.lr=1e-12', `model.init.file=${file}`, 'data.validation=40000'];
  const second = await json('b', ...again);
  assert.equal(second.accuracy, first.accuracy);
  const plain = ['train', ...recipe, `model.init.file=${file}`];
  const { stderr } = await expectCode(2, plain, { cwd });
  assert.match(
    stderr,
    /data\.normalise: expected whiten, as the weights of model\.init\.file=.* were trained on, got "centre"/,
  );
});

test('where a map does not fit is refused', async () => {
  assert.equal(
    await word('data.normalise=whiten', 'data.packing=sparse'),
    'command line: data.packing: expected auto or dense if data.normalise is standardise or whiten, got "sparse" (string)',
  );
  assert.match(
    await word('data.normalise=standardise', 'data.features.kind=directions'),
    /data\.normalise: expected mnist, centre or none if data\.features\.kind is directions/,
  );
});
