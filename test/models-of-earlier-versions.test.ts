/** Files of models that earlier versions wrote are read for ever, and predict what they predicted. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { load } from '../dist/index.js';

const folder = new URL('./fixtures/models/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));

interface Expected {
  readonly width: number;
  /** [4 · width]. */
  readonly samples: readonly number[];
  readonly predictions: readonly { readonly label: string; readonly probabilities: readonly number[] }[];
}

test('there is a file of each kind', () => assert.ok(names.length >= 12, names.join(' ')));

for (const name of names)
  test(name, async () => {
    const model = await load(new URL(name, folder));
    const text = readFileSync(new URL(name.replace('.safetensors', '.json'), folder), 'utf8');
    const { width, samples, predictions } = JSON.parse(text) as Expected;
    for (const [i, { label, probabilities }] of predictions.entries()) {
      const sample = samples.slice(i * width, (i + 1) * width);
      for (const predicted of [model.predict(sample), model.toFunction()(sample)]) {
        assert.equal(predicted.label, label);
        for (const [k, p] of probabilities.entries())
          assert.ok(Math.abs(p - predicted.probabilities[k]) < 2e-5, `${name}, sample ${i}, class ${k}`);
      }
    }
  });
