/** A configuration as YAML: what is read, what is merged, and that what is written is read again. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { resolveConfig } from '../dist/config/load.js';
import { configSchema } from '../dist/config/schema.js';
import { parseYaml, toYaml } from '../dist/config/yaml-text.js';
import { folder, set } from './support/config-folder.ts';
import { userError } from './support/scratch.ts';

test('a base under a key of its own is merged where `<<` names it, and is no key itself', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'shardstep-merge-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'y.yaml');
  writeFileSync(
    file,
    'base: &base {batch: 32}\nx-common: &c {lr: 0.2}\ntrain: {<<: *base, epochs: 2}\noptimizer: {<<: *c}\n',
  );
  const { config } = await resolveConfig({ file, overrides: [], environment: {} });
  assert.deepEqual([config.train.batch, config.train.epochs, config.optimizer.lr], [32, 2, 0.2]);
  writeFileSync(file, 'base: {batch: 32}\n');
  await assert.rejects(resolveConfig({ file, overrides: [], environment: {} }), {
    exitCode: 2,
    message: /base/,
  });
});

test('an empty file, an empty section and a file of comments give defaults; anchors work', async () => {
  const { load } = folder({
    'empty.yaml': '',
    'comments.yaml': '# nothing\n',
    'sections.yaml': 'train:\n  # batch: 64\nmodel:\n  init:\nschedule:\n',
    'anchors.yaml': '\uFEFFseed: &n 7\ntrain: { batch: *n }',
  });
  const defaults = await set();
  for (const file of ['empty.yaml', 'comments.yaml', 'sections.yaml']) {
    assert.deepEqual((await load(file)).config, defaults, file);
  }
  assert.equal((await load('anchors.yaml')).config.train.batch, 7);
});

test('merge keys take in a mapping, several, and nested ones; what stands beside them wins', async () => {
  const { load } = folder({
    'merge.yaml':
      'optimizer: &o { name: sgd, lr: 0.3, momentum: 0.5 }\ntrain: { <<: { batch: 4, epochs: 3 }, batch: 8 }',
    'list.yaml': 'train: { <<: [{ batch: 4 }, { batch: 5, epochs: 3 }], steps: 2 }\nseed: 3',
    'wrong.yaml': 'train: { <<: 3 }',
  });
  const { optimizer, train } = (await load('merge.yaml')).config;
  assert.deepEqual([optimizer.lr, train.batch, train.epochs], [0.3, 8, 3]);
  const list = (await load('list.yaml')).config.train;
  assert.deepEqual([list.batch, list.epochs, list.steps], [4, 3, 2]);
  await assert.rejects(load('wrong.yaml'), userError(2, 'wrong.yaml', /[Mm]erge/));
  assert.deepEqual(
    parseYaml('base: &base { a: 1, b: 2 }\nnext: { <<: *base, b: 3 }'),
    new Map([
      [
        'base',
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ],
      [
        'next',
        new Map([
          ['a', 1],
          ['b', 3],
        ]),
      ],
    ]),
  );
  const next = (await set('train={<<: {batch: 16}}')).train;
  assert.equal(next.batch, 16);
});

test('toYaml loads back to the same configuration, from a file too', async () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const overrides = fc.record({
    data: fc.record({
      // A path has no zero byte.
      dir: fc.option(fc.string({ minLength: 1, unit: 'binary' }).filter((path) => !path.includes('\0'))),
      take: fc.option(fc.integer({ min: 1 })),
      validation: fc.oneof(share, fc.integer({ min: 1 })),
    }),
    model: fc.record({
      hidden: fc.array(fc.integer({ min: 1, max: 65536 })),
      init: fc.record({ prefix: fc.string({ unit: 'grapheme' }) }),
    }),
    optimizer: fc.oneof(
      fc.record({
        name: fc.constant('sgd'),
        lr: fc.double({ min: 1e-300, noNaN: true, noDefaultInfinity: true }),
      }),
      fc.record({
        name: fc.constant('adam'),
        beta1: share,
        epsilon: fc.double({ min: 1e-12, max: 1, noNaN: true }),
      }),
    ),
    stop: fc.record({ every: fc.constantFrom('epoch', 3) }),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  });
  const { directory, load } = folder({});
  await fc.assert(
    fc.asyncProperty(overrides, async (given) => {
      const config = configSchema.parse(given);
      writeFileSync(join(directory, 'run.yaml'), toYaml(config));
      assert.deepEqual((await load('run.yaml')).config, config);
    }),
    { numRuns: 200 },
  );
  assert.match(toYaml(await set()), /^ {2}hidden: \[ 256, 128 \]$/m);
});

test('parseYaml reads the core schema of YAML 1.2', () => {
  assert.deepEqual(
    ['yes', '0x10', '0o10', '1_000', '~', '', '.5'].map((text) => parseYaml(text)),
    ['yes', 16, 8, '1_000', null, null, 0.5],
  );
});
