/** Each wrong key or value is refused in one line with exit code 2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeKeys } from '../dist/config/keys.js';
import { resolveConfig } from '../dist/config/load.js';
import { UserError } from '../dist/user-error.js';
import { refusal, word, yaml } from './support/config-refusal.ts';

test('a wrong value names source, key, expectation and what was given', async () => {
  assert.equal(
    await yaml('train: { batch: abc }'),
    'configs/x.yaml: train.batch: expected an integer from 1 up, got "abc" (string)',
  );
  assert.equal(
    await word('train.batch='),
    'command line: train.batch: expected an integer from 1 up, got null',
  );
  assert.equal(
    await refusal({ flags: { 'parallel.threads': 0 } }),
    'command line: parallel.threads: expected an integer from 1 to 256, physical, logical or auto, got 0 (number)',
  );
  assert.equal(
    await word('model.hidden=[4,0]'),
    'command line: model.hidden[1]: expected an integer from 1 to 65536, got 0 (number)',
  );
  assert.equal(
    await word('train=5'),
    'command line: train: expected a mapping with keys batch, epochs, steps, dropLast, tailAverage, tailEvery, selective, got 5 (number)',
  );
  assert.equal(
    await word('train.batch.size=5'),
    'command line: train.batch: expected an integer from 1 up, got {"size":5} (object)',
  );
  assert.equal(
    await word('optimizer=5'),
    'command line: optimizer: expected a name, or a mapping with a name and its keys, got 5 (number)',
  );
});

test('the source is the layer that gave the wrong value', async () => {
  const files = { 'a.yaml': 'extends: b.yaml\nseed: 2', 'b.yaml': 'train: { batch: 0 }' };
  assert.match(await refusal({ files, file: 'a.yaml' }), /^b\.yaml: train\.batch: /);
  assert.match(
    await refusal({ files, file: 'a.yaml', overrides: ['train.batch=-1'] }),
    /^command line: .*got -1 /,
  );
});

for (const [override, expected] of [
  ['train.batch=1.5', 'an integer from 1 up'],
  ['train.epochs=0', 'an integer from 1 up'],
  ['train.tailAverage=1', 'a number from 0 to below 1'],
  ['train.tailEvery=0', 'an integer from 1 up'],
  ['train.steps=0', 'an integer from 1 up, or null'],
  ['train.dropLast=yes', 'true or false'],
  ['data.take=0', 'an integer from 1 up, or null'],
  ['data.pool=3', '1 or 2'],
  ['data.crop=-1', 'an integer from 0 up'],
  ['data.dir=""', 'the path of a folder, or null'],
  ['data.validation=1.5', 'a share from 0 to below 1, or a count from 1 up'],
  ['data.validation=-0.1', 'a share from 0 to below 1, or a count from 1 up'],
  ['model.hidden=4', 'a list of widths such as [256,128]'],
  ['model.init.prefix=null', 'a string'],
  ['loss.labelSmoothing=1', 'a number from 0 to below 1'],
  ['optimizer.lr=0', 'a number above 0'],
  ['optimizer.lr=.nan', 'a number above 0'],
  ['optimizer.lr=.inf', 'a number above 0'],
  ['data.normaliseEpsilon=0', 'a number above 0'],
  ['data.momentNormalise=1', 'true or false'],
  ['optimizer.referenceBatch=0', 'an integer from 1 up, or null'],
  ['optimizer={name: lars, trustCoefficient: 0}', 'a number above 0'],
  ['optimizer.momentum=1', 'a number from 0 to below 1'],
  ['optimizer.weightDecay=-1', 'a number from 0 up'],
  ['schedule={name: step, gamma: 0}', 'a number above 0 and up to 1'],
  ['schedule={name: one-cycle, warmup: 0}', 'a number above 0 and below 1'],
  ['schedule={name: one-cycle, startDivisor: 0.5}', 'a number from 1 up'],
  ['parallel.threads=257', 'an integer from 1 to 256, physical, logical or auto'],
  ['stop.target=0', 'a number above 0 and up to 1, or null'],
  ['stop.every=0', 'epoch, or an integer from 1 up'],
  ['backend=wgsl', 'one of wasm, tfjs-node, js'],
  ['seed=4294967296', 'an integer from 0 to 4294967295'],
] as const) {
  test(`${override} is refused`, async () => {
    assert.match(await word(override), new RegExp(`expected ${expected.replace(/[[\]]/g, '\\$&')}, got `));
  });
}

test('a number that JSON has no word for is shown as it is', async () => {
  assert.match(await word('optimizer.lr=.nan'), /got NaN \(number\)$/);
  assert.match(await word('optimizer.lr=-.inf'), /got -Infinity \(number\)$/);
});

test('a wrong word lists the choices and the one that was probably meant', async () => {
  assert.equal(
    await word('parallel.sync=shaded'),
    'command line: parallel.sync: expected one of average, sharded, owner, hogwild, local-sgd, got "shaded" (string); did you mean sharded?',
  );
  assert.equal(
    await word('optimizer.name=adm'),
    'command line: optimizer.name: expected one of sgd, adam, lars, got "adm" (string); did you mean adam?',
  );
  assert.match(await word('parallel.threads=phisical'), /did you mean physical\?$/);
  assert.doesNotMatch(await word('parallel.sync=tomorrow'), /did you mean/);
});

for (const [key, meant] of [
  ['optimzer.lr', 'optimizer.lr'],
  ['optimizer.momentm', 'optimizer.momentum'],
  ['optimzer.momentm', 'optimizer.momentum'],
  ['lr', 'optimizer.lr'],
  ['batch', 'train.batch'],
  ['labelSmoothing', 'loss.labelSmoothing'],
  ['label_smoothing', 'loss.labelSmoothing'],
  ['train.threads', 'parallel.threads'],
  ['train.batchSize', 'train.batch'],
  ['every', 'log.every or stop.every or schedule.every'],
  ['trian.epochs', 'train.epochs'],
  ['sede', 'seed'],
  ['momentm', 'optimizer.momentum'],
  ['model.ini.kind', 'model.init.kind'],
] as const) {
  test(`${key} is unknown; ${meant} was meant`, async () => {
    assert.equal(await word(`${key}=1`), `command line: ${key}: unknown key; did you mean ${meant}?`);
  });
}

test('an unknown key with nothing near it lists the keys at its level', async () => {
  assert.equal(
    await word('train.colour=1'),
    'command line: train.colour: unknown key; the keys of train are batch, epochs, steps, dropLast, tailAverage, tailEvery, selective',
  );
  assert.match(
    await word('qqqqqqqqq=1'),
    /the keys at the top are data, model, loss, train, optimizer, .*, seed$/,
  );
  assert.equal(
    await word('optimizer.qqqqqq=1', 'optimizer.name=adam'),
    'command line: optimizer.qqqqqq: unknown key; ' +
      'the keys of optimizer are name, lr, referenceBatch, batchScaling, beta1, beta2, epsilon, weightDecay',
  );
});

test('a key of another optimizer or schedule says which one it needs', async () => {
  assert.equal(
    await word('optimizer.beta1=0.5'),
    'command line: optimizer.beta1: unknown key; it needs optimizer.name=adam',
  );
  assert.match(
    await word('schedule.warmup=0.1'),
    /needs schedule\.name=warmup-linear or schedule\.name=one-cycle$/,
  );
});

test('a dotted key in a file is shown how to nest', async () => {
  assert.match(
    await yaml('train.batch: 5'),
    /^configs\/x\.yaml: "train\.batch": unknown key; .*write it nested/,
  );
});

test('a command line cannot extend', async () => {
  assert.match(await word('extends=a.yaml'), /^command line: extends: unknown key; only a file/);
});

test('only the first problem is told, the others are counted', async () => {
  assert.match(
    await word('train.batch=0', 'train.epochs=-1.5', 'seed=x'),
    /^[^(]*train\.batch: .*\(and 2 more\)$/,
  );
  assert.match(
    await word('foo', '=3', 'bar'),
    /^command line: expected key=value, got "foo" \(and 2 more\)$/,
  );
});

test('a word that is no key=value, or whose value is no YAML', async () => {
  assert.equal(await word('foo'), 'command line: expected key=value, got "foo"');
  assert.match(
    await word('model.hidden=[1,'),
    /^command line: model\.hidden: expected a YAML value, got "\[1,"/,
  );
  assert.match(await word('seed=*nobody'), /^command line: seed: expected a YAML value, got "\*nobody"/);
  assert.match(await word('seed=!secret 3'), /^command line: seed: expected a YAML value/);
  assert.match(await word('seed=&a [*a, *a]'), /^command line: seed: expected a YAML value.*alias/);
  assert.match(
    await word(`model.hidden=${'['.repeat(20000)}`),
    /^command line: model\.hidden: expected a YAML/,
  );
});

test('keys of Object are keys like any other', async () => {
  for (const key of [
    '__proto__',
    'constructor',
    'toString',
    'train.__proto__',
    '__proto__.polluted',
    'seed.__proto__',
  ]) {
    assert.match(await word(`${key}=1`), key.startsWith('seed') ? /seed: expected/ : /: unknown key; /, key);
  }
  assert.match(await yaml('train: { __proto__: { batch: 3 } }'), /train\.__proto__.*: unknown key; /);
  assert.match(await refusal({ flags: { 'train.__proto__': { batch: 3 } } }), /: unknown key; /);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('values that contradict each other', async () => {
  assert.equal(
    await word('optimizer.nesterov=true', 'optimizer.momentum=0'),
    'command line: optimizer.nesterov: expected false if optimizer.momentum is 0, got true (boolean)',
  );
  assert.equal(
    await yaml('stop: { on: validation }'),
    'configs/x.yaml: stop.on: expected test, or data.validation above 0, got "validation" (string)',
  );
  assert.equal(
    await word('data.set=csv'),
    'command line: data.dir: expected a folder, since data.set is csv (or set SHARDSTEP_DATA), got null',
  );
  const files = { 'x.yaml': 'optimizer: { nesterov: true }' };
  assert.match(
    await refusal({ files, file: 'x.yaml', overrides: ['optimizer.momentum=0'] }),
    /^command line: /,
  );
});

for (const [words, refused] of [
  [
    ['parallel.localSteps=4'],
    'parallel.localSteps: expected 8, its default, if parallel.sync is not local-sgd, got 4 (number)',
  ],
  [
    ['parallel.sync=hogwild', 'parallel.localAfter=0.5'],
    'parallel.localAfter: expected 0 if parallel.sync is not local-sgd, got 0.5 (number)',
  ],
  [
    ['parallel.sync=local-sgd', 'data.features.kind=directions'],
    'parallel.sync: expected average, sharded or owner if data.features.kind is directions, got "local-sgd" (string)',
  ],
  [
    ['parallel.sync=local-sgd', 'backend=js'],
    'parallel.sync: expected average, sharded or owner if backend is not wasm, got "local-sgd" (string)',
  ],
  [
    ['parallel.sync=hogwild', 'train.selective.beta=1'],
    'train.selective.beta: expected 0 if parallel.sync is hogwild or local-sgd, got 1 (number)',
  ],
  [
    ['train.selective.beta=2', 'backend=js'],
    'train.selective.beta: expected 0 if backend is not wasm, got 2 (number)',
  ],
  [
    ['log.noiseScale=true'],
    'log.noiseScale: expected false if parallel.sync is not average or sharded, got true (boolean)',
  ],
  [
    ['log.noiseScale=true', 'parallel.sync=average', 'train.selective.beta=1'],
    'log.noiseScale: expected false if train.selective.beta is above 0, got true (boolean)',
  ],
  [
    ['log.noiseScale=true', 'parallel.sync=average', 'parallel.threads=1'],
    'log.noiseScale: expected false if parallel.threads is 1: it compares the gradients of at least two, got true (boolean)',
  ],
] as const)
  test(`${words.join(' ')} contradict each other`, async () => {
    assert.equal(await word(...words), `command line: ${refused}`);
  });

test('any unknown key is refused', async () => {
  const known = new Set(describeKeys().flatMap(({ key }) => key.split('.')));
  const part = fc
    .string({ minLength: 1, unit: 'grapheme-ascii' })
    .filter((text) => !/[.=]/.test(text) && text.trim() !== '');
  const unknown = part.filter((text) => !known.has(text.trim()));
  const section = fc.constantFrom('', 'data.', 'model.', 'model.init.', 'optimizer.', 'schedule.');
  await fc.assert(
    fc.asyncProperty(section, unknown, async (prefix, key) => {
      assert.match(await word(`${prefix}${key}=1`), /: unknown key; /);
    }),
    { numRuns: 300 },
  );
});

test('no override throws anything but a UserError', async () => {
  const key = fc.oneof(
    fc.constantFrom(
      ...describeKeys().map((description) => description.key),
      'train',
      'optimizer',
      '__proto__',
    ),
    fc.string({ unit: 'binary' }),
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.double().map(String),
    fc.constantFrom('null', '{}'),
  );
  const override = fc.oneof(
    fc.tuple(key, value).map(([left, right]) => `${left}=${right}`),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(override, { maxLength: 4 }), async (overrides) => {
      try {
        await resolveConfig({ file: null, overrides, environment: {} });
      } catch (error) {
        assert.ok(error instanceof UserError, `${overrides}: ${error}`);
        assert.doesNotMatch(error.message, /\n/);
        assert.equal(error.exitCode, 2);
      }
    }),
    { numRuns: 1000 },
  );
});
