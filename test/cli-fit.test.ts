/** The fit command: a table and a column are all that it needs. */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';
import { tableText } from './support/tables.ts';

interface Result {
  readonly metric: string;
  readonly accuracyOn: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly testMetrics: Readonly<Record<string, number>>;
  readonly testInterval: Readonly<Record<string, { readonly low: number; readonly high: number }>>;
  readonly baseline: { readonly metric: string; readonly value: number; readonly class: unknown };
}

test('classes: the last column by default, metrics of held-out rows beside the most frequent class', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'rows.csv': tableText(1200) });
  const { code, stdout, stderr } = await cli(['fit', 'rows.csv', '--out', 'o', 'train.epochs=8'], { cwd });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /the target is the last column, "class"/);
  assert.match(stderr, /\| size +\| number/);
  const { testMetrics, testInterval, baseline, accuracyOn } = await readJson<Result>(cwd, 'o', 'result.json');
  assert.deepEqual(Object.keys(testMetrics), ['accuracy', 'balancedAccuracy', 'f1', 'auc', 'logLoss']);
  assert.equal(accuracyOn, 'validation');
  assert.deepEqual(Object.keys(testInterval), Object.keys(testMetrics));
  const { low, high } = testInterval.accuracy;
  assert.ok(low < testMetrics.accuracy && testMetrics.accuracy < high, `${low} ${high}`);
  assert.match(stdout, /^interval {3}logLoss \S+ to \S+, accuracy \S+ % to \S+ %:/m);
  assert.match(stdout, / of [\d,]+ rows, /);
  assert.match(stdout, /^speed {6}[\d,]+ rows\/s$/m);
  assert.doesNotMatch(stdout + stderr, /images/);
  // Of the 240 rows that are held out, by the file itself.
  const classes = tableText(1200)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',').at(-1));
  const most = Math.max(
    ...['low', 'mid', 'high'].map((name) => classes.filter((one) => one === name).length),
  );
  assert.ok(Math.abs(baseline.value - most / 1200) < 0.01, String(baseline.value));
  assert.ok(testMetrics.accuracy > baseline.value + 0.2, `${testMetrics.accuracy} ${baseline.value}`);
  assert.match(
    stdout,
    /^test {7}accuracy .*\n(.*\n)?interval .*\n(.*\n)?baseline {3}accuracy .* always "(low|mid|high)"$/m,
  );
  const predicted = await cli(['predict', 'o', 'rows.csv', '--csv'], { cwd });
  assert.equal(predicted.code, 0, predicted.stderr);
});

test('numbers: RMSE in the units of the target beside that of the mean, on a test file; type of a column', async (t) => {
  const cwd = await workingDirectory(t);
  const text = (rows: number, seed: number) => {
    const [names, ...lines] = tableText(rows, seed).trimEnd().split('\n');
    const priced = lines.map((line) => {
      const [, size, weight] = line.split(',');
      return `${line},${1000 + 40 * Number(size) + 5 * Number(weight)}`;
    });
    return `${[`${names},price`, ...priced].join('\n')}\n`;
  };
  await writeFiles(cwd, { 'a.csv': text(800, 1), 'b.csv': text(300, 2) });
  const words = [
    'fit',
    'a.csv',
    '--target',
    'price',
    '--test',
    'b.csv',
    '--column',
    'class=ignore',
    '--out',
    'o',
  ];
  const { code, stderr } = await cli(words, { cwd });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /\| class +\| ignore/);
  const { metric, testMetrics, baseline } = await readJson<Result>(cwd, 'o', 'result.json');
  assert.deepEqual([metric, baseline.metric, baseline.class], ['rmse', 'rmse', null]);
  const prices = (seed: number, rows: number) =>
    text(rows, seed)
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => Number(line.split(',').at(-1)));
  const mean = prices(1, 800).reduce((sum, price) => sum + price, 0) / 800;
  const squares = prices(2, 300).reduce((sum, price) => sum + (price - mean) ** 2, 0);
  assert.ok(Math.abs(baseline.value / Math.sqrt(squares / 300) - 1) < 1e-5, String(baseline.value));
  assert.ok(testMetrics.rmse < baseline.value / 4, `${testMetrics.rmse} of ${baseline.value}`);
});

test('what is wrong is one line: file, column, flag', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'rows.csv': tableText(100), 'one.csv': 'a,b\n1,x\n2,x\n3,x\n' });
  for (const [words, said] of [
    [['none.csv'], /none\.csv/],
    [['rows.csv', '--target', 'clas'], /"?clas"?.*mean .?class/],
    [['rows.csv', '--column', 'size'], /--column: expected name=type/],
    [['rows.csv', '--column', 'size=nmber'], /number/],
    [['rows.csv', '--holdout', '2'], /--holdout: expected a share/],
    [['rows.csv', '--holdout', '0.3', '--test', 'rows.csv'], /data\.test/],
    [['one.csv'], /all 3 labels are x/],
  ] as const) {
    const { code, stderr } = await cli(['fit', ...words, '--out', 'o', '--quiet'], { cwd });
    assert.ok(code === 1 || code === 2, `${words.join(' ')}: ${code}`);
    assert.match(stderr, said);
    assert.match(stderr, /^error: [^\n]+\n$/);
  }
});

test('the recipe may be overridden, and the same seed gives the same model', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'rows.csv': tableText(400) });
  const words = ['fit', 'rows.csv', '--quiet', 'model.hidden=[8]', 'train.epochs=3'];
  for (const out of ['a', 'b']) assert.equal((await cli([...words, '--out', out], { cwd })).code, 0);
  const [a, b] = ['a', 'b'].map((run) => readFileSync(join(cwd, run, 'final.safetensors')));
  assert.deepEqual(a, b);
  appendFileSync(join(cwd, 'rows.csv'), '1,2,3,oak,2024-01-01 00:30,yes,north,low\n');
  const { code, stderr } = await cli(['verify', 'a'], { cwd });
  assert.notEqual(code, 0);
  assert.match(stderr, /rows\.csv/);
});

const numbered = (rows: number, row: (i: number) => readonly (number | string)[], names: string) =>
  `${[names, ...Array.from({ length: rows }, (_, i) => row(i).join())].join('\n')}\n`;

test('several labels: beside the most frequent set of them', async (t) => {
  const cwd = await workingDirectory(t);
  const row = (i: number) => [(i * 37) % 101, i % 9, (i * 37) % 101 > 50 ? 1 : 0, i % 9 > 6 ? 1 : 0];
  await writeFiles(cwd, { 'a.csv': numbered(900, row, 'x,y,high,late') });
  const words = ['fit', 'a.csv', '--target', 'high', '--target', 'late', '--out', 'o', 'train.epochs=20'];
  const { code, stdout, stderr } = await cli(words, { cwd });
  assert.equal(code, 0, stderr);
  const { testMetrics, baseline } = await readJson<Result>(cwd, 'o', 'result.json');
  assert.equal(baseline.metric, 'accuracy');
  assert.match(String(baseline.class), /^[01],0$/);
  assert.ok(Math.abs(baseline.value - 0.5 * (7 / 9)) < 0.05, String(baseline.value));
  assert.ok(testMetrics.accuracy > 0.9, String(testMetrics.accuracy));
  // The score on rows that chose nothing comes first.
  assert.match(
    stdout,
    new RegExp(
      `^fit: done at ${(Math.floor(testMetrics.accuracy * 1e4 + 1e-6) / 100).toFixed(2)} % on the test rows\n`,
    ),
  );
});

test('skewed numbers, one of which is 0: whichever part it is in, no logarithm is taken', async (t) => {
  const cwd = await workingDirectory(t);
  const price = (i: number) => Math.round(Math.exp((i * 7) % 11)) + 1;
  for (const zero of [3, 4, 50, 111]) {
    const row = (i: number) => [(i * 7) % 11, i % 5, i === zero ? 0 : price(i)];
    await writeFiles(cwd, { 'a.csv': numbered(300, row, 'x,y,price') });
    const words = [
      'fit',
      'a.csv',
      '--target',
      'price',
      '--out',
      `o${zero}`,
      'train.epochs=2',
      '--seeds',
      '2',
    ];
    const { code, stderr } = await cli(words, { cwd });
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /logarithm/);
  }
  const { code, stderr } = await cli(['verify', 'o111'], { cwd });
  assert.equal(code, 0, stderr);
});

test('a few rows: one of them is held out for the validation', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'a.csv': numbered(5, (i) => [i, i % 2 ? 'a' : 'b'], 'x,kind') });
  const words = ['fit', 'a.csv', '--out', 'o', 'train.epochs=2'];
  const { code, stderr } = await cli(words, { cwd });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /by 3 rows of 2 classes, .*data\.validation=0\.2/);
  const tenth = await cli([...words, '--overwrite', 'train.byTable=false'], { cwd });
  assert.equal(tenth.code, 0, tenth.stderr);
  assert.match(tenth.stderr, /data\.validation: 1 instead of 0\.1, which was not set/);
});
