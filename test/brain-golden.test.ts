/** The networks of `shardstep/brain` learn what brain.js makes of the same weights and samples, and read what it writes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { NeuralNetwork } from '../dist/brain/index.js';
import { checkWide } from '../dist/kernels/online/check.js';
import { onlineKernels } from '../dist/kernels/online/load.js';
import { type BrainGolden, cases, compared, passes } from './support/brain-cases.ts';

const golden: BrainGolden = JSON.parse(readFileSync(new URL('./golden/brain.json', import.meta.url), 'utf8'));

/** In sequence. */
const numbersOf = (output: unknown): number[] => Object.values(output as Record<string, number>);

for (const { name, network, data, options } of cases)
  test(`as brain.js: ${name}`, () => {
    const expected = golden.cases.find((each) => each.name === name);
    assert.ok(expected !== undefined && expected.errors.length === passes);
    const net = new NeuralNetwork().fromJSON(network);
    const errors: number[] = [];
    const status = net.train(data, {
      ...{ ...options, iterations: passes, errorThresh: 1e-12, callbackPeriod: 1 },
      callback: ({ error, iterations }) => {
        errors.push(error);
        assert.equal(iterations, errors.length);
      },
    });
    assert.deepEqual(status, { iterations: passes, error: errors[passes - 1] });
    // Small networks are trained in the arithmetic of brain.js.
    const limit = name.startsWith('wide') ? 1e-5 : 1e-12;
    for (const [i, error] of expected.errors.entries())
      assert.ok(Math.abs(error - errors[i]) <= limit, `pass ${i + 1}: ${errors[i]}, brain.js ${error}`);
    assert.ok(expected.errors[passes - 1] < expected.errors[0], 'the case learns');
    for (const [i, { input }] of data.slice(0, compared).entries()) {
      const [ours, theirs]: number[][] = [net.run(input), expected.outputs[i]].map(numbersOf);
      assert.equal(ours.length, theirs.length);
      for (const [k, value] of ours.entries()) assert.ok(Math.abs(value - theirs[k]) <= 100 * limit);
    }
  });

test('the passes do not depend on how they are cut into calls', async () => {
  for (const { network, data, options } of cases.slice(-5)) {
    const settings = { ...options, iterations: 20, errorThresh: 0 };
    const [once, asynchronous] = [1, 2].map(() => new NeuralNetwork().fromJSON(network));
    once.train(data, settings);
    await asynchronous.trainAsync(data, settings);
    assert.deepEqual(asynchronous.toJSON(), once.toJSON());
  }
});

test('a second call goes on with the momentum of the first', () => {
  for (const { network, data, options } of cases.filter(({ name }) => name.includes('momentum'))) {
    const [once, twice] = [1, 2].map(() => new NeuralNetwork().fromJSON(network));
    const whole = once.train(data, { ...options, iterations: 10, errorThresh: 0 });
    twice.train(data, { ...options, iterations: 4, errorThresh: 0 });
    const second = twice.train(data, { ...options, iterations: 6, errorThresh: 0 });
    assert.ok(Math.abs(whole.error - second.error) < 1e-6 * whole.error, `${whole.error} ${second.error}`);
  }
});

test('both versions of the JSON are read, and give the outputs of brain.js to the last bit', () => {
  assert.equal(golden.written.length, 6);
  for (const { name, network, input, output } of golden.written) {
    const net = new NeuralNetwork().fromJSON(network);
    const [ours, theirs] = [net.run(input as number[]), output].map(numbersOf);
    assert.deepEqual(ours, theirs, name);
    assert.deepEqual(Object.keys(net.run(input as number[])), Object.keys(output as object), name);
  }
});

test('what is written has the form of version 2, and is read again to the same weights', () => {
  for (const { name, network } of golden.written.filter((each) => each.name.startsWith('2.'))) {
    const written = JSON.parse(JSON.stringify(new NeuralNetwork().fromJSON(network).toJSON()));
    const { options: _, ...others } = network as Record<string, unknown>;
    const { options, ...ours } = written;
    assert.deepEqual(ours, others, name);
    assert.deepEqual(new NeuralNetwork().fromJSON(written).toJSON(), written);
  }
});

test('the self-test of the wide kernel finds a wrong one', () => {
  assert.ok(checkWide(onlineKernels) < 1e-5);
  const wrong = checkWide((kind, memory) => {
    const kernels = onlineKernels(kind, memory);
    return kind === 'exact'
      ? kernels
      : {
          ...kernels,
          passes: (net, samples, most, ...others) => kernels.passes(net, samples - 1, most, ...others),
        };
  });
  assert.ok(wrong > 1e-3, `${wrong}`);
});
