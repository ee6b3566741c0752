/** What programs do with brain.js, done with `shardstep/brain`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as brain from '../dist/brain/index.js';
import { colours, xor } from './support/brain-cases.ts';

const seed = 4;

test('XOR with the defaults', () => {
  const net = new brain.NeuralNetwork<number[], number[]>({ hiddenLayers: [3], seed });
  const { error, iterations } = net.train(xor);
  assert.ok(error <= 0.005 && iterations > 100 && iterations < 20000, `${error} after ${iterations}`);
  for (const { input, output } of xor) assert.ok(Math.abs(net.run(input)[0] - output[0]) < 0.15);
  assert.ok(net.run([1, 0]) instanceof Float32Array);
  assert.deepEqual(net.sizes, [2, 3, 1]);
});

test('colours: objects in and out, with names that differ from sample to sample', () => {
  const net = new brain.NeuralNetwork<Record<string, number>, { black: number; white: number }>({ seed });
  net.train(colours as brain.Sample<Record<string, number>, { black: number; white: number }>[]);
  const { black, white } = net.run({ r: 0.95, g: 0.9, b: 0.4 });
  assert.ok(black > 0.8 && white < 0.2, `${black} ${white}`);
  // A name that was not there carries nothing; one that is missing is 0.
  assert.deepEqual(net.run({ r: 0.2, alpha: 1 }), net.run({ r: 0.2, g: 0, b: 0 }));
});

test('texts as counts of their letters, and the likelier author', () => {
  const lettersOf = (text: string) => {
    const counts: Record<string, number> = {};
    for (const letter of text.toLowerCase()) counts[letter] = (counts[letter] ?? 0) + 1 / text.length;
    return counts;
  };
  const lines = {
    ann: ['zigzag buzz', 'a dizzy jazz quiz', 'fizzy pizza'],
    bob: ['hello there', 'the other letter', 'three little hens'],
  };
  const data = Object.entries(lines).flatMap(([author, texts]) =>
    texts.map((text) => ({ input: lettersOf(text), output: { [author]: 1 } })),
  );
  const net = new brain.NeuralNetwork({ hiddenLayers: [8], seed });
  net.train(data, { iterations: 2000, learningRate: 0.5 });
  assert.equal(brain.likely(lettersOf('puzzling razzmatazz'), net), 'ann');
  assert.equal(brain.likely(lettersOf('tell her the truth'), net), 'bob');
});

test('pictures of letters, drawn as text', () => {
  const cells = (drawing: string) => [...drawing].map((cell) => Number(cell === '#'));
  const letters = { a: '.#.###.#.#.#', b: '##.###.#####', c: '####..#..###' };
  const data = Object.entries(letters).map(([name, drawing]) => ({
    input: cells(drawing),
    output: { [name]: 1 },
  }));
  const net = new brain.NeuralNetwork({ seed });
  net.train(data, { iterations: 3000 });
  assert.equal(brain.likely(cells('##.#..#..###'), net), 'c');
});

test('log, callback and their periods; timeout; training options stay with the network', () => {
  const net = new brain.NeuralNetwork<number[], number[]>({ seed, learningRate: 0.6 });
  const [logged, called]: number[][] = [[], []];
  net.train(xor, {
    ...{ iterations: 60, logPeriod: 20, callbackPeriod: 25, momentum: 0.2 },
    log: ({ iterations, error }) => logged.push(iterations, error),
    callback: ({ iterations }) => called.push(iterations),
  });
  assert.deepEqual(
    logged.filter((_, i) => i % 2 === 0),
    [20, 40, 60],
  );
  assert.ok(logged.every((value) => value > 0));
  assert.deepEqual(called, [25, 50]);
  assert.deepEqual([net.trainOpts.learningRate, net.trainOpts.momentum], [0.6, 0.2]);
  const began = performance.now();
  const { iterations } = net.train(xor, { iterations: 1e9, errorThresh: 0, timeout: 30, log: false });
  assert.ok(iterations > 0 && iterations < 1e9 && performance.now() - began >= 29);
});

test('weights in a callback are those of its pass', () => {
  const net = new brain.NeuralNetwork<number[], number[]>({ seed });
  const seen: string[] = [];
  const callback = () => seen.push(JSON.stringify(net.toJSON().layers));
  net.train(xor, { iterations: 30, callbackPeriod: 10, callback });
  const same = new brain.NeuralNetwork<number[], number[]>({ seed });
  for (const layers of seen) {
    same.train(xor, { iterations: 10 });
    assert.equal(JSON.stringify(same.toJSON().layers), layers);
  }
  assert.equal(new Set(seen).size, 3);
});

test('several networks are trained at a time, and go on learning after fromJSON', async () => {
  const [first, second] = [1, 2].map((each) => new brain.NeuralNetwork<number[], number[]>({ seed: each }));
  const options = { iterations: 400, errorThresh: 0 };
  const results = await Promise.all([first.trainAsync(xor, options), second.trainAsync(xor, options)]);
  assert.deepEqual(
    results.map(({ iterations }) => iterations),
    [400, 400],
  );
  const loaded = new brain.NeuralNetwork<number[], number[]>().fromJSON(
    JSON.parse(JSON.stringify(first.toJSON())),
  );
  assert.deepEqual(loaded.run([1, 0]), first.run([1, 0]));
  const { error } = loaded.train(xor, { iterations: 20000, errorThresh: 0.005 });
  assert.ok(error <= 0.005 && error < results[0].error);
});

test('trainAsync lets other events run, ends by its signal, and keeps what was learned', async () => {
  const size = 200;
  const data = Array.from({ length: 300 }, (_, i) => ({
    input: Array.from({ length: size }, (_, k) => ((i * k) % 7) / 7),
    output: [i % 2],
  }));
  const net = new brain.NeuralNetwork<number[], number[]>({ hiddenLayers: [100], seed });
  const ending = new AbortController();
  let events = 0;
  const timer = setInterval(() => {
    events++;
    assert.throws(() => net.train(data), /is being trained/);
  }, 1);
  // With both: passes are done, and other events are handled between them.
  const callback = ({ iterations }: brain.TrainingState) => {
    if (iterations >= 3 && events >= 2) ending.abort();
  };
  const options = { iterations: 1e9, errorThresh: 0, callback, callbackPeriod: 1 };
  const training = net.trainAsync(data, { ...options, signal: ending.signal });
  await assert.rejects(training, { name: 'AbortError' });
  clearInterval(timer);
  const before = net.test(data).error;
  net.train(data, { iterations: 5, errorThresh: 0 });
  assert.ok(Number.isFinite(before) && net.test(data).error !== before);
});

test('a standalone function computes what run does, from its source alone', () => {
  for (const activation of ['sigmoid', 'tanh', 'relu', 'leaky-relu'] as const) {
    const net = new brain.NeuralNetwork<number[], number[]>({ activation, seed, hiddenLayers: [4, 3] });
    net.train(xor, { iterations: 200, learningRate: 0.1 });
    const copy = new Function(`return ${net.toFunction().toString()}`)();
    for (const { input } of xor) assert.deepEqual(copy(input), [...net.run(input)], activation);
    assert.ok(Math.abs(copy([0.3, 0.7])[0] - net.run([0.3, 0.7])[0]) === 0);
  }
  const named = new brain.NeuralNetwork({ seed });
  named.train([
    { input: { 'a "b"': 1, c: 0.5 }, output: { ['__proto__']: 1 } },
    { input: { c: 1 }, output: { y: 1 } },
  ]);
  const run = named.toFunction((source) => `/* edited */\n${source}`);
  assert.match(run.toString(), /edited/);
  assert.deepEqual(run({ 'a "b"': 1 }), named.run({ 'a "b"': 1 }));
});

test('test() counts what is wrong', () => {
  const net = new brain.NeuralNetwork<number[], number[]>({ hiddenLayers: [3], seed });
  net.train(xor);
  const swapped = [...xor.slice(0, 3), { input: [1, 1], output: [1] }];
  const result = net.test(swapped);
  assert.ok('accuracy' in result);
  const { truePos, trueNeg, falsePos, falseNeg, accuracy, recall, precision } = result;
  assert.deepEqual([truePos, trueNeg, falsePos, falseNeg], [2, 1, 0, 1]);
  assert.deepEqual([accuracy, precision, recall], [0.75, 1, 2 / 3]);
  const [{ input, output, actual, expected }] = result.misclasses;
  assert.deepEqual([[...input], [...output], actual, expected], [[1, 1], [1], 0, 1]);
});

test('cross-validation trains on the other folds, and gives the network with the smallest error', () => {
  const data = Array.from({ length: 22 }, (_, i) => ({ input: [i / 22], output: [Number(i >= 11)] }));
  const make = () => new brain.NeuralNetwork<number[], number[]>({ seed });
  const validation = new brain.CrossValidate(make);
  const { avgs, stats, sets } = validation.train(data, { iterations: 3000, learningRate: 0.9 }, 4, 1);
  assert.equal(sets.length, 4);
  assert.equal(
    sets.reduce((sum, { total }) => sum + total, 0),
    22,
  );
  assert.ok(stats.accuracy > 0.8 && stats.total === 22, `${stats.accuracy}`);
  assert.ok(Math.abs(avgs.error - sets.reduce((sum, { error }) => sum + error, 0) / 4) < 1e-12);
  const best = validation.toNeuralNetwork();
  const least = sets.reduce((one, other) => (other.error < one.error ? other : one));
  assert.deepEqual(best.toJSON(), least.network);
});
