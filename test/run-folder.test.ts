import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { MetricsWriter } from '../dist/run/metrics-file.js';
import { createRunFolder, describeRun, readVersions } from '../dist/run/run-folder.js';
import { scratch, userError } from './support/scratch.ts';

const now = new Date(2026, 6, 4, 5, 6, 7);

test('a run gets a dated folder of its own under the root, named after the configuration', async (t) => {
  const root = path.join(scratch(t), 'results');
  const folder = await createRunFolder({ root, out: null, name: 'mnist-97', now });
  assert.match(folder.path, /results\/2026-07-04_05-06-07_mnist-97_[0-9a-f]{6}$/);
  assert.ok(path.isAbsolute(folder.path));
  assert.deepEqual(readdirSync(folder.path), []);
  assert.equal(folder.file('metrics.csv'), path.join(folder.path, 'metrics.csv'));
  const other = await createRunFolder({ root, out: null, name: 'mnist-97', now });
  assert.notEqual(other.path, folder.path);
});

test('a configuration name cannot lead out of the root', async (t) => {
  const root = scratch(t);
  const { path: made } = await createRunFolder({ root, out: null, name: '../../a b/ü', now });
  assert.equal(path.dirname(made), root);
  assert.match(path.basename(made), /^2026-07-04_05-06-07_a-b-_?/);
});

test('--out is made exactly, with its parents, and is not the latest run of another root', async (t) => {
  const base = scratch(t);
  const out = path.join(base, 'a', 'b');
  const folder = await createRunFolder({ root: path.join(base, 'results'), out, name: 'x' });
  assert.equal(folder.path, out);
  assert.deepEqual(readdirSync(base), ['a']);
});

test('an existing --out keeps its files', async (t) => {
  const out = scratch(t);
  writeFileSync(path.join(out, 'notes.txt'), 'mine');
  writeFileSync(path.join(out, 'metrics.csv'), 'old');
  const folder = await createRunFolder({ root: 'results', out, name: 'x' });
  const metrics = new MetricsWriter();
  await metrics.write(folder);
  assert.deepEqual(readdirSync(out).sort(), ['metrics.csv', 'notes.txt']);
  assert.equal(readFileSync(path.join(out, 'notes.txt'), 'utf8'), 'mine');
  assert.equal(
    readFileSync(path.join(out, 'metrics.csv'), 'utf8'),
    'step,epoch,loss,accuracy,lr,elapsed_ms\n',
  );
});

test('a file in the way of the folder or of its parents is told in one line, exit code 2', async (t) => {
  const file = path.join(scratch(t), 'taken');
  writeFileSync(file, '');
  await assert.rejects(
    createRunFolder({ root: 'results', out: file, name: 'x' }),
    userError(2, file, /in the way/),
  );
  const below = path.join(file, 'below');
  await assert.rejects(
    createRunFolder({ root: 'results', out: below, name: 'x' }),
    userError(2, below, /ENOTDIR/),
  );
  await assert.rejects(createRunFolder({ root: file, out: null, name: 'x' }), userError(2, file, /ENOTDIR/));
});

for (const code of ['EACCES', 'EROFS', 'ENOSPC']) {
  test(`a folder that exists but takes no file (${code}) is refused before the run`, async (t) => {
    const out = scratch(t);
    t.mock.method(fs, 'writeFile', () => Promise.reject(Object.assign(new Error('no'), { code })));
    const exitCode = code === 'ENOSPC' ? 1 : 2;
    await assert.rejects(
      createRunFolder({ root: 'results', out, name: 'x' }),
      userError(exitCode, out, code),
    );
  });
}

test('latest is a relative link that follows the newest run', async (t) => {
  const root = scratch(t);
  const latest = path.join(root, 'latest');
  for (const name of ['one', 'two']) {
    const folder = await createRunFolder({ root, out: null, name });
    assert.equal(readlinkSync(latest), path.basename(folder.path));
  }
  await createRunFolder({ root, out: path.join(root, 'study', 'a'), name: 'x' });
  assert.equal(readlinkSync(latest), path.join('study', 'a'));
  await createRunFolder({ root, out: latest, name: 'x' });
  assert.equal(readlinkSync(latest), path.join('study', 'a'), 'latest must not point at itself');
  assert.deepEqual(
    readdirSync(root).filter((name) => name.startsWith('.')),
    [],
  );
});

test('latest is a text file where links are not permitted', async (t) => {
  const root = scratch(t);
  t.mock.method(fs, 'symlink', () => Promise.reject(Object.assign(new Error('no'), { code: 'EPERM' })));
  const folder = await createRunFolder({ root, out: null, name: 'x' });
  assert.ok(lstatSync(path.join(root, 'latest')).isFile());
  assert.equal(readFileSync(path.join(root, 'latest'), 'utf8'), `${path.basename(folder.path)}\n`);
});

for (const [name, prepare] of [
  ['a real folder', (latest: string) => mkdirSync(latest)],
  ['a folder with files', (latest: string) => mkdirSync(path.join(latest, 'mine'), { recursive: true })],
] as const)
  test(`${name} called latest is left alone, with a warning that names both`, async (t) => {
    const root = scratch(t);
    const latest = path.join(root, 'latest');
    prepare(latest);
    const given: string[] = [];
    const warn = (code: string, message: string) => void given.push(code, message);
    const folder = await createRunFolder({ root, out: null, name: 'x', warn });
    assert.ok(lstatSync(latest).isDirectory());
    assert.ok(existsSync(folder.path));
    assert.equal(given[0], 'latest-not-linked');
    assert.ok(given[1].includes(latest) && given[1].includes(path.basename(folder.path)), given[1]);
    assert.deepEqual(
      readdirSync(root).filter((entry) => entry.startsWith('.')),
      [],
    );
  });

for (const code of ['EPERM', 'EACCES', 'EBUSY'])
  test(`a latest that cannot be replaced (${code}) is a warning, not a failure`, async (t) => {
    const root = scratch(t);
    t.mock.method(fs, 'rename', () => Promise.reject(Object.assign(new Error('no'), { code })));
    const given: string[] = [];
    await createRunFolder({ root, out: null, name: 'x', warn: (warning) => given.push(warning) });
    assert.deepEqual(given, ['latest-not-linked']);
    assert.ok(!existsSync(path.join(root, 'latest')));
  });

test('latest is a text file where links fail for any other reason', async (t) => {
  const root = scratch(t);
  t.mock.method(fs, 'symlink', () => Promise.reject(Object.assign(new Error('no'), { code: 'UNKNOWN' })));
  const folder = await createRunFolder({ root, out: null, name: 'x', warn: () => assert.fail('a warning') });
  assert.equal(readFileSync(path.join(root, 'latest'), 'utf8'), `${path.basename(folder.path)}\n`);
});

test('a description of the run has the commit, whether files were changed, versions and dates', async (t) => {
  const packageRoot = scratch(t);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: packageRoot,
      encoding: 'utf8',
    });
  try {
    git('init', '--quiet');
  } catch {
    return t.skip('no git here');
  }
  writeFileSync(path.join(packageRoot, 'package.json'), '{"version":"1.2.3"}');
  const start = { name: 'x', command: 'node dist/coordinator', seed: 7, startedAt: new Date(0), packageRoot };
  const end = {
    hardware: { processor: 'p' },
    dataSha256: { 'train.gz': 'ab' },
    wasmSha256: { 'kernels.wasm': 'cd' },
    finishedAt: new Date(1500),
  };
  assert.equal((await describeRun(start).finish(end)).git, null, 'a repository without a commit');
  git('add', '.');
  git('commit', '--quiet', '--message', 'first');
  const commit = git('rev-parse', 'HEAD').trim();
  assert.deepEqual(await describeRun(start).finish(end), {
    name: 'x',
    command: 'node dist/coordinator',
    seed: 7,
    versions: { shardstep: '1.2.3', node: process.versions.node, v8: process.versions.v8 },
    git: { commit, dirty: false },
    hardware: { processor: 'p' },
    dataSha256: { 'train.gz': 'ab' },
    wasmSha256: { 'kernels.wasm': 'cd' },
    startedAt: '1970-01-01T00:00:00.000Z',
    finishedAt: '1970-01-01T00:00:01.500Z',
  });
  writeFileSync(path.join(packageRoot, 'new.ts'), '');
  assert.deepEqual((await describeRun(start).finish(end)).git, { commit, dirty: true });
  const inside = path.join(packageRoot, 'node_modules', 'shardstep');
  mkdirSync(inside, { recursive: true });
  writeFileSync(path.join(inside, 'package.json'), '{}');
  const installed = await describeRun({ ...start, packageRoot: inside }).finish(end);
  assert.equal(installed.git, null, 'the commit of somebody else’s repository is not ours');
});

test('versions are those of this package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  assert.equal(readVersions().shardstep, manifest.version);
  assert.equal(existsSync(new URL('../dist/package.json', import.meta.url)), false);
});
