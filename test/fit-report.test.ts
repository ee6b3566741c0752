/** The report of `fit`: files, card and page of a model of a table. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import Papa from 'papaparse';
import { Rng } from '../dist/numbers/rng.js';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';

const small = ['model.hidden=[16]', 'train.epochs=10', 'parallel.sync=owner'];
const nothing = '<script>alert(1)</script>';
const name = `no"is'e & <img src=x onerror=alert(2)>\u0007\u202e`;
const classes = ['<b>"yes"</b>', "it's & no"];

/** Two lines each; the class follows from the first column. */
function hostileTable(rows: number): string {
  const rng = new Rng(3);
  const lines = Array.from({ length: rows }, (_, i) => {
    const size = rng.below(1000);
    const isFlipped = i % 50 === 7;
    const own = classes[Number(size > 500 !== isFlipped)];
    return [size, `a\n${nothing}${rng.below(4)}`, rng.below(1000), own];
  });
  return Papa.unparse([[`size ${nothing}`, 'kind', name, `target ${nothing}`], ...lines], { newline: '\n' });
}

const rowsOf = (cwd: string, file: string) =>
  Papa.parse<Record<string, string>>(readFileSync(join(cwd, 'o', file), 'utf8'), {
    header: true,
    skipEmptyLines: true,
  }).data;

interface Result {
  readonly metric: string;
  readonly testMetrics: Readonly<Record<string, number>>;
  readonly importance: {
    readonly on: string;
    readonly rows: number;
    readonly columns: readonly { readonly column: string; readonly low: number; readonly high: number }[];
  };
  readonly calibration: { readonly ece?: number; readonly bias?: Readonly<Record<string, number>> };
}

test('classes: the column that decides is first, noise is worth nothing, worst rows have their lines; all text is text', async (t) => {
  const cwd = await workingDirectory(t);
  const text = hostileTable(800);
  await writeFiles(cwd, { 'a.csv': text });
  const words = ['fit', 'a.csv', '--out', 'o', ...small];
  const { code, stdout, stderr } = await cli([...words, '--threads', '2'], { cwd });
  assert.equal(code, 0, stderr);
  const { importance, calibration, testMetrics } = await readJson<Result>(cwd, 'o', 'result.json');
  assert.deepEqual([importance.on, importance.rows], ['test', 160]);
  const [first, ...others] = importance.columns;
  assert.equal(first.column, `size ${nothing}`);
  assert.ok(first.low > 0.3, String(first.low));
  for (const { column, low, high } of others) assert.ok(low <= 0 && 0 <= high, `${column}: ${low} ${high}`);
  assert.deepEqual(
    rowsOf(cwd, 'importance.csv').map(({ column }) => column),
    importance.columns.map(({ column }) => column),
  );
  assert.match(stdout, /^columns {4}\w+ (lower|higher) by, if/m);
  assert.doesNotMatch(stdout, /(?!\n)\p{Cc}/u);

  const confusion = rowsOf(cwd, 'confusion.csv').map((row) =>
    classes.map((one) => Number(row[`predicted ${one}`])),
  );
  const right = confusion[0][0] + confusion[1][1];
  assert.equal(right / 160, testMetrics.accuracy);
  const bins = rowsOf(cwd, 'calibration.csv').map((bin) => [bin.rows, bin.confidence, bin.share].map(Number));
  assert.equal(
    bins.reduce((sum, [rows]) => sum + rows, 0),
    160,
  );
  const ece = bins.reduce(
    (sum, [rows, confidence, share]) => sum + (rows * Math.abs(confidence - share)) / 160,
    0,
  );
  assert.ok(Math.abs(ece - (calibration.ece ?? 0)) < 1e-12);

  // A line of the file: where the row begins.
  const lines = text.split('\n');
  const worst = rowsOf(cwd, 'worst.csv');
  assert.equal(worst.length, 50);
  const losses = worst.map(({ loss }) => Number(loss));
  assert.deepEqual(
    losses,
    losses.toSorted((a, b) => b - a),
  );
  for (const { line, target, predicted } of worst.slice(0, 3)) {
    const own = Papa.parse<string[]>(lines.slice(Number(line) - 1, Number(line) + 1).join('\n')).data[0];
    assert.deepEqual([own[3], own[3] === predicted], [target, false]);
    // Mistakes are the rows that were turned round.
    assert.equal((Number(line) / 2 - 1) % 50, 7);
  }

  const page = readFileSync(join(cwd, 'o', 'fit-report.html'), 'utf8');
  const { document } = parseHTML(page);
  for (const forbidden of ['script', 'img', 'link', 'b', 'iframe', 'a'])
    assert.equal(document.querySelectorAll(forbidden).length, 0, forbidden);
  for (const element of document.querySelectorAll('*'))
    for (const { name } of element.attributes) assert.doesNotMatch(name, /^on|src|href/);
  assert.doesNotMatch(page.replaceAll('http://www.w3.org/2000/svg', ''), /https?:|url\(/);
  assert.doesNotMatch(page, /(?!\n)[\p{Cc}\u202e]/u);
  assert.match(page, /default-src &#39;none&#39;/);
  assert.match(page, /prefers-color-scheme: dark/);
  const said = document.body.textContent ?? '';
  for (const part of [nothing, ...classes, 'Worst rows', 'Calibration']) assert.ok(said.includes(part), part);
  assert.equal(document.querySelectorAll('svg').length, 3);

  // Neither the threads nor the report change anything else.
  const files = ['importance.csv', 'calibration.csv', 'confusion.csv', 'worst.csv', 'fit-report.html'];
  const read = (out: string, file: string) => readFileSync(join(cwd, out, file));
  const one = await cli([...words.with(3, 'p'), '--threads', '1', '--quiet'], { cwd });
  assert.equal(one.code, 0, one.stderr);
  for (const file of [...files, 'final.safetensors'])
    assert.deepEqual(read('p', file), read('o', file), file);
  const none = await cli([...words.with(3, 'n'), '--no-report', '--quiet'], { cwd });
  assert.equal(none.code, 0, none.stderr);
  assert.deepEqual(read('n', 'final.safetensors'), read('o', 'final.safetensors'));
  for (const file of files) assert.throws(() => read('n', file), { code: 'ENOENT' });
});

test('values: residuals in their own units, on the test file; a model of two networks; without test rows those of validation', async (t) => {
  const cwd = await workingDirectory(t);
  const text = (rows: number, seed: number) => {
    const rng = new Rng(seed);
    const lines = Array.from({ length: rows }, () => [rng.below(1000), rng.below(1000)]);
    return `x,noise,price\n${lines.map(([x, noise]) => `${x},${noise},${5000 + 3 * x}`).join('\n')}\n`;
  };
  await writeFiles(cwd, { 'a.csv': text(600, 1), 'b.csv': text(100, 2) });
  const words = ['fit', 'a.csv', '--test', 'b.csv', '--average', '2', '--out', 'o', '--quiet', ...small];
  const { code, stderr } = await cli(words, { cwd });
  assert.equal(code, 0, stderr);
  const { importance, calibration, testMetrics } = await readJson<Result>(cwd, 'o', 'result.json');
  assert.deepEqual([importance.columns[0].column, importance.rows], ['x', 100]);
  const bins = rowsOf(cwd, 'calibration.csv').map((bin) =>
    [bin.rows, bin.predicted, bin.true, bin.rmse].map(Number),
  );
  const squares = bins.reduce((sum, [rows, , , rmse]) => sum + rows * rmse ** 2, 0);
  // The average of the networks, not one of them.
  assert.ok(Math.abs(Math.sqrt(squares / 100) / testMetrics.rmse - 1) < 1e-9, String(testMetrics.rmse));
  const bias = bins.reduce((sum, [rows, predicted, own]) => sum + (rows * (predicted - own)) / 100, 0);
  assert.ok(Math.abs(bias - (calibration.bias?.price ?? 0)) < 1e-6);
  const worst = rowsOf(cwd, 'worst.csv');
  const prices = text(100, 2).split('\n');
  for (const { line, price } of worst) assert.equal(prices[Number(line) - 1].split(',')[2], price);
  assert.ok(Math.abs(Number(worst[0].price) - Number(worst[0]['predicted price']) - 0) >= testMetrics.rmse);

  const folds = ['fit', 'a.csv', 'data.test=0', '--out', 'v', '--quiet', ...small];
  assert.equal((await cli(folds, { cwd })).code, 0);
  assert.equal((await readJson<Result>(cwd, 'v', 'result.json')).importance.on, 'validation');
});

test('a regression: `report` draws its RMSE, `verify` compares every metric with the record', async (t) => {
  const cwd = await workingDirectory(t);
  const rng = new Rng(1);
  const lines = Array.from({ length: 300 }, () => rng.below(1000)).map((x) => `${x},${2 * x + 1000}`);
  await writeFiles(cwd, { 'a.csv': `x,y\n${lines.join('\n')}\n` });
  const fitted = await cli(['fit', 'a.csv', '--out', 'o', '--no-report', '--quiet', ...small], { cwd });
  assert.equal(fitted.code, 0, fitted.stderr);
  const drawn = await cli(['report', 'o', '--out', 'r', '--quiet'], { cwd });
  assert.equal(drawn.code, 0, drawn.stderr);
  const { document } = parseHTML(readFileSync(join(cwd, 'r', 'report.html'), 'utf8'));
  const titles = [...document.querySelectorAll('figure h3')].map(({ textContent }) => textContent);
  assert.ok(titles.includes('rmse against time') && titles.includes('rmse against images'), titles.join());
  const dots = document.querySelector('svg[aria-label="rmse against time"]')?.querySelectorAll('circle');
  assert.equal(dots?.length, 10);

  const equal = await cli(['verify', 'o', '--quiet'], { cwd });
  assert.match(equal.stdout, /^o: the same bits$/m);
  assert.match(equal.stdout, /^metrics {4}equal, 6$/m);
  const file = join(cwd, 'o', 'result.json');
  const result = await readJson<Result>(file);
  writeFileSync(file, JSON.stringify({ ...result, testMetrics: { ...result.testMetrics, mae: 1 } }));
  const other = await cli(['verify', 'o', '--quiet'], { cwd });
  assert.deepEqual([equal.code, other.code], [0, 1]);
  assert.match(other.stdout, /^metrics {4}mae of the test samples 1 in the record, \S+ now$/m);
});
