/** The command line when a worker is lost: exit code, message, log; a run that goes on; a process that is stopped for a while. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { faultOfWorker, type WorkerFault } from '../scripts/chaos/worker-faults.ts';
import { cli, coordinator, readJson, readLog, readMetrics, workingDirectory } from './support/cli.ts';
import { writeMnist } from './support/mnist-files.ts';

const parent = await mkdtemp(join(tmpdir(), 'shardstep-lost-'));
before(() => writeMnist(join(parent, 'data'), 6400, 500));
after(() => rm(parent, { recursive: true, force: true }));
const ofData = ['data.set=idx', `data.dir=${join(parent, 'data')}`];

/** Two barriers a step, ten steps an epoch. */
const training = [
  'train',
  '--quiet',
  '--threads',
  '2',
  'parallel.sync=owner',
  'model.hidden=[32]',
  'log.every=1',
];
training.push(
  ...ofData,
  'data.take=640',
  'train.batch=64',
  'train.epochs=4',
  'stop.target=null',
  'parallel.heartbeat=0.4',
);

function withFault(cwd: string, fault: WorkerFault | null, ...words: string[]) {
  const environment = fault === null ? {} : faultOfWorker(fault, 'arrived', 41, join(cwd, 'fault'));
  return cli([...training, ...words], { cwd, environment });
}

let undisturbed: Promise<string> | null = null;
/** Copies the folder of a run without faults, which is trained once, to `whole`. */
async function copyUndisturbed(cwd: string): Promise<void> {
  undisturbed ??= withFault(parent, null, '--out', 'whole').then(({ code, stderr }) => {
    assert.equal(code, 0, stderr);
    return join(parent, 'whole');
  });
  cpSync(await undisturbed, join(cwd, 'whole'), { recursive: true });
}

async function failureOf(t: TestContext, fault: WorkerFault, ...words: string[]) {
  const cwd = await workingDirectory(t);
  const { code, signal, stderr, stdout } = await withFault(cwd, fault, '--out', 'run', ...words);
  assert.deepEqual([code, signal, stdout], [1, null, '']);
  const result = await readJson<{ status: string; reason: string; steps: number }>(cwd, 'run', 'result.json');
  assert.equal(result.status, 'failed');
  const log = await readLog(join(cwd, 'run'));
  const [error, stop] = log.slice(-2);
  assert.deepEqual(
    [error.event, stop.event, stop.status, stop.exitCode],
    ['worker_error', 'run_stop', 'failed', 1],
  );
  assert.equal(error.message, result.reason);
  assert.ok(!existsSync(join(cwd, 'run', 'final.safetensors')), 'weights from the middle of a step');
  return { stderr, error };
}

test('a worker that exits: exit 1, one line with worker, step and cause, which the log has too', async (t) => {
  const { stderr, error } = await failureOf(t, 'exit');
  assert.match(
    stderr,
    /^error: worker [01] failed in step \d+ \((compute|wait)\): worker exited with code: 7\n$/,
  );
  assert.ok(typeof error.step === 'number' && error.step >= 20 && error.step <= 22, `step ${error.step}`);
});

test('a worker that throws: its own error, and that it is a bug', async (t) => {
  const { stderr } = await failureOf(t, 'throw');
  assert.match(
    stderr,
    /^error: worker [01] failed in step \d+ \(\w+\): a kernel trapped\n[^\n]*bug[^\n]*\n$/,
  );
});

for (const [fault, cause] of [
  ['memory', 'Worker terminated due to reaching memory limit: JS heap out of memory'],
  ['terminate', 'worker exited with code: 1'],
] as const)
  test(`a worker lost by ${fault}: exit 1, its place and the cause`, async (t) => {
    const { stderr } = await failureOf(t, fault, 'parallel.heartbeat=60');
    assert.match(stderr, new RegExp(`^error: worker [01] failed in step \\d+ \\(\\w+\\): ${cause}\n$`));
  });

test('a worker that hangs: exit 1, and its place', async (t) => {
  const { stderr } = await failureOf(t, 'loop');
  assert.match(
    stderr,
    /^error: worker [01] failed in step \d+ \(\w+\): it hangs, [^\n]*parallel\.heartbeat\)\n$/,
  );
});

test('onWorkerLoss=continue: exit 0 with the same weights, each step once in its files, and a warning', async (t) => {
  const cwd = await workingDirectory(t);
  await copyUndisturbed(cwd);
  const words = ['parallel.onWorkerLoss=continue', '--out', 'run'];
  const { code, stderr } = await withFault(cwd, 'exit', ...words);
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /^warning: worker [01] failed in step \d+ [^\n]*goes on from step \d+ \[worker-replaced\]\n$/,
  );
  const weights = (run: string) => readFile(join(cwd, run, 'final.safetensors'));
  assert.deepEqual(await weights('run'), await weights('whole'));
  const rows = async (run: string) =>
    (await readMetrics(join(cwd, run))).map(({ step, loss, accuracy }) => [step, loss, accuracy]);
  assert.deepEqual(await rows('run'), await rows('whole'));
  const log = await readLog(join(cwd, 'run'));
  const lost = log.filter(({ event }) => event === 'worker_error');
  assert.equal(lost.length, 1);
  assert.equal(typeof lost[0].resumedFrom, 'number');
  const { warnings } = await readJson<{ warnings: { code: string }[] }>(cwd, 'run', 'result.json');
  assert.deepEqual(
    warnings.map((one) => one.code),
    ['worker-replaced'],
  );
});

test('SIGSTOP for three times the heartbeat is no hang', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [
    'train',
    '--quiet',
    '--threads',
    '2',
    'model.hidden=[32]',
    'log.every=1',
    'stop.target=null',
  ];
  words.push(...ofData, 'train.batch=64', 'train.epochs=20', 'parallel.heartbeat=1', '--out', 'run');
  const child = spawn(process.execPath, [coordinator, ...words], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const file = join(cwd, 'run', 'metrics.csv');
  const rows = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').length : 0);
  while (rows() < 50 && child.exitCode === null) await sleep(5);
  child.kill('SIGSTOP');
  const before = rows();
  await sleep(3000);
  assert.equal(child.exitCode, null, 'it was over before');
  assert.equal(rows(), before, 'it was not stopped');
  child.kill('SIGCONT');
  assert.equal(await ended, 0, stderr);
  assert.equal(stderr, '');
});

test('fail, with checkpoints: --resume goes on to the weights and records of an undisturbed run', async (t) => {
  const cwd = await workingDirectory(t);
  await copyUndisturbed(cwd);
  const lost = await withFault(cwd, 'exit', 'checkpoint.every=10steps', '--out', 'run');
  assert.equal(lost.code, 1, lost.stderr);
  const resumed = await cli(['train', '--quiet', '--resume', 'run'], { cwd });
  assert.equal(resumed.code, 0, resumed.stderr);
  const weights = (run: string) => readFile(join(cwd, run, 'final.safetensors'));
  assert.deepEqual(await weights('run'), await weights('whole'));
  const rows = async (run: string) =>
    (await readMetrics(join(cwd, run))).map(({ step, loss, accuracy }) => [step, loss, accuracy]);
  assert.deepEqual(await rows('run'), await rows('whole'));
});
