/** fit --budget: settings are compared on validation rows, in time; the best model is left, and can be repeated. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { misfits } from '../dist/config/capabilities.js';
import { openSetup } from '../dist/coordinator/setup.js';
import { countCores } from '../dist/machine/cores.js';
import { rankedCells } from '../dist/search/budget.js';
import { type Cell, searchCells } from '../dist/search/cells.js';
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

function* first<T>(count: number, all: Iterable<T>): Generator<T, void> {
  let taken = 0;
  for (const one of all) {
    if (taken++ === count) return;
    yield one;
  }
}

test('settings: the recipe first, then draws that the seed decides, none twice, without the keys of the user', async () => {
  const recipe = ['data.set=table', 'data.dir=x', 'optimizer={name: adamw}', 'train.batch=64'];
  const drawn = async (seed: number, fixed: readonly string[] = []) => {
    const config = await configure(...recipe, `seed=${seed}`);
    return [
      ...first(
        200,
        drawSettings(config, 5000, (key) => fixed.includes(key)),
      ),
    ];
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

/** Prices that follow from two columns. */
const text = (rows: number, seed: number, factor: number) => {
  const [header, ...lines] = tableText(rows, seed).trimEnd().split('\n');
  const priced = lines.map((line) => {
    const [, size, weight] = line.split(',');
    return `${line},${factor * (1000 + 40 * Number(size) + 5 * Number(weight))}`;
  });
  return `${[`${header},price`, ...priced].join('\n')}\n`;
};
test('a search of a regression: in time, ranked, and repeated without a search', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'a.csv': text(400, 1, 1), 'b.csv': text(100, 2, 1) });
  const words = ['fit', 'a.csv', '--target', 'price', '--column', 'row=ignore', '--column', 'class=ignore'];
  const run = async (file: string, out: string) => {
    const started = performance.now();
    const more = ['--test', file, '--budget', '6s', '--out', out, ...settings];
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
  assert.ok(values.length >= 1, JSON.stringify(cells));
  assert.deepEqual(
    values,
    values.toSorted((a, b) => a - b),
  );
  assert.deepEqual([chosen.cell, values[0]], [cells[0].cell, metrics.rmse]);
  assert.ok(testMetrics.rmse > 0);
  assert.match(stdout, /^search {5}\d+ cells? within 6 s/m);
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
});

test('cells: the same whatever the lanes; test rows change none of them, neither do they change its choice', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, {
    'a.csv': text(300, 1, 1),
    'b.csv': text(100, 2, 1),
    'poisoned.csv': text(100, 3, 1000),
  });
  const searched = async (file: string, lanes: number, count: number, ...more: readonly string[]) => {
    const config = await configure(
      ...['data.set=table', `data.dir=${join(cwd, 'a.csv')}`, `data.testFile=${join(cwd, file)}`],
      ...['data.target=price', 'data.columns={row: ignore, class: ignore}', 'loss=squared-error'],
      ...['data.validation=0.2', 'stop.on=validation', 'stop.restoreBest=true', 'optimizer={name: adamw}'],
      ...[...settings, 'data.encoding.bins=8', ...more],
    );
    const setup = await openSetup({
      ...{ config, cores: await countCores(), signal: new AbortController().signal },
      ...{ note() {}, warn() {}, startsWorkers: false },
    });
    const cells: Cell[] = [];
    let best: number | null = null;
    await searchCells({
      ...{ setup, lanes, signal: setup.signal, deadline: 1e6 },
      draws: first(
        count,
        drawSettings(config, 240, () => false),
      ),
      observe: () => ({}),
      finished(cell, model) {
        cells.push(cell);
        best = model?.cell.cell ?? best;
      },
    });
    await setup.resources.close();
    const ranked = rankedCells(cells, 'rmse');
    assert.equal(ranked[0].cell, best);
    return ranked.map(({ cell, end, value, settings }) => ({ cell, end, value, settings }));
  };
  const cells = await searched('b.csv', 1, 4);
  assert.deepEqual(
    cells.map(({ end }) => end),
    ['whole', 'whole', 'whole', 'whole'],
  );
  const values = cells.map(({ value }) => value ?? Number.NaN);
  assert.ok(values.every((value, at) => at === 0 || value > values[at - 1]));
  assert.deepEqual(await searched('b.csv', 3, 4), cells);
  assert.deepEqual(await searched('poisoned.csv', 2, 4), cells);
  // Behind the better half after four evaluations.
  const longer = await searched('b.csv', 1, 8, 'train.epochs=5');
  assert.ok(longer.some(({ end }) => end === 'behind'));
  assert.ok(longer.every(({ cell, end }) => end === 'whole' || (end === 'behind' && cell > 3)));
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
