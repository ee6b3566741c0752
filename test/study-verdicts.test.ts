/** What samples say: paired differences, ratios, times to the target, and the verdict in words. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rng } from '../dist/numbers/rng.js';
import type { Cell } from '../dist/study/cell-store.js';
import { cellKey } from '../dist/study/cells.js';
import { expandStudy } from '../dist/study/expand.js';
import { pairedDifference, pairedRatio, studentQuantile } from '../dist/study/paired.js';
import { readStudy } from '../dist/study/study-file.js';
import { firstAt, summarise } from '../dist/study/summary.js';
import { folder } from './support/config-refusal.ts';

const studyText = 'comparisons:\n  - {name: m, variants: {a: {}, b: {train.batch: 16}}}\n';
const [comparison] = await expandStudy(await readStudy('x.yaml', folder({ 'x.yaml': studyText })), null);

interface Run {
  readonly accuracy: number | null;
  readonly ms: number;
  /** When the target was seen, if at all. */
  readonly reachedAtMs?: number;
}

function cells(runs: readonly Run[]): Cell[] {
  return runs.map(({ accuracy, ms, reachedAtMs }, i) => ({
    key: 'k',
    comparison: 'm',
    variant: 'v',
    seed: comparison.seeds[i],
    accuracy,
    loss: 0.1,
    residentMs: ms,
    steps: 10,
    images: 100,
    curve:
      reachedAtMs === undefined
        ? [{ step: 5, images: 50, ms: 1, accuracy: 0.5 }]
        : [
            { step: 5, images: 50, ms: 1, accuracy: 0.5 },
            { step: 8, images: 80, ms: reachedAtMs, accuracy: 0.97 },
            { step: 10, images: 100, ms: ms, accuracy: 0.98 },
          ],
    date: '2031-01-01T00:00:00.000Z',
  }));
}

/** Twenty seeds whose accuracies differ far more from seed to seed than between the variants. */
function twoVariants(change: (run: Run, i: number) => Run) {
  const rng = new Rng(7);
  const a = Array.from({ length: 20 }, (_, i) => ({
    accuracy: 0.96 + rng.below(1000) / 1e5,
    ms: 40 + (i % 5),
    reachedAtMs: 30 + (i % 5),
  }));
  const facts = { settings: {}, threads: 1 };
  const summary = summarise(
    comparison,
    [
      { label: 'a', ...facts, cells: cells(a) },
      { label: 'b', ...facts, cells: cells(a.map(change)) },
    ],
    0.97,
  );
  return summary.variants[1];
}

test('a rise that pairs show and unpaired samples hide is found', () => {
  const jitter = new Rng(3);
  const b = twoVariants((run) => ({
    ...run,
    accuracy: (run.accuracy ?? 0) + 0.001 + jitter.below(100) / 1e6,
  }));
  assert.equal(b.finding, 'helps');
  assert.match(b.verdict, /^helps: \+0\.1\d points \(\+0\.\d+ to \+0\.\d+\)$/);
  assert.ok((b.accuracy?.sd ?? 0) > 0.002, 'the spread over seeds is greater than the effect');
});

test('a fall is a fall', () => {
  const b = twoVariants((run, i) => ({ ...run, accuracy: (run.accuracy ?? 0) - 0.002 - (i % 3) * 1e-4 }));
  assert.equal(b.finding, 'hurts');
  assert.match(b.verdict, /^hurts: −0\.2\d points/);
});

test('differences of both signs are no difference at this n', () => {
  const b = twoVariants((run, i) => ({
    ...run,
    accuracy: (run.accuracy ?? 0) + (i % 2 === 0 ? 1 : -1) * 1e-3,
  }));
  assert.equal(b.finding, 'no difference');
  assert.match(b.verdict, /^no difference found at n = 20 \(−0\.\d+ to \+0\.\d+\)$/);
});

test('time to the target is told as a ratio of pairs', () => {
  const b = twoVariants((run) => ({ ...run, ms: run.ms / 2, reachedAtMs: (run.reachedAtMs ?? 0) / 2 }));
  assert.match(b.verdict, /2\.00 × faster to the target$/);
  assert.equal(b.toTarget.ms, 16);
  assert.equal(b.toTarget.images, 80);
});

test('one outlier in time is no verdict on time', () => {
  const b = twoVariants((run, i) => (i === 3 ? { ...run, ms: 4000, reachedAtMs: 3000 } : run));
  assert.doesNotMatch(b.verdict, /faster|slower/);
});

test('a target that few reach is said, and no ratio is made of the lucky ones', () => {
  const b = twoVariants((run, i) => (i < 6 ? run : { accuracy: run.accuracy, ms: run.ms }));
  assert.equal(b.toTargetRatio, null);
  assert.match(b.verdict, /target reached by 6 of 20/);
});

test('runs that diverge are counted and are no accuracy', () => {
  const b = twoVariants((run, i) => (i % 2 === 0 ? run : { accuracy: null, ms: 1 }));
  assert.equal(b.diverged, 10);
  assert.equal(b.accuracies.filter((accuracy) => accuracy === null).length, 10);
  assert.equal(b.verdict, 'diverges in 10 of 20 runs');
});

test('the interval of the mean difference is that of Student', () => {
  // Differences 1 … 10: mean 5.5, standard deviation 3.02765, t(0.995; 9) 3.24984.
  const { estimate, low, high } = pairedDifference(
    Array.from({ length: 10 }, (_, i) => 2 * (i + 1)),
    Array.from({ length: 10 }, (_, i) => i + 1),
  );
  assert.equal(estimate, 5.5);
  assert.ok(Math.abs(high - estimate - 3.1115) < 1e-3, `${high - estimate}`);
  assert.ok(Math.abs(high + low - 11) < 1e-9);
});

test("Student's quantile is that of the tables", () => {
  for (const [degrees, expected] of [
    [9, 3.24984],
    [14, 2.97684],
    [19, 2.86093],
    [29, 2.75639],
    [99, 2.62641],
  ])
    assert.ok(Math.abs(studentQuantile(degrees) / expected - 1) < 2e-4, `${degrees}`);
});

test('the interval of a ratio holds it and is the same every time', () => {
  const left = Array.from({ length: 12 }, (_, i) => 20 + i);
  const right = Array.from({ length: 12 }, () => 10);
  const first = pairedRatio(left, right);
  assert.deepEqual(first, pairedRatio(left, right));
  assert.ok(first.low < first.estimate && first.estimate < first.high);
});

test('samples that are no pairs are refused', () => {
  assert.throws(() => pairedDifference([1, 2, 3, 4, 5], [1, 2]), RangeError);
  assert.throws(() => pairedRatio([1], [1]), RangeError);
});

test('the target counts from the first evaluation that saw it', () => {
  const [cell] = cells([{ accuracy: 0.98, ms: 40, reachedAtMs: 30 }]);
  assert.equal(firstAt(cell, 0.97)?.step, 8);
  assert.equal(firstAt(cell, 0.99), null);
});

test("a cell's key is that of its configuration, machine and comparison, not of seed, log or order of keys", () => {
  const { config } = comparison.variants[0];
  const machine = { processor: 'p', node: '24', wasmLevel: 'l' };
  const facts = { comparison: 'm', config, threads: 1, steps: null, machine };
  const key = cellKey(facts);
  const reversed = Object.fromEntries(Object.entries(config).reverse()) as typeof config;
  const same = [
    { ...facts, config: { ...config, seed: 9 } },
    { ...facts, config: { ...config, log: { ...config.log, every: 1 } } },
    { ...facts, config: reversed },
  ];
  for (const each of same) assert.equal(cellKey(each), key);
  const others = [
    { ...facts, comparison: 'n' },
    { ...facts, threads: 2 },
    { ...facts, steps: 3 },
    { ...facts, machine: { ...machine, node: '26' } },
    { ...facts, config: { ...config, train: { ...config.train, batch: 16 } } },
  ];
  assert.equal(new Set([key, ...others.map(cellKey)]).size, 6);
});
