/** What `fit` chooses by a table: for tables of several shapes, with values that the user set, and to the same bits on any threads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveConfig } from '../dist/config/load.js';
import type { Dataset } from '../dist/data/dataset.js';
import { fitToData } from '../dist/data/fit-to-data.js';
import type { Target } from '../dist/data/target.js';
import { edgesOf, rangesOf } from '../dist/tables/encoder-fit.js';
import { recipeOfTable } from '../dist/tables/training/table-recipe.js';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { refusal } from './support/config-refusal.ts';
import { writeFiles } from './support/data-files.ts';
import { says } from './support/says.ts';
import { tableText } from './support/tables.ts';

/** `classes`: 0 is a regression. */
function dataset(rows: number, classes: number): Dataset {
  const samples = (count: number) => ({
    values: new Float32Array(count),
    targets: classes > 0 ? new Uint32Array(count) : new Float32Array(count),
    ...{ count, shape: [1], full: 1 },
    table: {
      fit(): never {
        throw new Error('nothing is fitted here');
      },
    },
  });
  const target: Target =
    classes > 0
      ? { kind: 'class', labels: Array.from({ length: classes }, (_, c) => `c${c}`) }
      : { kind: 'value', width: 1, names: ['y'], areLabels: false };
  return {
    ...{ name: 'table', source: '', sha256: {} },
    ...{ train: samples(rows), test: samples(10), validation: null, target },
  };
}

const recipe = (...overrides: string[]) =>
  resolveConfig({ file: 'fit', implied: true, overrides, environment: { SHARDSTEP_DATA: '/data/rows.csv' } });

async function chosenFor(rows: number, classes: number, ...overrides: string[]) {
  const { config, given } = await recipe(...overrides);
  const of = dataset(rows, classes);
  const { config: chosen, notes } = recipeOfTable(config, of, given);
  const { train, stop, loss, data } = fitToData(chosen, of, given).config;
  const smoothing = loss.name === 'cross-entropy' ? loss.labelSmoothing : null;
  return {
    values: [train.batch, train.epochs, train.dropout, smoothing, stop.metric, data.validation],
    notes,
  };
}

test('the recipe that the user names chooses batch and epochs as it does by default', async () => {
  const environment = { SHARDSTEP_DATA: '/data/rows.csv' };
  const { config, given } = await resolveConfig({ file: 'fit', overrides: [], environment });
  const { data, train } = recipeOfTable(config, dataset(275, 3), given).config;
  assert.deepEqual([train.batch, train.epochs, data.validation], [16, 60, 0.2]);
});

test('batch and epochs by rows, regularisation by classes, the log loss and more validation rows decide in small tables', async () => {
  const cases = [
    [275, 3, [16, 60, 0.4, 0.1, 'logLoss', 0.2]],
    [455, 2, [16, 60, 0.4, 0, 'logLoss', 0.2]],
    [16_000, 26, [128, 35, 0, 0.1, null, 0.1]],
    [22_792, 2, [128, 9, 0.2, 0, null, 0.1]],
    [43_152, 0, [256, 13, 0, null, null, 0.1]],
    [353, 0, [16, 60, 0.4, null, null, 0.2]],
    [1_000_000, 2, [1024, 4, 0.2, 0, null, 0.1]],
    [12, 3, [8, 60, 0.4, 0.1, 'logLoss', 0.2]],
  ] as const;
  for (const [rows, classes, expected] of cases) {
    const { values, notes } = await chosenFor(rows, classes);
    assert.deepEqual(values, expected, `${rows} rows, ${classes} classes`);
    assert.equal(notes.length, 1);
    says(notes[0], `train.batch=${values[0]}`, `train.epochs=${values[1]}`);
  }
});

test('a value that the user set is kept, and its key is not among the chosen ones', async () => {
  const words = ['train.batch=100', 'train.dropout=0.3', 'stop.metric=auc', 'data.validation=0.3'];
  const { values, notes } = await chosenFor(455, 2, ...words);
  // Four steps an epoch instead of 23: as many steps take more epochs than there may be.
  assert.deepEqual(values, [100, 60, 0.3, 0, 'auc', 0.3]);
  assert.match(notes[0], /: train\.epochs=60$/);
  const all = [...words, 'train.epochs=7'];
  assert.deepEqual((await chosenFor(455, 2, ...all)).notes, []);
  const smoothed = await chosenFor(455, 3, 'loss.labelSmoothing=0');
  assert.equal(smoothed.values[3], 0);
  const none = await chosenFor(455, 2, 'train.byTable=false');
  assert.deepEqual(none.notes, []);
  assert.equal(none.values[1], 40);
  const linear = await chosenFor(455, 2, 'model.hidden=[]');
  assert.equal(linear.values[2], 0);
});

test('of other data train.byTable is refused', async () => {
  says(await refusal({ overrides: ['train.byTable=true', 'data.set=mnist'] }), 'train.byTable', 'data.set');
});

test('bins: auto has few ranges in columns of few values and in few rows', () => {
  assert.equal(rangesOf(16, 16_000), 4);
  assert.equal(rangesOf(2, 16_000), 1);
  assert.equal(rangesOf(119, 20_000), 64);
  assert.equal(rangesOf(200, 250), 8);
  const grid = Float32Array.from({ length: 1600 }, (_, i) => Math.floor(i / 100));
  const edges = edgesOf(grid, 'auto');
  assert.ok(edges !== null && edges.length <= 5 && edges[0] === 0 && edges.at(-1) === 15, String(edges));
  assert.equal(edgesOf(grid, 64)?.length, 16);
});

test('a default fit has the same bits on one, two and three threads', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'rows.csv': tableText(300) });
  const hashes: unknown[] = [];
  for (const threads of [1, 2, 3]) {
    const out = `o${threads}`;
    const words = ['fit', 'rows.csv', `--threads=${threads}`, '--out', out, 'train.epochs=3'];
    const { code, stderr } = await cli(words, { cwd });
    assert.equal(code, 0, stderr);
    assert.match(
      stderr,
      /by 192 rows of 3 classes, each to be set otherwise: data\.validation=0\.2 train\.batch=16 train\.dropout=0\.4 loss/,
    );
    if (threads === 1) {
      // Trained again by its own file, in which everything is set.
      const verified = await cli(['verify', out, '--json'], { cwd });
      assert.equal(verified.code, 0, verified.stderr);
    }
    hashes.push((await readJson<{ weightsSha256: string }>(cwd, out, 'result.json')).weightsSha256);
  }
  assert.deepEqual(hashes, [hashes[0], hashes[0], hashes[0]]);
});
