/** fit --budget: settings are compared on validation rows, in time; the best model is left, and can be repeated. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { misfits } from '../dist/config/capabilities.js';
import { drawSettings } from '../dist/search/space.js';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';
import { tableText } from './support/tables.ts';
import { configure } from './support/training.ts';

interface SearchedCell {
  readonly rank: number;
  readonly cell: number;
  readonly end: string;
  readonly value: number | null;
  readonly settings: Readonly<Record<string, unknown>>;
}

interface Result {
  readonly status: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly testMetrics: Readonly<Record<string, number>>;
  readonly search: {
    readonly metric: string;
    readonly chosen: { readonly cell: number; readonly settings: SearchedCell['settings'] };
    readonly cells: readonly SearchedCell[];
  };
}

test('settings: the recipe first, then draws that the seed decides, none twice, without the keys of the user', async () => {
  const recipe = ['data.set=table', 'data.dir=x', 'optimizer={name: adamw}', 'train.batch=64'];
  const drawn = async (seed: number, fixed: readonly string[] = []) => {
    const config = await configure(...recipe, `seed=${seed}`);
    return drawSettings(config, 5000, (key) => fixed.includes(key))
      .take(200)
      .toArray();
  };
  const draws = await drawn(1);
  const settings = draws.map((draw) => draw.settings);
  assert.deepEqual(settings[0], {});
  assert.deepEqual(draws[0].config, await configure(...recipe, 'seed=1'));
  assert.equal(new Set(settings.map((one) => JSON.stringify(one))).size, 200);
  assert.deepEqual(
    (await drawn(1)).map((draw) => draw.settings),
    settings,
  );
  assert.notDeepEqual(
    (await drawn(2)).map((draw) => draw.settings),
    settings,
  );
  const keys = new Set(settings.flatMap((one) => Object.keys(one)));
  assert.ok(keys.has('optimizer.lr') && keys.has('model.hidden') && keys.size === 8, [...keys].join());
  for (const { config, settings } of draws) {
    assert.deepEqual(misfits(config), []);
    if ('optimizer.lr' in settings) assert.equal(config.optimizer.lr, settings['optimizer.lr']);
    if ('data.encoding.bins' in settings)
      assert.equal(config.data.encoding.bins, settings['data.encoding.bins']);
    if ('train.batch' in settings) assert.ok([32, 128].includes(config.train.batch));
  }
  const fixed = await drawn(1, ['optimizer.lr', 'model.hidden']);
  for (const draw of fixed) {
    assert.ok(!('optimizer.lr' in draw.settings) && !('model.hidden' in draw.settings));
    assert.deepEqual(draw.config.model.hidden, draws[0].config.model.hidden);
  }
});

const settings = ['train.epochs=3', 'train.batch=32', 'model.hidden=[16]'];

test('a search of a regression: in time, ranked, repeated without a search; test rows change no choice', async (t) => {
  const cwd = await workingDirectory(t);
  const text = (rows: number, seed: number, factor: number) => {
    const [header, ...lines] = tableText(rows, seed).trimEnd().split('\n');
    const priced = lines.map((line) => {
      const [, size, weight] = line.split(',');
      return `${line},${factor * (1000 + 40 * Number(size) + 5 * Number(weight))}`;
    });
    return `${[`${header},price`, ...priced].join('\n')}\n`;
  };
  await writeFiles(cwd, {
    'a.csv': text(400, 1, 1),
    'b.csv': text(100, 2, 1),
    'poisoned.csv': text(100, 3, -1000),
  });
  const words = ['fit', 'a.csv', '--target', 'price', '--column', 'row=ignore', '--column', 'class=ignore'];
  const run = async (file: string, out: string) => {
    const started = performance.now();
    const more = ['--test', file, '--budget', '5s', '--out', out, ...settings];
    const { code, stderr, stdout } = await cli([...words, ...more], { cwd });
    assert.equal(code, 0, stderr);
    // No measurement: only that the search ends by itself.
    assert.ok(performance.now() - started < 120_000);
    return { ...(await readJson<Result>(cwd, out, 'result.json')), stdout };
  };
  const { search, metrics, testMetrics, stdout } = await run('b.csv', 'o');
  const { cells, chosen } = search;
  assert.equal(search.metric, 'rmse');
  assert.ok(cells.some(({ cell, settings }) => cell === 1 && Object.keys(settings).length === 0));
  const values = cells.flatMap(({ value }) => value ?? []);
  assert.ok(values.length >= 2, JSON.stringify(cells));
  assert.deepEqual(
    values,
    values.toSorted((a, b) => a - b),
  );
  assert.deepEqual([chosen.cell, values[0]], [cells[0].cell, metrics.rmse]);
  assert.ok(testMetrics.rmse > 0);
  assert.match(stdout, /^search {5}\d+ cells within 5 s/m);
  const csv = (await readFile(join(cwd, 'o', 'leaderboard.csv'), 'utf8')).trimEnd().split('\n');
  assert.equal(csv[0], 'rank,cell,rmse,seconds,epochs,end,settings');
  assert.equal(csv.length, cells.length + 1);
  assert.deepEqual(csv[1].split(',').slice(0, 3), ['1', String(chosen.cell), String(metrics.rmse)]);
  // The keys of the command line are not searched.
  for (const one of cells)
    assert.ok(!('model.hidden' in one.settings) && !('train.batch' in one.settings), JSON.stringify(one));
  const verified = await cli(['verify', 'o'], { cwd });
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  const again = await cli(['train', '--config', 'o/config.yaml', '--out', 'p', '--threads', '1'], { cwd });
  assert.equal(again.code, 0, again.stderr);
  const weights = (out: string) => readFile(join(cwd, out, 'final.safetensors'));
  assert.ok((await weights('p')).equals(await weights('o')));
  assert.deepEqual((await readJson<Result>(cwd, 'p', 'result.json')).testMetrics, testMetrics);

  const poisoned = await run('poisoned.csv', 'q');
  assert.notEqual(poisoned.testMetrics.rmse, testMetrics.rmse);
  let compared = 0;
  for (const one of poisoned.search.cells) {
    const other = cells.find(({ cell }) => cell === one.cell);
    if (other === undefined || other.end !== 'whole' || one.end !== 'whole') continue;
    assert.deepEqual([one.settings, one.value], [other.settings, other.value]);
    compared++;
  }
  assert.ok(compared >= 1);
});

test('Ctrl-C ends a search with the best model so far; what does not go with a search is refused', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'a.csv': tableText(200) });
  const words = ['fit', 'a.csv', '--budget', '10m', '--out', 'o', ...settings];
  const { code, stderr } = await cli(words, { cwd, interruptAfter: 'cell 3:' });
  assert.equal(code, 130, stderr);
  const { status, search } = await readJson<Result>(cwd, 'o', 'result.json');
  assert.equal(status, 'interrupted');
  assert.ok(search.cells.length >= 3 && existsSync(join(cwd, 'o', 'leaderboard.csv')));
  const predicted = await cli(['predict', 'o', 'a.csv', '--csv'], { cwd });
  assert.equal(predicted.code, 0, predicted.stderr);
  for (const [more, said] of [
    [['--budget', '10'], /--budget: expected a duration from 1s/],
    [['--budget', '10s', '--folds', '3'], /--budget: expected no --folds/],
    [['--budget', '10s', '--average', '3'], /--budget: expected no --average/],
    [['--budget', '10s', '--seeds', '3'], /--budget: expected no --seeds/],
    [['--budget', '10s', 'stop.on=test'], /stop\.on: expected validation with --budget/],
  ] as const) {
    const refused = await cli(['fit', 'a.csv', ...more], { cwd });
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, said);
  }
});
