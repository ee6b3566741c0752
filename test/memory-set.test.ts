/** Data sets from samples in memory: what they become, and the refusal of each malformed one. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { before, describe, test } from 'node:test';
import vm from 'node:vm';
import { loadDataset } from '../dist/data/load.js';
import { type Inputs, readingSamples } from '../dist/data/memory-inputs.js';
import { type MemoryData, memoryDataset } from '../dist/data/memory-set.js';
import { holdOutTest } from '../dist/data/split.js';
import { namesOf } from '../dist/data/target.js';
import { croppedShape } from '../dist/data/transforms/crop-pool.js';
import { atOnce } from '../dist/numbers/steps.js';
import type { UserError } from '../dist/user-error.js';
import { chosen, setUp, spirals, trainOn } from './support/memory.ts';
import { configured, type Dataset, someMnist } from './support/pairs.ts';

const two = { inputs: Float32Array.of(1, 2, 3, 4, 5, 6), targets: [0, 1] };

describe('samples', () => {
  test('bytes are pixels, all else is real numbers, also if they are integers', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const cases: [MemoryData['inputs'], 'Uint8Array' | 'Float32Array'][] = [
      [bytes, 'Uint8Array'],
      [rows.map((row) => Uint8Array.from(row)), 'Uint8Array'],
      [Float32Array.from(bytes), 'Float32Array'],
      [rows.map((row) => Float32Array.from(row)), 'Float32Array'],
      [rows, 'Float32Array'],
    ];
    for (const [inputs, kind] of cases) {
      const { train, test, validation, name } = memoryDataset({ inputs, targets: [0, 1] });
      assert.equal(train.values.constructor.name, kind);
      assert.deepEqual([...train.values], [1, 2, 3, 4, 5, 6]);
      assert.deepEqual([train.shape, train.count, train.full], [[3], 2, kind === 'Uint8Array' ? 255 : 1]);
      assert.deepEqual([test.count, test.shape, validation, name], [0, [3], null, 'memory']);
    }
  });

  test('arrays of another realm, such as a test environment, are the same', () => {
    const inputs = vm.runInNewContext('Float32Array.of(1, 2, 3, 4)');
    const { train } = memoryDataset({ inputs, targets: vm.runInNewContext('["a", "b"]') });
    assert.ok(train.values instanceof Float32Array);
    assert.deepEqual([...train.values], [1, 2, 3, 4]);
  });

  test('[rows, columns] is a grey image', () => {
    for (const [given, shape] of [
      [
        [2, 3],
        [2, 3, 1],
      ],
      [
        [3, 2, 1],
        [3, 2, 1],
      ],
      [[6], [6]],
      [
        [1, 2, 3],
        [1, 2, 3],
      ],
    ])
      assert.deepEqual(
        memoryDataset({ inputs: new Uint8Array(12), targets: [0, 1], shape: given }).train.shape,
        shape,
      );
  });

  test('numbers are classes from 0 on; words are classes in sorted order; labels name or order them', () => {
    const of = (targets: MemoryData['targets'], labels?: string[]) => {
      const inputs = new Float32Array(targets.length);
      const { train, target } = memoryDataset({ inputs, targets, labels });
      return [[...train.targets], namesOf(target), namesOf(target).length];
    };
    assert.deepEqual(of([2, 0, 2]), [[2, 0, 2], ['0', '1', '2'], 3]);
    for (const Kind of [Uint8Array, Uint16Array, Uint32Array, Int32Array])
      assert.deepEqual(of(Kind.of(2, 0, 2)), [[2, 0, 2], ['0', '1', '2'], 3]);
    assert.deepEqual(of(['b', 'a', 'B']), [[2, 1, 0], ['B', 'a', 'b'], 3]);
    assert.deepEqual(of([1, 0], ['no', 'yes', 'maybe']), [[1, 0], ['no', 'yes', 'maybe'], 3]);
    assert.deepEqual(of(['yes', 'no'], ['yes', 'no']), [[0, 1], ['yes', 'no'], 2]);
  });

  test('a class may occur in the test or validation part only', () => {
    const more = { inputs: Float32Array.of(1, 2, 3), targets: ['c'] };
    const set = memoryDataset({ ...two, targets: ['b', 'd'], test: more, validation: more });
    assert.deepEqual([namesOf(set.target), [...set.test.targets]], [['b', 'c', 'd'], [1]]);
    assert.deepEqual([...(set.validation?.targets ?? [])], [1]);
  });

  test('hashes are of the values and the classes, part by part', () => {
    const sha256 = (values: Uint8Array) => createHash('sha256').update(values).digest('hex');
    const bytes = Uint8Array.of(1, 2, 3, 4);
    const set = memoryDataset({ inputs: bytes, targets: [1, 0], test: { inputs: bytes, targets: [0, 1] } });
    assert.deepEqual(set.sha256, {
      'train.inputs': sha256(bytes),
      'train.targets': sha256(new Uint8Array(Uint32Array.of(1, 0).buffer)),
      'test.inputs': sha256(bytes),
      'test.targets': sha256(new Uint8Array(Uint32Array.of(0, 1).buffer)),
    });
  });

  test('memory that threads share is hashed and read like other memory', () => {
    const inputs = new Float32Array(new SharedArrayBuffer(16));
    inputs.set([1, 2, 3, 4]);
    const shared = memoryDataset({ inputs, targets: [0, 1] });
    const own = memoryDataset({ inputs: Float32Array.of(1, 2, 3, 4), targets: [0, 1] });
    assert.deepEqual([shared.sha256, ...shared.train.values], [own.sha256, 1, 2, 3, 4]);
  });

  test('a view of a larger buffer keeps its place', () => {
    const all = Float32Array.of(9, 1, 2, 3, 4, 9);
    const set = memoryDataset({ inputs: all.subarray(1, 5), targets: [0, 1] });
    assert.deepEqual([...set.train.values], [1, 2, 3, 4]);
    const copy = memoryDataset({ inputs: Float32Array.of(1, 2, 3, 4), targets: [0, 1] });
    assert.deepEqual(set.sha256, copy.sha256);
  });
});

describe('samples for a model', () => {
  const samplesOf = (inputs: Inputs, shape: number[], kind: 'uint8' | 'float32') =>
    atOnce(readingSamples('inputs', inputs, shape, kind));

  test('are those of a data set, one after the other', () => {
    const rows = [
      [1, 2],
      [3, 4],
    ];
    for (const inputs of [rows, Float32Array.of(1, 2, 3, 4), rows.map((row) => Float32Array.from(row))])
      assert.deepEqual(samplesOf(inputs, [2], 'float32'), Float32Array.of(1, 2, 3, 4));
    const bytes = Uint8Array.of(1, 2, 3, 4);
    assert.equal(samplesOf(bytes, [2, 1, 1], 'uint8').buffer, bytes.buffer);
    assert.deepEqual(samplesOf([], [2], 'float32'), new Float32Array(0));
  });

  for (const [name, inputs, kind, message] of [
    ['half a sample', new Float32Array(3), 'float32', /^inputs: expected whole samples of 2 values, got 3/],
    ['a shorter sample', [[1, 2], [3]], 'float32', /^inputs\[1\]: expected 2 values, got 1$/],
    ['bytes for real numbers', new Uint8Array(2), 'float32', /^inputs: expected real numbers .*as the model/],
    ['real numbers for bytes', [[1, 2]], 'uint8', /^inputs: expected bytes .*as the model/],
    ['NaN', Float32Array.of(1, Number.NaN), 'float32', /^inputs\[1\]: .*row 0, column 1.*got NaN/],
  ] as const)
    test(`${name} is refused`, () => {
      assert.throws(() => samplesOf(inputs, [2], kind), { name: 'UserError', exitCode: 2, message });
    });
});

describe('refused', () => {
  const rows = [
    [1, 2],
    [3, 4],
  ];
  const cases: Readonly<Record<string, [unknown, RegExp]>> = {
    'no object': [null, /^data: expected an object .*inputs.*, got null/],
    'a misspelt key': [{ ...two, input: 1 }, /^data\.input: expected one of the keys inputs, .*got "input"$/],
    'a misspelt key of a part': [
      { ...two, test: { ...two, shape: [3] } },
      /^data\.test\.shape: expected one of the keys inputs, targets, got "shape"$/,
    ],
    'no inputs': [{ targets: [0, 1] }, /^data\.inputs: expected a Uint8Array, .*got undefined$/],
    'inputs of another kind': [
      { ...two, inputs: new Float64Array(6) },
      /^data\.inputs: expected .*got Float64Array$/,
    ],
    'no targets': [{ inputs: rows }, /^data\.targets: expected an array, .*got undefined$/],
    'targets of another kind': [
      { inputs: rows, targets: new Float64Array(2) },
      /^data\.targets: .*got Float64Array$/,
    ],
    'no sample': [{ inputs: [], targets: [] }, /^data\.targets: expected at least one sample, got none$/],
    'fewer rows': [
      { inputs: rows, targets: [0, 1, 1] },
      /^data\.inputs: expected 3 samples, as many as data\.targets, got 2$/,
    ],
    'no whole width': [
      { ...two, inputs: new Float32Array(5) },
      /^data\.inputs: expected a multiple of 2 values .*got 5$/,
    ],
    'another size than the shape': [{ ...two, shape: [2, 2] }, /^data\.inputs: expected 2×4 values .*got 6$/],
    'an empty shape': [
      { ...two, shape: [] },
      /^data\.shape: expected one to three sizes of a sample.*got \[\]/,
    ],
    'a shape of words': [{ ...two, shape: ['3'] }, /^data\.shape: expected/],
    'a shape of halves': [{ ...two, shape: [1.5, 2] }, /^data\.shape: expected/],
    'a row that is a number': [
      { inputs: [1, 2], targets: [0, 1] },
      /^data\.inputs\[0\]: expected the values of a sample.*got Number$/,
    ],
    'an empty row': [
      { inputs: [[], []], targets: [0, 1] },
      /^data\.inputs\[0\]: expected at least one value/,
    ],
    'a shorter row': [
      { inputs: [[1, 2], [3]], targets: [0, 1] },
      /^data\.inputs\[1\]: expected 2 values, got 1$/,
    ],
    'rows of two kinds': [
      { inputs: [[1, 2], Uint8Array.of(3, 4)], targets: [0, 1] },
      /^data\.inputs\[1\]: expected real numbers, as data\.inputs\[0\] has, got Uint8Array$/,
    ],
    'a word among numbers': [
      {
        inputs: [
          [1, 2],
          [3, '4'],
        ],
        targets: [0, 1],
      },
      /^data\.inputs\[1\]\[1\]: expected a number, got "4" \(string\)$/,
    ],
    'a hole': [
      {
        inputs: [
          [1, 2],
          [3, undefined],
        ],
        targets: [0, 1],
      },
      /^data\.inputs\[1\]\[1\]: expected a number, got undefined/,
    ],
    'NaN in rows': [
      {
        inputs: [
          [1, 2],
          [Number.NaN, 4],
        ],
        targets: [0, 1],
      },
      /^data\.inputs\[1\]\[0\]: expected a finite number within float32, got NaN/,
    ],
    'too large for float32': [
      {
        inputs: [
          [1, 1e300],
          [3, 4],
        ],
        targets: [0, 1],
      },
      /^data\.inputs\[0\]\[1\]: expected a finite number within float32, got Infinity/,
    ],
    'NaN in an array': [
      { inputs: Float32Array.of(1, 2, 3, Number.NaN), targets: [0, 1] },
      /^data\.inputs\[3\]: expected a finite number within float32 \(row 1, column 1\), got NaN/,
    ],
    'infinity in the test part': [
      { ...two, test: { inputs: Float32Array.of(1, Number.NEGATIVE_INFINITY, 2), targets: [0] } },
      /^data\.test\.inputs\[1\]: .*row 0, column 1.*got -Infinity/,
    ],
    'a test part of another width': [
      { ...two, test: { inputs: [[1, 2]], targets: [0] } },
      /^data\.test\.inputs\[0\]: expected 3 values, got 2$/,
    ],
    'a test part of bytes': [
      { ...two, test: { inputs: new Uint8Array(3), targets: [0] } },
      /^data\.test\.inputs: expected real numbers .*as data\.inputs are, got bytes/,
    ],
    'a validation part of fewer values': [
      { ...two, validation: { inputs: new Float32Array(4), targets: [0, 1] } },
      /^data\.validation\.inputs: expected 2×3 values .*got 4$/,
    ],
    'a negative class': [
      { ...two, targets: [0, -1] },
      /^data\.targets\[1\]: expected the number of a class, .*got -1/,
    ],
    'half a class': [
      { ...two, targets: [0, 0.5] },
      /^data\.targets\[1\]: .*a regression a Float32Array.*got 0\.5/,
    ],
    'a huge class': [{ ...two, targets: [0, 1e6] }, /^data\.targets\[1\]: expected .*from 0 to 65535/],
    'numbers and words': [
      { ...two, targets: ['a', 1] },
      /^data\.targets\[1\]: expected a string, as the first target is, got 1/,
    ],
    'words and numbers in the test part': [
      { ...two, test: { inputs: new Float32Array(3), targets: ['1'] } },
      /^data\.test\.targets\[0\]: expected .*got "1"/,
    ],
    'one class': [
      { ...two, targets: [1, 1] },
      /^data\.targets: all 2 labels are 1, expected at least two classes$/,
    ],
    'labels that are no array': [
      { ...two, labels: 'ab' },
      /^data\.labels: expected the names of the classes, got "ab"/,
    ],
    'a label twice': [
      { ...two, labels: ['a', 'a'] },
      /^data\.labels\[1\]: expected a name that no other class has/,
    ],
    'a class without a label': [
      { ...two, labels: ['a'] },
      /^data\.targets\[1\]: expected an integer below 1, the number of data\.labels, got 1/,
    ],
    'a word without a label': [
      { ...two, targets: ['a', 'b'], labels: ['a', 'c'] },
      /^data\.targets\[1\]: expected one of data\.labels, got "b"/,
    ],
  };
  for (const [name, [data, message]] of Object.entries(cases))
    test(name, () => {
      assert.throws(
        () => memoryDataset(data as MemoryData),
        (error: UserError) =>
          error.name === 'UserError' &&
          message.test(error.message) &&
          !error.message.includes('\n') &&
          (name === 'one class' ||
            error.message.startsWith(`${error.key}: expected ${error.expected}, got `)),
      );
    });

  test('the command line has no samples in memory', async () => {
    await assert.rejects(loadDataset({ set: 'memory', dir: null }), {
      name: 'UserError',
      exitCode: 2,
      message: /^data\.set: expected .*for programs.*got "memory"/,
    });
  });
});

describe('evaluation', () => {
  const small = ['model.hidden=[16]', 'train.epochs=3', 'train.batch=16'];
  const none = async () => {};

  test('without test and validation samples, accuracy is that of the batches of an epoch', async () => {
    const run = await trainOn(spirals(90, 3), small, 2);
    assert.equal(run.config.stop.on, 'train');
    assert.ok(run.notes.some((line) => line.startsWith('stop.on: train instead of test')));
    assert.equal(run.evaluations.length, 3);
    assert.deepEqual(run.outcome.evaluation, run.evaluations[2]);
    for (const { accuracy } of run.evaluations)
      assert.equal(Math.round(Number(accuracy) * 90) / 90, accuracy);
  });

  test('the running accuracy is that of the weights if they do not change', async () => {
    const run = await trainOn(spirals(90, 3), [...small, 'optimizer.lr=1e-30', 'data.normalise=standardise']);
    const found = chosen(await run.predict(run.dataset.train.values), 3);
    const right = found.filter((label, i) => label === run.dataset.train.targets[i]).length;
    for (const { accuracy } of run.evaluations) assert.equal(accuracy, right / 90);
  });

  for (const [word, key] of [
    ['stop.target=0.9', 'stop.target'],
    ['stop.patience=2', 'stop.patience'],
    ['stop.restoreBest=true', 'stop.restoreBest'],
    ['stop.every=2', 'stop.every'],
  ]) {
    test(`${word} is refused then`, async () => {
      await assert.rejects(setUp(spirals(90, 3), [...small, word], none), {
        name: 'UserError',
        exitCode: 2,
        message: new RegExp(`^${key}: expected .*without test and validation samples`),
      });
      assert.equal(await configured(['stop.on=train', word]), null);
    });
  }

  test('stop.on names a part that has samples', async () => {
    for (const [words, message] of [
      [['stop.on=test'], /^stop\.on: expected train: there are no test samples/],
      [['stop.on=validation'], /^stop\.on: expected train: there are no validation samples/],
      [['stop.on=test', 'data.validation=0.2'], /^stop\.on: expected validation or train: there are no test/],
    ] as const)
      await assert.rejects(setUp(spirals(90, 3), [...small, ...words], none), { exitCode: 2, message });
  });

  test('without test samples, accuracy is measured on validation samples', async () => {
    for (const [data, words] of [
      [spirals(90, 3), ['data.validation=0.2']],
      [{ ...spirals(90, 3), validation: spirals(18, 4) }, []],
    ] as const) {
      const run = await trainOn(data, [...small, ...words]);
      assert.equal(run.config.stop.on, 'validation');
      for (const { accuracy } of run.evaluations)
        assert.equal(Math.round(Number(accuracy) * 18) / 18, accuracy);
    }
  });

  test('a validation part replaces data.validation, with a note', async () => {
    const data = { ...spirals(90, 3), validation: spirals(33, 4), test: spirals(30, 5) };
    await setUp(data, [...small, 'data.validation=0.5', 'stop.on=validation'], async (setup, notes) => {
      const { train, validation, test } = setup.data.parts;
      assert.deepEqual([train.values.count, validation.values.count, test.values.count], [90, 33, 30]);
      assert.deepEqual([...validation.targets], [...memoryDataset(spirals(33, 4)).train.targets]);
      assert.ok(
        notes.some((line) => /^data\.validation: 0\.5 is not used/.test(line)),
        notes.join(),
      );
    });
  });
});

test('a shape without rows and columns is not cropped or pooled', () => {
  assert.deepEqual(croppedShape([784], { crop: 0, pool: 1 }), [784]);
  for (const [crop, pool] of [
    [0, 2],
    [1, 1],
  ] as const)
    assert.throws(() => croppedShape([784], { crop, pool }), { name: 'UserError', message: /784×1 images/ });
});

describe('images of a program', () => {
  let mnist: Dataset;
  before(async () => {
    mnist = await someMnist(400, 100);
  });

  test('train what the same images of files train, direction features too', async () => {
    const { train, test } = mnist;
    const data = {
      ...{ inputs: train.values as Uint8Array, targets: train.targets, shape: [28, 28] },
      test: { inputs: test.values as Uint8Array, targets: test.targets },
    };
    for (const words of [
      ['model.hidden=[16]'],
      ['model.hidden=[]', 'data.features.kind=directions'],
      ['model.hidden=[]', 'data.features.kind=directions', 'data.features.quadratic=8'],
    ]) {
      const all = [...words, 'train.batch=40', 'train.epochs=2', 'data.scale=255'];
      const files = await trainOn(mnist, all, 2);
      const memory = await trainOn(data, all, 2);
      for (const [name, tensor] of files.tensors) assert.deepEqual(memory.tensors.get(name), tensor, name);
      assert.deepEqual(memory.outcome.evaluation, files.outcome.evaluation);
    }
  });

  test('without a test part, direction features too', async () => {
    const { values, targets } = mnist.train;
    const data = { inputs: values as Uint8Array, targets, shape: [28, 28] };
    const words = ['model.hidden=[]', 'data.features.kind=directions', 'train.batch=40', 'train.epochs=4'];
    for (const threads of [1, 2]) {
      const run = await trainOn(data, [...words, 'optimizer.lr=0.3'], threads);
      const accuracy = run.outcome.evaluation?.accuracy ?? 0;
      assert.ok(accuracy > 0.8, `accuracy ${accuracy}`);
    }
  });

  test('a split of real numbers is one of real numbers', () => {
    const split = holdOutTest(memoryDataset(spirals(90, 1)).train);
    assert.ok(split?.test.values instanceof Float32Array);
    assert.equal(split.test.count, 18);
  });
});
