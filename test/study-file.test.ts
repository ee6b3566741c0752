/** A study file is refused in one line that names the file, the key, what was expected and what was given. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { expandStudy } from '../dist/study/expand.js';
import { readStudy } from '../dist/study/study-file.js';
import { UserError } from '../dist/user-error.js';
import { folder } from './support/config-refusal.ts';

/** The message with which the study is refused, as it is read or as its variants are resolved. */
async function refusal(text: string, only: readonly string[] | null = null): Promise<string> {
  const directory = folder({ 'x.yaml': text });
  try {
    await expandStudy(await readStudy('x.yaml', directory), only);
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, 2);
    assert.doesNotMatch(error.message, /\n/);
    return error.message;
  }
  assert.fail('nothing was refused');
}

const study = (comparison: string, top = '') => `${top}\ncomparisons:\n  - ${comparison}\n`;
const two = 'variants: {a: {}, b: {train.batch: 16}}';

const refusals: readonly [string, string, RegExp][] = [
  ['no comparisons', 'target: 0.97', /^x\.yaml: comparisons: .*list/],
  ['an empty list', 'comparisons: []', /^x\.yaml: comparisons: .*at least one/],
  ['a misspelt key', study(`{name: m, ${two}}`, 'sedes: 20'), /^x\.yaml: sedes: unknown.*mean seeds\?$/],
  [
    'a misspelt key of a comparison',
    study('{name: m, variant: {a: {}, b: {}}}'),
    /comparisons\[0\]\.variant: unknown.*mean variants\?/,
  ],
  [
    'too few seeds',
    study(`{name: m, seeds: 9, ${two}}`),
    /^x\.yaml: comparisons\[0\]\.seeds: .*from 10 .*got 9/,
  ],
  ['a word for a number', study(`{name: m, ${two}}`, 'target: high'), /target: .*above 0.*"high"/],
  ['neither variants nor grid', study('{name: m}'), /comparisons\[0\]: .*variants or grid.*"m"/],
  [
    'both variants and grid',
    study(`{name: m, ${two}, grid: {train.batch: [8, 16]}}`),
    /comparisons\[0\]: .*variants or grid/,
  ],
  ['a single variant', study('{name: m, variants: {a: {}}}'), /variants.*two/],
  [
    'an unknown baseline',
    study('{name: m, baseline: nestrov, variants: {nesterov: {}, plain: {optimizer.nesterov: false}}}'),
    /baseline: .*nesterov, plain.*mean nesterov\?.*"nestrov"/,
  ],
  [
    'the same name twice',
    `comparisons:\n  - {name: Mo mentum, ${two}}\n  - {name: mo-mentum, ${two}}\n`,
    /comparisons\[1\]\.name: .*own/,
  ],
  [
    "a variant's misspelt key",
    study('{name: m, variants: {a: {}, b: {optimizer.momentun: 0}}}'),
    /^\S*x\.yaml: m: b: optimizer\.momentun: unknown.*mean optimizer\.momentum\?$/,
  ],
  [
    "a variant's wrong value",
    study('{name: m, variants: {a: {}, b: {train: {batch: 0}}}}'),
    /x\.yaml: m: b: train\.batch: .*integer.*got 0/,
  ],
  [
    'a contradiction, blamed on the variant',
    study('{name: m, variants: {a: {}, b: {optimizer.momentum: 0}}}'),
    /x\.yaml: m: b: optimizer\.nesterov: .*optimizer\.momentum/,
  ],
  [
    'what the study decides',
    study('{name: m, variants: {a: {}, b: {stop.target: 0.9}}}'),
    /m: b: stop\.target: .*study's own/,
  ],
  [
    'an unknown base',
    study(`{name: m, base: mnist-9x, ${two}}`),
    /m: a: base: mnist-9x: .*mean \S*mnist-9\d\.yaml\?/,
  ],
  ['no YAML', 'comparisons: [', /^x\.yaml:1:\d+: /],
];

for (const [what, text, message] of refusals) {
  test(`refused: ${what}`, async () => {
    assert.match(await refusal(text), message);
  });
}

test('--only with a name that no comparison has is refused with the nearest', async () => {
  const text = study(`{name: Learning rate, ${two}}`);
  assert.match(await refusal(text, ['learning-rat']), /mean learning-rate\?/);
});

for (const name of ['quick', 'leave-one-out'])
  test(`${name}, which is shipped: every variant of every comparison is a configuration`, async () => {
    const comparisons = await expandStudy(await readStudy(name), null);
    assert.ok(comparisons.length > 0 && comparisons.every(({ variants }) => variants.length >= 2));
  });

test('a missing study file is refused with the nearest', async () => {
  await assert.rejects(readStudy('quik'), /quik: .*mean \S*quick\.yaml\?/);
});

test('a grid is every combination, its first the baseline unless another is named', async () => {
  const text = study(
    '{name: g, baseline: "batch 16, lr 0.1", grid: {train.batch: [8, 16], optimizer.lr: [0.05, 0.1]}}',
  );
  const [grid] = await expandStudy(await readStudy('x.yaml', folder({ 'x.yaml': text })), null);
  assert.deepEqual(
    grid.variants.map(({ label, config }) => [label, config.train.batch, config.optimizer.lr]),
    [
      ['batch 8, lr 0.05', 8, 0.05],
      ['batch 8, lr 0.1', 8, 0.1],
      ['batch 16, lr 0.05', 16, 0.05],
      ['batch 16, lr 0.1', 16, 0.1],
    ],
  );
  assert.equal(grid.baseline.label, 'batch 16, lr 0.1');
});

test('variants stand above the comparison, which stands above the study, which stands above the recipe', async () => {
  const top = 'set: {train.batch: 32, optimizer.lr: 0.5, data.take: 4000}';
  const text = study(
    '{name: m, set: {optimizer.lr: 0.6, data.take: 5000}, variants: {a: {data.take: 6000}, b: {base: mnist-98}}}',
    top,
  );
  const [{ variants, seeds }] = await expandStudy(
    await readStudy('x.yaml', folder({ 'x.yaml': text })),
    null,
  );
  const facts = variants.map(({ config: { train, optimizer, data, model } }) => [
    train.batch,
    optimizer.lr,
    data.take,
    train.epochs,
    model.hidden.length,
  ]);
  assert.deepEqual(facts, [
    [32, 0.6, 6000, 1, 1],
    [32, 0.6, 5000, 2, 0],
  ]);
  assert.deepEqual(
    seeds,
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
  assert.equal(variants[0].config.stop.target, null);
});

test('another optimiser drops the keys of the recipe for its own', async () => {
  const text = study('{name: m, variants: {sgd: {}, adam: {optimizer: {name: adam, lr: 0.002}}}}');
  const [{ variants }] = await expandStudy(await readStudy(join(folder({ 'x.yaml': text }), 'x.yaml')), null);
  const { optimizer } = variants[1].config;
  assert.deepEqual(optimizer.name === 'adam' && [optimizer.lr, optimizer.beta1], [0.002, 0.9]);
});
