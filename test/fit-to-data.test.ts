/** Values that the user did not set are adapted, with a note for each key; values that the user set are refused. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { resolveConfig } from '../dist/config/load.js';
import type { Dataset } from '../dist/data/dataset.js';
import { fitToData } from '../dist/data/fit-to-data.js';
import { classTarget } from '../dist/data/target.js';
import { Rng } from '../dist/numbers/rng.js';
import {
  cli,
  expectCode,
  type LogLine,
  readJson,
  readLog,
  type TrainingResult,
  workingDirectory,
} from './support/cli.ts';

function dataset(side: number, count: number, classes = 10): Dataset {
  const samples = (n: number) => ({
    values: new Uint8Array(n * side * side),
    targets: new Uint32Array(n),
    count: n,
    shape: [side, side, 1],
    full: 255,
  });
  return {
    name: 'csv',
    source: '',
    train: samples(count),
    test: samples(8),
    validation: null,
    target: classTarget(Array.from({ length: classes }, (_, c) => String(c))),
    sha256: {},
  };
}

const environment = { SHARDSTEP_DATA: '/data' };
const byDefault = (...overrides: string[]) =>
  resolveConfig({ file: 'mnist-97', implied: true, overrides, environment });
const named = (...overrides: string[]) => resolveConfig({ file: 'mnist-97', overrides, environment });
const keysOf = (notes: readonly string[]) => notes.map((note) => note.split(':')[0]);

test('the default recipe on small images of one’s own: pixels, all samples, as many steps', async () => {
  const { config, given, notes } = await byDefault('data.set=csv');
  assert.deepEqual(notes, []);
  const fitting = fitToData(config, dataset(8, 150), given);
  assert.deepEqual(keysOf(fitting.notes), ['data.features.kind', 'stop.target', 'data.take', 'train.epochs']);
  assert.equal(
    fitting.notes[0].includes('28×28') && fitting.notes[0].includes('8×8'),
    true,
    fitting.notes[0],
  );
  const { data, stop, train } = fitting.config;
  assert.deepEqual([data.features.kind, data.take, stop.target], ['pixels', null, null]);
  assert.deepEqual([train.batch, train.epochs * Math.ceil(150 / 8)], [8, 266]);
});

test('a run of fewer images than a block of direction features', async () => {
  const { config, given } = await byDefault('data.take=5');
  const fitting = fitToData(config, dataset(28, 60_000), given);
  assert.deepEqual(keysOf(fitting.notes), ['data.features.kind', 'train.batch']);
  assert.ok(fitting.config.train.batch <= 5);
});

test('what fits is left alone, the very same configuration', async () => {
  const { config, given } = await byDefault();
  assert.equal(fitToData(config, dataset(28, 60_000), given).config, config);
});

test('too many classes for direction features, too few samples for the default batch', async () => {
  const many = await byDefault('data.set=idx', 'stop.target=0.5');
  const fitting = fitToData(many.config, dataset(28, 5000, 26), many.given);
  assert.deepEqual(keysOf(fitting.notes), ['data.features.kind']);
  assert.equal(fitting.config.stop.target, 0.5);
  const plain = await resolveConfig({ file: null, overrides: ['data.set=csv'], environment });
  for (const [count, batch] of [
    [511, 32],
    [150, 16],
    [7, 1],
  ] as const) {
    const fitted = fitToData(plain.config, dataset(8, count), plain.given);
    assert.equal(fitted.config.train.batch, batch, `of ${count}`);
    assert.deepEqual(keysOf(fitted.notes), ['train.batch']);
  }
  const held = await resolveConfig({ file: null, overrides: ['data.validation=0.5'], environment });
  assert.equal(fitToData(held.config, dataset(8, 600), held.given).config.train.batch, 32);
});

test('what was set is never changed, by a named recipe either', async () => {
  const { config, given } = await named('data.set=csv');
  assert.equal(fitToData(config, dataset(8, 150), given).config, config);
  const set = await byDefault(
    ...['data.set=csv', 'stop.target=0.5', 'train.batch=256', 'data.take=2000', 'data.features.grid=16'],
  );
  assert.equal(fitToData(set.config, dataset(8, 150), set.given).config, set.config);
});

test('a value of the default recipe gives way to what was set beside it, with a note; a named one is refused', async () => {
  const { config, notes, given } = await byDefault(
    'model.hidden=[128]',
    'optimizer.name=adam',
    'train.batch=256',
  );
  assert.equal(config.model.init.kind, 'torch');
  assert.equal(notes.length, 1);
  assert.match(
    notes[0],
    /^model\.init\.kind: "torch" instead of "zero" of .*mnist-97\.yaml, which was not set: expected/,
  );
  assert.ok(given.has('model.hidden') && !given.has('model.init.kind') && !given.has('data.take'));
  const refused = { message: /model\.init\.kind: expected another initialisation/ };
  await assert.rejects(named('model.hidden=[128]'), refused);
  await assert.rejects(byDefault('model.hidden=[128]', 'model.init.kind=zero'), refused);
  await assert.rejects(byDefault('train.batch=12'), { message: /train\.batch: expected a multiple of 8/ });
});

test('on data of one’s own the default recipe gives way to a setting that does not go with its features', async () => {
  const { config, notes } = await byDefault('data.set=csv', 'train.batch=12', 'data.crop=1');
  assert.equal(config.data.features.kind, 'pixels');
  assert.deepEqual(keysOf(notes), ['data.features.kind']);
  await assert.rejects(named('data.set=csv', 'train.batch=12'), { message: /train\.batch: expected a mul/ });
});

describe('on the command line', { concurrency: 2 }, () => {
  /** Two kinds of 8×8 images, told apart by which half is light. */
  function writeCsv(cwd: string, counts: Readonly<Record<string, number>>): void {
    mkdirSync(join(cwd, 'mine'));
    const rng = new Rng(1);
    for (const [part, count] of Object.entries(counts)) {
      const rows = Array.from({ length: count }, (_, row) => {
        const light = (p: number) => (p < 32 === (row % 2 === 0) ? 180 : 20);
        const pixels = Array.from({ length: 64 }, (_, p) => light(p) + rng.below(60));
        return [row % 2, ...pixels].join();
      });
      writeFileSync(join(cwd, 'mine', `${part}.csv`), `${rows.join('\n')}\n`);
    }
  }

  test('150 samples of 8×8 train with the default recipe; config.yaml holds what was trained', async (t) => {
    const cwd = await workingDirectory(t);
    writeCsv(cwd, { train: 150, test: 40 });
    const words = ['data.set=csv', 'data.dir=mine', 'parallel.threads=1'];
    const { stderr } = await expectCode(0, ['train', ...words, '--out', 'run'], { cwd });
    for (const key of ['data.features.kind', 'data.take', 'train.epochs', 'stop.target'])
      assert.match(stderr, new RegExp(`${key}: .* which was not set`), key);
    const result = await readJson<TrainingResult>(cwd, 'run', 'result.json');
    assert.ok((result.accuracy ?? 0) > 0.95, `accuracy ${result.accuracy}`);
    const logged = (await readLog(join(cwd, 'run'))).find(({ event }: LogLine) => event === 'config');
    assert.match(JSON.stringify(logged), /"kind":"pixels"/);
    await expectCode(0, ['train', '--config', 'run/config.yaml', '--out', 'again', '--quiet'], { cwd });
    assert.equal((await readJson<TrainingResult>(cwd, 'again', 'result.json')).accuracy, result.accuracy);
    for (const command of [['lr-find'], ['sweep', '--threads', '1', '--repeats', '1']])
      await expectCode(0, [...command, ...words.slice(0, 2), '--out', command[0], '--quiet'], { cwd });
  });

  test('a batch that was set is refused', async (t) => {
    const cwd = await workingDirectory(t);
    writeCsv(cwd, { train: 20, test: 4 });
    const { code, stderr } = await cli(['train', 'data.set=csv', 'data.dir=mine', 'train.batch=64'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /error: train\.batch: expected at most the 20 training images/);
  });
});
