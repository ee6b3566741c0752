/** What a configuration is made of, and which layer wins. Refusals are in config-refusals.test.ts. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { configJsonSchema, configJsonSchemaText } from '../dist/config/json-schema.js';
import { describeKeys } from '../dist/config/keys.js';
import { resolveConfig } from '../dist/config/load.js';
import { labelSmoothingOf } from '../dist/config/loss-keys.js';
import { configSchema } from '../dist/config/schema.js';
import { folder, set } from './support/config-folder.ts';

const configs = fileURLToPath(new URL('../configs', import.meta.url));

test('the defaults are complete', async () => {
  const { config, name, files } = await resolveConfig({ file: null, overrides: [], environment: {} });
  assert.equal(name, 'defaults');
  assert.deepEqual(files, []);
  assert.deepEqual(config, {
    data: {
      features: {
        kind: 'pixels',
        grid: 12,
        pool: 4,
        rows: 'pairs',
        aspect: false,
        gradient: 'central',
        quadratic: 0,
      },
      set: 'mnist',
      dir: null,
      label: null,
      ...{ testFile: null, test: null, target: null, columns: {} },
      encoding: { scaling: 'standard', bins: 64, periodic: 0, sigma: 1, rare: null },
      images: { size: null, fit: 'crop', colour: 'auto' },
      task: 'auto',
      targetScale: 'auto',
      take: null,
      pool: 1,
      crop: 0,
      normalise: 'mnist',
      normaliseEpsilon: 0.01,
      momentNormalise: false,
      shuffle: true,
      packing: 'auto',
      validation: 0,
      validationFrom: 'auto',
      scale: 'auto',
    },
    model: {
      hidden: [256, 128],
      activation: 'relu',
      shortcut: false,
      members: 1,
      init: { kind: 'torch', file: null, prefix: '' },
    },
    loss: { name: 'cross-entropy', labelSmoothing: 0, classWeights: 'none' },
    train: {
      batch: 512,
      epochs: 10,
      steps: null,
      byTable: false,
      dropLast: false,
      tailAverage: 0,
      tailEvery: 1,
      dropout: 0,
      selective: { beta: 0 },
    },
    optimizer: {
      name: 'sgd',
      lr: 0.05,
      referenceBatch: null,
      batchScaling: 'linear',
      clip: null,
      momentum: 0.9,
      nesterov: false,
      weightDecay: 0,
    },
    schedule: { name: 'constant' },
    parallel: {
      threads: 'physical',
      sync: 'auto',
      localSteps: 8,
      localAfter: 0,
      heartbeat: 30,
      onWorkerLoss: 'fail',
    },
    backend: { name: 'wasm' },
    stop: {
      metric: null,
      target: null,
      on: 'test',
      every: 'epoch',
      patience: null,
      restoreBest: false,
      bestMargin: 0,
      minDelta: 0,
    },
    log: { every: 10, noiseScale: false, level: 'info', tensorboard: false },
    checkpoint: { every: 'auto', keep: 2 },
    seed: 1,
  });
});

test('a word stands for the name in a section whose name decides its keys', async () => {
  const backend = { name: 'tfjs-node', threadsPerWorker: 2 };
  assert.deepEqual((await set('backend=tfjs-node', 'backend.threadsPerWorker=2')).backend, backend);
  assert.deepEqual((await set('backend.threadsPerWorker=2', 'backend=tfjs-node')).backend, backend);
  assert.deepEqual((await set('backend.threadsPerWorker=2', 'backend.name=tfjs-node')).backend, backend);
  assert.deepEqual((await set('optimizer=adam')).optimizer, (await set('optimizer.name=adam')).optimizer);
});

test('every name of an optimizer and a schedule fills in its own defaults', async () => {
  assert.deepEqual((await set('optimizer.name=adam')).optimizer, {
    name: 'adam',
    lr: 0.001,
    referenceBatch: null,
    batchScaling: 'linear',
    clip: null,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0,
  });
  assert.deepEqual((await set('optimizer.name=adamw')).optimizer, {
    name: 'adamw',
    lr: 0.001,
    referenceBatch: null,
    batchScaling: 'linear',
    clip: null,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    weightDecay: 0.01,
  });
  assert.deepEqual((await set('optimizer.name=lars')).optimizer, {
    name: 'lars',
    lr: 1,
    referenceBatch: null,
    batchScaling: 'linear',
    clip: null,
    momentum: 0.9,
    weightDecay: 0,
    trustCoefficient: 0.001,
  });
  const schedule = async (name: string) => (await set(`schedule.name=${name}`)).schedule;
  assert.deepEqual(await schedule('step'), { name: 'step', every: 1, gamma: 0.1 });
  assert.deepEqual(await schedule('cosine'), { name: 'cosine', final: 0 });
  assert.deepEqual(await schedule('warmup-linear'), {
    name: 'warmup-linear',
    warmup: 0.2,
    start: 0.1,
    end: 0,
  });
  assert.deepEqual(await schedule('one-cycle'), {
    name: 'one-cycle',
    warmup: 0.3,
    startDivisor: 25,
    finalDivisor: 10000,
  });
});

test('defaults < extended file < file < command line, and files are named nearest first', async () => {
  const { directory, load } = folder({
    'base/root.yml': 'train: { batch: 1, epochs: 1 }\nseed: 1\nmodel: { hidden: [1, 2, 3] }',
    'base/middle.yaml': 'extends: root.yml\ntrain: { batch: 2, epochs: 2 }\nmodel: { hidden: [4] }',
    'top.yaml': 'extends: base/middle.yaml\ntrain: { batch: 3 }',
  });
  const { config, name, files } = await load('top.yaml', 'seed=9');
  assert.deepEqual([config.train.batch, config.train.epochs], [3, 2]);
  assert.deepEqual(config.model.hidden, [4]);
  assert.equal(config.seed, 9);
  assert.equal(name, 'top');
  assert.deepEqual(
    files,
    ['top.yaml', 'base/middle.yaml', 'base/root.yml'].map((file) => join(directory, file)),
  );
});

test('override values are YAML: lists, null, quotes, and yes is a string', async () => {
  const config = await set(
    'model.hidden=[64,32]',
    'stop.target=null',
    'model.init.file=some/path.safetensors',
    'data.dir="a b"',
    'model.init.prefix=yes',
    'optimizer.lr=1e-3',
    'data={pool: 2, crop: 3}',
  );
  assert.deepEqual(config.model, {
    hidden: [64, 32],
    activation: 'relu',
    shortcut: false,
    members: 1,
    init: { kind: 'torch', file: 'some/path.safetensors', prefix: 'yes' },
  });
  assert.deepEqual([config.data.dir, config.data.pool, config.data.crop], ['a b', 2, 3]);
  assert.equal(config.optimizer.lr, 0.001);
  assert.equal((await set('model.init.prefix=a=b')).model.init.prefix, 'a=b');
});

test('the last word for a key wins, a flag wins over a word, and an absent flag says nothing', async () => {
  assert.equal((await set('seed=1', 'seed=2')).seed, 2);
  const flags = { 'parallel.threads': 4, 'stop.target': undefined, 'model.hidden': [5] };
  const { config } = await resolveConfig({
    file: null,
    overrides: ['parallel.threads=2', 'stop.target=0.5'],
    flags,
    environment: {},
  });
  assert.deepEqual([config.parallel.threads, config.stop.target, config.model.hidden], [4, 0.5, [5]]);
});

test('a later layer that changes a name drops the keys of the other name', async () => {
  const { load } = folder({
    'warm.yaml': 'schedule: { name: warmup-linear, warmup: 0.5 }\noptimizer: { momentum: 0.5, lr: 0.3 }',
    'next.yaml': 'extends: warm.yaml\nschedule: { name: step, every: 3 }',
  });
  assert.deepEqual((await load('warm.yaml', 'schedule.name=cosine')).config.schedule, {
    name: 'cosine',
    final: 0,
  });
  assert.deepEqual((await load('next.yaml', 'schedule.gamma=0.5')).config.schedule, {
    name: 'step',
    every: 3,
    gamma: 0.5,
  });
  // sgd is the name that warm.yaml has by default.
  assert.equal((await load('warm.yaml', 'optimizer.name=adam')).config.optimizer.lr, 0.001);
  assert.equal((await load('warm.yaml', 'optimizer.name=sgd')).config.optimizer.lr, 0.3);
});

test('on the command line the order of a name and its keys does not matter', async () => {
  const expected = { name: 'step', every: 1, gamma: 0.5 };
  assert.deepEqual((await set('schedule.gamma=0.5', 'schedule.name=step')).schedule, expected);
  assert.deepEqual((await set('schedule.name=step', 'schedule.gamma=0.5')).schedule, expected);
});

test('a shipped file is found from anywhere, by path or bare name, and an own one comes first', async () => {
  const { directory, load } = folder({ 'other.txt': '' });
  for (const file of [
    'configs/fastmlp.yaml',
    './configs/fastmlp.yaml',
    'fastmlp',
    join(configs, 'fastmlp.yaml'),
  ]) {
    assert.deepEqual((await load(file)).files, [join(configs, 'fastmlp.yaml')], file);
  }
  // The dot in a name begins no extension.
  assert.equal((await load('mnist-99.5')).name, 'mnist-99.5');
  const own = folder({ 'configs/fastmlp.yaml': 'seed: 77' });
  assert.equal((await own.load('fastmlp')).config.seed, 77);
  assert.equal((await own.load('fastmlp')).name, 'fastmlp');
  symlinkSync(configs, join(directory, 'linked'));
  assert.equal((await load('linked/sweep.yaml')).config.train.epochs, 1);
});

test('data of your own need a folder, or SHARDSTEP_DATA', async () => {
  const environment = { SHARDSTEP_DATA: '/somewhere' };
  const { config } = await resolveConfig({ file: null, overrides: ['data.set=csv'], environment });
  assert.equal(config.data.dir, null);
  assert.equal((await set('data.set=idx', 'data.dir=here')).data.dir, 'here');
});

test('every shipped file loads, names its schema and says where it comes from', async () => {
  for (const file of readdirSync(configs).filter((name) => name.endsWith('.yaml'))) {
    const [first, second] = readFileSync(join(configs, file), 'utf8').split('\n');
    assert.equal(first, '# yaml-language-server: $schema=./schema.json', file);
    assert.match(second ?? '', /^# Recipe .+/, file);
    // A table has no file of its own.
    const environment = { SHARDSTEP_DATA: '/rows.csv' };
    await resolveConfig({ file: join(configs, file), overrides: [], environment });
  }
});

test('sweep.yaml is fastmlp.yaml for one epoch and without a target', async () => {
  const { load } = folder({});
  const { config } = await load('fastmlp', 'train.epochs=1', 'stop.target=null');
  assert.deepEqual((await load('sweep')).config, config);
});

test('pixels-97.yaml is the recipe of the study', async () => {
  const { config } = await folder({}).load('pixels-97');
  assert.deepEqual(
    [config.data.pool, config.data.normalise, config.data.take, config.model.hidden, config.model.init.kind],
    [2, 'centre', 35000, [128], 'recipe'],
  );
  const rate = { lr: 0.2, referenceBatch: null, batchScaling: 'linear', clip: null };
  assert.deepEqual(config.optimizer, { name: 'sgd', ...rate, momentum: 0.9, nesterov: true, weightDecay: 0 });
  assert.deepEqual(config.schedule, { name: 'warmup-linear', warmup: 0, start: 0.1, end: 0 });
  assert.deepEqual([config.train.batch, config.train.epochs, labelSmoothingOf(config.loss)], [64, 1, 0.1]);
  assert.deepEqual([config.stop.target, config.stop.on], [0.97, 'test']);
});

test('configs/schema.json is what the schema says (node scripts/write-config-schema.ts)', () => {
  assert.equal(readFileSync(join(configs, 'schema.json'), 'utf8'), configJsonSchemaText());
});

test('the JSON Schema lets every key be left out, allows extends and refuses unknown keys', () => {
  const schema = configJsonSchema();
  assert.equal(schema.required, undefined);
  assert.equal(schema.additionalProperties, false);
  assert.equal('$id' in schema, false);
  const properties = Object.keys(schema.properties ?? {});
  assert.deepEqual(properties, [...Object.keys(configSchema.shape), 'extends']);
});

test('every key is described, and its default is what an empty configuration gets', async () => {
  const keys = describeKeys();
  for (const { key, expected, description, when, default: value } of keys) {
    assert.ok(expected.length > 0 && !expected.includes('nvalid'), `${key}: ${expected}`);
    assert.ok(description.length > 3, key);
    const [, name] = when?.split('=') ?? [];
    const { config } = await resolveConfig({
      file: null,
      overrides: name === undefined ? [] : [`${when}`],
      environment: {},
    });
    const found = key.split('.').reduce<unknown>((inner, part) => Reflect.get(Object(inner), part), config);
    assert.deepEqual(found, value, key);
  }
  assert.deepEqual(
    keys.filter(({ key }) => key === 'optimizer.lr').map(({ when, default: value }) => [when, value]),
    [
      ['optimizer.name=sgd', 0.05],
      ['optimizer.name=adam', 0.001],
      ['optimizer.name=adamw', 0.001],
      ['optimizer.name=lars', 1],
    ],
  );
  const schedule = keys.find(({ key }) => key === 'schedule.name');
  assert.deepEqual(schedule?.choices, ['constant', 'step', 'cosine', 'warmup-linear', 'one-cycle']);
  assert.equal(schedule?.expected, `one of ${schedule?.choices.join(', ')}`);
});
