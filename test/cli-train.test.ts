/** `train` on the command line: what it prints, what it leaves, and its exit codes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSafetensors } from '../dist/model/safetensors.js';
import {
  expectCode,
  readJson,
  readLog,
  readMetrics,
  type TrainingResult,
  workingDirectory,
} from './support/cli.ts';

/** A run of a few steps. */
const brief = ['train', 'data.take=640', 'train.steps=5', 'stop.target=null'];

test('the default run reaches 0.97, exits 0 and leaves a whole run folder', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout, stderr } = await expectCode(0, ['--quiet', 'log.every=1'], { cwd });
  assert.equal(stderr, '', '--quiet is not quiet');
  assert.match(stdout, /reached 97\.\d+ % \(target 97 %\)/);

  const runs = (await readdir(join(cwd, 'results'))).filter((name) => name !== 'latest');
  assert.equal(runs.length, 1);
  assert.match(runs[0], /^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_mnist-97_[0-9a-f]{6}$/);
  assert.equal(await readlink(join(cwd, 'results', 'latest')), runs[0]);
  assert.ok(stdout.includes(join('results', runs[0])));
  const folder = join(cwd, 'results', 'latest');
  assert.deepEqual((await readdir(folder)).sort(), [
    'config.yaml',
    'final.safetensors',
    'log.ndjson',
    'meta.json',
    'metrics.csv',
    'result.json',
  ]);

  const result = await readJson<TrainingResult>(folder, 'result.json');
  assert.equal(result.status, 'reached');
  assert.equal(result.reason, 'target');
  assert.ok(result.accuracy !== null && result.accuracy >= 0.97 && result.accuracy < 1);
  assert.equal(result.target, 0.97);
  assert.ok(Number.isInteger(result.threads) && result.threads >= 1);
  assert.deepEqual([result.seed, result.epochs, result.steps, result.images], [1, 1, 250, 2000]);
  assert.ok(result.residentMs > 0 && result.coldMs > result.residentMs);
  for (const phase of ['load data', 'start workers', 'train', 'evaluate'])
    assert.ok(result.phases[phase] > 0, `${phase} in ${JSON.stringify(result.phases)}`);
  assert.equal(result.runs, undefined);

  const metrics = await readMetrics(folder);
  assert.deepEqual(
    metrics.map(({ step }) => step),
    Array.from({ length: 250 }, (_, i) => i + 1),
  );
  assert.equal(metrics.at(-1)?.accuracy, result.accuracy);
  assert.ok(metrics.slice(0, -1).every(({ accuracy }) => accuracy === null));
  assert.equal(metrics[0].lr, 0.05);
  metrics.slice(1).forEach(({ elapsedMs }, i) => {
    assert.ok(elapsedMs >= metrics[i].elapsedMs, `the clock went backwards at step ${i + 2}`);
  });

  const log = await readLog(folder);
  assert.equal(log[0].event, 'run_start');
  assert.deepEqual(
    ['config', 'plan', 'hardware', 'epoch', 'eval'].filter(
      (name) => !log.some(({ event }) => event === name),
    ),
    [],
  );
  assert.equal(log.filter(({ event }) => event === 'step').length, 250);
  const stop = log.at(-1);
  assert.deepEqual(
    [stop?.event, stop?.status, stop?.reason, stop?.exitCode],
    ['run_stop', 'reached', 'target', 0],
  );

  const weights = readSafetensors(await readFile(join(folder, 'final.safetensors')), 'final.safetensors');
  assert.deepEqual(Object.fromEntries([...weights].map(([name, { shape }]) => [name, shape])), {
    '0.weight': [10, 128],
    '0.bias': [10],
    'features.mean': [128],
    'features.scale': [1],
  });
  const meta = JSON.stringify(await readJson(folder, 'meta.json'));
  for (const file of ['train-images-idx3-ubyte', 't10k-labels-idx1-ubyte']) assert.ok(meta.includes(file));
});

test('a run folder repeats: its config.yaml gives the same losses and weights', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [...brief, 'seed=11', 'log.every=1', '--out', 'first'];
  await expectCode(0, words, { cwd });
  await expectCode(0, ['train', '--config', 'first/config.yaml', '--out', 'second'], { cwd });
  const losses = async (run: string) => (await readMetrics(join(cwd, run))).map(({ loss }) => loss);
  assert.deepEqual(await losses('second'), await losses('first'));
  const weights = (run: string) => readFile(join(cwd, run, 'final.safetensors'));
  assert.deepEqual(await weights('second'), await weights('first'));
});

test('--seeds trains each seed and tells them apart', async (t) => {
  const cwd = await workingDirectory(t);
  // Also the one way to give --threads without a command and mean training.
  const words = [
    '--threads',
    '2',
    '--seeds',
    '3',
    'seed=5',
    'data.take=400',
    'stop.target=0.7',
    'log.every=1',
  ];
  await expectCode(0, [...words, '--out', 'run'], { cwd });
  const result = await readJson<TrainingResult>(cwd, 'run', 'result.json');
  const { runs = [] } = result;
  assert.deepEqual(
    runs.map(({ seed, status }) => [seed, status]),
    [5, 6, 7].map((seed) => [seed, 'reached']),
  );
  assert.equal(new Set(runs.map(({ accuracy }) => accuracy)).size, 3, 'three seeds, one accuracy');
  assert.ok(runs.every(({ residentMs }) => residentMs > 0));
  const mean = runs.reduce((sum, { accuracy }) => sum + accuracy, 0) / 3;
  assert.ok(Math.abs((result.accuracy ?? 0) - mean) < 1e-12);
  // metrics.csv holds the first run, the log all of them.
  assert.equal((await readMetrics(join(cwd, 'run'))).length, 50);
  const steps = (await readLog(join(cwd, 'run'))).filter(({ event }) => event === 'step');
  assert.equal(steps.length, 150);
  assert.deepEqual([...new Set(steps.map(({ seed }) => seed))], [5, 6, 7]);
});

test('--json prints exactly one JSON object, the one in result.json', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout } = await expectCode(0, [...brief, '--json'], { cwd });
  assert.equal(stdout.trimEnd().split('\n').length, 1);
  assert.deepEqual(JSON.parse(stdout), await readJson(cwd, 'results', 'latest', 'result.json'));
});

test('a target that is missed exits 3 and says so', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout } = await expectCode(3, [...brief, 'stop.target=0.999'], { cwd });
  assert.match(stdout, /missed/);
  const result = await readJson<TrainingResult>(cwd, 'results', 'latest', 'result.json');
  assert.deepEqual([result.status, result.target, result.steps], ['missed', 0.999, 5]);
  assert.ok(result.accuracy !== null && result.accuracy < 0.999);
});

test('results/latest moves on to the newest run, and --out elsewhere leaves it alone', async (t) => {
  const cwd = await workingDirectory(t);
  const latest = () => readlink(join(cwd, 'results', 'latest'));
  await expectCode(0, [...brief, '--out', 'results/one'], { cwd });
  assert.equal(await latest(), 'one');
  await expectCode(0, brief, { cwd });
  const second = await latest();
  assert.notEqual(second, 'one');
  await expectCode(0, [...brief, '--out', 'elsewhere'], { cwd });
  assert.equal(await latest(), second);
});

test('more threads than cores, and one core alone, train all the same', async (t) => {
  const cwd = await workingDirectory(t);
  const losses = async (words: readonly string[], through: readonly string[] = []) => {
    await expectCode(0, [...brief, 'log.every=1', ...words, '--out', 'run', '--overwrite'], { cwd, through });
    return (await readMetrics(join(cwd, 'run'))).map(({ loss }) => loss);
  };
  const alone = await losses(['--threads', '1']);
  for (const sync of ['average', 'sharded', 'owner']) {
    const crowded = await losses(['parallel.threads=8', `parallel.sync=${sync}`]);
    const result = await readJson<TrainingResult>(cwd, 'run', 'result.json');
    assert.deepEqual([result.threads, result.steps], [8, 5]);
    crowded.forEach((loss, i) => {
      assert.ok(Math.abs(loss / alone[i] - 1) < 1e-4, `${sync}, step ${i + 1}: ${loss}, not ${alone[i]}`);
    });
  }
  if (spawnSync('taskset', ['-V']).error !== undefined) {
    t.diagnostic('taskset is not installed: nothing was run on one core alone');
    return;
  }
  const physical = await losses([], ['taskset', '-c', '0']);
  assert.deepEqual(physical, alone);
  assert.equal((await readJson<TrainingResult>(cwd, 'run', 'result.json')).threads, 1);
  await losses(['parallel.threads=2'], ['taskset', '-c', '0']);
  assert.equal((await readJson<TrainingResult>(cwd, 'run', 'result.json')).oversubscribed, true);
});
