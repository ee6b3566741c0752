/** A run that was stopped, in whatever way, goes on to the weights and the records of one that was not. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { cutScalars } from '../dist/run/cut-records.js';
import { eventFileName } from '../dist/run/run-folder.js';
import {
  cli,
  coordinator,
  expectCode,
  type LogLine,
  readJson,
  readLog,
  workingDirectory,
} from './support/cli.ts';
import { writeMnist } from './support/mnist-files.ts';

const parent = mkdtempSync(join(tmpdir(), 'shardstep-resume-'));
const ofData = ['data.set=idx', `data.dir=${join(parent, 'data')}`];
before(() => writeMnist(join(parent, 'data'), 10_240, 500));
after(() => rmSync(parent, { recursive: true, force: true }));

/** Half a second of work, on a machine that has nothing else to do: 40 steps an epoch. */
const some = [
  ...['train', '--config', 'fastmlp', '--quiet', 'stop.target=null', ...ofData, 'train.batch=256'],
  ...['model.hidden=[64,32]', 'train.epochs=12', 'log.every=1', 'stop.every=33'],
];
const often = 'checkpoint.every=15steps';

/** Starts a run and kills it as soon as its newest checkpoint is of so many steps, and it has written one itself. */
async function killedAfter(
  t: TestContext,
  cwd: string,
  words: readonly string[],
  steps: number,
): Promise<void> {
  const folder = join(cwd, words[words.findIndex((word) => word === '--out' || word === '--resume') + 1]);
  const newest = () =>
    (existsSync(folder) ? readdirSync(folder) : []).map(stepOf).reduce((a, b) => Math.max(a, b), 0);
  const before = newest();
  const child = spawn(process.execPath, [coordinator, ...words], { cwd, stdio: 'ignore' });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  while (newest() < Math.max(steps, before + 1) && child.exitCode === null) await sleep(5);
  child.kill('SIGKILL');
  assert.equal(await ended, 'SIGKILL', 'the run ended before it was killed');
}

const stepOf = (name: string) => Number(/^checkpoint-(\d+)/.exec(name)?.[1] ?? 0);

const hash = (...path: string[]) =>
  createHash('sha256')
    .update(readFileSync(join(...path)))
    .digest('hex');

/** Rows without times; losses to `digits`, because their sums may be of other threads. */
function rowsOf(folder: string, digits: number): string[] {
  const [heading, ...rows] = readFileSync(join(folder, 'metrics.csv'), 'utf8').trimEnd().split('\n');
  const loss = (text: string) => Number(text).toPrecision(digits);
  return [heading, ...rows.map((row) => row.split(','))].map((row) =>
    typeof row === 'string' ? row : [row[0], row[1], loss(row[2]), row[3], row[4]].join(),
  );
}

async function eventsOf(folder: string, digits: number): Promise<string[]> {
  const ours = ({ event }: LogLine) => !['run_start', 'config', 'plan', 'resume', 'hardware'].includes(event);
  return (await readLog(folder))
    .filter(ours)
    .map(({ time, elapsedMs, imagesPerSecond, loss, ...line }) =>
      JSON.stringify({ ...line, loss: typeof loss === 'number' ? loss.toPrecision(digits) : null }),
    );
}

async function sameRun(cwd: string, got: string, expected: string, digits = 17): Promise<void> {
  assert.equal(hash(cwd, got, 'final.safetensors'), hash(cwd, expected, 'final.safetensors'), 'weights');
  assert.deepEqual(rowsOf(join(cwd, got), digits), rowsOf(join(cwd, expected), digits));
  assert.deepEqual(await eventsOf(join(cwd, got), digits), await eventsOf(join(cwd, expected), digits));
}

for (const [what, words, resumedBy, digits] of [
  [
    'owner, on another number of threads',
    ['optimizer={name: adam}', 'parallel.sync=owner'],
    ['--threads', '1'],
    6,
  ],
  ['units, best weights', ['model.hidden=[150]', 'parallel.sync=units', 'stop.restoreBest=true'], [], 17],
  [
    'local-sgd, event file',
    ['parallel.sync=local-sgd', 'parallel.localSteps=7', 'log.tensorboard=true'],
    [],
    17,
  ],
] as const)
  test(`SIGKILL twice, ${what}: the weights and the rows are those of an undisturbed run`, async (t) => {
    const cwd = await workingDirectory(t);
    const all = [...some, '--threads', '2', ...words, often];
    await expectCode(0, [...all, '--out', 'whole', 'checkpoint.every=off'], { cwd });
    await killedAfter(t, cwd, [...all, '--out', 'run'], 30);
    // A row that was being written, and a record.
    appendFileSync(join(cwd, 'run', 'metrics.csv'), '9999,3');
    appendFileSync(join(cwd, 'run', 'log.ndjson'), '{"level":"info","time":"2026-');
    if (existsSync(join(cwd, 'run', eventFileName))) appendFileSync(join(cwd, 'run', eventFileName), 'torn');
    const resume = ['train', '--quiet', '--resume', 'run'];
    await killedAfter(t, cwd, [...resume, ...resumedBy], 120);
    const { stderr } = await expectCode(0, resume, { cwd });
    assert.equal(stderr, '');
    await sameRun(cwd, 'run', 'whole', digits);
    const meta = await readJson<{ resumed: { step: number }[]; command: string }>(cwd, 'run', 'meta.json');
    assert.equal(meta.resumed.length, 2);
    assert.match(meta.command, /--config fastmlp/);
    const checked = await cli(['check-log', 'run'], { cwd });
    assert.equal(checked.code, 0, checked.stdout + checked.stderr);
    if (!existsSync(join(cwd, 'run', eventFileName))) return;
    const before = readFileSync(join(cwd, 'run', eventFileName));
    assert.equal(before.length, readFileSync(join(cwd, 'whole', eventFileName)).length);
    cutScalars(join(cwd, 'run', eventFileName), 1e6);
    assert.deepEqual(readFileSync(join(cwd, 'run', eventFileName)), before, 'whole records');
  });

test('SIGTERM: exit code 143, a checkpoint after the last step, and the rest is the same', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [...some.filter((word) => word !== '--quiet'), 'checkpoint.every=1000epochs'];
  const run = [...words, '--out', 'run'];
  const stopped = await cli(run, { cwd, interruptAfter: 'epoch 2/', interruptBy: 'SIGTERM' });
  assert.equal(stopped.code, 143, stopped.stderr);
  assert.match(
    stopped.stderr,
    /\ninterrupted; the results so far are in run; train --resume run goes on after step \d+\n$/,
  );
  const stop = (await readLog(join(cwd, 'run'))).at(-1);
  assert.deepEqual([stop?.event, stop?.status, stop?.exitCode], ['run_stop', 'interrupted', 143]);
  const { steps } = await readJson<{ steps: number }>(cwd, 'run', 'result.json');
  assert.ok(readdirSync(join(cwd, 'run')).some((name) => stepOf(name) === steps));
  await expectCode(0, ['train', '--resume', 'run', '--quiet'], { cwd });
  await expectCode(0, [...some, '--out', 'whole'], { cwd });
  await sameRun(cwd, 'run', 'whole');
});

test('SIGHUP of a closed terminal: exit code 129, and a checkpoint', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [...some.filter((word) => word !== '--quiet'), '--out', 'run', 'checkpoint.every=1000epochs'];
  const child = spawn(process.execPath, [coordinator, ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stderr.once('data', () => {
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill('SIGHUP');
  });
  assert.equal(await ended, 129);
  assert.ok(existsSync(join(cwd, 'run', 'checkpoint-last.safetensors')));
  assert.equal((await readJson<{ status: string }>(cwd, 'run', 'result.json')).status, 'interrupted');
});

test('direction features: made again in the run that goes on', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [
    'train',
    '--config',
    'mnist-98',
    '--quiet',
    ...ofData,
    'stop.target=null',
    'train.epochs=60',
    'log.every=0',
  ];
  await expectCode(0, [...words, '--out', 'whole'], { cwd });
  await killedAfter(t, cwd, [...words, '--out', 'run', 'checkpoint.every=130steps'], 1000);
  await expectCode(0, ['train', '--resume', 'run', '--quiet'], { cwd });
  await sameRun(cwd, 'run', 'whole');
});

test('a reader that ends early, on stdout and stderr, costs no run', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [
    ...some.filter((word) => word !== '--quiet'),
    '--out',
    'run',
    'train.epochs=4',
    'stop.every=2',
  ];
  const child = spawn(process.execPath, [coordinator, ...words], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  child.stderr.once('data', () => child.stderr.destroy());
  const code = await new Promise((resolve) => child.once('exit', resolve));
  assert.equal(code, 0);
  const { status } = await readJson<{ status: string }>(cwd, 'run', 'result.json');
  assert.equal(status, 'done');
  assert.ok(existsSync(join(cwd, 'run', 'final.safetensors')));
});
