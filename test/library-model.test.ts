/** The library's `Model` and `load()`: predictions, evaluations, files, and what is refused. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { decodeOnnx } from '../dist/formats/onnx/decode.js';
import { toFunction } from '../dist/formats/runtime/predict.js';
import { type Data, load, type Model, train, UserError } from '../dist/index.js';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '../dist/model/safetensors.js';
import { fromJson } from './support/read-json.ts';
import { toyRows, writeToySet } from './support/toy-set.ts';

let cwd = '';
let model: Model;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'shardstep-model-'));
  writeToySet(cwd, 'toy');
  model = await train(
    { csv: join(cwd, 'toy') },
    { recipe: { model: { hidden: [16] }, train: { batch: 16, epochs: 10 }, 'optimizer.lr': 0.1 } },
  );
});
after(() => rm(cwd, { recursive: true, force: true }));

/** 80 samples, [80][64]. */
const rows = toyRows(80, 8).map(({ pixels }) => pixels);
const flat = Uint8Array.from(rows.flat());
const targets = toyRows(80, 8).map(({ label }) => label);

test('predict: label, index, probabilities; arrays of each kind give the same', () => {
  const predicted = rows.map((row) => model.predict(row));
  assert.ok(predicted.filter(({ index }, i) => index === targets[i]).length > 70);
  for (const { kind, label, index, probabilities } of predicted) {
    assert.equal(kind, 'class');
    assert.equal(label, model.labels[index]);
    assert.equal(probabilities[index], Math.max(...probabilities));
    const sum = probabilities.reduce((total, p) => total + p, 0);
    assert.ok(Math.abs(sum - 1) < 1e-6, `${sum}`);
  }
  for (const kind of [Uint8Array, Float32Array, Float64Array, Int32Array])
    assert.deepEqual(model.predict(kind.from(rows[3])), predicted[3]);
});

test('predictMany equals predict, for any form of the inputs and any threads', async () => {
  const expected = Float32Array.from(rows.flatMap((row) => [...model.predict(row).probabilities]));
  for (const inputs of [flat, Float32Array.from(flat), rows, rows.map((row) => Uint8Array.from(row))])
    assert.deepEqual(await model.predictMany(inputs), expected);
  // Enough samples for several rounds, which workers share.
  const many = new Uint8Array(64 * 80 * 60);
  for (let i = 0; i < 60; i++) many.set(flat, i * flat.length);
  const alone = await model.predictMany(many);
  assert.deepEqual(alone.subarray(0, expected.length), expected);
  assert.deepEqual(alone.subarray(59 * expected.length), expected);
  assert.deepEqual(await model.predictMany(many, { threads: 3 }), alone);
});

test('predictMany writes to out, gives outputs before the softmax, and takes no samples', async () => {
  const out = new Float32Array(400);
  assert.equal(await model.predictMany(flat, { out }), out);
  const logits = await model.predictMany(flat, { logits: true });
  const powers = [...logits.subarray(0, 5)].map(Math.exp);
  const sum = powers.reduce((total, power) => total + power, 0);
  for (const [k, power] of powers.entries()) assert.ok(Math.abs(power / sum - out[k]) < 1e-6);
  assert.equal((await model.predictMany([])).length, 0);
  assert.equal((await model.predictMany(new Uint8Array())).length, 0);
});

for (const [what, call, key] of [
  ['a short sample', () => model.predict([1, 2, 3]), 'sample'],
  ['no sample', () => model.predict(undefined as unknown as number[]), 'sample'],
  ['a value above 255', () => model.predict(rows[0].with(7, 256)), 'sample[7]'],
  ['a fraction', () => model.predict(rows[0].with(7, 0.5)), 'sample[7]'],
  ['not a number', () => model.predict(rows[0].with(0, Number.NaN)), 'sample[0]'],
  ['a negative value', () => model.predictMany([rows[0], rows[1].with(1, -1)]), 'inputs[1][1]'],
  ['half a sample', () => model.predictMany(flat.subarray(0, 70)), 'inputs'],
  ['a ragged row', () => model.predictMany([rows[0], rows[1].slice(1)]), 'inputs[1]'],
  ['an out that is too short', () => model.predictMany(flat, { out: new Float32Array(3) }), 'out'],
  ['a big integer', () => model.predict([1n] as unknown as number[]), 'sample'],
  ['another kind of number', () => model.predict(rows[0].with(3, '7' as unknown as number)), 'sample[3]'],
  ['a misspelt option', () => model.predictMany(flat, { thread: 2 } as object), 'options.thread'],
  ['no samples to evaluate on', () => model.evaluate({ inputs: [], targets: [] }), 'data'],
  [
    'a misspelt part',
    () => model.evaluate({ inputs: flat, target: targets } as unknown as Data),
    'data.target',
  ],
  [
    'other labels',
    () => model.evaluate({ inputs: flat, targets, labels: ['4', '3', '2', '1', '0'] }),
    'data.labels',
  ],
  ['a name of another format', () => model.save(join(cwd, 'x.onnx')), 'file'],
  ['no data', () => model.evaluate(undefined as unknown as Data), 'data'],
  ['a URL of the web', () => model.save(new URL('https://example.org/x')), 'file'],
  ['no threads', () => model.predictMany(flat, { threads: 0 }), 'threads'],
  [
    'a class that it does not know',
    () => model.evaluate({ inputs: flat, targets: targets.with(2, 9) }),
    'data.targets[2]',
  ],
  ['too few classes', () => model.evaluate({ inputs: flat, targets: [1, 2] }), 'data.targets'],
] as const)
  test(`${what} is refused by name`, () =>
    assert.rejects(
      async () => call(),
      (error) => error instanceof UserError && error.key === key && error.expected !== null,
    ));

test('evaluate: samples in memory as the files that hold them', async () => {
  const files = await model.evaluate({ csv: join(cwd, 'toy') });
  const memory = await model.evaluate({ inputs: flat, targets });
  assert.deepEqual(memory, files);
  assert.deepEqual(await model.evaluate({ inputs: rows, targets: targets.map(String) }), files);
  const { accuracy, confusion, interval, perClass, count } = files;
  assert.equal(count, 80);
  assert.ok(interval[0] < accuracy && accuracy <= interval[1]);
  assert.equal(confusion.reduce((sum, row, c) => sum + row[c], 0) / 80, accuracy);
  assert.equal(perClass.length, 5);
});

test('evaluate refuses data of another kind', () =>
  assert.rejects(model.evaluate({ set: 'mnist' }), { name: 'UserError', message: /input/ }));

test('a saved model is the same: by path, URL, bytes; equal bytes', async () => {
  const file = join(cwd, 'saved.safetensors');
  await model.save(file);
  await model.save(pathToFileURL(join(cwd, 'by url.safetensors')));
  const bytes = readFileSync(file);
  for (const source of [
    file,
    pathToFileURL(join(cwd, 'by url.safetensors')),
    bytes,
    Uint8Array.from(bytes),
  ]) {
    const same = await load(source);
    assert.deepEqual(Buffer.from(same.toSafetensors()), bytes);
    assert.deepEqual(same.predict(rows[5]), model.predict(rows[5]));
  }
});

test('the bytes of a model cannot be changed from outside', async () => {
  const bytes = model.toSafetensors();
  const same = await load(bytes);
  bytes.fill(0);
  assert.deepEqual(same.toSafetensors(), model.toSafetensors());
});

test('save to a folder that is not there is refused, nothing is left', () =>
  assert.rejects(model.save(join(cwd, 'no', 'model')), { name: 'UserError', code: 'failure' }));

test('what is no model is refused with one line', async () => {
  const bytes = Buffer.from(model.toSafetensors());
  const change = (
    edit: (metadata: Record<string, string>) => void,
    tensor?: (name: string, data: Float32Array) => void,
  ) => {
    const metadata = readSafetensorsMetadata(bytes, 'x');
    edit(metadata);
    const tensors = readSafetensors(bytes, 'x');
    for (const [name, { data }] of tensors) tensor?.(name, data);
    return Buffer.from(writeSafetensors(tensors, metadata));
  };
  const cases: [Uint8Array | string, RegExp][] = [
    [join(cwd, 'none'), /cannot read the model .*none/],
    [cwd, /cannot read the model/],
    [Buffer.alloc(0), /8 bytes/],
    [Buffer.from('not a model at all, but a text'), /header/],
    [bytes.subarray(0, bytes.length - 4), /bytes/],
    [
      change((metadata) => {
        delete metadata['shardstep.format'];
      }),
      /shardstep\.format/,
    ],
    [
      change((metadata) => {
        metadata['shardstep.format'] = '3';
      }),
      /shardstep\.format: expected a number up to 2, got "3"/,
    ],
    [
      change((metadata) => {
        metadata.input = '[0]';
      }),
      /input/,
    ],
    [
      change((metadata) => {
        metadata.input = '{';
      }),
      /input/,
    ],
    [
      change((metadata) => {
        metadata.labels = '[1,2]';
      }),
      /labels/,
    ],
    [
      change((metadata) => {
        metadata['model.activation'] = 'swish';
      }),
      /model\.activation: expected one of relu/,
    ],
    [
      change((metadata) => {
        metadata['model.hidden'] = '[1000000]';
      }),
      /0\.weight/,
    ],
    [
      change((metadata) => {
        metadata['data.normalise'] = 'standardise';
      }),
      /normalise/,
    ],
    [
      change(
        () => {},
        (name, data) => {
          if (name === '2.bias') data[3] = Number.NaN;
        },
      ),
      /2\.bias: expected finite values, got NaN .*index 3/,
    ],
  ];
  for (const [source, message] of cases)
    await assert.rejects(load(source), (error) => {
      assert.ok(error instanceof UserError, `${message}: ${error}`);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  await assert.rejects(load(7 as unknown as string), { key: 'source' });
  await assert.rejects(load(new URL('https://example.org/model')), { key: 'source' });
});

test('a file that is given as a run folder names the file that is missing', async () => {
  copyFileSync(join(cwd, 'saved.safetensors'), join(cwd, 'other'));
  writeFileSync(join(cwd, 'empty'), '');
  await assert.rejects(load(join(cwd, 'empty')), /8 bytes/);
  assert.equal((await load(join(cwd, 'other'))).labels.length, 5);
});

test('the same network in other forms: plain JavaScript, JSON, ONNX', async () => {
  const plain = model.toFunction();
  for (const row of rows.slice(0, 20)) {
    const { label, index, probabilities } = model.predict(row);
    const same = plain(row);
    assert.deepEqual({ label: same.label, index: same.index }, { label, index });
    for (const [k, p] of same.probabilities.entries()) assert.ok(Math.abs(p - probabilities[k]) < 1e-6);
  }
  const graph = fromJson(JSON.stringify(model));
  assert.deepEqual(toFunction(graph)(rows[0]), plain(rows[0]));
  const { inputs } = decodeOnnx(model.toOnnx(), 'onnx');
  assert.deepEqual(
    inputs.map(({ name }) => name),
    ['input'],
  );
});

test('in bytes: nearly the same probabilities, on any threads; a loss above the limit is refused', async () => {
  const relus = await train(
    { inputs: flat, targets, shape: [8, 8], test: { inputs: flat, targets } },
    { recipe: { model: { hidden: [32] }, train: { batch: 16, epochs: 10 }, 'optimizer.lr': 0.1 } },
  );
  const bytes = await relus.toInt8({ inputs: flat, targets });
  assert.deepEqual([relus.precision, bytes.precision], ['float32', 'int8']);
  const [float32, int8] = [await relus.predictMany(flat), await bytes.predictMany(flat)];
  assert.notDeepEqual(int8, float32);
  assert.ok(int8.every((p, i) => Math.abs(p - float32[i]) < 0.05));
  assert.deepEqual(await bytes.predictMany(flat, { threads: 2 }), int8);
  assert.deepEqual(bytes.toSafetensors(), relus.toSafetensors());
  // Wrong classes: fewer hits than before are impossible to allow with a negative limit.
  await assert.rejects(relus.toInt8({ inputs: flat, targets }, { mostLost: -1 }), {
    name: 'UserError',
    message: /mostLost/,
  });
  await bytes[Symbol.asyncDispose]();
});

test('numbers are places of classes in training and in evaluation, words their names', async () => {
  const names = ['d', 'b', 'a', 'c', 'e'];
  const data = { inputs: flat, targets, labels: names };
  const recipe = { model: { hidden: [16] }, train: { batch: 16, epochs: 10 }, 'optimizer.lr': 0.1 };
  const named = await train({ ...data, test: { inputs: flat, targets } }, { recipe });
  assert.deepEqual(named.labels, names);
  const { accuracy } = await named.evaluate(data);
  assert.ok(accuracy > 0.9, `${accuracy}`);
  assert.equal(named.metadata.accuracy, String(accuracy));
  const words = targets.map((target) => names[target]);
  assert.equal((await named.evaluate({ inputs: flat, targets: words })).accuracy, accuracy);
  // The test part, if there is one.
  const wrong = targets.map((target) => (target + 1) % 5);
  const test = { inputs: flat, targets: wrong };
  assert.ok((await named.evaluate({ ...data, test })).accuracy < 0.2);
});

test('a model that is disposed of during predictMany ends it first, and can be used again', async () => {
  const same = await load(model.toSafetensors());
  const many = new Uint8Array(64 * 80 * 40);
  for (let i = 0; i < 40; i++) many.set(flat, i * flat.length);
  const running = same.predictMany(many, { threads: 2 });
  await new Promise((resolve) => setTimeout(resolve, 30));
  await same[Symbol.asyncDispose]();
  assert.deepEqual(await running, await model.predictMany(many));
  assert.deepEqual(await same.predictMany(flat, { threads: 2 }), await model.predictMany(flat));
  await same[Symbol.asyncDispose]();
});

test('outputs that are not finite are an error, no probabilities', async () => {
  const tensors = readSafetensors(model.toSafetensors(), 'x');
  tensors.get('2.weight')?.data.fill(3e38);
  const huge = await load(writeSafetensors(tensors, readSafetensorsMetadata(model.toSafetensors(), 'x')));
  assert.throws(() => huge.predict(rows[0]), { name: 'UserError', message: /not finite/ });
  await assert.rejects(huge.predictMany(flat), { name: 'UserError', message: /not finite/ });
});

test('evaluate warns of values far from those of the training', async () => {
  const { warnings } = await model.evaluate({ inputs: flat.map((value) => Number(value > 127)), targets });
  assert.deepEqual(
    warnings.map(({ code }) => code),
    ['value-range'],
  );
});
