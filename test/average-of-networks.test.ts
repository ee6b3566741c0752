/** Models that average several networks: one file, whose predictions are the mean of those of its networks. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TargetScale } from '../dist/data/transforms/target-scale.js';
import { load, train } from '../dist/index.js';
import { averageOutputs } from '../dist/inference/average-outputs.js';
import { sigmoid, toProbabilities } from '../dist/loss/probabilities.js';
import { joinMembers, tensorsOfMember } from '../dist/model/members.js';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '../dist/model/safetensors.js';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';
import { tableText } from './support/tables.ts';

const settings = ['train.epochs=3', 'train.batch=32', 'model.hidden=[16]'];

function close(actual: ArrayLike<number>, expected: ArrayLike<number>, relative: number, what = ''): void {
  assert.equal(actual.length, expected.length);
  for (let i = 0; i < actual.length; i++) {
    const most = relative * Math.max(1e-3, Math.abs(expected[i]));
    assert.ok(Math.abs(actual[i] - expected[i]) <= most, `${what} ${i}: ${actual[i]}, not ${expected[i]}`);
  }
}

const outputs = [
  [0.5, -1, 3, 40, -60, 0, 90, 0, -2, 1e-3, 2, -0.5],
  [1.5, 0, -3, 41, 60, 0, -90, 2, -1, -1e-3, -2, 0.25],
  [0, 0, 0, -5, 2, 1, 30, 30, 31, 4, 4, 4],
].map((row) => Float32Array.from(row));

const meanOf = (rows: readonly ArrayLike<number>[]) =>
  Array.from(rows[0], (_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);

test('outputs: their probabilities are the mean of the probabilities, of each loss of classes', () => {
  for (const name of ['cross-entropy', 'squared-error', 'absolute-error', 'huber'] as const) {
    const target = { kind: 'class', classes: 3, weights: null } as const;
    const out = new Float32Array(12);
    averageOutputs({ loss: { name }, target, scale: null, width: 3 }, outputs, out);
    const each = [...outputs, out].map((row) => row.slice());
    for (const row of each) toProbabilities({ name }, row, 3);
    close(each[3], meanOf(each.slice(0, 3)), 1e-6, name);
  }
});

test('outputs: logits of labels and of two classes; values in the units of the targets, their logarithms too', () => {
  const target = { kind: 'value', width: 2 } as const;
  const out = new Float32Array(12);
  const loss = { name: 'binary-cross-entropy' } as const;
  averageOutputs({ loss, target, scale: null, width: 2 }, outputs, out);
  close(Float64Array.from(out, sigmoid), meanOf(outputs.map((row) => Float64Array.from(row, sigmoid))), 1e-5);
  assert.ok(out.every(Number.isFinite));
  const small = outputs.map((row) => row.map((value) => value / 30));
  for (const kind of ['standard', 'log', 'none'] as const) {
    const values = Float32Array.of(1, 200, 3, 500, 9, 350, 2, 220);
    const scale = TargetScale.fit(kind, values, ['a', 'b'], () => {});
    averageOutputs({ loss: { name: 'huber' }, target, scale, width: 2 }, small, out);
    close(scale.values(out), meanOf(small.map((row) => scale.values(row))), 2e-6, kind);
  }
});

test('names: networks that are joined come apart again, with the tensors that all share', () => {
  const tensor = (value: number) => ({ shape: [1], data: Float32Array.of(value) });
  const joined = joinMembers([1, 2, 3].map((value) => new Map([['0.weight', tensor(value)]])));
  joined.set('target.mean', tensor(9));
  for (const member of [0, 1, 2])
    assert.deepEqual(
      tensorsOfMember(joined, member),
      new Map([
        ['target.mean', tensor(9)],
        ['0.weight', tensor(member + 1)],
      ]),
    );
});

/** A network of an average in a file of its own. */
function memberFile(bytes: Buffer, member: number): Uint8Array {
  const { 'model.members': _, ...metadata } = readSafetensorsMetadata(bytes, 'the average');
  const tensors = tensorsOfMember(readSafetensors(bytes, 'the average'), member);
  return writeSafetensors(new Map(tensors), { ...metadata, 'shardstep.format': '1' });
}

interface Result {
  readonly metric: string;
  readonly metrics: Readonly<Record<string, number>>;
  readonly testMetrics: Readonly<Record<string, number>>;
  readonly members: readonly { readonly seed: number; readonly testMetrics: Result['testMetrics'] }[];
}

for (const [what, words] of Object.entries({
  classes: [],
  'two classes': ['--target', 'sold', 'loss={name: binary-cross-entropy}'],
  values: ['--target', 'price', '--column', 'class=ignore'],
}))
  test(`a run of ${what}: the same on 1, 2, 3 threads; predictions, evaluation and result are the mean's`, async (t) => {
    const cwd = await workingDirectory(t);
    const text = (rows: number, seed: number) => {
      const [header, ...lines] = tableText(rows, seed).trimEnd().split('\n');
      const priced = lines.map((line) => {
        const [, size, weight] = line.split(',');
        return `${line.replace(/^\d+,/, `${weight},`)},${Math.exp(Number(size) / 30).toFixed(3)}`;
      });
      const cut = (line: string) => (what === 'values' ? line : line.slice(0, line.lastIndexOf(',')));
      return `${[`${header},price`, ...priced].map(cut).join('\n')}\n`;
    };
    await writeFiles(cwd, { 'a.csv': text(300, 1), 'b.csv': text(100, 2) });
    const fit = ['fit', 'a.csv', '--test', 'b.csv', ...words, ...settings];
    const files: Buffer[] = [];
    for (const threads of what === 'classes' ? ['1', '2', '3'] : ['1', '2']) {
      const more = ['--average', '3', '--threads', threads, '--out', `o${threads}`];
      const { code, stderr, stdout } = await cli([...fit, ...more], { cwd });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^average {4}of 3 networks; each by itself: mean \w+/m);
      files.push(readFileSync(join(cwd, `o${threads}`, 'final.safetensors')));
    }
    assert.ok(files.every((file) => file.equals(files[0])));
    const { metric, testMetrics, members } = await readJson<Result>(cwd, 'o2', 'result.json');
    assert.deepEqual(
      members.map(({ seed }) => seed),
      [1, 2, 3],
    );
    // The first network is that of a run without the others.
    const alone = await cli([...fit, '--out', 'p'], { cwd });
    assert.equal(alone.code, 0, alone.stderr);
    assert.deepEqual(
      new Map(tensorsOfMember(readSafetensors(files[0], ''), 0)),
      readSafetensors(readFileSync(join(cwd, 'p', 'final.safetensors')), ''),
    );
    assert.deepEqual(members[0].testMetrics, (await readJson<Result>(cwd, 'p', 'result.json')).testMetrics);
    await using model = await load(join(cwd, 'o1'));
    const rows = [{ size: 12.5, kind: 'oak', weight: 3 }, { size: 80, kind: 'elm' }, { sold: 'yes' }];
    const own: Float32Array[] = [];
    for (const member of [0, 1, 2]) {
      await using network = await load(memberFile(files[0], member));
      own.push(await network.predictMany(rows));
    }
    assert.notDeepEqual(own[0], own[1]);
    const averaged = await model.predictMany(rows);
    close(averaged, meanOf(own), 2e-6);
    assert.deepEqual(await model.predictMany(rows, { threads: 2 }), averaged);
    if (model.kind === 'class') {
      const one = model.predict(rows[1]);
      assert.deepEqual(one.probabilities, averaged.subarray(model.labels.length, 2 * model.labels.length));
    } else assert.equal(Math.fround(model.predictValues(rows[1])[0]), averaged[1]);
    await model.save(join(cwd, 'again.safetensors'));
    assert.ok(readFileSync(join(cwd, 'again.safetensors')).equals(files[0]));
    assert.throws(() => model.toOnnx(), /an average of 3 networks, which no export format has/);
    const again = await cli(['eval', 'again.safetensors', 'data.dir=b.csv', '--json'], { cwd });
    assert.equal(again.code, 0, again.stderr);
    const { metrics } = JSON.parse(again.stdout) as Result;
    close([metrics[metric]], [testMetrics[metric]], 1e-9);
    const verified = await cli(['verify', 'o2'], { cwd });
    assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  });

test('a program trains an average too: rows in memory, more than the average is refused', async () => {
  const count = 120;
  const inputs = Float32Array.from({ length: 2 * count }, (_, i) => Math.sin(i * 1.7));
  const targets = Float32Array.from({ length: count }, (_, i) => inputs[2 * i] - 2 * inputs[2 * i + 1]);
  const recipe = { model: { hidden: [8], members: 3 }, train: { batch: 16, epochs: 20 } };
  const data = { inputs, shape: [2], targets, test: { inputs, targets } };
  await using model = await train(data as unknown as Parameters<typeof train>[0], {
    recipe: { ...recipe, 'loss.name': 'squared-error' },
  });
  assert.equal(model.metadata['model.members'], '3');
  const { r2 } = await model.metrics({ inputs, targets } as unknown as Parameters<typeof model.metrics>[0]);
  assert.ok(Number(r2) > 0.5, String(r2));
});

test('what does not go with an average is refused in one line', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'a.csv': tableText(120) });
  const made = await cli(['fit', 'a.csv', '--average', '2', '--out', 'o', ...settings], { cwd });
  assert.equal(made.code, 0, made.stderr);
  for (const [words, code, said] of [
    [['fit', 'a.csv', '--average', '2', '--seeds', '3'], 2, /--average: expected no --seeds beside it/],
    [['fit', 'a.csv', '--average', '0'], 2, /--average: expected an integer from 1/],
    [
      ['fit', 'a.csv', '--average', '2', 'checkpoint.every=1epoch'],
      2,
      /model\.members: expected 1, or checkpoint/,
    ],
    [['train', '--resume', 'o'], 2, /o/],
    [['export', 'o', '--to', 'x.mjs'], 2, /an average of 2 networks, which no export format has/],
    [
      ['fit', 'a.csv', 'model.init.file=o/final.safetensors'],
      2,
      /expected the weights of one network, got an average of 2/,
    ],
    [
      ['sweep', 'model.members=2', '--config', 'o/config.yaml', '--threads', '1'],
      2,
      /model\.members: expected 1: this command trains one/,
    ],
    [['train', 'model.members=2', 'data.features.kind=directions'], 2, /model\.members/],
  ] as const) {
    const refused = await cli(words, { cwd });
    assert.equal(refused.code, code, `${words.join(' ')}: ${refused.stderr}`);
    assert.match(refused.stderr, said);
  }
});
