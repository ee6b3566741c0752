/**
 * Each file operation of a command fails in turn, as in SQLite's tests: the process ends with a documented exit code and
 * one line, and every file is whole or absent. `npm run test:faults` fails every operation, `npm test` a sample.
 */
import assert from 'node:assert/strict';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readSafetensors } from '../dist/model/safetensors.js';
import { expectCode, readJson, workingDirectory } from './support/cli.ts';
import { assertSpoken, type FaultKind, failEach, faults, withFault } from './support/fault-runs.ts';

const settings = ['data.set=csv', 'data.dir=data', 'model.hidden=[4]', 'train.epochs=20', 'train.batch=8'];
const training = [
  'train',
  ...settings,
  'stop.target=null',
  'log.tensorboard=true',
  '--threads',
  '1',
  '--quiet',
];

/** 60 samples of two values, which a small network separates. */
async function writeData(folder: string): Promise<void> {
  await mkdir(join(folder, 'data'));
  const row = (_: unknown, at: number) =>
    `${at % 2},${(at % 2) * 120 + ((at * 37) % 100)},${(at * 53) % 256}`;
  const rows = Array.from({ length: 60 }, row);
  await writeFile(join(folder, 'data', 'train.csv'), ['label,a,b', ...rows, ''].join('\n'));
  await writeFile(join(folder, 'data', 'test.csv'), ['label,a,b', ...rows.slice(0, 20), ''].join('\n'));
}

async function template(t: TestContext): Promise<string> {
  const folder = await workingDirectory(t);
  await writeData(folder);
  return folder;
}

test('a training whose file operations fail in turn', async (t) => {
  const start = await template(t);
  const words = [...training, '--seeds', '2', '--out', 'run'];
  await failEach(t, { words }, Object.values(faults), { start, sample: 2 });
});

test('export and import whose file operations fail in turn', async (t) => {
  const start = await template(t);
  await expectCode(0, [...training, '--out', 'run'], { cwd: start });
  await expectCode(0, ['export', 'run', '--to', 'first.onnx'], { cwd: start });
  for (const words of [
    ['export', 'run', '--to', 'second.onnx'],
    ['import', 'first.onnx', '--to', 'second.safetensors'],
  ])
    await failEach(t, { words }, Object.values(faults), { start, sample: 1 });
});

/** Fails the first operation whose name begins so. */
const failing = (cwd: string, at: string, { code, lasts }: FaultKind) =>
  withFault({ words: [...training, '--overwrite', '--out', 'run'] }, cwd, { at, code, lasts });

test('a log, metrics or scalars that cannot be written cost the model nothing, and the exit code is 1', async (t) => {
  const cwd = await template(t);
  for (const [file, at] of [
    ['log.ndjson', 'closeSync run/log.ndjson'],
    ['metrics.csv', 'openSync run/metrics.csv'],
    ['events.out', 'writeFileSync run/events'],
  ] as const) {
    const { code, stderr, stdout } = await failing(cwd, at, faults.EIO);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`^error: cannot write .*${file}`));
    assert.match(stdout, /^folder {5}run$/m);
    readSafetensors(await readFile(join(cwd, 'run', 'final.safetensors')), file);
    assert.equal((await readJson<{ status: string }>(cwd, 'run', 'result.json')).status, 'done');
    await rm(join(cwd, 'run'), { recursive: true });
  }
});

test('a log that cannot be written before a checkpoint: no checkpoint, one error, and the model of the whole run', async (t) => {
  const cwd = await template(t);
  const words = [...training, 'checkpoint.every=10steps', '--out', 'run'];
  await expectCode(0, words, { cwd });
  const expected = await readFile(join(cwd, 'run', 'final.safetensors'));
  await rm(join(cwd, 'run'), { recursive: true });
  const among = ['rename run/.config.yaml', 'writeFileSync run/log.ndjson'] as const;
  const result = await withFault({ words }, cwd, { at: 1, code: 'EIO', lasts: false, among });
  assert.equal(result.code, 1, result.stderr);
  assertSpoken(result, 'writeFileSync run/log.ndjson', 'the log');
  assert.match(result.stderr, /^warning: no checkpoint after step 10: cannot write the log .*EIO/m);
  assert.deepEqual(await readFile(join(cwd, 'run', 'final.safetensors')), expected);
});

test('a disk that is full at the end: the line names the model first and counts the other files', async (t) => {
  const cwd = await template(t);
  const { code, stderr, stdout } = await failing(cwd, 'open run/.final.safetensors', faults.ENOSPC);
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^error: cannot write .*final\.safetensors: no space left .* \(and \d more files\)\n$/,
  );
  assert.match(stdout, /^accuracy/m);
});

test('a run folder whose names or lock cannot be read is refused, not taken for an empty one', async (t) => {
  const cwd = await template(t);
  await expectCode(0, [...training, '--out', 'run'], { cwd });
  const before = await readFile(join(cwd, 'run', 'log.ndjson'), 'utf8');
  for (const at of ['readdirSync run', 'statSync run/run.lock']) {
    const { code, stderr } = await failing(cwd, at, faults.EACCES);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^error: cannot (list|read the lock) .*: permission denied \(EACCES\)\n$/);
    assert.equal(await readFile(join(cwd, 'run', 'log.ndjson'), 'utf8'), before);
  }
});
