/** Each wrong key or value is refused in one line with exit code 2. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeKeys } from '../dist/config/keys.js';
import { resolveConfig } from '../dist/config/load.js';
import { configSchema } from '../dist/config/schema.js';
import { UserError } from '../dist/user-error.js';
import { refusal, word, yaml } from './support/config-refusal.ts';
import { says } from './support/says.ts';

test('a wrong value names source, key, expectation and what was given', async () => {
  says(await yaml('train: { batch: abc }'), 'configs/x.yaml', 'train.batch', 'integer', '"abc"', 'string');
  says(await word('train.batch='), 'command line', 'train.batch', 'integer', 'null');
  const threads = await refusal({ flags: { 'parallel.threads': 0 } });
  says(threads, 'command line', 'parallel.threads', 'physical', '256', 'got 0');
  says(await word('model.hidden=[4,0]'), 'model.hidden[1]', '65536', 'got 0');
  says(await word('train=5'), 'command line: train:', 'mapping', 'dropLast', 'got 5');
  says(await word('train.batch.size=5'), 'train.batch', 'integer', '{"size":5}');
  says(await word('optimizer=5'), 'optimizer', 'name', 'mapping', 'got 5');
});

test('the source is the layer that gave the wrong value', async () => {
  const files = { 'a.yaml': 'extends: b.yaml\nseed: 2', 'b.yaml': 'train: { batch: 0 }' };
  assert.match(await refusal({ files, file: 'a.yaml' }), /^b\.yaml: train\.batch: /);
  assert.match(
    await refusal({ files, file: 'a.yaml', overrides: ['train.batch=-1'] }),
    /^command line: .*got -1 /,
  );
});

/** A refusal that names what is accepted; the key is that of the word unless another is named. */
for (const [override, expected, key] of [
  ['train.batch=1.5', 'integer'],
  ['train.epochs=0', 'from 1'],
  ['train.tailAverage=1', 'below 1'],
  ['train.tailEvery=0', 'from 1'],
  ['train.steps=0', 'null'],
  ['train.dropLast=yes', 'true or false'],
  ['data.take=0', 'null'],
  ['data.pool=3', '1 or 2'],
  ['data.crop=-1', 'from 0'],
  ['data.dir=""', 'folder'],
  ['data.validation=1.5', 'share'],
  ['data.validation=-0.1', 'share'],
  ['model.hidden=4', 'list'],
  ['model.init.prefix=null', 'string'],
  ['loss.labelSmoothing=1', 'below 1'],
  ['optimizer.lr=0', 'above 0'],
  ['parallel.heartbeat=0', 'from 0.1 up'],
  ['parallel.heartbeat=.inf', 'from 0.1 up'],
  ['parallel.heartbeat=30s', 'a number'],
  ['parallel.onWorkerLoss=restart', 'one of fail, continue'],
  ['optimizer.lr=.nan', 'above 0'],
  ['optimizer.lr=.inf', 'above 0'],
  ['data.normaliseEpsilon=0', 'above 0'],
  ['data.momentNormalise=1', 'true or false'],
  ['optimizer.referenceBatch=0', 'null'],
  ['optimizer={name: lars, trustCoefficient: 0}', 'above 0', 'optimizer.trustCoefficient'],
  ['optimizer.momentum=1', 'below 1'],
  ['optimizer.weightDecay=-1', 'from 0'],
  ['schedule={name: step, gamma: 0}', 'above 0', 'schedule.gamma'],
  ['schedule={name: one-cycle, warmup: 0}', 'above 0', 'schedule.warmup'],
  ['schedule={name: one-cycle, startDivisor: 0.5}', 'from 1', 'schedule.startDivisor'],
  ['parallel.threads=257', '256'],
  ['stop.target=0', 'above 0'],
  ['stop.every=0', 'epoch'],
  ['backend=wgsl', 'tfjs-node'],
  ['seed=4294967296', '4294967295'],
] as const) {
  test(`${override} is refused`, async () => {
    const message = await word(override);
    says(message, `${key ?? override.split('=')[0]}`, expected);
    assert.ok(message.lastIndexOf(expected) < message.indexOf('got '), `not what was expected: ${message}`);
  });
}

test('a number that JSON has no word for is shown as it is', async () => {
  assert.match(await word('optimizer.lr=.nan'), /got NaN \(number\)$/);
  assert.match(await word('optimizer.lr=-.inf'), /got -Infinity \(number\)$/);
});

test('a wrong word lists the choices and the one that was probably meant', async () => {
  const strategies = ['average', 'sharded', 'owner', 'hogwild', 'local-sgd'];
  says(await word('parallel.sync=shaded'), 'parallel.sync', ...strategies, '"shaded"', 'mean sharded?');
  says(await word('optimizer.name=adm'), 'optimizer.name', 'sgd, adam, adamw, lars', '"adm"', 'mean adam?');
  says(await word('parallel.threads=phisical'), 'parallel.threads', 'mean physical?');
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
  ['optimizer.kind', 'optimizer.name'],
  ['loss.type', 'loss.name'],
  ['model.init.name', 'model.init.kind'],
  ['model.kind', 'model.init.kind'],
  ['optimizer.beta', 'optimizer.beta1'],
  ['train.lr', 'optimizer.lr'],
  ['train.seed', 'seed'],
] as const) {
  test(`${key} is unknown; ${meant} was meant`, async () => {
    const message = await word(`${key}=1`);
    says(message, 'command line', `${key}: unknown`);
    says(message.slice(message.indexOf('unknown')), ...meant.split(' or '));
  });
}

test('an unknown key with nothing near it lists the keys at its level', async () => {
  const { train, optimizer } = configSchema.parse({ optimizer: { name: 'adam' } });
  says(await word('train.flavour=1'), 'train.flavour', 'unknown', ...Object.keys(train));
  const { parallel, checkpoint, data } = configSchema.parse({});
  says(
    await word('optimizer.flavour=1'),
    'keys of optimizer are',
    ...Object.keys(configSchema.parse({}).optimizer),
  );
  says(await word('parallel.name=1'), 'keys of parallel are', ...Object.keys(parallel));
  says(await word('checkpoint.kind=1'), 'keys of checkpoint are', ...Object.keys(checkpoint));
  says(await word('data.path=1'), 'keys of data are', ...Object.keys(data));
  says(await word('qqqqqqqqq=1'), 'qqqqqqqqq', 'unknown', ...Object.keys(configSchema.shape));
  const ofAdam = await word('optimizer.qqqqqq=1', 'optimizer.name=adam');
  says(ofAdam, 'optimizer.qqqqqq', 'unknown', ...Object.keys(optimizer));
  assert.ok(!ofAdam.includes('nesterov'), ofAdam);
});

test('a key of another optimizer or schedule says which one it needs', async () => {
  says(await word('optimizer.beta1=0.5'), 'optimizer.beta1', 'needs optimizer.name=adam');
  says(await word('schedule.warmup=0.1'), 'schedule.warmup', 'name=warmup-linear', 'name=one-cycle');
});

test('a dotted key in a file is shown how to nest', async () => {
  assert.match(await yaml('train.batch: 5'), /^configs\/x\.yaml: "train\.batch": unknown .*nested/);
});

test('a command line cannot extend', async () => {
  assert.match(await word('extends=a.yaml'), /^command line: extends: unknown .*file/);
});

test('only the first problem is told, the others are counted', async () => {
  assert.match(
    await word('train.batch=0', 'train.epochs=-1.5', 'seed=x'),
    /^[^(]*train\.batch: .*\(and 2 more\)$/,
  );
  assert.match(await word('foo', '=3', 'bar'), /^command line: .*key=value.*"foo" \(and 2 more\)$/);
});

test('a word that is no key=value, or whose value is no YAML', async () => {
  says(await word('foo'), 'command line', 'key=value', '"foo"');
  says(await word('model.hidden=[1,'), 'command line: model.hidden', 'YAML', '"[1,"');
  says(await word('seed=*nobody'), 'command line: seed', 'YAML', '"*nobody"');
  says(await word('seed=!secret 3'), 'command line: seed', 'YAML');
  says(await word('seed=&a [*a, *a]'), 'command line: seed', 'YAML', 'alias');
  says(await word(`model.hidden=${'['.repeat(20000)}`), 'command line: model.hidden', 'YAML');
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
    assert.match(await word(`${key}=1`), key.startsWith('seed') ? /seed: expected/ : /: unknown/, key);
  }
  assert.match(await yaml('train: { __proto__: { batch: 3 } }'), /train\.__proto__.*: unknown/);
  assert.match(await refusal({ flags: { 'train.__proto__': { batch: 3 } } }), /: unknown/);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('values that contradict each other', async () => {
  const nesterov = await word('optimizer.nesterov=true', 'optimizer.momentum=0');
  says(nesterov, 'command line: optimizer.nesterov', 'optimizer.momentum', 'got true');
  says(await yaml('stop: { on: validation }'), 'configs/x.yaml: stop.on', 'data.validation', '"validation"');
  says(await word('data.set=csv'), 'command line: data.dir', 'folder', 'SHARDSTEP_DATA', 'null');
  const files = { 'x.yaml': 'optimizer: { nesterov: true }' };
  assert.match(
    await refusal({ files, file: 'x.yaml', overrides: ['optimizer.momentum=0'] }),
    /^command line: /,
  );
});

/** The key that is refused, what would do, the key that it depends on, and what was given. */
for (const [words, ...parts] of [
  [['parallel.localSteps=4'], 'parallel.localSteps', 'expected 8', 'parallel.sync', 'got 4'],
  [
    ['parallel.sync=hogwild', 'parallel.localAfter=0.5'],
    ...['parallel.localAfter', 'expected 0', 'parallel.sync', 'got 0.5'],
  ],
  [
    ['parallel.sync=local-sgd', 'data.features.kind=directions'],
    ...['parallel.sync', 'average, sharded, owner or units', 'data.features.kind', 'got "local-sgd"'],
  ],
  [
    ['parallel.sync=local-sgd', 'backend=js'],
    ...['parallel.sync', 'average, sharded or owner', 'backend', 'got "local-sgd"'],
  ],
  [
    ['parallel.sync=hogwild', 'train.selective.beta=1'],
    ...['train.selective.beta', 'expected 0', 'parallel.sync', 'got 1'],
  ],
  [
    ['parallel.sync=units'],
    ...['parallel.sync', 'if model.hidden is not a list of one width: the threads share', 'got "units"'],
  ],
  [
    ['parallel.sync=units', 'model.hidden=[]'],
    ...['parallel.sync', 'average, sharded', 'if model.hidden is not a list of one width', 'got "units"'],
  ],
  [
    ['parallel.sync=units', 'model.hidden=[9]', 'backend=js'],
    ...['parallel.sync', 'average, sharded or owner', 'if backend is not wasm', 'got "units"'],
  ],
  [
    ['parallel.sync=units', 'model.hidden=[9]', 'backend=tfjs-node'],
    ...['parallel.sync', 'average, sharded or owner', 'if backend is not wasm', 'got "units"'],
  ],
  [
    ['parallel.sync=units', 'model.hidden=[9]', 'train.selective.beta=1'],
    ...['train.selective.beta', 'expected 0', 'parallel.sync', 'got 1'],
  ],
  [
    ['parallel.sync=units', 'model.hidden=[9]', 'log.noiseScale=true'],
    ...['log.noiseScale', 'expected false', 'parallel.sync', 'got true'],
  ],
  [['train.selective.beta=2', 'backend=js'], 'train.selective.beta', 'expected 0', 'backend', 'got 2'],
  [['log.noiseScale=true'], 'log.noiseScale', 'expected false', 'parallel.sync', 'got true'],
  [
    ['log.noiseScale=true', 'parallel.sync=average', 'train.selective.beta=1'],
    ...['log.noiseScale', 'expected false', 'train.selective.beta', 'got true'],
  ],
  [
    ['log.noiseScale=true', 'parallel.sync=average', 'parallel.threads=1'],
    ...['log.noiseScale', 'expected false', 'parallel.threads', 'got true'],
  ],
] as const)
  test(`${words.join(' ')} contradict each other`, async () => {
    const message = await word(...words);
    says(message, `command line: ${parts[0]}: `, ...parts.slice(1));
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
      assert.match(await word(`${prefix}${key}=1`), /: unknown/);
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
