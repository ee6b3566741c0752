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
    let units = Array.from(
      images.subarray(sample * sizes[0], (sample + 1) * sizes[0]),
      (x) => (x / 255 - 0.1307) / 0.3081,
    );
    for (let layer = 0; layer + 1 < sizes.length; layer++) {
      const weight = weights.get(`${2 * layer}.weight`) ?? new Float64Array();
      const bias = weights.get(`${2 * layer}.bias`) ?? new Float64Array();
      const inputs = units;
      units = Array.from(bias, (b, o) => {
        const z = inputs.reduce((sum, x, i) => sum + x * weight[o * inputs.length + i], b);
        return layer + 2 === sizes.length ? z : activation(kind, z);
      });
    }
    total += crossEntropy(units, labels[sample], smoothing).loss;
  }
  assert.equal(tensors.size, weights.size);
  return total / batch;
}

for (const kind of ['relu', 'tanh', 'gelu', 'sigmoid'] as const) {
  for (const [sync, packing] of [
    ['owner', 'sparse'],
    ['owner', 'dense'],
    ['units', 'sparse'],
    ['units', 'dense'],
  ] as const) {
    const hidden = networks[sync];
    const sizes = [rows * columns, ...hidden, classes];
    test(`${kind}, ${packing}, ${sync}: the gradient of every layer is the slope of the float64 loss`, async () => {
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
        `model.activation=${kind}`,
        `data.packing=${packing}`,
        `loss.labelSmoothing=${smoothing}`,
        `train.batch=${batch}`,
        'optimizer.momentum=0',
      ]);
      const tensors = initialTensors(denseNetwork(sizes), 'torch', new Rng(5));
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
