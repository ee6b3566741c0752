/** A table from the command line: trained, verified, resumed, evaluated, predicted by the names of its columns. */
import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { load, train } from '../dist/index.js';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';
import { tableText } from './support/tables.ts';

const recipe = `
data: { set: table, dir: rows.csv, target: class, columns: { sold: category } }
model: { hidden: [12] }
train: { batch: 32, epochs: 6 }
optimizer: { name: adam, lr: 0.01 }
`;
const words = ['train', '--config=small.yaml', '--threads=1', '--quiet'];

async function trained(t: TestContext, ...more: string[]) {
  const cwd = await workingDirectory(t);
  const test = tableText(80, 2).trimEnd().split('\n');
  await writeFiles(cwd, {
    ...{ 'small.yaml': recipe, 'rows.csv': tableText(400), 'test.csv.gz': gzipSync(`${test.join('\n')}\n`) },
    // Columns in another order, one that training had not, none of the target, a category that is unknown.
    'new.jsonl': `${test
      .slice(1, 4)
      .map((line) => line.split(','))
      .map(([row, size, weight, , when, sold]) =>
        JSON.stringify({
          when,
          kind: 'yew',
          sold,
          weight: Number(weight),
          size: size === '' ? null : Number(size),
          row,
          other: 1,
          plant: 'north',
        }),
      )
      .join('\n')}\n`,
  });
  const done = await cli([...words, '--out=a', ...more], { cwd });
  assert.equal(done.code, 0, done.stderr);
  return cwd;
}

test('a run is verified, its model evaluates and predicts rows by the names of their columns', async (t) => {
  const cwd = await trained(t, 'data.testFile=test.csv.gz');
  const { accuracy } = await readJson<{ accuracy: number }>(cwd, 'a', 'result.json');
  assert.ok(accuracy > 0.6, `${accuracy}`);
  const verified = await cli(['verify', 'a', '--json'], { cwd });
  assert.equal(verified.code, 0, verified.stderr);
  const scores = await cli(['eval', 'a', 'data.dir=test.csv.gz', '--json'], { cwd });
  assert.equal(JSON.parse(scores.stdout).accuracy, accuracy);
  assert.equal(JSON.parse(scores.stdout).count, 80);
  const { stdout, stderr, code } = await cli(['predict', 'a', 'new.jsonl', '--json'], { cwd });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /1 column that training had not: other/);
  assert.match(stderr, /"kind": 3 rows with categories that training had not/);
  const { predictions } = JSON.parse(stdout);
  await using model = await load(join(cwd, 'a'));
  const [first] = tableText(80, 2).split('\n').slice(1);
  const [, size, weight, , when, sold] = first.split(',');
  const own = model.predict({ size, weight: Number(weight), kind: 'yew', when, sold });
  assert.equal(own.label, predictions[0].label);
  assert.equal(own.probabilities[own.index], predictions[0].probability);
  const many = await model.predictMany([{ size, weight, kind: 'yew', when, sold }, { size }]);
  assert.deepEqual(many.slice(0, 3), own.probabilities);
  assert.throws(() => model.predict({ sise: 1 }), {
    name: 'UserError',
    message: /no column is named "sise": .*size/,
  });
  assert.throws(() => model.predict([1, 2]), { name: 'UserError', message: /an object/ });
  await assert.rejects(model.predictMany([{ size: 'large' }]), { name: 'UserError', message: /size/ });
  assert.ok(model.toOnnx().length > 1000);
  assert.equal(model.toFunction()({ size, weight, kind: 'yew', when, sold }).label, own.label);
  const evaluated = await model.evaluate({ table: join(cwd, 'test.csv.gz') });
  assert.equal(evaluated.accuracy, accuracy);
});

/** Two columns of words of yes and no; the first row has `first` in the first. */
const flagText = (rows: number, first: 'yes' | 'no') =>
  `a,b,warm,wet\n${Array.from({ length: rows }, (_, row) => {
    const at = first === 'yes' ? row : row + 1;
    const [a, b] = [at % 2, (at * 7) % 10];
    return `${a},${b},${a === 0 ? 'yes' : 'no'},${b > 4 ? 'yes' : 'no'}\n`;
  }).join('')}`;

for (const task of ['labels', 'regression'])
  test(`words of yes and no as ${task}: eval gives the figures of training, with a test file and without`, async (t) => {
    const cwd = await workingDirectory(t);
    await writeFiles(cwd, {
      'flags.yaml': `
data: { set: table, dir: rows.csv, target: [warm, wet], task: ${task} }
model: { hidden: [8] }
train: { batch: 16, epochs: 5 }
optimizer: { name: adam, lr: 0.02 }
`,
      ...{ 'rows.csv': flagText(300, 'no'), 'test.csv': flagText(60, 'yes') },
    });
    for (const [out, own, others] of [
      ['a', [], ['data.dir=rows.csv', 'data.test=0.2']],
      ['b', ['data.testFile=test.csv'], ['data.dir=test.csv']],
    ] as const) {
      const run = ['train', '--config=flags.yaml', '--threads=1', '--quiet', `--out=${out}`];
      const done = await cli([...run, ...own], { cwd });
      assert.equal(done.code, 0, done.stderr);
      const { metrics } = await readJson<{ metrics: Record<string, number> }>(cwd, out, 'result.json');
      const scores = await cli(['eval', out, ...others, '--json'], { cwd });
      assert.equal(scores.code, 0, scores.stderr);
      assert.deepEqual(JSON.parse(scores.stdout).metrics, metrics);
      assert.ok(task === 'labels' ? metrics.accuracy > 0.9 : metrics.rmse < 0.2, JSON.stringify(metrics));
    }
  });

test('the held-out fifth is evaluated again; a missing column, other types and foreign data are refused', async (t) => {
  const cwd = await trained(t);
  const { accuracy } = await readJson<{ accuracy: number }>(cwd, 'a', 'result.json');
  const again = await cli(['eval', 'a', 'data.dir=rows.csv', 'data.test=0.2', '--json'], { cwd });
  assert.equal(JSON.parse(again.stdout).accuracy, accuracy, again.stderr);
  await writeFiles(cwd, {
    'less.csv': tableText(5).replaceAll(/^([^,]*),[^,]*,/gm, '$1,'),
    'odd.csv': tableText(5).replaceAll(/^(\d+),[^,]*,/gm, '$1,large,'),
  });
  const refused = async (...line: string[]) => {
    const { code, stderr } = await cli(line, { cwd });
    assert.notEqual(code, 0);
    return stderr;
  };
  assert.match(await refused('predict', 'a', 'less.csv'), /less\.csv has no column "size"/);
  assert.match(await refused('predict', 'a', 'odd.csv'), /odd\.csv: line 2, column 2 \("size"\).*"large"/);
  assert.match(await refused('export', 'a', '--to=a.tfjs.json'), /tfjs: .*got one of a table/);
  assert.match(await refused('export', 'a', '--to=a.h', '--int8'), /--int8: .*got one of a table/);
  for (const name of ['a.mjs', 'a.h', 'a.json', 'a.onnx', 'a.safetensors']) {
    const { code, stdout, stderr } = await cli(['export', 'a', `--to=${name}`], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /3 classes from rows with 5 columns/);
  }
  const imported = await cli(['import', 'a.onnx', '--to=b.safetensors'], { cwd });
  assert.equal(imported.code, 0, imported.stderr);
  const [before, after] = await Promise.all(
    ['a.safetensors', 'b.safetensors'].map((name) => readFile(join(cwd, name))),
  );
  assert.ok(before.equals(after), 'the weights file comes back from ONNX');
  assert.match(await refused('eval', 'a', 'data.set=mnist'), /mnist/);
  assert.match(await refused(...words, 'data.normalise=whiten'), /data\.normalise: expected .* got "whiten"/);
  assert.match(await refused(...words, 'data.target=clas'), /no column "clas".*did you mean class/);
  assert.match(
    await refused('train', 'data.test=0.2', '--out=x'),
    /data\.test: expected null if data\.set is mnist/,
  );
  assert.match(
    await refused(...words, 'data.test=0.2', 'data.testFile=test.csv.gz'),
    /data\.test: expected null if data\.testFile is given/,
  );
});

test('a run that was stopped goes on to the same file; a model is trained further on rows read as it has them', async (t) => {
  const cwd = await trained(t, 'checkpoint.every=5steps', 'checkpoint.keep=50');
  const whole = await readJson<{ accuracy: number }>(cwd, 'a', 'result.json');
  const { mkdir, readdir, readFile } = await import('node:fs/promises');
  await mkdir(join(cwd, 'b'));
  const files = await readdir(join(cwd, 'a'));
  const [checkpoint] = files.filter((name) => /^checkpoint-\d+\./.test(name)).sort();
  for (const name of files)
    if (name === checkpoint || /^(config|meta|log\.ndjson|metrics)/.test(name))
      await copyFile(join(cwd, 'a', name), join(cwd, 'b', name));
  const resumed = await cli(['train', '--resume', 'b', '--quiet'], { cwd });
  assert.equal(resumed.code, 0, resumed.stderr);
  const [one, two] = await Promise.all(
    ['a', 'b'].map((run) => readFile(join(cwd, run, 'final.safetensors'))),
  );
  assert.ok(one.equals(two));
  const further = await cli([...words, 'model.init.file=a/final.safetensors', '--out=c'], { cwd });
  assert.equal(further.code, 0, further.stderr);
  const better = await readJson<{ accuracy: number }>(cwd, 'c', 'result.json');
  assert.ok(better.accuracy >= whole.accuracy - 0.05);
  const text = async (run: string) =>
    JSON.parse((await load(join(cwd, run))).metadata.table).encoder.categories;
  assert.deepEqual(await text('c'), await text('a'));
});

test('a program trains on a table', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'rows.csv': tableText(300) });
  const table = join(cwd, 'rows.csv');
  const settings = { 'model.hidden': [8], 'train.batch': 32, 'train.epochs': 3, optimizer: 'adam' };
  await using model = await train(
    { table, target: 'class', columns: { weight: 'category' } },
    { recipe: settings },
  );
  assert.deepEqual(model.labels, ['high', 'low', 'mid']);
  const { accuracy } = await model.evaluate({ table, test: 0.2 });
  assert.equal(String(accuracy), model.metadata.accuracy);
});

test('beside a model, settings of the table that differ from its own are refused, not ignored', async (t) => {
  const cwd = await trained(t, 'data.encoding.bins=5');
  const further = (...more: string[]) =>
    cli([...words, 'model.init.file=a/final.safetensors', '--out=c', 'train.epochs=1', ...more], { cwd });
  const cases: [string, RegExp][] = [
    ['data.target=kind', /data\.target: expected "class", .*got "kind"/],
    ['data.columns={weight: category}', /data\.columns\.weight: expected "number", .*got "category"/],
    ['data.encoding.bins=7', /data\.encoding\.bins: expected 5, .*got 7/],
    ['data.encoding.scaling=quantile', /data\.encoding\.scaling: expected "standard", .*got "quantile"/],
  ];
  for (const [word, message] of cases) {
    const { code, stderr } = await further(word);
    assert.equal(code, 2, `${word}: ${stderr}`);
    assert.match(stderr, message);
  }
  const evaluated = await cli(['eval', 'a', 'data.dir=rows.csv', 'data.target=kind'], { cwd });
  assert.match(evaluated.stderr, /data\.target: expected "class"/);
  const same = await further('data.encoding.bins=5', 'data.target=class');
  assert.equal(same.code, 0, same.stderr);
  await assert.rejects(
    async () => train({ table: join(cwd, 'rows.csv'), target: 'kind' }, { from: join(cwd, 'a') }),
    {
      name: 'UserError',
      message: /data\.target: expected "class"/,
    },
  );
  const values = [
    'train',
    '--threads=1',
    '--quiet',
    'data.set=table',
    'data.dir=rows.csv',
    'model.hidden=[4]',
  ];
  const few = [...values, 'train.epochs=1', 'train.batch=32', 'data.target=weight', 'data.task=regression'];
  const scaled = await cli([...few, 'data.targetScale=standard', '--out=v'], { cwd });
  assert.equal(scaled.code, 0, scaled.stderr);
  const other = await cli(
    [...few, 'data.targetScale=none', 'model.init.file=v/final.safetensors', '--out=w'],
    {
      cwd,
    },
  );
  assert.equal(other.code, 2, other.stderr);
  assert.match(other.stderr, /data\.targetScale: expected .*standard.* got "none"/);
});

test('evaluating the file of training is said, and how its held-out rows are evaluated', async (t) => {
  const cwd = await trained(t);
  const warned = async (...more: string[]) => {
    const { code, stderr } = await cli(['eval', 'a', ...more], { cwd });
    assert.equal(code, 0, stderr);
    return /data\.test=0\.2 .*\[evaluates-training-rows\]/.test(stderr);
  };
  await writeFiles(cwd, { 'other.csv': tableText(50, 3) });
  assert.equal(await warned('data.dir=rows.csv'), true);
  assert.equal(await warned('data.dir=rows.csv', 'data.test=0.2'), false);
  assert.equal(await warned('data.dir=other.csv'), false);
});

test('a prediction whose exponential overflows is refused in one line', async (t) => {
  const cwd = await workingDirectory(t);
  const rows = Array.from(
    { length: 100 },
    (_, i) => `${(i % 40) + 0.5},${Math.exp((i % 40) / 5 + (i % 7) / 50)}`,
  );
  await writeFiles(cwd, { 'rows.csv': `x,y\n${rows.join('\n')}\n`, 'far.csv': 'x\n1e9\n' });
  const data = { table: join(cwd, 'rows.csv'), target: 'y' };
  const few = { 'data.targetScale': 'log', 'data.encoding.bins': 0, 'model.hidden': [], 'train.epochs': 30 };
  await using model = await train(data, { recipe: few });
  assert.ok(Number.isFinite(model.predictValues({ x: 20 })[0]));
  const refused = { name: 'UserError', message: /a predicted value is not finite in the unit of the target/ };
  assert.throws(() => model.predictValues({ x: 1e9 }), refused);
  await assert.rejects(model.predictMany([{ x: 1e9 }]), refused);
});
