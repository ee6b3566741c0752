import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { MetricsWriter } from '../dist/run/metrics-file.js';
import { createRunFolder, describeRun, readVersions, writeAtomic } from '../dist/run/run-folder.js';
import { UserError } from '../dist/user-error.js';

function scratch(t: TestContext): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'run-folder-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A check for assert.rejects: a UserError of one line, with this exit code, naming the path. */
function userError(exitCode: number, ...parts: (string | RegExp)[]) {
  return (error: unknown) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.exitCode, exitCode);
    assert.doesNotMatch(error.message, /\n/);
    for (const part of parts) {
      if (typeof part === 'string') assert.ok(error.message.includes(part), error.message);
      else assert.match(error.message, part);
    }
    return true;
  };
}

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
    await assert.rejects(createRunFolder({ root: 'results', out, name: 'x' }), userError(2, out, code));
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

test('a real folder called latest is not overwritten', async (t) => {
  const root = scratch(t);
  mkdirSync(path.join(root, 'latest'));
  await assert.rejects(
    createRunFolder({ root, out: null, name: 'x' }),
    userError(2, path.join(root, 'latest')),
  );
  assert.ok(lstatSync(path.join(root, 'latest')).isDirectory());
});

test('an atomic write replaces the file in one step and never shows a part of it', async (t) => {
  const folder = scratch(t);
  const file = path.join(folder, 'model.bin');
  await writeAtomic(file, 'old');
  const rename = fs.rename;
  t.mock.method(fs, 'rename', async (from: string, to: string) => {
    assert.equal(path.dirname(from), folder, 'a rename across file systems would not be atomic');
    assert.equal(readFileSync(to, 'utf8'), 'old');
    assert.deepEqual([...readFileSync(from)], [1, 2, 3]);
    await rename(from, to);
  });
  await writeAtomic(file, Uint8Array.of(1, 2, 3));
  assert.deepEqual([...readFileSync(file)], [1, 2, 3]);
  assert.deepEqual(readdirSync(folder), ['model.bin']);
});

test('a failed atomic write leaves the old file and no temporary one', async (t) => {
  const folder = scratch(t);
  const file = path.join(folder, 'metrics.csv');
  await writeAtomic(file, 'old');
  t.mock.method(fs, 'rename', () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOSPC' })));
  await assert.rejects(writeAtomic(file, 'new'), userError(1, file, 'no space left'));
  assert.equal(readFileSync(file, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder), ['metrics.csv']);
});

/** Operations on an open file, in the order in which writeAtomic comes to them; then those on names. */
const handleFaults = ['writeFile', 'sync', 'close'] as const;
const nameFaults = ['open', 'rename'] as const;

for (const fault of [...nameFaults, ...handleFaults])
  for (const before of ['old', null])
    test(`${fault} fails, ${before === null ? 'no' : 'an'} earlier file: that stays, and nothing beside it`, async (t) => {
      const folder = scratch(t);
      const file = path.join(folder, 'result.json');
      if (before !== null) writeFileSync(file, before);
      const error = Object.assign(new Error('injected'), { code: 'EIO' });
      if (fault === 'open' || fault === 'rename') t.mock.method(fs, fault, () => Promise.reject(error));
      else {
        const open = fs.open;
        t.mock.method(fs, 'open', async (...given: Parameters<typeof open>) => {
          const handle = await open(...given);
          const original = handle[fault].bind(handle) as (...words: unknown[]) => Promise<unknown>;
          // A part may have been written, and the descriptor is gone after a close that failed.
          const failing = async () => {
            if (fault === 'writeFile') await original('ne');
            if (fault === 'close') await original();
            throw error;
          };
          return Object.assign(handle, { [fault]: failing });
        });
      }
      await assert.rejects(writeAtomic(file, 'new'), userError(1, file, 'injected'));
      assert.deepEqual(readdirSync(folder), before === null ? [] : ['result.json']);
      if (before !== null) assert.equal(readFileSync(file, 'utf8'), before);
    });

test('the folder cannot be synced: the new file is there whole', async (t) => {
  const folder = scratch(t);
  const file = path.join(folder, 'result.json');
  writeFileSync(file, 'old');
  const open = fs.open;
  t.mock.method(fs, 'open', (...given: Parameters<typeof open>) =>
    given[0] === folder ? Promise.reject(new Error('no')) : open(...given),
  );
  await writeAtomic(file, 'new');
  assert.equal(readFileSync(file, 'utf8'), 'new');
  assert.deepEqual(readdirSync(folder), ['result.json']);
});

test('the file is synced before the rename, the folder after it', async (t) => {
  const folder = scratch(t);
  const done: string[] = [];
  const { open, rename } = fs;
  t.mock.method(fs, 'open', async (...given: Parameters<typeof open>) => {
    const handle = await open(...given);
    const sync = handle.sync.bind(handle);
    return Object.assign(handle, {
      sync: async () => {
        done.push(given[0] === folder ? 'folder' : 'file');
        await sync();
      },
    });
  });
  t.mock.method(fs, 'rename', async (...given: Parameters<typeof rename>) => {
    done.push('rename');
    await rename(...given);
  });
  await writeAtomic(path.join(folder, 'a'), 'new');
  assert.deepEqual(done, ['file', 'rename', 'folder']);
});

test('writes to one file at once do not trip over each other', async (t) => {
  const file = path.join(scratch(t), 'a');
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
  await Promise.all(texts.map((text) => writeAtomic(file, text)));
  assert.ok(texts.includes(readFileSync(file, 'utf8')));
  assert.deepEqual(readdirSync(path.dirname(file)), ['a']);
});

test('metrics.csv has the accuracy on evaluated steps only and full precision', async (t) => {
  const folder = await createRunFolder({ root: 'results', out: scratch(t), name: 'x' });
  const file = folder.file('metrics.csv');
  const metrics = new MetricsWriter();
  metrics.evaluated(0.1);
  const loss = Math.fround(0.1);
  metrics.step({ step: 1, epoch: 1, loss, lr: 0.4, elapsedMs: 1.5 });
  metrics.step({ step: 2, epoch: 1, loss: 1e-7, lr: 0.2, elapsedMs: 3.25 });
  metrics.open(folder);
  assert.equal(existsSync(file), false, 'a short run waits for no disk');
  metrics.evaluated(0.9701);
  metrics.step({ step: 3, epoch: 2, loss: Number.NaN, lr: 0, elapsedMs: 4 });
  assert.equal(metrics.rows, 3);
  await metrics.write(folder);
  const lines = readFileSync(file, 'utf8').split('\n');
  assert.deepEqual(lines, [
    'step,epoch,loss,accuracy,lr,elapsed_ms',
    '1,1,0.10000000149011612,,0.4,1.5',
    '2,1,1e-7,0.9701,0.2,3.25',
    '3,2,NaN,,0,4',
    '',
  ]);
  assert.equal(Number(lines[1]?.split(',')[2]), loss);
});

test('rows come to metrics.csv while the run goes on: all but the last, which an evaluation may follow', async (t) => {
  const folder = await createRunFolder({ root: 'results', out: scratch(t), name: 'x' });
  const metrics = new MetricsWriter();
  metrics.open(folder);
  for (let step = 1; step <= 2000; step++)
    metrics.step({ step, epoch: 1, loss: 0.5, lr: 0.1, elapsedMs: step });
  const early = readFileSync(folder.file('metrics.csv'), 'utf8');
  assert.ok(early.length > 16_000 && early.endsWith('\n'), `${early.length} characters`);
  metrics.evaluated(0.25);
  await metrics.write(folder);
  const whole = readFileSync(folder.file('metrics.csv'), 'utf8');
  assert.ok(whole.startsWith(early));
  assert.equal(whole.split('\n').length, 2002);
  assert.ok(whole.endsWith('\n2000,1,0.5,0.25,0.1,2000\n'));
});

test('a full disk does not disturb the run: it is reported when metrics.csv ends', {
  skip: !existsSync('/dev/full'),
}, async (t) => {
  const out = scratch(t);
  const folder = await createRunFolder({ root: 'results', out, name: 'x' });
  symlinkSync('/dev/full', folder.file('metrics.csv'));
  const metrics = new MetricsWriter();
  metrics.open(folder);
  for (let step = 1; step <= 2000; step++)
    metrics.step({ step, epoch: 1, loss: 0.5, lr: 0.1, elapsedMs: step });
  await assert.rejects(metrics.write(folder), userError(1, folder.file('metrics.csv'), 'no space left'));
});

test('a file in the way of metrics.csv is reported at the end', async (t) => {
  const folder = await createRunFolder({ root: 'results', out: scratch(t), name: 'x' });
  mkdirSync(folder.file('metrics.csv'));
  await assert.rejects(new MetricsWriter().write(folder), userError(1, folder.file('metrics.csv'), 'EISDIR'));
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
