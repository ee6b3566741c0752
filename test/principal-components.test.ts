/** The components whose products are inputs are the leading ones: against eigenvalues by Jacobi rotations in float64. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directionFeatures } from '../dist/kernels/directions/directions-reference.js';
import { directionShape } from '../dist/kernels/directions/spec.js';
import { configure, openSession, realMnist } from './support/training.ts';

const images = 1024;
const overrides = [
  'data.features.kind=directions',
  'data.features.grid=16',
  'data.features.rows=all',
  'data.features.aspect=true',
  'data.features.quadratic=24',
  'data.shuffle=false',
  `data.take=${images}`,
  'model.hidden=[]',
  'model.init.kind=zero',
  'train.batch=16',
  'train.epochs=1',
];

/** Of a symmetric matrix, descending (Jacobi 1846, cyclic). */
function eigenvalues(matrix: readonly Float64Array[]): number[] {
  const a = matrix.map((row) => Float64Array.from(row));
  const n = a.length;
  for (let sweep = 0; sweep < 12; sweep++) {
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        if (Math.abs(a[p][q]) < 1e-15) continue;
        const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        const s = t * c;
        for (let i = 0; i < n; i++) {
          const [x, y] = [a[i][p], a[i][q]];
          a[i][p] = c * x - s * y;
          a[i][q] = s * x + c * y;
        }
        for (let i = 0; i < n; i++) {
          const [x, y] = [a[p][i], a[q][i]];
          a[p][i] = c * x - s * y;
          a[q][i] = s * x + c * y;
        }
      }
    }
  }
  return a.map((row, i) => row[i]).sort((x, y) => y - x);
}

test('orthogonal iteration finds the variance of the leading components, and their products are centred', async () => {
  const config = await configure(...overrides);
  const dataset = await realMnist();
  const { trainer, session } = await openSession(dataset, 2, overrides);
  await trainer.train(1, {}, { evaluates: false });
  const tensors = session.parameters();
  await session.close();
  const tensor = (name: string) => {
    const found = tensors.get(name);
    assert.ok(found, name);
    return found;
  };
  const shape = directionShape(config.data.features);
  const { features: F, components: K } = shape;
  // The kernels leave out a factor that all features share: the mean tells it.
  const raw = Array.from({ length: images }, (_, i) =>
    directionFeatures(dataset.train.values.subarray(i * 784, (i + 1) * 784), shape),
  );
  const sum = (count: number, term: (n: number) => number) => {
    let total = 0;
    for (let n = 0; n < count; n++) total += term(n);
    return total;
  };
  const means = Array.from({ length: F }, (_, f) => sum(images, (i) => raw[i][f]) / images);
  const factor = sum(F, (f) => tensor('features.mean').data[f]) / sum(F, (f) => means[f]);
  const centred = raw.map((row) => row.map((value, f) => factor * (value - means[f])));
  const covariance = Array.from({ length: F }, (_, f) =>
    Float64Array.from({ length: F }, (__, g) => sum(images, (i) => centred[i][f] * centred[i][g]) / images),
  );
  const leading = eigenvalues(covariance).slice(0, K);

  const weight = tensor('components.weight').data;
  const row = (k: number) => weight.subarray(k * F, (k + 1) * F);
  const captured = Array.from({ length: K }, (_, k) => {
    const u = row(k);
    const length = sum(F, (f) => u[f] ** 2);
    return sum(F, (f) => u[f] * sum(F, (g) => covariance[f][g] * u[g])) / length;
  });
  assert.ok(sum(K, (k) => captured[k]) > 0.998 * sum(K, (k) => leading[k]));
  // Neighbours may stay mixed: ten rounds are no eigenvalue decomposition, and need not be.
  assert.ok(sum(8, (k) => captured[k]) > 0.97 * sum(8, (k) => leading[k]));

  const bias = tensor('components.bias').data;
  const p = raw.map((x) =>
    Array.from({ length: K }, (_, k) => bias[k] + factor * sum(F, (f) => row(k)[f] * x[f])),
  );
  let [place, spread, count] = [0, 0, 0];
  for (let i = 0; i < K; i++) {
    for (let j = i; j < K; j++, place++, count++) {
      const mean = sum(images, (n) => p[n][i] * p[n][j]) / images;
      spread += sum(images, (n) => (p[n][i] * p[n][j] - mean) ** 2) / images;
      assert.ok(Math.abs(mean - tensor('products.mean').data[place]) < 5e-3, `product ${i}, ${j}`);
    }
  }
  assert.ok(Math.abs(Math.sqrt(spread / count) - 0.5) < 2e-3);
});
