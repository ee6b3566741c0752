/** CSV files whose targets are numbers, through the command line: training, its records, evaluation, prediction, refusals. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Rng } from '../dist/numbers/rng.js';
import { cli } from './support/cli.ts';

const run = (words: readonly string[]) => cli(words, { cwd: folder });

function expectCode({ code, stderr }: Awaited<ReturnType<typeof run>>, expected: number): void {
  assert.equal(code, expected, stderr);
}

const folder = mkdtempSync(join(tmpdir(), 'shardstep-csv-values-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string) => join(folder, name);

const rng = new Rng(3);
const rows = Array.from({ length: 150 }, (_, i) => {
  const [size, age, noise] = [60 + rng.below(100), rng.below(50), rng.symmetric(1)];
  return [`h${i}`, size, age, 1000 * size - 500 * age + 900 * noise, (size / 10 - noise).toFixed(3)].join();
});
writeFileSync(file('houses.csv'), `${['id,size,age,price,rooms', ...rows].join('\n')}\n`);

const data = ['data.set=csv', `data.dir=${file('houses.csv')}`];
const words = [
  ...[...data, 'data.task=regression', 'model.hidden=[16]', 'train.epochs=25', 'train.batch=20'],
  ...[
    'optimizer.lr=0.05',
    'parallel.threads=2',
    'data.features.kind=pixels',
    'model.init.kind=torch',
    '--quiet',
  ],
];

test('two targets of a table: records, evaluation and prediction have their units', async () => {
  const out = file('run');
  const trained = await run([
    'train',
    ...words,
    'data.target=[price,rooms]',
    'stop.metric=mae',
    '--out',
    out,
  ]);
  expectCode(trained, 0);
  assert.match(trained.stdout, /mae +\d/);
  const { accuracy, metric, metrics } = JSON.parse(readFileSync(join(out, 'result.json'), 'utf8'));
  assert.deepEqual([accuracy, metric, Object.keys(metrics)], [null, 'mae', ['rmse', 'mae', 'r2']]);
  assert.ok(metrics.r2 > 0.9, `${metrics.r2}`);
  const [heading, row] = readFileSync(join(out, 'metrics.csv'), 'utf8').split('\n');
  assert.equal(heading, 'step,epoch,loss,accuracy,lr,elapsed_ms,mae');
  assert.equal(row.split(',')[3], '');
  expectCode(await run(['check-log', join(out, 'log.ndjson')]), 0);
  const evaluated = await run(['eval', out, ...data, '--json']);
  expectCode(evaluated, 0);
  const scores = JSON.parse(evaluated.stdout);
  assert.deepEqual(scores.metrics, metrics);
  assert.deepEqual(
    scores.perTarget.map(({ name }: { name: string }) => name),
    ['price', 'rooms'],
  );
  const predicted = await run(['predict', out, file('houses.csv'), '--json']);
  expectCode(predicted, 0);
  const [{ values }] = JSON.parse(predicted.stdout).predictions;
  const [, , , price, rooms] = rows[0].split(',').map(Number);
  assert.ok(
    Math.abs(values.price - price) < 0.3 * price && Math.abs(values.rooms - rooms) < 4,
    JSON.stringify(values),
  );
  expectCode(await run(['export', out, '--to', file('m.mjs')]), 0);
  const exported = await import(pathToFileURL(file('m.mjs')).href);
  const [, size, age] = rows[0].split(',').map(Number);
  const { byName } = exported.predict([size, age]);
  assert.deepEqual(Object.keys(byName), ['price', 'rooms']);
  for (const name of ['price', 'rooms'])
    assert.ok(
      Math.abs(byName[name] - values[name]) <= 2e-5 * Math.abs(values[name]),
      `${name}: ${byName[name]}, ${values[name]}`,
    );
  expectCode(await run(['report', out, '--out', file('report')]), 0);
});

test('the target that is reached is an error as small as stop.target', async () => {
  const reached = await run(['train', ...words, 'data.label=price', 'stop.target=30000', '--out', file('a')]);
  expectCode(reached, 0);
  const missed = await run(['train', ...words, 'data.label=price', 'stop.target=0.01', '--out', file('b')]);
  expectCode(missed, 3);
});

test('what does not fit is refused', async () => {
  const refusal = async (more: readonly string[], expected: RegExp) => {
    const ended = await run(['train', ...words, '--out', file('none'), ...more]);
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, expected);
  };
  await refusal(['data.target=[price,price]'], /data.target: expected different columns/);
  await refusal(['data.target=[price]', 'data.label=age'], /data.target: expected null if data.label/);
  await refusal(['data.label=price', 'loss=cross-entropy'], /loss.name: expected squared-error/);
  await refusal(['data.label=price', 'stop.metric=f1'], /stop.metric: expected a metric of values/);
  await refusal(['data.task=labels', 'data.label=price'], /price, row 1: expected 0 or 1/);
  await refusal(
    ['data.task=classification', 'data.label=price'],
    /data.task=regression learns other numbers/,
  );
  await refusal(['data.label=id'], /expected a number within float32, got "h0"/);
});

test('columns in another order go by the names of the header: prediction, evaluation, training further', async () => {
  const cells = rows.map((row) => row.split(','));
  const reordered = cells.map(([id, size, age, price, rooms]) => [rooms, age, id, price, size].join());
  writeFileSync(file('order.csv'), `${['rooms,age,id,price,size', ...reordered].join('\n')}\n`);
  writeFileSync(file('less.csv'), `${['rooms,old,id,price,size', ...reordered].join('\n')}\n`);
  writeFileSync(file('bare.csv'), `${cells.map(([, size, age]) => [size, age].join()).join('\n')}\n`);
  const out = file('named');
  expectCode(await run(['train', ...words, 'data.target=[4,5]', '--out', out]), 0);
  const predicted = async (name: string) => {
    const ended = await run(['predict', out, file(name), '--json']);
    expectCode(ended, 0);
    return JSON.parse(ended.stdout).predictions.map(({ values }: { values: object }) => values);
  };
  const wanted = await predicted('houses.csv');
  assert.deepEqual(await predicted('order.csv'), wanted);
  assert.deepEqual(await predicted('bare.csv'), wanted);
  const metrics = async (name: string) => {
    const ended = await run(['eval', out, 'data.set=csv', `data.dir=${file(name)}`, '--json']);
    expectCode(ended, 0);
    return JSON.parse(ended.stdout).metrics;
  };
  assert.deepEqual(await metrics('order.csv'), await metrics('houses.csv'));
  for (const line of [
    ['predict', out, file('less.csv')],
    ['eval', out, 'data.set=csv', `data.dir=${file('less.csv')}`],
  ]) {
    const ended = await run(line);
    assert.notEqual(ended.code, 0);
    assert.match(ended.stderr, /less\.csv: expected one column "age", an input of the model, got none/);
  }
  const other = [...words, `data.dir=${file('order.csv')}`, 'data.target=[price,rooms]'];
  const further = await run([
    'train',
    ...other,
    `model.init.file=${out}/final.safetensors`,
    '--out',
    file('x'),
  ]);
  assert.notEqual(further.code, 0);
  assert.match(further.stderr, /inputs: expected \["size","age"\], as the weights/);
});
