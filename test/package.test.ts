/** The packed package, in a project of its own: it holds what runs, and runs by its bin with packages alone beside it. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { expectCode, readJson, type TrainingResult } from './support/cli.ts';
import { toyRun, writeToyRecipe, writeToySet } from './support/toy-set.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

let cwd = '';
let installed = '';
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'shardstep-package-'));
  const words = ['pack', '--ignore-scripts', '--silent', '--pack-destination', cwd];
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const file = execFileSync(npm, words, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  execFileSync('tar', ['-xzf', file], { cwd });
  // As npm installs it: the package in node_modules, its dependencies beside it.
  const modules = join(cwd, 'node_modules');
  mkdirSync(modules);
  for (const name of Object.keys(manifest.dependencies)) {
    const place = join(modules, name);
    mkdirSync(join(place, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), place, 'dir');
  }
  installed = join(modules, manifest.name);
  execFileSync('mv', ['package', installed], { cwd });
});
after(() => rm(cwd, { recursive: true, force: true }));

test('it holds what runs, and nothing that is for developers only', () => {
  for (const name of ['dist', 'configs', 'data/mnist', 'README.md', 'LICENSE'])
    assert.ok(existsSync(join(installed, name)), name);
  for (const name of ['test', 'bench', 'scripts', 'src', 'results'])
    assert.ok(!existsSync(join(installed, name)), name);
  const kernels = readdirSync(join(installed, 'dist/kernels'));
  assert.deepEqual(
    kernels.filter((name) => name.endsWith('.code')),
    [],
    'machine code of another machine',
  );
});

test('its bin is a program for node', () => {
  const bin = readFileSync(join(installed, manifest.bin.shardstep), 'utf8');
  assert.ok(bin.startsWith('#!/usr/bin/env node\n'));
});

test('it races, and trains on data of the project', async () => {
  const program = join(installed, manifest.bin.shardstep);
  const race = await expectCode(0, ['race', '--seeds', '1', '--quiet', '--out', 'race'], { cwd, program });
  assert.match(race.stdout, /97/);
  writeToyRecipe(cwd);
  writeToySet(cwd, 'toy');
  await expectCode(0, ['train', ...toyRun('toy')], { cwd, program });
  assert.ok(((await readJson<TrainingResult>(cwd, 'run-toy', 'result.json')).accuracy ?? 0) > 0.9);
});
