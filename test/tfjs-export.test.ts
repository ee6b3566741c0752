/**
 * TensorFlow.js layers models: what is in them, and what is refused. What they compute is verified by the library in
 * `npm run test:readers`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toTfjs } from '../dist/formats/tfjs/write.js';
import type { Graph } from '../dist/model/op.js';
import { UserError } from '../dist/user-error.js';
import { exportedCases, exportedModel } from './support/exported-models.ts';
import { someMnist } from './support/pairs.ts';

const dataset = await someMnist(300, 20);

interface Stored {
  readonly modelTopology: {
    readonly config: { readonly layers: readonly Layer[]; readonly output_layers: unknown };
  };
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly { readonly name: string; readonly shape: readonly number[] }[];
  }[];
  readonly userDefinedMetadata: { readonly labels: readonly string[] };
}

interface Layer {
  readonly class_name: string;
  readonly name: string;
  readonly inbound_nodes: readonly (readonly (readonly [string])[])[];
}

for (const name of ['mnist-relu', 'centre-gelu', 'standardise', 'odd-pool', 'squared-error'])
  test(`layers that follow from others before them, weights as many as are listed: ${name}`, async () => {
    const { graph } = await exportedModel(exportedCases[name], dataset);
    const { json, weights, notes } = toTfjs(graph, { version: '0', weightsName: 'digits.bin' });
    const { modelTopology, weightsManifest, userDefinedMetadata } = JSON.parse(json) as Stored;
    const known = new Set<string>();
    for (const { name: layer, inbound_nodes: calls } of modelTopology.config.layers) {
      for (const [input] of calls.flat()) assert.ok(known.has(input), input);
      const inputs = calls.flat().map(([input]) => input);
      assert.equal(new Set(inputs).size, inputs.length, 'no layer is given one tensor twice');
      known.add(layer);
    }
    assert.ok(known.has('logits'));
    assert.deepEqual(userDefinedMetadata.labels, graph.labels);
    const [{ paths, weights: listed }] = weightsManifest;
    assert.deepEqual(paths, ['digits.bin']);
    const total = listed.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    assert.equal(weights.length, 4 * total);
    for (const { name: weight } of listed) assert.ok(known.has(weight.split('/')[0]), weight);
    assert.equal(notes.length, { standardise: 1, 'squared-error': 1 }[name] ?? 0, notes.join());
  });

for (const [name, message] of [
  ['crop-pool-moments', /data\.momentNormalise/],
  ['scale-moments', /data\.scale/],
  ['directions', /data\.features/],
] as const)
  test(`refused in one line that says what layers lack: ${name}`, async () => {
    const { graph } = await exportedModel(exportedCases[name], dataset);
    assert.throws(
      () => toTfjs(graph, { version: '0' }),
      (error) =>
        error instanceof UserError && /^tfjs: [^\n]+$/.test(error.message) && message.test(error.message),
    );
  });

const mapped = (values: Graph['values']): Graph => ({
  ...{ input: [2], values, labels: ['a'], probabilities: [{ op: 'softmax' }] },
  ops: [
    { op: 'affine', scale: Float64Array.of(2), shift: Float64Array.of(1, 2) },
    { op: 'affine', scale: Float64Array.of(3, 4), shift: Float64Array.of(5, 6) },
    {
      ...{ op: 'dense', inputs: 2, outputs: 1 },
      ...{ weight: Float32Array.of(10, 100), bias: Float32Array.of(7) },
    },
  ],
});

test('affine maps of pixels are folded into the layer after them', () => {
  const { weights } = toTfjs(mapped('uint8'), { version: '0' });
  // 10 · (3 · (2 x − 1) − 5) + 100 · (4 · (2 y − 2) − 6) + 7
  assert.deepEqual(new Float32Array(weights.buffer), Float32Array.of(60, 800, -80 - 1400 + 7));
});

test('means of real numbers are subtracted before weights multiply them', () => {
  const { json, weights } = toTfjs(mapped('float32'), { version: '0' });
  const [{ weights: listed }] = (JSON.parse(json) as Stored).weightsManifest;
  assert.deepEqual(
    listed.map(({ name, shape }) => [name.replace(/^.*\//, ''), shape]),
    [
      ...['gamma', 'beta', 'moving_mean', 'moving_variance'].map((part) => [part, [2]]),
      ['kernel', [2, 1]],
      ['bias', [1]],
    ],
  );
  // (x − 8/6) · 6, (y − 14/8) · 8
  const normalisation = [6, 8, 0, 0, 8 / 6, 14 / 8, 1, 1];
  assert.deepEqual(new Float32Array(weights.buffer), Float32Array.from([...normalisation, 10, 100, 7]));
});
