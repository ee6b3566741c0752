/** fit --folds: every row is measured once, by a model that was trained on the others. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { inLanes } from '../dist/numbers/lanes.js';
import { dealFolds } from '../dist/search/folds.js';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';
import { tableText } from './support/tables.ts';

type Metrics = Readonly<Record<string, number>>;

interface Result {
  readonly testMetrics: Metrics;
  readonly baseline: unknown;
  readonly folds: {
    readonly count: number;
    readonly folds: readonly {
      readonly fold: number;
      readonly rows: number;
      readonly trainingRows: number;
      readonly metrics: Metrics;
    }[];
    readonly mean: Metrics;
    readonly sd: Metrics;
    readonly pooled: Metrics;
    readonly baseline: { readonly metric: string; readonly value: number; readonly class: unknown };
  };
}

const settings = ['train.epochs=10', 'train.batch=16', 'model.hidden=[16]'];

test('folds: every row has one; of each class and range of values each has its share; another seed deals otherwise', () => {
  const count = 1003;
  const deal = (targets: Uint32Array | Float32Array, seed: number, folds = 5) => {
    const isClass = targets instanceof Uint32Array;
    const part = { values: new Float32Array(), targets, count, shape: [0], full: 1 };
    const target = isClass
      ? { kind: 'class' as const, labels: ['a', 'b', 'c'] }
      : { kind: 'value' as const, width: 1, names: ['y'] };
    const data = { name: 'table', source: '', train: part, test: part, validation: null, target, sha256: {} };
    const loss = { name: isClass ? ('cross-entropy' as const) : ('squared-error' as const) };
    return dealFolds(data, { loss, seed } as Parameters<typeof dealFolds>[1], folds);
  };
  const classes = Uint32Array.from({ length: count }, (_, i) => (i % 50 === 0 ? 2 : i % 3 === 0 ? 1 : 0));
  const dealt = deal(classes, 1);
  assert.deepEqual(new Set(dealt), new Set([0, 1, 2, 3, 4]));
  for (const wanted of [0, 1, 2]) {
    const sizes = [0, 1, 2, 3, 4].map(
      (fold) => classes.filter((one, i) => one === wanted && dealt[i] === fold).length,
    );
    assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${wanted}: ${sizes}`);
  }
  assert.notDeepEqual(deal(classes, 2), dealt);
  const values = Float32Array.from({ length: count }, (_, i) => (i * 7919) % count);
  const ofValues = deal(values, 1);
  const low = [0, 1, 2, 3, 4].map(
    (fold) => values.filter((value, i) => value < count / 10 && ofValues[i] === fold).length,
  );
  assert.ok(Math.max(...low) - Math.min(...low) <= 2, String(low));
  assert.throws(() => deal(classes, 1, count + 1), /--folds: .*at most the 1003 rows/);
});

test('lanes: results in the order of the tasks; a failure ends all lanes before it is thrown', async () => {
  const gates = [0, 1].map(() => {
    let resolve = () => {};
    const promise = new Promise<void>((done) => {
      resolve = done;
    });
    return { promise, resolve };
  });
  const order: number[] = [];
  const results = await inLanes(2, 5, async (task) => {
    if (task === 0) await gates[0].promise;
    if (task === 4) gates[0].resolve();
    order.push(task);
    return task * 10;
  });
  assert.deepEqual(results, [0, 10, 20, 30, 40]);
  assert.deepEqual(order, [1, 2, 3, 4, 0]);
  const begun: number[] = [];
  let hasEnded = false;
  const failing = inLanes(2, 9, async (task) => {
    begun.push(task);
    if (task === 1) {
      setTimeout(gates[1].resolve, 20);
      throw new Error('the second');
    }
    await gates[1].promise;
    hasEnded = true;
  });
  await assert.rejects(failing, /the second/);
  assert.ok(hasEnded);
  assert.deepEqual(begun, [0, 1]);
});

test('a run: the same on 1, 2 and 3 threads; the file has every row once, and its scores; a model is left', async (t) => {
  const cwd = await workingDirectory(t);
  const [header, ...lines] = tableText(300).trimEnd().split('\n');
  // A row without a target is no row of a fold.
  lines[4] = lines[4].replace(/[a-z]+$/, '');
  await writeFiles(cwd, { 'rows.csv': `${[header, ...lines].join('\n')}\n` });
  const run = async (threads: number) => {
    const out = `o${threads}`;
    const words = [
      'fit',
      'rows.csv',
      '--folds',
      '4',
      '--threads',
      String(threads),
      '--out',
      out,
      ...settings,
    ];
    const { code, stderr, stdout } = await cli(words, { cwd });
    assert.equal(code, 0, stderr);
    const { folds } = await readJson<Result>(cwd, out, 'result.json');
    const csv = await readFile(join(cwd, out, 'out-of-fold.csv'), 'utf8');
    return { folds, csv, stdout, weights: await readFile(join(cwd, out, 'final.safetensors')) };
  };
  const { folds, csv, stdout, weights } = await run(1);
  for (const threads of [2, 3]) {
    const other = await run(threads);
    assert.deepEqual([other.folds, other.csv], [folds, csv], `${threads} threads`);
    assert.ok(other.weights.equals(weights), `${threads} threads`);
  }
  const rows = csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
  assert.deepEqual(
    rows.map(([row]) => Number(row)),
    Array.from({ length: 300 }, (_, i) => i + 1).filter((row) => row !== 5),
  );
  for (const [row, , target] of rows) assert.equal(target, lines[Number(row) - 1].split(',').at(-1));
  const right = (of: readonly (readonly string[])[]) =>
    of.filter(([, , target, predicted]) => target === predicted).length / of.length;
  assert.equal(folds.pooled.accuracy, right(rows));
  const accuracies = folds.folds.map(({ fold, metrics, rows: count, trainingRows }) => {
    const own = rows.filter(([, each]) => Number(each) === fold);
    assert.deepEqual([own.length, count + trainingRows], [count, 299]);
    assert.equal(metrics.accuracy, right(own));
    return metrics.accuracy;
  });
  assert.equal(accuracies.length, 4);
  const mean = accuracies.reduce((sum, value) => sum + value, 0) / 4;
  assert.ok(Math.abs(folds.mean.accuracy - mean) < 1e-12);
  const squares = accuracies.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  assert.ok(Math.abs(folds.sd.accuracy - Math.sqrt(squares / 3)) < 1e-12);
  assert.ok(folds.pooled.accuracy > folds.baseline.value + 0.1);
  assert.match(stdout, /^\| pooled \| +299 \|/m);
  const verified = await cli(['verify', 'o2'], { cwd });
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  const again = await cli(['fit', 'rows.csv', '--folds', '4', '--overwrite', '--out', 'o1', ...settings], {
    cwd,
  });
  assert.equal(again.code, 0, again.stderr);
});

test('a fold is measured as by a run that has the other rows in one file and its rows in another', async (t) => {
  const cwd = await workingDirectory(t);
  const [header, ...lines] = tableText(400, 5).trimEnd().split('\n');
  const priced = lines.map((line) => {
    const [, size, weight] = line.split(',');
    return `${line},${1000 + 40 * Number(size) + 5 * Number(weight)}`;
  });
  const text = (some: readonly string[]) => `${[`${header},price`, ...some].join('\n')}\n`;
  await writeFiles(cwd, { 'all.csv': text(priced) });
  const words = ['--target', 'price', '--column', 'row=ignore', '--column', 'class=ignore', ...settings];
  const folded = await cli(['fit', 'all.csv', '--folds', '3', '--out', 'o', ...words], { cwd });
  assert.equal(folded.code, 0, folded.stderr);
  const { folds } = await readJson<Result>(cwd, 'o', 'result.json');
  assert.deepEqual([folds.baseline.metric, folds.baseline.class], ['rmse', null]);
  const csv = (await readFile(join(cwd, 'o', 'out-of-fold.csv'), 'utf8')).trimEnd().split('\n');
  assert.equal(csv[0], 'row,fold,price,predicted price');
  const second = new Set(
    csv.slice(1).flatMap((line) => (line.split(',')[1] === '2' ? Number(line.split(',')[0]) : [])),
  );
  await writeFiles(cwd, {
    'others.csv': text(priced.filter((_, at) => !second.has(at + 1))),
    'second.csv': text(priced.filter((_, at) => second.has(at + 1))),
  });
  const apart = await cli(['fit', 'others.csv', '--test', 'second.csv', '--out', 'p', ...words], { cwd });
  assert.equal(apart.code, 0, apart.stderr);
  const { testMetrics } = await readJson<Result>(cwd, 'p', 'result.json');
  assert.deepEqual(folds.folds[1].metrics, testMetrics);
});

test('--folds with --test: folds of the training rows, the final model on the file; what contradicts it is refused', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'a.csv': tableText(200), 'b.csv': tableText(80, 2) });
  const words = ['fit', 'a.csv', '--folds', '2', '--test', 'b.csv', '--out', 'o', '--json', ...settings];
  const { code, stderr, stdout } = await cli(words, { cwd });
  assert.equal(code, 0, stderr);
  const { folds, testMetrics, baseline } = JSON.parse(stdout) as Result;
  assert.equal(
    folds.folds.reduce((sum, { rows }) => sum + rows, 0),
    200,
  );
  assert.ok(testMetrics.accuracy > 0 && baseline !== null);
  for (const [more, said] of [
    [['--folds', '3', '--holdout', '0.2'], /--folds: expected no --holdout/],
    [['--folds', '3', 'data.test=0.2'], /--folds: expected no data\.test/],
    [['--folds', '3', '--seeds', '2'], /--folds: expected no --seeds/],
    [['--folds', '1'], /--folds: expected an integer from 2/],
    [['--folds', '500', 'train.batch=1'], /--folds: expected at most the 200 rows/],
  ] as const) {
    const refused = await cli(['fit', 'a.csv', ...more], { cwd });
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, said);
  }
});
