/** Ctrl-C and divergence: a run that ends early keeps what it measured and says so in its files. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readSafetensors } from '../dist/model/safetensors.js';
import {
  cli,
  expectCode,
  readJson,
  readLog,
  readMetrics,
  type TrainingResult,
  workingDirectory,
} from './support/cli.ts';
import { writeMnist } from './support/mnist-files.ts';

let parent = '';
/** Ten batches of the recipe. */
let some: readonly string[] = [];
/** Hours of work: that such a run ends at all shows that it was stopped. */
let endless: readonly string[] = [];
before(async () => {
  parent = await mkdtemp(join(tmpdir(), 'shardstep-interruption-'));
  await writeMnist(join(parent, 'data'), 5120, 500);
  some = ['--config', 'fastmlp', 'data.set=idx', `data.dir=${join(parent, 'data')}`];
  endless = ['train', ...some, 'train.epochs=100000', 'stop.target=null'];
});
after(() => rm(parent, { recursive: true, force: true }));

/**
 * Null if there are none: a step that is not over some time after SIGINT is given up, which a busy machine may do to any.
 * That weights are whole where it is not given up is held by failures-stop-everyone.test.ts.
 */
async function keptWeights(folder: string) {
  const file = join(folder, 'final.safetensors');
  return existsSync(file) ? readSafetensors(await readFile(file), file) : null;
}

for (const sync of ['average', 'sharded', 'owner', 'units', 'hogwild', 'local-sgd']) {
  test(`SIGINT ends a run with ${sync}: exit 130, and what was measured is kept`, async (t) => {
    const cwd = await workingDirectory(t);
    const words = [...endless, '--out', 'run', 'log.every=1', `parallel.sync=${sync}`];
    if (sync === 'units') words.push('model.hidden=[256]');
    const { code, stderr, stdout } = await cli(words, { cwd, interruptAfter: 'epoch 3/' });
    assert.equal(code, 130, stderr);
    assert.equal(stdout, '');
    // Without the way to go on if the step was given up.
    assert.match(stderr, /\ninterrupted[^\n]* run(; train --resume run goes on after step \d+)?\n$/);
    assert.doesNotMatch(stderr, /error|bug/);

    const folder = join(cwd, 'run');
    const result = await readJson<TrainingResult>(folder, 'result.json');
    assert.equal(result.status, 'interrupted');
    assert.ok(result.epochs >= 3, `${result.epochs} epochs`);
    assert.ok(result.steps >= 30, `${result.steps} steps`);
    assert.ok(result.images >= 30 * 512 && result.images <= result.steps * 512);
    assert.ok(result.accuracy !== null && result.accuracy > 0.5, `accuracy ${result.accuracy}`);
    assert.ok(result.residentMs > 0);

    const metrics = await readMetrics(folder);
    assert.deepEqual(
      metrics.map(({ step }) => step),
      Array.from({ length: result.steps }, (_, i) => i + 1),
    );
    const evaluated = metrics.filter(({ accuracy }) => accuracy !== null);
    assert.ok(evaluated.length >= 3);
    assert.equal(evaluated.at(-1)?.accuracy, result.accuracy);
    const log = await readLog(folder);
    assert.equal(log[0].event, 'run_start');
    const stop = log.at(-1);
    assert.deepEqual([stop?.event, stop?.status, stop?.exitCode], ['run_stop', 'interrupted', 130]);
    assert.equal(result.reason, 'interrupted');
    assert.equal(stop?.reason, 'interrupted');
    await readFile(join(folder, 'config.yaml'));
    await readFile(join(folder, 'meta.json'));
    const weights = await keptWeights(folder);
    if (weights === null) return t.diagnostic('the step was given up, and its weights with it');
    assert.deepEqual(weights.get('0.weight')?.shape, [256, 784]);
    for (const { data } of weights.values()) assert.ok(data.every(Number.isFinite));
  });
}

test('SIGINT before the first evaluation leaves a run folder too', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['train', '--config', 'fastmlp', 'stop.target=null', 'train.epochs=100000', '--out', 'run'];
  const running = cli([...words, 'train.batch=60000', 'model.hidden=[2048,2048]'], {
    cwd,
    interruptAfter: '0/60,000',
  });
  const { code, stderr } = await running;
  assert.equal(code, 130, stderr);
  const result = await readJson<TrainingResult>(cwd, 'run', 'result.json');
  assert.deepEqual([result.status, result.accuracy], ['interrupted', null]);
  assert.deepEqual(await readMetrics(join(cwd, 'run')), []);
});

test('SIGINT during many seeds keeps the runs that ended', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['train', ...some, 'data.take=512', 'train.epochs=4', 'stop.target=null'];
  const { code, stderr } = await cli([...words, '--seeds', '100000', '--out', 'run', '--json'], {
    cwd,
    interruptAfter: 'epoch 4/4',
  });
  assert.equal(code, 130, stderr);
  const result = await readJson<TrainingResult>(cwd, 'run', 'result.json');
  assert.equal(result.status, 'interrupted');
  assert.ok((result.runs?.length ?? 0) >= 1);
  assert.equal(result.epochs, 4);
});

test('weights kept after SIGINT are those of a run that stops after the same step', async (t) => {
  const cwd = await workingDirectory(t);
  const interrupted = [...endless, '--out', 'run', 'train.batch=64'];
  assert.equal((await cli(interrupted, { cwd, interruptAfter: 'epoch 2/' })).code, 130);
  const { steps } = await readJson<TrainingResult>(cwd, 'run', 'result.json');
  await expectCode(0, [...endless, '--quiet', '--out', 'again', 'train.batch=64', `train.steps=${steps}`], {
    cwd,
  });
  const kept = await keptWeights(join(cwd, 'run'));
  if (kept === null) return t.diagnostic('the step was given up, and its weights with it');
  assert.deepEqual(kept, await keptWeights(join(cwd, 'again')));
});

test('a last update that diverges is not called done: the evaluation shows it', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [
    'train',
    '--config',
    'pixels-97',
    '--quiet',
    'train.steps=1',
    'optimizer.lr=1e38',
    'schedule.name=constant',
  ];
  const { stderr } = await expectCode(1, [...words, 'stop.target=null'], { cwd });
  assert.match(stderr, /^error: [^\n]*not finite[^\n]* step 1\b[^\n]*\n$/);
});

test('SIGINT ends a sweep: exit 130, and the rows so far are kept', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['--threads', '1..2', '--repeats', '100', ...some.slice(2), 'data.take=1024', '--out', 'run'];
  const { code, stderr } = await cli(words, { cwd, interruptAfter: '2 threads, repeat 3/' });
  assert.equal(code, 130, stderr);
  assert.match(stderr, /\ninterrupted[^\n]* run\n$/);
  type Row = { threads: number; samplesMs: number[] };
  const result = await readJson<{ status: string; rows: Row[]; unfinished: Row }>(cwd, 'run', 'result.json');
  assert.equal(result.status, 'interrupted');
  assert.equal(result.unfinished.threads, 2);
  assert.ok(result.unfinished.samplesMs.length >= 3);
  assert.deepEqual(
    result.rows.map(({ threads, samplesMs }) => [threads, samplesMs.length]),
    [[1, 100]],
  );
  const log = await readLog(join(cwd, 'run'));
  assert.deepEqual(
    log.filter(({ event }) => event === 'sweep_row').map(({ threads }) => threads),
    [1],
  );
  assert.deepEqual([log.at(-1)?.event, log.at(-1)?.status], ['run_stop', 'interrupted']);
  assert.equal((await readFile(join(cwd, 'run', 'sweep.csv'), 'utf8')).trimEnd().split('\n').length, 2);
});

test('a run that diverges exits 1 with one line that names the step, and leaves status failed', async (t) => {
  const cwd = await workingDirectory(t);
  const { stderr, stdout } = await expectCode(
    1,
    ['train', '--config', 'pixels-97', '--quiet', 'optimizer.lr=1e6', 'log.every=1', '--out', 'run'],
    {
      cwd,
    },
  );
  assert.match(stderr, /^error: [^\n]*not finite[^\n]* step \d+[^\n]*optimizer\.lr[^\n]*\n$/);
  assert.equal(stdout, '');
  const folder = join(cwd, 'run');
  const result = await readJson<TrainingResult>(folder, 'result.json');
  assert.equal(result.status, 'failed');
  const step = Number(/not finite.* step (\d+)/.exec(result.reason)?.[1]);
  // How it went wrong is to be seen in the steps before.
  const metrics = await readMetrics(folder);
  assert.ok(metrics.length >= 1 && metrics.length < step, `${metrics.length} rows before step ${step}`);
  assert.ok(metrics.every(({ loss }) => Number.isFinite(loss)));
  const stop = (await readLog(folder)).at(-1);
  assert.deepEqual([stop?.event, stop?.status, stop?.exitCode], ['run_stop', 'failed', 1]);
});

test('with --json, a run that diverges still puts one JSON object on stdout', async (t) => {
  const cwd = await workingDirectory(t);
  const { stderr, stdout } = await expectCode(
    1,
    ['train', '--config', 'pixels-97', '--json', '--quiet', 'optimizer.lr=1e6'],
    { cwd },
  );
  assert.match(stderr, /^error: [^\n]+\n$/);
  assert.equal((JSON.parse(stdout) as TrainingResult).status, 'failed');
});

test('a sweep that diverges exits 1 with one line, and leaves status failed', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['--threads', '1', '--quiet', 'optimizer.lr=1e6', 'data.take=5120', '--out', 'run'];
  const { stderr } = await expectCode(1, words, { cwd });
  assert.match(stderr, /^error: [^\n]*not finite[^\n]* step \d+[^\n]*\n$/);
  assert.equal((await readJson<TrainingResult>(cwd, 'run', 'result.json')).status, 'failed');
});

test('SIGINT during lr-find leaves the curve of the rates that were tried', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['lr-find', ...some, '--steps', '100000', '--out', 'run'];
  const child = cli(words, { cwd, interruptAfter: 'tried' });
  const { code, stderr } = await child;
  assert.equal(code, 130, stderr);
  const curve = await readFile(join(cwd, 'run', 'lr-find.csv'), 'utf8');
  assert.ok(curve.trim().split('\n').length > 3, curve);
});

test('SIGHUP, a terminal that is closed, keeps what was measured as SIGINT does', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [...endless, '--out', 'run'];
  const { code, stderr } = await cli(words, { cwd, interruptAfter: 'epoch 3/', interruptBy: 'SIGHUP' });
  assert.equal(code, 129, stderr);
  assert.equal((await readJson<TrainingResult>(join(cwd, 'run'), 'result.json')).status, 'interrupted');
  await readFile(join(cwd, 'run', 'final.safetensors'));
});
