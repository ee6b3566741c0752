/** Initial weights: their variance or orthogonality, and that a seed gives the same ones every time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InitKind } from '../dist/model/initialise.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';

const sizes = [300, 200, 40, 10];

const layersOf = (kind: InitKind, seed = 3) => {
  const tensors = initialTensors(denseNetwork(sizes), kind, new Rng(seed));
  return sizes.slice(1).map((outputs, l) => ({
    inputs: sizes[l],
    outputs,
    weights: tensors.get(`${2 * l}.weight`)?.data ?? new Float32Array(),
    biases: tensors.get(`${2 * l}.bias`)?.data ?? new Float32Array(),
  }));
};

const uniform: [InitKind, (inputs: number, outputs: number) => number][] = [
  ['he', (inputs) => 2 / inputs],
  ['glorot', (inputs, outputs) => 2 / (inputs + outputs)],
  ['lecun', (inputs) => 1 / inputs],
];

for (const [kind, variance] of uniform) {
  test(`${kind}: uniform with the variance of its paper, biases zero`, () => {
    for (const { inputs, outputs, weights, biases } of layersOf(kind)) {
      const expected = variance(inputs, outputs);
      const limit = Math.sqrt(3 * expected);
      const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
      const measured = weights.reduce((sum, w) => sum + w * w, 0) / weights.length;
      // Four standard errors: of the mean √(σ²/n), of the variance of a uniform draw σ² √(4/5 / n).
      const root = 4 / Math.sqrt(weights.length);
      assert.ok(Math.abs(mean) < root * Math.sqrt(expected), `${inputs}-${outputs}: mean ${mean}`);
      assert.ok(
        Math.abs(measured / expected - 1) < root * Math.sqrt(0.8),
        `${inputs}-${outputs}: ${measured}`,
      );
      assert.ok(weights.every((w) => Math.abs(w) <= limit));
      assert.ok(biases.every((b) => b === 0));
    }
  });
}

test('orthogonal: rows, or columns where there are fewer of them, are orthonormal', () => {
  for (const { inputs, outputs, weights, biases } of layersOf('orthogonal')) {
    for (let a = 0; a < outputs; a += 3) {
      for (let b = a; b < outputs; b += 7) {
        let product = 0;
        for (let i = 0; i < inputs; i++) product += weights[a * inputs + i] * weights[b * inputs + i];
        assert.ok(Math.abs(product - Number(a === b)) < 1e-6, `rows ${a} and ${b}: ${product}`);
      }
    }
    assert.ok(biases.every((b) => b === 0));
  }
  const tall =
    initialTensors(denseNetwork([8, 20]), 'orthogonal', new Rng(1)).get('0.weight')?.data ??
    new Float32Array();
  for (let a = 0; a < 8; a++) {
    for (let b = a; b < 8; b++) {
      let product = 0;
      for (let row = 0; row < 20; row++) product += tall[row * 8 + a] * tall[row * 8 + b];
      assert.ok(Math.abs(product - Number(a === b)) < 1e-6, `columns ${a} and ${b}: ${product}`);
    }
  }
});

test('a seed gives the same weights, another seed others', () => {
  for (const kind of ['glorot', 'orthogonal'] as const) {
    assert.deepEqual(layersOf(kind), layersOf(kind));
    assert.notDeepEqual(layersOf(kind, 4), layersOf(kind));
  }
});
