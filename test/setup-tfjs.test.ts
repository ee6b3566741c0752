/** `npm run setup:tfjs` with stand-ins for npm, so that nothing is downloaded. */
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findPackage } from '../dist/backend/tfjs/location.js';
import { cli, workingDirectory } from './support/cli.ts';
import { needsTfjs } from './support/tfjs.ts';

const program = fileURLToPath(new URL('../scripts/setup-tfjs.ts', import.meta.url));

/** `npmSource`: the program that the set-up starts as npm. PATH has nothing, so neither python3 nor g++. */
async function stage(t: TestContext, npmSource: string) {
  const cwd = await workingDirectory(t);
  const [cache, empty, npmFile] = ['cache', 'bin', 'npm.cjs'].map((name) => join(cwd, name));
  await mkdir(empty);
  await writeFile(npmFile, npmSource);
  const environment = { SHARDSTEP_CACHE: cache, PATH: empty, npm_execpath: npmFile };
  const left = async () => (await readdir(cache).catch(() => [])).sort();
  return { cwd, cache, empty, environment, left };
}

const failing = 'process.exit(1);';

test('an unknown word is refused, exit 2', async (t) => {
  const { cwd, environment, left } = await stage(t, failing);
  const { code, stderr } = await cli(['--fast'], { cwd, environment, program });
  assert.equal(code, 2);
  assert.match(stderr, /^setup:tfjs: .*--wheel.*--fast\n$/);
  assert.deepEqual(await left(), []);
});

test('without a download and without the tools for the other way it names them, exit 1, nothing left', async (t) => {
  const { cwd, environment, left } = await stage(t, failing);
  const { code, stderr } = await cli([], { cwd, environment, program });
  assert.equal(code, 1);
  const missing =
    process.platform === 'linux' && process.arch === 'x64' ? /python3, pip .*g\+\+/ : /Linux on x64/;
  assert.match(stderr, missing);
  assert.doesNotMatch(stderr, /^ +at /m);
  assert.deepEqual(await left(), []);
});

test('a step of the other way that fails is named with its last words, nothing left', async (t) => {
  const { cwd, environment, empty, left } = await stage(t, 'console.log("no such host"); process.exit(1);');
  for (const tool of ['python3', 'g++']) {
    await writeFile(join(empty, tool), '#!/bin/sh\nexit 0\n');
    await chmod(join(empty, tool), 0o755);
  }
  const { code, stderr } = await cli(['--wheel'], { cwd, environment, program });
  assert.equal(code, 1);
  if (process.platform === 'linux' && process.arch === 'x64')
    assert.match(stderr, /setup:tfjs: npm packages: .*\nno such host\n$/);
  assert.deepEqual(await left(), []);
});

test('Ctrl-C ends the program that it waits for and leaves nothing, exit 130', async (t) => {
  const { cwd, environment, left } = await stage(t, 'setTimeout(() => {}, 30_000);');
  const { code, stderr } = await cli([], { cwd, environment, program, interruptAfter: 'npm install' });
  assert.equal(code, 130);
  assert.match(stderr, /interrupted[^\n]*\n$/);
  assert.deepEqual(await left(), []);
});

test('what npm installs is tried, moved into the cache folder, found again', needsTfjs, async (t) => {
  const real = findPackage(process.env);
  assert.ok(real !== null);
  const { cwd, cache, environment, left } = await stage(
    t,
    `const { mkdirSync, symlinkSync } = require('node:fs');
     mkdirSync('node_modules/@tensorflow', { recursive: true });
     symlinkSync(${JSON.stringify(real)}, 'node_modules/@tensorflow/tfjs-node');`,
  );
  const first = await cli([], { cwd, environment, program });
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stdout, /^installed: tfjs-node [\d.]+, TensorFlow [\d.]+, in /);
  assert.deepEqual(await left(), ['tfjs-node-4.22.0']);
  const found = join(cache, 'tfjs-node-4.22.0', 'node_modules', '@tensorflow', 'tfjs-node');
  assert.ok([found, real].includes(findPackage(environment) ?? ''));
  const again = await cli([], { cwd, environment, program });
  assert.equal(again.code, 0, again.stderr);
  assert.match(again.stdout, /^already there: /);
});

test('what npm installs and does not work is not kept', async (t) => {
  const { cwd, environment, left } = await stage(
    t,
    `const { mkdirSync, writeFileSync } = require('node:fs');
     mkdirSync('node_modules/@tensorflow/tfjs-node', { recursive: true });
     writeFileSync('node_modules/@tensorflow/tfjs-node/package.json', '{"main":"index.js"}');
     writeFileSync('node_modules/@tensorflow/tfjs-node/index.js', 'throw new Error("no library")');`,
  );
  const { code, stderr } = await cli([], { cwd, environment, program });
  assert.equal(code, 1);
  assert.match(stderr, /download/);
  assert.deepEqual(await left(), []);
});
