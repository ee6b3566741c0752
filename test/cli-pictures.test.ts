/** A folder of pictures from the command line and the library: fit, predict, eval, further training; the same inputs in each. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { load, readImage, train } from '../dist/index.js';
import { cli, expectCode, readJson } from './support/cli.ts';
import { refusing, says } from './support/says.ts';

const cwd = await mkdtemp(join(tmpdir(), 'shardstep-pictures-'));
after(() => rm(cwd, { recursive: true, force: true }));
const environment = { SHARDSTEP_CACHE: join(cwd, 'cache') };
const options = { cwd, environment };

/** Bright to the left, or to the right, with noise; of several sizes. */
function picture(isLeft: boolean, seed: number) {
  const [width, height] = [40 + (seed % 3), 30 + (seed % 5)];
  const values = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const x = Math.floor(i / 3) % width;
    const noise = (i * 7919 + seed * 104729) % 90;
    return (x < width / 2 === isLeft ? 150 : 20) + noise;
  });
  return sharp(values, { raw: { width, height, channels: 3 } });
}

before(async () => {
  for (const name of ['left', 'right']) {
    mkdirSync(join(cwd, 'pictures', name), { recursive: true });
    for (let i = 0; i < 30; i++) {
      const own = picture(name === 'left', i);
      const bytes = await (i % 2 ? own.png() : own.jpeg()).toBuffer();
      writeFileSync(join(cwd, 'pictures', name, `${i}.${i % 2 ? 'png' : 'jpg'}`), bytes);
    }
  }
  const run = ['fit', 'pictures', '--out', 'run', '--threads', '1', 'train.epochs=10', 'data.images.fit=pad'];
  await expectCode(0, [...run, 'data.images.size=[12,16]'], options);
});

interface Result {
  readonly testMetrics: { readonly accuracy: number };
  readonly baseline: { readonly value: number };
  readonly warnings: readonly { readonly code: string }[];
}

interface Predicted {
  readonly predictions: readonly { readonly label: string; readonly probability: number }[];
}

test('fit: held-out pictures beside the most frequent class; the model has size, fit, colour and classes', async () => {
  const { testMetrics, baseline, warnings } = await readJson<Result>(cwd, 'run', 'result.json');
  assert.equal(baseline.value, 0.5);
  assert.ok(testMetrics.accuracy > 0.9, String(testMetrics.accuracy));
  assert.deepEqual(warnings, []);
  await using model = await load(join(cwd, 'run'));
  assert.deepEqual(
    [model.labels, model.input],
    [
      ['left', 'right'],
      [12, 16, 3],
    ],
  );
  const { metadata } = model;
  assert.deepEqual(
    ['set', 'images.size', 'images.fit', 'images.colour'].map((key) => metadata[`data.${key}`]),
    ['images', '[12,16]', 'pad', 'colour'],
  );
});

test('predict, the library and eval see a picture as training did', async () => {
  const { stdout } = await expectCode(0, ['predict', 'run', 'pictures/left', '--json'], options);
  const { predictions } = JSON.parse(stdout) as Predicted;
  assert.equal(predictions.length, 30);
  const hits = predictions.filter(({ label }) => label === 'left').length;
  await using model = await load(join(cwd, 'run'));
  const names = ['0.jpg', '1.png', '10.jpg'];
  for (const [at, name] of names.entries()) {
    const bytes = readFileSync(join(cwd, 'pictures', 'left', name));
    const { probabilities } = model.predict(await readImage(bytes, model));
    assert.equal(Math.max(...probabilities), predictions[at].probability);
  }
  const evaluated = await expectCode(0, ['eval', 'run', 'data.dir=pictures', '--json'], options);
  const { accuracy, count, confusion, warnings } = JSON.parse(evaluated.stdout);
  assert.equal(count, 60);
  assert.equal(confusion[0][0], hits);
  assert.deepEqual(
    warnings.map(({ code }: { code: string }) => code),
    ['evaluates-training-rows'],
  );
  const own = await model.evaluate({ images: join(cwd, 'pictures') });
  assert.deepEqual([own.accuracy, own.count], [accuracy, 60]);
  const held = await expectCode(0, ['eval', 'run', 'data.dir=pictures', 'data.test=0.2', '--json'], options);
  const { testMetrics } = await readJson<Result>(cwd, 'run', 'result.json');
  assert.equal(JSON.parse(held.stdout).accuracy, testMetrics.accuracy);
  await assert.rejects(
    model.evaluate({ images: join(cwd, 'pictures'), size: 9 }),
    refusing(2, 'images and test', 'size'),
  );
});

test('the same weights, whatever the threads, and from the cache', async () => {
  const run = ['train', '--config', 'fit-images', 'data.dir=pictures', 'train.epochs=2', 'train.batch=16'];
  const weights: Buffer[] = [];
  for (const threads of ['1', '2']) {
    const words = [...run, 'parallel.sync=owner', '--threads', threads, '--out', `same-${threads}`];
    const { stderr } = await expectCode(0, words, options);
    if (threads === '2')
      says(stderr.split('\n').find((line) => line.includes('unchanged')) ?? '', '60 pictures');
    weights.push(readFileSync(join(cwd, `same-${threads}`, 'final.safetensors')));
  }
  assert.ok(weights[0].equals(weights[1]));
});

test('further training takes size and colour of the model; another fit, other classes and tables are refused', async () => {
  const from = ['model.init.file=run/final.safetensors', 'train.epochs=1', 'train.batch=16'];
  const run = ['train', '--config', 'fit-images', 'data.dir=pictures', ...from];
  await expectCode(0, [...run, 'data.images.fit=pad', '--out', 'further'], options);
  const refused = async (words: readonly string[], ...parts: string[]) =>
    says((await expectCode(2, words, options)).stderr.trimEnd().split('\n').at(-1) ?? '', ...parts);
  await refused([...run, '--out', 'other'], 'data.images.fit: expected pad', 'got "crop"');
  cpSync(join(cwd, 'pictures', 'left'), join(cwd, 'renamed', 'top'), { recursive: true });
  cpSync(join(cwd, 'pictures', 'right'), join(cwd, 'renamed', 'right'), { recursive: true });
  await refused(
    [...run, 'data.dir=renamed', 'data.images.fit=pad', '--out', 'other'],
    'labels: expected ["left","right"]',
  );
  await refused(['fit', 'pictures', '--target', 'x'], '--target: expected none for a folder of pictures');
  await refused(['fit', 'pictures', '--column', 'x=number'], '--column: expected none for a folder');
  await refused(['fit', 'pictures', '--test', 'more'], '--test: expected none', 'train and test');
  await refused(['fit', 'pictures', 'data.label=x'], 'data.label', 'images');
  await refused(['fit', 'pictures', 'data.images.size=0'], 'data.images.size: expected a side from 1 to 512');
  await refused(['train', 'data.images.fit=pad'], 'data.images.fit', 'data.set is mnist');
  await refused(['train', 'data.set=images'], 'data.dir: expected a folder');
});

test('settings of grey digits: colour pictures refuse them by name; grey ones of any size train with them', async () => {
  const run = [
    'train',
    '--config',
    'fit-images',
    'data.dir=pictures',
    'train.epochs=1',
    'train.batch=16',
    '--out',
  ];
  for (const setting of [
    'data.momentNormalise=true',
    'data.pool=2',
    'data.crop=2',
    'data.features.kind=directions',
  ]) {
    const { code, stderr } = await cli([...run, 'refused', setting], options);
    assert.equal(code, 2, `${setting}\n${stderr}`);
    assert.ok(stderr.includes(setting.split('=')[0]), stderr);
  }
  const grey = ['data.images.colour=grey', 'data.images.size=[20,24]'];
  await expectCode(
    0,
    [...run, 'grey', ...grey, 'data.pool=2', 'data.crop=2', 'data.momentNormalise=true'],
    options,
  );
});

test('the library trains on a folder; a model of other images is not evaluated on one', async () => {
  await using model = await train(
    { images: join(cwd, 'pictures'), size: 8, fit: 'stretch', colour: 'grey' },
    { recipe: { 'train.epochs': 2, 'train.batch': 16, 'model.hidden': [8] }, threads: 1 },
  );
  assert.deepEqual(
    [model.labels, model.input],
    [
      ['left', 'right'],
      [8, 8, 1],
    ],
  );
  assert.equal(model.metadata['data.images.fit'], 'stretch');
  const inputs = [
    new Uint8Array(64),
    new Uint8Array(64).fill(9),
    new Uint8Array(64).fill(99),
    new Uint8Array(64).fill(3),
  ];
  await using other = await train(
    { inputs, targets: [0, 1, 0, 1], shape: [8, 8] },
    { recipe: { 'train.epochs': 1, 'train.batch': 2, 'model.hidden': [] }, threads: 1 },
  );
  await assert.rejects(other.evaluate({ images: join(cwd, 'pictures') }), refusing(2, 'data.set', 'memory'));
});
