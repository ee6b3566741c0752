/** The server of the examples, in a project that has the package: images and JSON, and what it refuses. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readImage, train } from '../dist/index.js';
import { drawing, testImage, testLabels } from './support/drawings.ts';
import { greyPng } from './support/odd-images.ts';
import { refusing } from './support/says.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const cwd = await mkdtemp(join(tmpdir(), 'shardstep-server-'));
let server: ChildProcess;
let address = '';
const model = await train({ set: 'mnist' }, { recipe: 'mnist-97', threads: 1 });

before(async () => {
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(root, join(cwd, 'node_modules', 'shardstep'), 'dir');
  copyFileSync(join(root, 'examples', 'predict-server.mjs'), join(cwd, 'predict-server.mjs'));
  await model.save(join(cwd, 'digits.safetensors'));
  const words = ['predict-server.mjs', 'digits.safetensors', '0'];
  server = spawn(process.execPath, words, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(server.stdout ?? server, 'data');
  address = /http:\S+/.exec(String(line))?.[0] ?? '';
});
after(async () => {
  server.kill('SIGKILL');
  await rm(cwd, { recursive: true, force: true });
});

async function post(body: Uint8Array | string, type = 'application/octet-stream') {
  const headers = { 'content-type': type };
  const response = await fetch(address, { method: 'POST', body: body as string, headers });
  return { status: response.status, answer: JSON.parse(await response.text()) };
}

test('images', async () => {
  const images = await Promise.all(Array.from({ length: 12 }, (_, i) => drawing(i)));
  const answers = await Promise.all(images.map((image) => post(image)));
  for (const [i, { status, answer }] of answers.entries()) {
    assert.equal(status, 200);
    const { label, probabilities } = model.predict(await readImage(images[i], model));
    assert.equal(answer.label, label);
    assert.deepEqual(Object.values(answer.probabilities), [...probabilities]);
  }
  assert.ok(answers.filter(({ answer }, i) => answer.label === `${testLabels[i]}`).length >= 11);
});

test('JSON: one sample, several samples', async () => {
  const samples = [0, 1, 2].map((i) => [...testImage(i)]);
  const one = await post(JSON.stringify(samples[0]), 'application/json');
  assert.equal(one.answer.label, '7');
  const several = await post(JSON.stringify(samples), 'application/json');
  assert.deepEqual(
    several.answer.map(({ label }: { label: string }) => label),
    ['7', '2', '1'],
  );
});

test('what is refused, and that the server goes on', async () => {
  for (const [body, type, code, said] of [
    ['no image', 'image/png', 400, /expected a PNG/],
    [(await drawing(0)).subarray(0, 2000), 'image/jpeg', 400, /damaged JPEG/],
    [greyPng(30_000, 30_000, Buffer.alloc(0)), 'image/png', 400, /64 million/],
    ['[1, 2]', 'application/json', 400, /784/],
    ['{', 'application/json', 400, /JSON/],
    [new Uint8Array(17 * 2 ** 20), 'image/png', 413, /16777216/],
  ] as const) {
    const { status, answer } = await post(body, type);
    assert.equal(status, code, answer.error);
    assert.match(answer.error, said);
  }
  assert.equal((await fetch(address)).status, 405);
  assert.equal((await post(await drawing(0))).answer.label, '7');
});

test('it ends when it is asked to', { skip: process.platform === 'win32' }, async () => {
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
});

test('readImage refuses what is no image, another manner, and a model of other samples', async () => {
  const image = await drawing(0);
  await assert.rejects(readImage('seven.png' as never, model), refusing(2, 'image', 'seven.png'));
  await assert.rejects(readImage(image, model, { as: 'emnist' as never }), refusing(2, 'as', 'emnist'));
  const inputs = [[0.5], [1.5], [2.5], [3.5]];
  const recipe = { 'train.batch': 2, 'train.epochs': 1 };
  const real = await train({ inputs, targets: [0, 0, 1, 1] }, { recipe, threads: 1 });
  await assert.rejects(readImage(image, real), refusing(1, 'real numbers'));
});
