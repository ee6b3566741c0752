/** Where data sets are looked for, how their parts must fit together, and the vendored MNIST. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { knownSets } from '../dist/data/known-sets.js';
import { type DataRequest, loadDataset } from '../dist/data/load.js';
import { namesOf } from '../dist/data/target.js';
import { readArchive } from '../dist/fast-start/data-files.js';
import { ExitCode } from '../dist/user-error.js';
import { idx, names, refusal, temporaryFolder, tinySet, writeFiles } from './support/data-files.ts';
import { says } from './support/says.ts';

const vendored = fileURLToPath(new URL('../data/mnist/', import.meta.url));
const load = (set: DataRequest['set'], dir: string | null, environment: NodeJS.ProcessEnv = {}) =>
  loadDataset({ set, dir }, { environment, cacheDir: '/nonexistent/shardstep-cache' });

test('the vendored MNIST loads without network, environment or folder', async () => {
  const { name, source, train, test: testPart, target, sha256 } = await load('mnist', null);
  assert.equal(name, 'mnist');
  assert.equal(join(source, '/'), vendored);
  assert.deepEqual([train.count, ...train.shape, train.values.length], [60000, 28, 28, 1, 47040000]);
  assert.deepEqual([testPart.count, ...testPart.shape], [10000, 28, 28, 1]);
  assert.deepEqual([...train.targets.subarray(0, 5)], [5, 0, 4, 1, 9]);
  assert.deepEqual([...testPart.targets.subarray(0, 5)], [7, 2, 1, 0, 4]);
  assert.equal(namesOf(target).length, 10);
  assert.equal(
    (train.values as Uint8Array).reduce((sum, pixel) => sum + pixel, 0),
    1_567_298_545,
  );
  for (const [file, { contentSha256 }] of Object.entries(knownSets.mnist.files)) {
    assert.equal(sha256[file], contentSha256);
  }
});

test('the NOTICE beside the vendored files has their checksums', async () => {
  const notice = await readFile(join(vendored, 'NOTICE'), 'utf8');
  for (const [file, { contentSha256 }] of Object.entries(knownSets.mnist.files)) {
    assert.match(notice, new RegExp(`^${file} .* ${contentSha256}$`, 'm'));
  }
});

test('plain files and .gz files, in both spellings, load alike', async (t) => {
  const set = tinySet();
  const plain = await temporaryFolder(t);
  await writeFiles(plain, set);
  const mixed = await temporaryFolder(t);
  await writeFiles(mixed, {
    'train-images.idx3-ubyte.gz': gzipSync(set[names.trainImages]),
    [`${names.trainLabels}.gz`]: gzipSync(set[names.trainLabels]),
    't10k-images.idx3-ubyte': set[names.testImages],
    // Inflated by whatever downloaded it, which kept the name.
    [`${names.testLabels}.gz`]: set[names.testLabels],
  });
  const [one, other] = await Promise.all([load('idx', plain), load('idx', mixed)]);
  assert.deepEqual([...one.train.values], [...set[names.trainImages].subarray(16)]);
  assert.deepEqual([...one.test.targets], [4, 2]);
  assert.deepEqual([...one.train.shape, namesOf(one.target).length], [2, 3, 1, 10]);
  assert.deepEqual({ ...other, source: '' }, { ...one, source: '' });
});

test('a plain file is preferred to its .gz', async (t) => {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, { ...tinySet(), [`${names.trainLabels}.gz`]: 'not read' });
  assert.equal((await load('idx', dir)).train.count, 3);
});

test('an inflated file is not copied', async (t) => {
  const dir = await temporaryFolder(t);
  const files = Object.entries(tinySet()).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)]);
  await writeFiles(dir, Object.fromEntries(files));
  const { train } = await load('idx', dir);
  assert.equal(train.values.byteOffset, 16);
});

test('data.set=idx takes labels up to 255', async (t) => {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, { ...tinySet(), [names.testLabels]: idx([2], [255, 0]) });
  assert.equal(namesOf((await load('idx', dir)).target).length, 256);
});

test('a known set refuses labels above 9', async (t) => {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, { ...tinySet(), [names.testLabels]: idx([2], [1, 12]) });
  await refusal(load('kmnist', dir), [
    `${join(dir, names.testLabels)}: label 12 at index 1`,
    '0 to 9',
    'data.set=idx',
  ]);
});

test('training and test images of different sizes', async (t) => {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, { ...tinySet(), [names.testImages]: idx([2, 3, 2], Array(12).fill(0)) });
  await refusal(load('idx', dir), [`${names.testImages}: `, '3x2', 'expected 2x3']);
});

test('other data than MNIST under its name', async (t) => {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, tinySet());
  await refusal(load('mnist', dir), [
    `${join(dir, names.trainImages)}: `,
    'SHA-256',
    `expected ${knownSets.mnist.files[names.trainImages].contentSha256}`,
    'data.set=idx',
  ]);
});

test('the true MNIST in a folder of its own, one file plain', async (t) => {
  const dir = await temporaryFolder(t);
  await cp(vendored, dir, { recursive: true });
  const labels = await readFile(join(vendored, `${names.trainLabels}.gz`));
  await writeFiles(dir, { [names.trainLabels]: gunzipSync(labels), [`${names.trainLabels}.gz`]: 'x' });
  const dataset = await load('mnist', dir);
  assert.equal(dataset.source, dir);
});

test('a broken file in a folder is named with its folder', async (t) => {
  const dir = await temporaryFolder(t);
  const archive = gzipSync(tinySet()[names.trainImages]);
  const { [names.trainImages]: _, ...rest } = tinySet();
  const path = join(dir, `${names.trainImages}.gz`);
  await writeFiles(dir, { ...rest, [`${names.trainImages}.gz`]: archive.subarray(0, 25) });
  await refusal(load('idx', dir), [`${path}: `, 'truncated', '25 bytes']);
  await writeFiles(dir, { [`${names.trainImages}.gz`]: '<html>' });
  await refusal(load('idx', dir), [`${path}: `, '3c68746d', '1f8b']);
  await writeFiles(dir, { [`${names.trainImages}.gz`]: '' });
  await refusal(load('idx', dir), [`${path}: `, 'empty', '1f8b']);
  await writeFiles(dir, { [`${names.trainImages}.gz`]: gzipSync('') });
  await refusal(load('idx', dir), [`${path}: 0 bytes`, 'header']);
});

test('a path below the working folder is shown relative to it', async () => {
  const dir = relative(process.cwd(), vendored);
  await refusal(loadDataset({ set: 'csv', dir }), ['data/mnist: missing train.csv, test.csv']);
  await refusal(loadDataset({ set: 'csv', dir: vendored }), ['data/mnist: missing train.csv, test.csv']);
});

test('SHARDSTEP_DATA is looked in before the vendored files, data.dir before both', async (t) => {
  const [fromEnvironment, fromRequest] = [await temporaryFolder(t), await temporaryFolder(t)];
  await writeFiles(fromEnvironment, tinySet());
  await writeFiles(fromRequest, tinySet());
  const environment = { SHARDSTEP_DATA: fromEnvironment };
  assert.equal((await load('kmnist', null, environment)).source, fromEnvironment);
  assert.equal((await load('kmnist', fromRequest, environment)).source, fromRequest);
  await refusal(load('mnist', null, environment), [fromEnvironment]);
  assert.equal((await load('mnist', null, { SHARDSTEP_DATA: '' })).train.count, 60000);
});

test('a folder that was named and lacks files: all of them are listed, nothing else is tried', async (t) => {
  const dir = await temporaryFolder(t);
  const { [names.trainImages]: _, [names.testLabels]: __, ...rest } = tinySet();
  await writeFiles(dir, rest);
  const expected = `${dir}: missing ${names.trainImages}, ${names.testLabels}`;
  await refusal(load('mnist', dir), [expected]);
  await refusal(load('idx', dir), [expected]);
  await refusal(load('mnist', null, { SHARDSTEP_DATA: dir }), [expected]);
});

test('a data.dir that does not exist, or is a file', async (t) => {
  const dir = await temporaryFolder(t);
  await writeFiles(dir, { file: '' });
  await refusal(load('mnist', join(dir, 'none')), [`data.dir: ${join(dir, 'none')} `, 'not exist']);
  await refusal(load('idx', join(dir, 'file')), [`data.dir: ${join(dir, 'file')} `, 'folder']);
  await refusal(load('mnist', null, { SHARDSTEP_DATA: join(dir, 'none') }), [
    'SHARDSTEP_DATA: ',
    'not exist',
  ]);
});

test('a folder where a file is expected', async (t) => {
  const dir = await temporaryFolder(t);
  const { [names.testImages]: _, ...rest } = tinySet();
  await writeFiles(dir, rest);
  await mkdir(join(dir, names.testImages));
  await refusal(load('idx', dir), [`missing ${names.testImages} `, `; it holds ${names.testImages}/, `]);
});

const needsPipes = { skip: process.platform === 'win32' ? 'no named pipes in folders' : false };

test('a named pipe where a file is expected is not waited for', needsPipes, async (t) => {
  const dir = await temporaryFolder(t);
  const { [names.testImages]: _, ...rest } = tinySet();
  await writeFiles(dir, rest);
  assert.equal(spawnSync('mkfifo', [join(dir, names.testImages)]).status, 0);
  await refusal(load('idx', dir), [`${names.testImages}: `, 'neither']);
  const archive = 't10k-images-idx3-ubyte';
  assert.equal(spawnSync('mkfifo', [join(dir, `${archive}.gz`)]).status, 0);
  assert.equal(readArchive(dir, archive).length, 0);
});

test('a data.dir and a file without read permission', async (t) => {
  const [dir, withFile] = [await temporaryFolder(t), await temporaryFolder(t)];
  await writeFiles(withFile, tinySet());
  await chmod(withFile, 0o755);
  await chmod(join(withFile, names.testLabels), 0o000);
  await chmod(dir, 0o000);
  // Permissions do not hold for root, so the attempt is made by nobody.
  const script = `
    const { loadDataset } = await import(${JSON.stringify(new URL('../dist/data/load.js', import.meta.url))});
    for (const dir of ${JSON.stringify([dir, withFile])}) {
      await loadDataset({ set: 'idx', dir }).catch((error) => console.log(error.name, error.message));
    }`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
  });
  if (child.error !== undefined || /EACCES.*dist/.test(child.stderr))
    return t.skip('nobody can run Node here');
  const [ofFolder = '', ofFile = '', ...more] = child.stdout.trimEnd().split('\n');
  says(ofFolder, 'UserError', 'data.dir', dir, 'permission');
  says(ofFile, 'UserError', join(withFile, names.testLabels), 'permission');
  assert.deepEqual(more, [], child.stderr);
});

for (const set of ['idx', 'csv'] as const) {
  test(`data.set=${set} without a folder is a mistake of usage`, async () => {
    const expected = ['data.dir: ', `data.set=${set}`];
    await refusal(load(set, null, {}), expected, ExitCode.usage);
  });

  test(`data.set=${set} is sought in SHARDSTEP_DATA too`, async (t) => {
    const dir = await temporaryFolder(t);
    await refusal(load(set, null, { SHARDSTEP_DATA: dir }), [`${dir}: missing`], ExitCode.failure);
  });
}

test('an aborted signal stops the reading with the exit code of an interruption', async () => {
  const work = loadDataset({ set: 'mnist', dir: vendored }, { signal: AbortSignal.abort() });
  await refusal(work, ['interrupted', 'data/mnist/'], ExitCode.interrupted);
  const controller = new AbortController();
  setImmediate(() => controller.abort());
  const soon = loadDataset({ set: 'mnist', dir: vendored }, { signal: controller.signal });
  await refusal(soon, ['interrupted', 'data/mnist/'], ExitCode.interrupted);
});
