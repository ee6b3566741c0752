import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { expectCode, workingDirectory } from './support/cli.ts';
import { type RunWords, writeRun } from './support/logs.ts';

const seeds = (times: readonly number[], accuracy = 0.975) =>
  times.map((elapsedMs, i) => ({ seed: i + 1, elapsedMs, accuracy: accuracy + i / 10_000 }));

const slow = { curves: seeds([40, 41, 42, 43, 44]) };
const fast = { curves: seeds([20, 20.5, 21, 21.5, 22], 0.985) };

async function twoRuns(t: TestContext, a: RunWords, b: RunWords): Promise<string> {
  const cwd = await workingDirectory(t);
  writeRun(join(cwd, 'a'), a);
  writeRun(join(cwd, 'b'), b);
  return cwd;
}

async function compareJson(cwd: string, ...words: string[]) {
  return JSON.parse((await expectCode(0, ['compare', 'a', 'b', '--json', ...words], { cwd })).stdout);
}

test('two machines: ratios of medians with intervals, and the facts that differ', async (t) => {
  const cwd = await twoRuns(t, slow, { ...fast, hardware: { processor: 'Other', physicalCores: 16 } });
  const { comparisons } = await compareJson(cwd);
  assert.equal(comparisons.length, 1);
  const [{ measures, hardware, config }] = comparisons;
  const [time, rate, accuracy] = measures;
  assert.equal(time.name, 'time to 97 %');
  assert.deepEqual([time.a, time.b, time.change], [42, 21, 0.5]);
  assert.ok(time.interval.low > 20 / 44 - 1e-9 && time.interval.high < 22 / 40 + 1e-9);
  assert.ok(time.interval.low < 0.5 && time.interval.high > 0.5);
  assert.equal(time.verdict, 'B by 2.00 ×');
  assert.deepEqual([rate.name, rate.change, rate.verdict], ['throughput', 2, 'B by 2.00 ×']);
  assert.ok(Math.abs(accuracy.change - 0.01) < 1e-12);
  assert.equal(accuracy.verdict, 'B is more accurate');
  assert.deepEqual(hardware, [
    { key: 'physicalCores', a: '8', b: '16' },
    { key: 'processor', a: 'Example Processor', b: 'Other' },
  ]);
  assert.deepEqual(config, []);
});

test('two recipes: the keys that differ, not the seed nor the log', async (t) => {
  const other = { ...fast, config: { 'optimizer.lr': 0.2, 'log.every': 1 }, threads: 4 };
  const cwd = await twoRuns(t, slow, other);
  const [{ config }] = (await compareJson(cwd)).comparisons;
  assert.deepEqual(
    config.map(({ key }: { key: string }) => key),
    ['optimizer.lr', 'parallel.threads'],
  );
  const { stdout } = await expectCode(0, ['compare', 'a', 'b'], { cwd });
  assert.match(stdout, /^ {2}optimizer\.lr: 0\.05 → 0\.2$/m);
  assert.match(stdout, /time to 97 %.*B by 2\.00 ×/);
});

test('samples that overlap show no difference, and one sample has no interval', async (t) => {
  const cwd = await twoRuns(t, slow, { curves: seeds([38, 42, 43, 50]) });
  const [{ measures }] = (await compareJson(cwd)).comparisons;
  assert.equal(measures[0].verdict, 'no difference shown');
  const single = await twoRuns(t, slow, { curves: seeds([20]) });
  const [one] = (await compareJson(single)).comparisons;
  assert.equal(one.measures[0].interval, null);
  assert.equal(one.measures[0].verdict, 'one sample on a side: no interval');
});

test('seeds that missed the target are told, and their times are not used', async (t) => {
  const missed = [{ seed: 9, elapsedMs: 999, accuracy: 0.9 }];
  const cwd = await twoRuns(t, slow, { curves: [...fast.curves, ...missed] });
  const [{ measures, notes }] = (await compareJson(cwd)).comparisons;
  assert.equal(measures[0].b, 21);
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? '', /^B reached the target with 5 of 6 seeds/);
});

for (const [what, b, told] of [
  ['data', { dataSha256: { images: 'cc', labels: 'bb' } }, /images.*aa.*cc/],
  ['the target', { config: { 'stop.target': 0.98 } }, /stop\.target.*0\.97.*0\.98/],
  ['the data set', { config: { 'data.set': 'kmnist' } }, /data\.set .*\bmnist.*kmnist/],
  ['the held-out part', { config: { 'data.validation': 100 } }, /data\.validation .*100/],
  ['the kind of run', { curves: [], sweep: { 1: [10, 11] } }, /training.*sweep/],
] as const) {
  test(`${what} differs: refused with what it is, done with --force`, async (t) => {
    const cwd = await twoRuns(t, slow, { ...fast, ...b });
    const { stderr, stdout } = await expectCode(2, ['compare', 'a', 'b'], { cwd });
    assert.match(stderr, /^error: a and b .*--force[^\n]*\n$/);
    assert.match(stderr, told);
    assert.equal(stdout, '');
    const forced = await expectCode(0, ['compare', 'a', 'b', '--force'], { cwd });
    assert.match(forced.stdout, /^not comparable, forced: /m);
    assert.match(forced.stdout, told);
  });
}

test('another batch has a time to accuracy, but no comparable throughput', async (t) => {
  const cwd = await twoRuns(t, slow, { ...fast, config: { 'train.batch': 20 } });
  const [{ measures, notes }] = (await compareJson(cwd)).comparisons;
  assert.deepEqual(
    measures.map(({ name }: { name: string }) => name),
    ['time to 97 %', 'accuracy'],
  );
  assert.deepEqual(notes, ['images a second are not compared, since train.batch is 10 and 20']);
});

test('sweeps: throughput and speed-up at every thread count of both', async (t) => {
  const a = { status: 'done', sweep: { 1: [100, 100, 100], 2: [60, 60, 60], 4: [50, 50, 50] } } as const;
  const b = { status: 'done', sweep: { 1: [50, 50, 50], 2: [25, 25, 25], 8: [10, 10, 10] } } as const;
  const cwd = await twoRuns(t, a, b);
  const [{ measures }] = (await compareJson(cwd)).comparisons;
  const shown = measures.map(({ name, change }: { name: string; change: number }) => [
    name,
    change.toFixed(3),
  ]);
  assert.deepEqual(shown, [
    ['throughput, 1 thread', '2.000'],
    ['throughput, 2 threads', '2.400'],
    ['speed-up, 2 threads', '1.200'],
  ]);
});

test('folders of runs are matched by recipe, strategy and threads; the rest is named', async (t) => {
  const cwd = await workingDirectory(t);
  for (const [side, scale] of [
    ['a', 2],
    ['b', 1],
  ] as const) {
    for (const threads of [1, 2]) {
      const curves = seeds([20, 21, 22].map((ms) => (ms * scale) / threads));
      writeRun(join(cwd, side, `t${threads}`), { threads, curves });
    }
  }
  writeRun(join(cwd, 'a/extra'), { name: 'extra', ...slow });
  const json = await compareJson(cwd);
  assert.deepEqual(
    json.comparisons.map(({ a, measures }: { a: string; measures: { change: number }[] }) => [
      a,
      measures[0].change,
    ]),
    [
      ['example, 1 thread', 0.5],
      ['example, 2 threads', 0.5],
    ],
  );
  assert.deepEqual([json.onlyA, json.onlyB], [['extra, 2 threads'], []]);
});

test('folders with nothing alike, and runs without an evaluation, are refused', async (t) => {
  const cwd = await workingDirectory(t);
  for (const name of ['one', 'two']) writeRun(join(cwd, 'a', name), { name, ...slow });
  for (const name of ['three', 'four']) writeRun(join(cwd, 'b', name), { name, ...slow });
  const { stderr } = await expectCode(2, ['compare', 'a', 'b'], { cwd });
  assert.match(
    stderr,
    /^error: no recipe with the same threads and sync is on both sides; a has one, 2 threads; two/,
  );
  writeRun(join(cwd, 'none'), { status: 'failed' });
  const none = await expectCode(2, ['compare', 'a/one', 'none'], { cwd });
  assert.match(none.stderr, /^error: none: .*evaluation[^\n]*\n$/);
  await expectCode(2, ['compare', 'a/one'], { cwd });
  const missing = await expectCode(2, ['compare', 'a/one', 'a/tow1'], { cwd });
  assert.match(missing.stderr, /^error: a\/tow1: .*no such/);
});

test('a name from another machine cannot steer the terminal', async (t) => {
  const cwd = await twoRuns(t, slow, { ...fast, hardware: { processor: 'X\u001b[31mred' } });
  const { stdout } = await expectCode(0, ['compare', 'a', 'b'], { cwd });
  assert.ok(!stdout.includes('\u001b'));
  assert.match(stdout, /X�\[31mred/);
});
