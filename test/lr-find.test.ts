/** The learning-rate range test: rates, what a curve of known shape says, and the command. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  analyseRange,
  isHopeless,
  type LossTrend,
  risingRates,
  smooth,
  withLoss,
} from '../dist/study/range-test.js';
import { expectCode, readJson, readLog, workingDirectory } from './support/cli.ts';

test('rates rise from the first to the last by the same factor', () => {
  const rates = risingRates({ from: 1e-4, to: 10, steps: 6 });
  for (const [i, expected] of [1e-4, 1e-3, 1e-2, 0.1, 1, 10].entries())
    assert.ok(Math.abs(rates[i] / expected - 1) < 1e-12, `${rates[i]}`);
});

/** A loss that falls as a sigmoid about `fall` and rises beyond `rise`, by the logarithm of the rate. */
function curve(fall: number, rise: number, diverged: boolean) {
  const points = risingRates({ from: 1e-4, to: 10, steps: 101 }).map((learningRate, i) => {
    const [a, b] = [Math.log10(learningRate / fall), Math.log10(learningRate / rise)];
    const loss = 0.3 + 2 / (1 + Math.exp(6 * a)) + (b > 0 ? 8 * b : 0);
    return { step: i + 1, learningRate, loss, batchAccuracy: 0.5 };
  });
  return { points, diverged };
}

test('the suggestion is where the loss falls fastest, the edge where half is lost again', () => {
  const { suggested, minimum, edge } = analyseRange(curve(0.01, 1, false));
  assert.ok(suggested !== null && suggested > 0.008 && suggested < 0.0125, `${suggested}`);
  assert.ok(minimum > 0.2 && minimum < 1.3, `${minimum}`);
  // The loss has half of its two back 0.125 of a decade beyond 1.
  assert.ok(edge !== null && edge > 1.1 && edge < 1.6, `${edge}`);
});

test('a loss that comes back from a bump is not taken for a descent', () => {
  const run = curve(0.01, 100, false);
  const points = run.points.map((point) => ({
    ...point,
    loss: point.loss + (point.learningRate > 0.3 && point.learningRate < 1 ? 5 : 0),
  }));
  const { suggested } = analyseRange({ ...run, points });
  assert.ok(suggested !== null && suggested < 0.0125, `${suggested}`);
});

test('without a rise there is no edge; where the run diverged it is the last rate', () => {
  assert.equal(analyseRange(curve(0.01, 100, false)).edge, null);
  const { points } = curve(0.01, 100, true);
  assert.equal(analyseRange({ points, diverged: true }).edge, points.at(-1)?.learningRate);
});

test('a loss that never falls suggests nothing', () => {
  const points = risingRates({ from: 1, to: 10, steps: 12 }).map((learningRate, i) => ({
    step: i + 1,
    learningRate,
    loss: 2 + i,
    batchAccuracy: 0.1,
  }));
  assert.equal(analyseRange({ points, diverged: true }).suggested, null);
});

test('smoothing keeps a straight line inside and does not lag', () => {
  const line = Array.from({ length: 60 }, (_, i) => 3 - i / 20);
  const smoothed = smooth(line);
  for (let i = 5; i < 55; i++) assert.ok(Math.abs(smoothed[i] - line[i]) < 1e-12);
});

test('a loss is hopeless if its running mean is more than four times its least, not if one batch is', () => {
  const after = (...losses: number[]) => isHopeless(losses.reduce<LossTrend>(withLoss, null));
  assert.equal(after(), false);
  assert.equal(after(1, 1, 1, 30), false);
  assert.equal(after(1, 1, 1, 32), true);
  assert.equal(after(1, 1, 30, 30, ...Array(40).fill(1)), false);
});

test('lr-find leaves a run folder with the test, and finds a rate that is neither tiny nor absurd', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout } = await expectCode(0, ['lr-find', '--out', 'o', 'parallel.threads=1'], { cwd });
  assert.match(stdout, /^suggested {2}0\.0\d+, where/m);
  const result = await readJson<{ suggested: number; edge: number; steps: number }>(cwd, 'o', 'result.json');
  assert.ok(result.suggested > 5e-4 && result.suggested < 0.1, `${result.suggested}`);
  assert.ok(result.edge > result.suggested);
  const rows = readFileSync(join(cwd, 'o', 'lr-find.csv'), 'utf8')
    .trimEnd()
    .split('\n');
  assert.equal(rows[0], 'step,learning_rate,loss,smoothed,batch_accuracy');
  assert.equal(rows.length, 1 + result.steps);
  assert.equal(Number(rows[1].split(',')[1]), 1e-4);
  assert.match(readFileSync(join(cwd, 'o', 'lr-find.svg'), 'utf8'), /^<svg /);
  const log = await readLog(join(cwd, 'o'));
  assert.equal(log.filter(({ event }) => event === 'step').length, result.steps);
});

test('lr-find goes on over epochs, and ends where the loss has gone', async (t) => {
  const cwd = await workingDirectory(t);
  const words = [
    'lr-find',
    '--config',
    'pixels-97',
    '--json',
    '--quiet',
    'parallel.threads=1',
    'data.take=512',
  ];
  const { stdout } = await expectCode(0, [...words, '--steps', '60', '--to', '100'], { cwd });
  const { steps, diverged, edge } = JSON.parse(stdout) as { steps: number; diverged: boolean; edge: number };
  assert.ok(steps > 8 && steps < 60, `${steps} steps`);
  assert.equal(diverged, true);
  assert.ok(edge > 0.05 && edge < 100, `${edge}`);
});

test('lr-find refuses rates and steps that make no test', async (t) => {
  const cwd = await workingDirectory(t);
  const refused: readonly [string[], RegExp][] = [
    [['--from', '1', '--to', '0.5'], /--from: .*--to.*got 1/],
    [['--from', '0'], /--from: .*above 0.*got "0"/],
    [['--steps', '4'], /--steps: .*from 10 .*got "?4/],
    [['optimzer.lr=1'], /optimzer\.lr: unknown.*mean optimizer\.lr\?/],
  ];
  for (const [words, message] of refused) {
    const { stderr } = await expectCode(2, ['lr-find', ...words], { cwd });
    assert.match(stderr, message);
  }
});
