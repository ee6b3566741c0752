/** `.mjs`: one module that needs nothing but the language and atob, small, and equal for equal models. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import vm from 'node:vm';
import { toModule } from '../dist/formats/module.js';
import { toFunction } from '../dist/formats/runtime/predict.js';
import { folder, imported, type Predict } from './support/graphs.ts';
import { sampleOf, smallGraphs } from './support/small-graphs.ts';

const mostBytes = 50 * 1024;

/** In a context that has the language only, and atob: no Node, no page. */
function evaluated(text: string): { predict: Predict; labels: readonly string[] } {
  assert.doesNotMatch(text, /^\s*import\b|\bimport\(|\brequire\(/m);
  const script = text.replaceAll(/^export const/gm, 'const');
  return vm.runInNewContext(`"use strict";${script};({ predict, labels })`, { atob });
}

for (const [name, graph] of Object.entries(smallGraphs)) {
  test(`${name}: without Node and without a page it gives what the function gives`, async () => {
    const text = toModule(graph);
    const bare = evaluated(text);
    const { predict, labels } = await imported(graph);
    assert.deepEqual(labels, graph.labels);
    assert.ok(Object.isFrozen(labels));
    for (let seed = 1; seed < 20; seed++) {
      const sample = sampleOf(graph, seed);
      const wanted = toFunction(graph)(sample);
      assert.deepEqual(predict(sample), wanted);
      // Arrays of another context are no arrays of this one to deepEqual.
      assert.deepEqual(JSON.parse(JSON.stringify(bare.predict(sample))), wanted);
    }
    assert.throws(() => predict([1]), {
      name: 'RangeError',
      message: /^sample: expected \d+ values, got 1$/,
    });
  });

  test(`${name}: at most 50 KB of code, a licence, only the operations in use, deterministic`, () => {
    const text = toModule(graph);
    assert.equal(toModule(graph), text);
    const withoutWeights = text.replaceAll(/numbers\('\w+', '[^']*'\)/g, '');
    assert.ok(Buffer.byteLength(withoutWeights) <= mostBytes, `${withoutWeights.length}`);
    assert.match(text, /^\/\/ SPDX-License-Identifier: 0BSD\n/);
    assert.ok(text.includes(graph.input.join('×')));
    const used = new Set([...graph.ops, ...graph.probabilities].map(({ op }) => op));
    const all = ['lookup', 'moments', 'crop', 'sumPool', 'affine', 'fixedPoint', 'directions', 'products'];
    for (const op of [...all, 'dense', 'relu', 'tanh', 'gelu', 'sigmoid', 'softmax', 'shares'])
      assert.equal(text.includes(`\n${op}(x`), used.has(op as (typeof graph.ops)[number]['op']), op);
  });
}

test('labels of any text', async () => {
  const labels = ['</script>', '`\u2028$', 'line\nbreak'];
  const { predict, labels: got } = await imported({ ...smallGraphs.numbers, labels });
  assert.deepEqual(got, labels);
  assert.ok(labels.includes(predict([1, 2, 3, 4]).label));
});

test('written by a bundled, minified copy of this package it is the same function', async () => {
  const { build } = await import('esbuild-wasm');
  const bundle = join(folder, 'bundled.mjs');
  await build({
    ...{
      entryPoints: [fileURLToPath(new URL('../dist/formats/module.js', import.meta.url))],
      outfile: bundle,
    },
    ...{ bundle: true, minify: true, format: 'esm', platform: 'node', logLevel: 'error' },
  });
  const { toModule: bundled } = (await import(pathToFileURL(bundle).href)) as { toModule: typeof toModule };
  for (const graph of Object.values(smallGraphs)) {
    const { predict } = evaluated(bundled(graph));
    const sample = sampleOf(graph);
    assert.deepEqual(JSON.parse(JSON.stringify(predict(sample))), toFunction(graph)(sample));
  }
});
