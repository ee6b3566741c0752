import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bootstrap, middle } from '../dist/numbers/bootstrap.js';
import { mean, median } from '../dist/numbers/statistics.js';
import { loadRuns } from '../dist/report/load-runs.js';
import { scalingCurves } from '../dist/report/scaling.js';
import { predictSpeedup } from '../dist/report/scaling-laws.js';
import { survey } from '../dist/report/settings.js';
import { stepIntervalsMs, stepsBetween, stepTimes } from '../dist/report/step-times.js';
import { syncGroups } from '../dist/report/sync-comparison.js';
import { spreadOf, targetTimes } from '../dist/report/target-times.js';
import { workingDirectory } from './support/cli.ts';
import { type RunWords, writeRun } from './support/logs.ts';

async function surveyOf(t: TestContext, ...runs: readonly RunWords[]) {
  const cwd = await workingDirectory(t);
  for (const [index, run] of runs.entries()) writeRun(join(cwd, `run-${index}`), run);
  return survey((await loadRuns([cwd], new AbortController().signal)).runs);
}

const curve = (seed: number, elapsedMs: number, accuracy = 0.98) => ({ seed, elapsedMs, accuracy });

test('seeds of one recipe, machine, strategy and thread count are one setting, whichever run they are of', async (t) => {
  const found = await surveyOf(
    t,
    { curves: [curve(1, 10), curve(2, 12)] },
    { curves: [curve(3, 14)], config: { 'log.every': 1 } },
    { curves: [curve(1, 20)], threads: 1 },
    { curves: [curve(1, 30)], config: { 'parallel.sync': 'sharded' } },
    { curves: [curve(1, 40)], config: { 'train.batch': 20 } },
    { curves: [curve(1, 50)], hardware: { physicalCores: 4 } },
  );
  assert.deepEqual(
    found.settings.map(({ label, tracks }) => [label, tracks.length]),
    [
      ['example (train.batch 10), owner, 2 threads, machine A', 3],
      ['example (train.batch 10), owner, 1 thread, machine A', 1],
      ['example (train.batch 10), sharded, 2 threads, machine A', 1],
      ['example (train.batch 20), owner, 2 threads, machine A', 1],
      ['example (train.batch 10), owner, 2 threads, machine B', 1],
    ],
  );
});

test('free memory and measured speed make no other machine', async (t) => {
  const measured = { wasmLevel: 'relaxed-256', gflops: 90, bandwidthGBs: 10 };
  const found = await surveyOf(
    t,
    { curves: [curve(1, 10)] },
    { curves: [curve(2, 10)], hardware: { memoryFreeBytes: 1, measured } },
  );
  assert.deepEqual(
    found.machines.map(({ letter, runs }) => [letter, runs.length]),
    [['A', 2]],
  );
});

test('recipes that differ in one of many keys have labels of their own and are not pooled', async (t) => {
  const keys = {
    'train.tailAverage': 0.5,
    'optimizer.weightDecay': 0.1,
    'loss.labelSmoothing': 0.1,
    'optimizer.momentum': 0.5,
    'parallel.sync': 'sharded',
  };
  const changed = Object.entries(keys).map(([key, value]) => ({
    curves: [curve(1, 10)],
    config: { [key]: value },
  }));
  const found = await surveyOf(t, { curves: [curve(1, 10)] }, ...changed);
  assert.equal(found.settings.length, 6);
  assert.equal(new Set(found.settings.map(({ label }) => label)).size, 6);
  const [{ rows }] = syncGroups(found);
  assert.deepEqual(
    rows.map(({ sync, accuracies }) => [sync, accuracies.length]),
    [
      ['owner', 1],
      ['sharded', 1],
    ],
  );
});

test('time to accuracy: a miss counts in the share alone, a run that was cut short in nothing', async (t) => {
  const { settings } = await surveyOf(
    t,
    { curves: [curve(1, 10), curve(2, 20), curve(3, 90, 0.96)] },
    { curves: [curve(4, 30, 0.9)], status: 'interrupted' },
  );
  const [{ tracks }] = settings;
  assert.equal(tracks.length, 4);
  const { n, timesMs, images } = targetTimes(tracks);
  assert.deepEqual([n, timesMs, images], [3, [10, 20], [1000, 1000]]);
  assert.deepEqual(spreadOf(timesMs), { n: 2, mean: 15, sd: Math.sqrt(50), median: 15, min: 10, max: 20 });
});

test('images are counted over epochs, with the last batch of each as it is', async (t) => {
  const found = await surveyOf(t, { curves: [curve(1, 10)], config: { 'train.batch': 300 } });
  // 1,000 images are 4 steps of 300: step 10 is two epochs and two steps.
  assert.equal(found.settings[0].tracks[0].steps[0].images, 2600);
});

test('steps: means between two events, without those that hold an evaluation', async (t) => {
  const cwd = await workingDirectory(t);
  const file = writeRun(cwd, { curves: [curve(1, 101)] });
  const lines = readFileSync(file, 'utf8').split('\n');
  // An evaluation after step 50, which takes the time of ten steps.
  const at = lines.findIndex((line) => line.includes('"step":50,'));
  const evaluation = JSON.parse(lines.find((line) => line.includes('"eval"')) ?? '');
  const early = { ...evaluation, time: JSON.parse(lines[at]).time, step: 50, elapsedMs: 60 };
  writeFileSync(file, lines.toSpliced(at + 1, 0, JSON.stringify(early)).join('\n'));
  const { runs, damages } = await loadRuns([cwd], new AbortController().signal);
  assert.deepEqual(damages, []);
  const intervals = stepIntervalsMs(runs[0].tracks[0]);
  assert.equal(intervals.length, 8);
  for (const ms of intervals) assert.ok(Math.abs(ms - 1) < 1e-9);
  assert.equal(stepsBetween(runs[0].tracks), 10);
});

test('outliers lie beyond three interquartile ranges', () => {
  const times = stepTimes([...Array.from({ length: 99 }, (_, i) => 1 + (i % 3)), 9.1, 50, 9]);
  assert.deepEqual(times?.outliers, [50, 9.1]);
  assert.deepEqual([times?.fence, times?.median, times?.max], [9, 2, 50]);
});

test('a sweep becomes speed-ups with intervals, and both laws are fitted to it', async (t) => {
  const law = { sigma: 0.05, kappa: 0.002 };
  const noise = [0.99, 0.995, 1, 1.005, 1.01];
  const sweep = Object.fromEntries(
    [1, 2, 4, 6, 8, 12].map((n) => [n, noise.map((x) => (100 * x) / predictSpeedup(law, n))]),
  );
  const [{ rows, laws, noFit }] = scalingCurves(await surveyOf(t, { sweep, status: 'done' }));
  assert.equal(noFit, null);
  for (const row of rows.slice(1)) {
    const expected = predictSpeedup(law, row.threads);
    assert.ok(Math.abs(row.speedup - expected) < 1e-9 * expected);
    assert.ok(row.interval.low < expected && expected < row.interval.high);
    assert.equal(row.efficiency, row.speedup / row.threads);
  }
  const [amdahl, usl] = laws;
  assert.ok(Math.abs(usl.fitted.sigma - law.sigma) < 0.05 * law.sigma);
  assert.ok(Math.abs(usl.fitted.kappa - law.kappa) < 0.05 * law.kappa);
  assert.ok(usl.kappa.low <= law.kappa && law.kappa <= usl.kappa.high);
  assert.equal(amdahl.fitted.kappa, 0);
  assert.deepEqual(
    usl.predictions.map(({ threads }) => threads),
    [4, 8, 16, 32, 64],
  );
  for (const { threads, speedup, interval } of usl.predictions) {
    assert.equal(speedup, predictSpeedup(usl.fitted, threads));
    assert.ok(interval.low <= speedup && speedup <= interval.high);
  }
});

test('thread counts above the cores are shown and not fitted', async (t) => {
  const sweep = { 1: [100], 2: [60], 32: [90], 64: [95] };
  const [{ rows, laws, noFit }] = scalingCurves(await surveyOf(t, { sweep, status: 'done' }));
  assert.deepEqual(
    rows.map(({ oversubscribed }) => oversubscribed),
    [false, false, true, true],
  );
  assert.deepEqual(laws, []);
  assert.match(noFit ?? '', /at least 3 thread counts.*1 and 2/);
});

test('two sweeps of the same thing are put together', async (t) => {
  const one = { sweep: { 1: [100, 102], 2: [60, 61] }, status: 'done' } as const;
  const curves = scalingCurves(await surveyOf(t, one, { ...one, sweep: { 1: [104], 2: [62], 4: [40] } }));
  assert.deepEqual(
    curves.map(({ rows }) => rows.map(({ threads, samplesMs }) => [threads, samplesMs])),
    [
      [
        [1, [100, 102, 104]],
        [2, [60, 61, 62]],
        [4, [40]],
      ],
    ],
  );
});

test('training runs that differ in threads alone give a speed-up too, by time per image', async (t) => {
  const found = await surveyOf(
    t,
    { threads: 1, curves: [curve(1, 100)] },
    { threads: 4, curves: [curve(1, 40), curve(2, 50)] },
  );
  const [{ source, rows }] = scalingCurves(found);
  assert.equal(source, 'training runs');
  assert.deepEqual(
    rows.map(({ threads, samplesMs }) => [threads, samplesMs.map(Math.round)]),
    [
      [1, [100]],
      [4, [40, 50]],
    ],
  );
  assert.ok(Math.abs(rows[1].speedup - 100 / 45) < 1e-9);
});

test('strategies are compared where nothing else differs', async (t) => {
  const of = (sync: string, threads: number, elapsedMs: number): RunWords => ({
    ...{ threads, curves: [curve(1, elapsedMs), curve(2, elapsedMs)] },
    config: { 'parallel.sync': sync },
  });
  const groups = syncGroups(await surveyOf(t, of('owner', 2, 50), of('average', 2, 100), of('owner', 1, 80)));
  assert.equal(groups.length, 1);
  assert.deepEqual(
    groups[0].rows.map(({ sync, threads, ofFastest }) => [sync, threads, ofFastest]),
    [
      ['owner', 2, 1],
      ['average', 2, 0.5],
    ],
  );
});

test('a raw log without the files beside it reads the same, but for phases and hashes', async (t) => {
  const cwd = await workingDirectory(t);
  writeRun(cwd, { curves: [curve(1, 10)] });
  const load = async () => (await loadRuns([join(cwd, 'log.ndjson')], new AbortController().signal)).runs[0];
  const whole = await load();
  for (const file of ['meta.json', 'result.json']) rmSync(join(cwd, file));
  const raw = await load();
  assert.ok(whole.phases !== null && whole.dataSha256 !== null);
  assert.deepEqual([raw.phases, raw.dataSha256], [null, null]);
  assert.deepEqual(raw.hardware, whole.hardware);
  assert.deepEqual(raw.tracks[0].evaluations, whole.tracks[0].evaluations);
});

test('files beside a log that are no JSON, or not as expected, add nothing and stop nothing', async (t) => {
  const cwd = await workingDirectory(t);
  writeRun(cwd, { curves: [curve(1, 10)], hardware: null });
  writeFileSync(join(cwd, 'meta.json'), '{ "hardware": 3, "dataSha256": [');
  writeFileSync(join(cwd, 'result.json'), '{ "phases": { "train": "long" } }');
  const [run] = (await loadRuns([cwd], new AbortController().signal)).runs;
  assert.deepEqual([run.hardware, run.phases, run.dataSha256], [null, null, null]);
});

test('a bootstrap interval of a mean is as wide as theory says, and the same every time', () => {
  const samples = Array.from({ length: 50 }, (_, i) => Math.sin(i * 12.9898) * 10);
  const draw = () => middle(bootstrap([samples], ([drawn]) => mean(drawn), 4000));
  const { low, high } = draw();
  const spread = Math.sqrt(mean(samples.map((x) => (x - mean(samples)) ** 2)) / samples.length);
  assert.ok(Math.abs((high - low) / (2 * 1.96 * spread) - 1) < 0.06, `${low}–${high}`);
  assert.deepEqual(draw(), { low, high });
  assert.deepEqual(
    bootstrap([[7]], ([drawn]) => median(drawn), 3),
    [7, 7, 7],
  );
});

test('an interruption ends the reading of logs', async (t) => {
  const cwd = await workingDirectory(t);
  writeRun(join(cwd, 'run'), { curves: [curve(1, 900)] });
  const controller = new AbortController();
  const reading = loadRuns([cwd], controller.signal);
  controller.abort();
  await assert.rejects(reading, { name: 'AbortError' });
});
