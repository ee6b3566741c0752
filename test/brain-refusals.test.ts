/** What `shardstep/brain` refuses, in one line that names the value; the network is then as before. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NetworkOptions, NeuralNetwork, type TrainOptions, UserError } from '../dist/brain/index.js';
import { xor } from './support/brain-cases.ts';

function refuses(act: () => unknown, message: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

const options: readonly [object, RegExp][] = [
  [{ hidenLayers: [3] }, /^options\.hidenLayers: unknown option; did you mean hiddenLayers\?$/],
  [
    { hiddenLayers: [3.5] },
    /^options\.hiddenLayers: expected an array of whole numbers from 1 up, got \[3\.5\]/,
  ],
  [
    { activation: 'softmax' },
    /^options\.activation: expected one of sigmoid, relu, leaky-relu, tanh, got "soft/,
  ],
  [{ learningRate: 1 }, /^options\.learningRate: expected a number above 0 and below 1, got 1/],
  [{ momentum: Number.NaN }, /^options\.momentum: expected a number from 0 to below 1, got NaN/],
  [{ iterations: 0 }, /^options\.iterations: expected a number above 0, got 0/],
  [{ log: 'yes' }, /^options\.log: expected true, false or a function, got "yes"/],
  [{ praxis: 'sgd' }, /^options\.praxis: expected adam, or none, got "sgd"/],
];
for (const [given, message] of options)
  test(`options: ${JSON.stringify(given)}`, () => {
    refuses(() => new NeuralNetwork(given as NetworkOptions), message);
    if (!('hidenLayers' in given || 'hiddenLayers' in given))
      refuses(() => new NeuralNetwork().train(xor, given as TrainOptions), message);
  });

const samples: readonly [string, unknown, RegExp][] = [
  ['none', [], /^data: expected an array of \{ input, output \}, got \[\]/],
  ['no array', { input: [1], output: [1] }, /^data: expected an array of/],
  [
    'no output',
    [{ input: [1] }],
    /^data\[0\]\.output: expected an array or an object of numbers, got undefined/,
  ],
  ['text', [{ input: 'abc', output: [1] }], /^data\[0\]\.input: expected an array or an object/],
  [
    'NaN',
    [...xor, { input: [Number.NaN, 0], output: [1] }],
    /^data\[4\]\.input\[0\]: expected a finite number, got NaN/,
  ],
  ['null', [{ input: { a: null }, output: [1] }], /^data\[0\]\.input\.a: expected a finite number, got null/],
  ['nested', [{ input: { a: { b: 1 } }, output: [1] }], /^data\[0\]\.input\.a: expected a finite number/],
  ['ragged', [...xor, { input: [1], output: [1] }], /^data\[4\]\.input: expected 2 numbers, got 1$/],
  [
    'mixed',
    [
      { input: { a: 1 }, output: [1] },
      { input: [1], output: [1] },
    ],
    /^data\[1\]\.input: expected an object of/,
  ],
  [
    'a target above 1',
    [{ input: [1], output: [2] }],
    /^data\[0\]\.output\[0\]: expected a number from 0 to 1, the out/,
  ],
  ['empty', [{ input: [], output: [1] }], /^data\[0\]\.input: expected at least one number/],
];
for (const [name, data, message] of samples)
  test(`samples: ${name}`, () => {
    const net = new NeuralNetwork();
    refuses(() => net.train(data as typeof xor), message);
    assert.equal(net.isRunnable, false);
    // Nothing of the refused samples is left.
    net.train([{ input: { x: 1 }, output: { y: 1 } }], { iterations: 1 });
    assert.deepEqual(net.sizes, [1, 3, 1]);
  });

test('a network keeps its weights when further samples are refused', () => {
  const net = new NeuralNetwork({ seed: 1 });
  net.train([{ input: { x: 1 }, output: { y: 1 } }], { iterations: 10 });
  const before = JSON.stringify(net.toJSON());
  const other = [{ input: { x: 1 }, output: { z: 1 } }];
  refuses(() => net.train(other), /^data\[0\]\.output: expected the outputs y, got "z"/);
  refuses(() => net.train([{ input: [1], output: [1] }]), /^data\[0\]\.input: expected an object of numbers/);
  assert.equal(JSON.stringify(net.toJSON()), before);
});

test('what has no weights does not run', () => {
  for (const act of ['run', 'toJSON', 'toFunction', 'test'] as const)
    refuses(() => new NeuralNetwork()[act]([] as never), /^the network has no weights yet: call train\(\)/);
});

test('inputs of run', () => {
  const net = new NeuralNetwork<number[], number[]>().fromJSON(
    new NeuralNetwork({ seed: 1 }).fromJSON(trained()).toJSON(),
  );
  refuses(() => net.run([1, 2, 3]), /^input: expected 2 numbers, got 3$/);
  refuses(() => net.run([1, Number.NaN]), /^input\[1\]: expected a finite number, got NaN/);
  refuses(() => net.run({ a: 1 } as never), /^input: expected an array of 2 numbers, got/);
});

test('damaged JSON', () => {
  const damage: readonly [(json: ReturnType<typeof trained>) => unknown, RegExp][] = [
    [(json) => JSON.stringify(json), /^json: expected the object that toJSON\(\) returned/],
    [(json) => ({ ...json, type: 'LSTM' }), /^json: type: expected NeuralNetwork, got "LSTM"/],
    [(json) => ({ ...json, sizes: [2, 3] }), /^json: layers: expected 2 layers, got 3/],
    [(json) => ({ ...json, sizes: [2, 4, 1] }), /^json: layers\[1\]\.weights: expected 4 of them, got 3/],
    [
      (json) => ({ ...json, layers: [{}, { ...json.layers[1], biases: [null, 0, 0] }, json.layers[2]] }),
      /^json: layers\[1\]\.biases\[0\]: expected a finite number, got null/,
    ],
    [(json) => ({ ...json, outputLookup: { a: 7 } }), /^json: outputLookup: expected places below 1, got 7/],
    [
      () => ({
        ...{ sizes: [1, 1], activation: 'leaky-relu' },
        layers: [{ 0: {} }, { 0: { bias: 0, weights: { 0: 1 } } }],
      }),
      /^json: activation: expected another one: leaky-relu of brain\.js 1/,
    ],
    [(json) => ({ ...json, trainOpts: { momentum: 'much' } }), /^options\.momentum: expected a number/],
  ];
  const net = new NeuralNetwork().fromJSON(trained());
  const before = JSON.stringify(net.toJSON());
  for (const [change, message] of damage) refuses(() => net.fromJSON(change(trained()) as object), message);
  assert.equal(JSON.stringify(net.toJSON()), before);
});

test('trainAsync: a signal that is none, and one that is aborted', async () => {
  const net = new NeuralNetwork<number[], number[]>();
  await assert.rejects(
    net.trainAsync(xor, { signal: 1 as never }),
    /^UserError: options\.signal: expected an Abo/,
  );
  await assert.rejects(net.trainAsync(xor, { signal: AbortSignal.abort() }), { name: 'AbortError' });
  refuses(
    () => net.train(xor, { signal: AbortSignal.abort() } as TrainOptions),
    /^options\.signal: unknown option/,
  );
});

function trained() {
  const net = new NeuralNetwork<number[], number[]>({ hiddenLayers: [3], seed: 1 });
  net.train(xor, { iterations: 2 });
  return net.toJSON();
}
