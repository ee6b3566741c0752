/** metrics.csv: what its rows hold, when they are written, and what is said when they cannot be. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { test } from 'node:test';
import { MetricsWriter } from '../dist/run/metrics-file.js';
import { createRunFolder } from '../dist/run/run-folder.js';
import { scratch, userError } from './support/scratch.ts';

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
