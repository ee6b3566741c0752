/**
 * Each file operation of a command fails in turn, as in SQLite's tests: the process ends with a documented exit code and
 * one line, and every file is whole or absent. `npm run test:faults` fails every operation, `npm test` a sample.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readSafetensors } from '../dist/model/safetensors.js';
import { eventFileName } from '../dist/run/run-folder.js';
import { expectCode, readJson, readLog, readMetrics, workingDirectory } from './support/cli.ts';
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
  // Several seeds have no checkpoints.
  for (const more of [
    ['--seeds', '2'],
    ['checkpoint.every=50steps', 'checkpoint.keep=1'],
  ])
    await failEach(t, { words: [...training, ...more, '--out', 'run'] }, Object.values(faults), {
      ...{ start, sample: 1 },
    });
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

/** Fails the first operation whose name begins so; `always`: all of them. */
const failing = (cwd: string, at: string, { code, lasts }: FaultKind, always = false) =>
  withFault(
    { words: [...training, '--overwrite', '--out', 'run'] },
    cwd,
    always ? { at: 1, code, lasts: true, among: [beginning, at] } : { at, code, lasts },
  );

const beginning = 'rename run/.config.yaml';

test('a log, metrics or scalars that cannot be written cost the model nothing, and the exit code is 1', async (t) => {
  const cwd = await template(t);
  for (const [file, at] of [
    ['log.ndjson', 'closeSync run/log.ndjson'],
    ['metrics.csv', 'openSync run/metrics.csv'],
    ['events.out', 'writeSync run/events'],
  ] as const) {
    const { code, stderr, stdout } = await failing(cwd, at, faults.EIO, true);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`^error: cannot write .*${file}`, 'm'));
    assert.match(stdout, /^folder {5}run$/m);
    readSafetensors(await readFile(join(cwd, 'run', 'final.safetensors')), file);
    assert.equal((await readJson<{ status: string }>(cwd, 'run', 'result.json')).status, 'done');
    await rm(join(cwd, 'run'), { recursive: true });
  }
});

const often = [...training, 'checkpoint.every=10steps', 'log.every=1', '--out', 'run'];
const names = async (cwd: string) =>
  (await readdir(join(cwd, 'run'))).filter((name) => name.startsWith('checkpoint-0')).sort();
/** Rows without times. */
const rowsIn = async (cwd: string) =>
  (await readMetrics(join(cwd, 'run'))).map(({ elapsedMs, ...row }) => row);

test('records that cannot be written once are written later, without a gap; checkpoints go on', async (t) => {
  const cwd = await template(t);
  await expectCode(0, often, { cwd });
  const [weights, rows, checkpoints] = [
    await readFile(join(cwd, 'run', 'final.safetensors')),
    await rowsIn(cwd),
    await names(cwd),
  ];
  const length = (await readFile(join(cwd, 'run', eventFileName))).length;
  await rm(join(cwd, 'run'), { recursive: true });
  for (const file of ['log.ndjson', 'metrics.csv', eventFileName]) {
    const among = [beginning, `writeSync run/${file}`] as const;
    const { code, stderr } = await withFault({ words: often }, cwd, {
      at: 1,
      code: 'EIO',
      lasts: false,
      among,
    });
    assert.equal(code, 0, stderr);
    const warnings = stderr.trimEnd().split('\n');
    const [first, ...others] = warnings.toSorted();
    assert.ok(first.startsWith('warning: cannot write ') && first.includes(file), first);
    // If it is the checkpoint that waits for the log, and not its next line.
    for (const line of others)
      assert.match(line, /^warning: no checkpoint after step 10: cannot write the log /);
    assert.ok(others.length <= Number(file === 'log.ndjson'), stderr);
    assert.deepEqual(await readFile(join(cwd, 'run', 'final.safetensors')), weights);
    assert.deepEqual(await rowsIn(cwd), rows);
    // Of several copies that wait for a file, the newest is written.
    assert.equal((await names(cwd)).at(-1), checkpoints.at(-1));
    assert.equal((await readFile(join(cwd, 'run', eventFileName))).length, length);
    const steps = (await readLog(join(cwd, 'run'))).filter(({ event }) => event === 'step');
    assert.deepEqual(
      steps.map(({ step }) => step),
      rows.map(({ step }) => step),
    );
    await rm(join(cwd, 'run'), { recursive: true });
  }
});

test('a log that can never be written: no checkpoint, one line about them, and the model of the whole run', async (t) => {
  const cwd = await template(t);
  await expectCode(0, often, { cwd });
  const expected = await readFile(join(cwd, 'run', 'final.safetensors'));
  await rm(join(cwd, 'run'), { recursive: true });
  const among = [beginning, 'writeSync run/log.ndjson'] as const;
  const result = await withFault({ words: often }, cwd, { at: 1, code: 'EIO', lasts: true, among });
  assert.equal(result.code, 1, result.stderr);
  assertSpoken(result, 'writeSync run/log.ndjson', 'the log');
  assert.match(result.stderr, /^warning: no checkpoint after step 10: cannot write the log .*EIO/m);
  assert.equal(result.stderr.match(/^warning: /gm)?.length, 2, result.stderr);
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
