/** The `import` command as a user meets it. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { namesOf } from '../dist/data/target.js';
import { savedModel } from '../dist/inference/saved-model.js';
import { parseWeights } from '../dist/inference/weights-file.js';
import { cli, expectCode } from './support/cli.ts';
import { smallNetwork, stateDict } from './support/onnx-files.ts';

const cwd = await mkdtemp(join(tmpdir(), 'shardstep-import-'));
after(() => rm(cwd, { recursive: true, force: true }));

writeFileSync(join(cwd, 'torch.safetensors'), stateDict());
writeFileSync(join(cwd, 'scaled.onnx'), smallNetwork());

const opened = (file: string) => savedModel(parseWeights(readFileSync(join(cwd, file)), file), file);

test('a state_dict with what it does not say', async () => {
  const words = ['torch.safetensors', 'model.activation=relu', 'data.normalise=mnist', 'data.set=mnist'];
  const { stdout } = await expectCode(0, ['import', ...words, '--shape', '28x28', '--to', 'm.safetensors'], {
    cwd,
  });
  assert.equal(stdout, 'm.safetensors: 784-5-10, relu, data.normalise=mnist, samples of 28×28×1\n');
  const { config, target } = opened('m.safetensors');
  const labels = namesOf(target);
  assert.deepEqual([config.model.hidden, config.data.set, labels.length], [[5], 'mnist', 10]);
});

test('an ONNX file that says all: JSON, with what was assumed', async () => {
  const words = ['import', 'scaled.onnx', '--to', 's.safetensors', '--labels', 'cat,dog', '--json'];
  const { stdout, stderr } = await expectCode(0, words, { cwd });
  const { layers, warnings, metadata } = JSON.parse(stdout);
  assert.deepEqual([layers, metadata.labels], [[4, 2], '["cat","dog"]']);
  assert.deepEqual(
    warnings.map(({ code }: { code: string }) => code),
    ['import-assumed'],
  );
  assert.match(stderr, /warning: the file scales its input/);
  assert.deepEqual(opened('s.safetensors').pipeline.input, [2, 2, 1]);
});

test('refusals are one line, and nothing is written', async () => {
  const to = ['--to', 'none.safetensors'];
  for (const [words, code, message] of [
    [['missing.onnx', ...to], 1, /missing\.onnx/],
    [['torch.safetensors', ...to], 2, /data\.normalise/],
    [['torch.safetensors', 'data.normalise=mnist', ...to], 2, /model\.activation/],
    [['torch.safetensors', 'data.normalise=whiten', ...to], 2, /one of mnist, none/],
    [['torch.safetensors', 'train.batch=3', ...to], 2, /data\.momentNormalise/],
    [['scaled.onnx', '--shape', '28x', ...to], 2, /--shape/],
    [['scaled.onnx', '--shape', '28x28', ...to], 1, /4 inputs, a sample 784/],
    [['scaled.onnx', '--labels', 'a,b,c', ...to], 2, /--labels: expected 2/],
    [['scaled.onnx', '--to', 'model.onnx'], 2, /ends in \.safetensors/],
    [['scaled.onnx'], 2, /--to/],
  ] as const) {
    const { code: got, stderr, stdout } = await cli(['import', ...words], { cwd });
    assert.equal(got, code, `${words.join(' ')}: ${stderr}`);
    assert.match(stderr, message);
    assert.match(stderr, /^error: [^\n]+\n$/);
    assert.equal(stdout, '');
  }
  assert.ok(!existsSync(join(cwd, 'none.safetensors')));
});
