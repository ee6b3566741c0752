import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ActivationName, activation, crossEntropy } from '../dist/kernels/reference.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { Rng } from '../dist/numbers/rng.js';
import { assertSlopes } from './support/slopes.ts';
import { openSession, syntheticDataset, takeSteps } from './support/training.ts';

const [rows, columns, classes, batch, smoothing] = [5, 7, 6, 20, 0.15];
/** By strategy, which all compute the same gradient; `units` has one hidden layer, here of three blocks. */
const networks = { owner: [50, 9], units: [140] };

/** Mean loss of the first `batch` images, in float64 from the definition. */
function lossOf(
  tensors: ReadonlyMap<string, Tensor>,
  weights: ReadonlyMap<string, Float64Array>,
  images: Uint8Array,
  labels: Uint32Array,
  kind: ActivationName,
  sizes: readonly number[],
): number {
  let total = 0;
  for (let sample = 0; sample < batch; sample++) {
    const inputs = Array.from(
      images.subarray(sample * sizes[0], (sample + 1) * sizes[0]),
      (x) => (x / 255 - 0.1307) / 0.3081,
    );
    let units = inputs;
    for (let layer = 0; layer + 1 < sizes.length; layer++) {
      const weight = weights.get(`${2 * layer}.weight`) ?? new Float64Array();
      const bias = weights.get(`${2 * layer}.bias`) ?? new Float64Array();
      const below = units;
      units = Array.from(bias, (b, o) => {
        const z = below.reduce((sum, x, i) => sum + x * weight[o * below.length + i], b);
        return layer + 2 === sizes.length ? z : activation(kind, z);
      });
    }
    const beside = weights.get('shortcut.weight');
    if (beside !== undefined)
      units = units.map((z, k) => inputs.reduce((sum, x, p) => sum + x * beside[k * inputs.length + p], z));
    total += crossEntropy(units, labels[sample], smoothing).loss;
  }
  assert.equal(tensors.size, weights.size);
  return total / batch;
}

for (const kind of ['relu', 'tanh', 'gelu', 'sigmoid'] as const) {
  for (const [sync, packing, shortcut] of [
    ['owner', 'sparse', false],
    ['owner', 'dense', false],
    ['owner', 'sparse', true],
    ['owner', 'dense', true],
    ['units', 'sparse', false],
    ['units', 'dense', false],
  ] as const) {
    const hidden = networks[sync];
    const sizes = [rows * columns, ...hidden, classes];
    test(`${kind}, ${packing}, ${sync}${shortcut ? ', shortcut' : ''}: the gradient of every layer is the slope of the float64 loss`, async () => {
      const dataset = syntheticDataset({
        rows,
        columns,
        classes,
        train: batch,
        test: 4,
        density: 0.4,
        seed: 11,
      });
      const { session } = await openSession(dataset, 2, [
        `model.hidden=[${hidden}]`,
        `parallel.sync=${sync}`,
        `model.shortcut=${shortcut}`,
        `model.activation=${kind}`,
        `data.packing=${packing}`,
        `loss.labelSmoothing=${smoothing}`,
        `train.batch=${batch}`,
        'optimizer.momentum=0',
      ]);
      const rng = new Rng(5);
      const tensors = initialTensors(denseNetwork(sizes), 'torch', rng);
      if (shortcut) {
        const data = Float32Array.from({ length: classes * sizes[0] }, () => rng.symmetric(0.3));
        tensors.set('shortcut.weight', { shape: [classes, sizes[0]], data });
      }
      session.setParameters(tensors, 'seed 5');
      session.order.forEach((_, i, order) => {
        order[i] = i;
      });
      const [{ loss }] = await takeSteps(session, 0, [1], 0, batch);
      const after = session.parameters();
      await session.close();
      const weights = new Map([...tensors].map(([name, { data }]) => [name, Float64Array.from(data)]));
      const lossNow = () =>
        lossOf(tensors, weights, dataset.train.values, dataset.train.targets, kind, sizes);
      assert.ok(Math.abs(loss - lossNow()) < 1e-5);
      assertSlopes(weights, after, lossNow, 12);
    });
  }
}
