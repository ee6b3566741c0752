/** Values that are not finite stop a run at their step, with the layer and the likely cause. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeSafetensors } from '../dist/model/safetensors.js';
import { explained } from '../dist/worker/divergence.js';
import { Diverged } from '../dist/worker/session-errors.js';
import { expectCode, readJson, workingDirectory } from './support/cli.ts';

const words = [
  'train',
  '--quiet',
  '--config',
  'fastmlp',
  'model.hidden=[24]',
  'data.take=512',
  '--out',
  'run',
];
const length = ['train.batch=64', 'train.epochs=2', 'stop.target=null', '--threads', '2'];

describe('a run that diverges', { concurrency: 2 }, () => {
  for (const sync of ['owner', 'average', 'units'])
    test(`${sync}: names step, layer and rate; no weights are written`, async (t) => {
      const cwd = await workingDirectory(t);
      const rate = ['optimizer.lr=1e30', 'schedule=constant', `parallel.sync=${sync}`];
      const { stderr } = await expectCode(1, [...words, ...length, ...rate], { cwd });
      const found =
        /^error: the loss is not finite at step \d+: .*(in \d\.weight at \[\d+, \d+\], the first|in \d\.weight, and the outputs overflow).*lower optimizer\.lr, which is 1e\+30\n$/;
      assert.match(stderr, found);
      assert.equal(existsSync(join(cwd, 'run/final.safetensors')), false);
      const { status, reason } = await readJson<{ status: string; reason: string }>(cwd, 'run/result.json');
      assert.equal(status, 'failed');
      assert.match(reason, /the loss is not finite/);
    });

  test('the last update alone: the loss was finite, the weights are not', async (t) => {
    const cwd = await workingDirectory(t);
    // One step and no evaluation: no loss is computed with the weights that the step leaves.
    const last = ['optimizer.lr=1e38', 'optimizer.weightDecay=100', 'train.steps=1', 'stop.on=train'];
    const { stderr } = await expectCode(1, [...words, ...length, 'schedule=constant', ...last], { cwd });
    assert.match(stderr, /the weights are not finite at step 1: (NaN|-?Infinity) in \d\.\w+ at \[/);
    assert.equal(existsSync(join(cwd, 'run/final.safetensors')), false);
  });

  test('weights of a file: the file is named', async (t) => {
    const cwd = await workingDirectory(t);
    const tensor = (...shape: number[]) => ({ shape, data: new Float32Array(shape.reduce((a, b) => a * b)) });
    const tensors = new Map([
      ['0.weight', tensor(24, 784)],
      ['0.bias', tensor(24)],
      ['2.weight', tensor(10, 24)],
      ['2.bias', tensor(10)],
    ]);
    tensors.get('2.weight')?.data.fill(Number.NaN, 30, 31);
    writeFileSync(join(cwd, 'start.safetensors'), writeSafetensors(tensors, {}));
    const from = `model.init.file=${join(cwd, 'start.safetensors')}`;
    const { stderr } = await expectCode(1, [...words, ...length, from], { cwd });
    assert.match(stderr, /start\.safetensors.*NaN.*2\.weight|2\.weight.*NaN.*start\.safetensors/s);
  });
});

const diverged = new Diverged('', 3, 'loss');
const finite = { shape: [1, 2], data: Float32Array.of(1, -4) };
const run = {
  tensors: new Map([['0.weight', finite]]),
  inputs: Float32Array.of(1, 2, 3, 4),
  width: 2,
  learningRate: 0.1,
  normalise: 'none',
  initial: null,
  file: 'x.safetensors',
};
const said = (change: Partial<typeof run> | { initial: typeof run.tensors }) =>
  explained(diverged, { ...run, ...change }).message;

test('the likely cause: the start, a layer, a sample, the scale of inputs, the learning rate', () => {
  const bad = new Map([['0.weight', finite], ['2.bias', { shape: [2], data: Float32Array.of(0, Number.NaN) }]]); // biome-ignore format: pairs
  assert.match(said({ initial: bad }), /x\.safetensors, from which .* NaN in 2\.bias at \[1\]/);
  assert.match(
    said({ tensors: bad }),
    /step 3: NaN in 2\.bias at \[1\], the first tensor.*lower optimizer\.lr/,
  );
  const inputs = Float32Array.of(1, 2, 3, Number.POSITIVE_INFINITY);
  assert.match(said({ inputs }), /input 1 of training sample 1 is Infinity with data\.normalise=none/);
  assert.match(
    said({ inputs: Float32Array.of(1, 2, -5e4, 4) }),
    /inputs are as large as 50000: set data\.normalise=standardise/,
  );
  assert.match(
    said({}),
    /at most 4 in 0\.weight, and the outputs overflow; .*lower optimizer\.lr, which is 0\.1/,
  );
});
