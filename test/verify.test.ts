/** `verify` trains a run again: equal bits, or the first tensor that differs and what may explain it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readSafetensors, writeSafetensors } from '../dist/model/safetensors.js';
import {
  type Circumstances,
  explanations,
  firstOtherLoss,
  lossesIn,
  otherMetrics,
  tensorDifferences,
} from '../dist/run/verification.js';
import { expectCode, workingDirectory } from './support/cli.ts';
import { writeMnist } from './support/mnist-files.ts';

const parent = await mkdtemp(join(tmpdir(), 'shardstep-verify-'));
const data = join(parent, 'data');
before(() => writeMnist(data, 512, 200));
after(() => rm(parent, { recursive: true, force: true }));

const words = [
  'train',
  '--quiet',
  '--config',
  'fastmlp',
  'model.hidden=[24]',
  'data.set=idx',
  `data.dir=${data}`,
];
const length = ['train.batch=64', 'train.epochs=2', 'stop.target=null', '--threads', '2'];

describe('verify', { concurrency: 2 }, () => {
  test('a run is equal to itself, also of several seeds; a changed weight, loss and accuracy are found', async (t) => {
    const cwd = await workingDirectory(t);
    await expectCode(0, [...words, ...length, 'log.every=1', '--seeds', '2', '--out', 'run'], { cwd });
    const { stdout } = await expectCode(0, ['verify', 'run', '--quiet'], { cwd });
    assert.match(stdout, /^run: the same bits\nweights {4}equal, sha256 [0-9a-f]{64}\nlosses {5}equal\n/);

    const weights = join(cwd, 'run/final.safetensors');
    const tensors = readSafetensors(readFileSync(weights), weights);
    const changed = tensors.get('2.weight')?.data ?? assert.fail();
    changed[7] = 2 ** 20;
    writeFileSync(weights, writeSafetensors(tensors, {}));
    const metrics = join(cwd, 'run/metrics.csv');
    const rows = readFileSync(metrics, 'utf8').split('\n');
    rows[3] = rows[3].replace(/^(\d+,\d+,)[^,]+/, '$19.5');
    writeFileSync(metrics, rows.join('\n'));
    const found = await expectCode(1, ['verify', 'run', '--quiet', '--json'], { cwd });
    const { equal, weights: compared, loss, circumstances } = JSON.parse(found.stdout);
    assert.equal(equal, false);
    assert.deepEqual(
      compared.tensors.map(({ largest, ...rest }: { largest: number }) => ({
        ...rest,
        large: largest > 1e6,
      })),
      [{ tensor: '2.weight', values: 1, of: 240, large: true }],
    );
    assert.equal(loss.step, 3);
    assert.equal(loss.recorded, 9.5);
    assert.deepEqual(circumstances, []);
    const text = await expectCode(1, ['verify', 'run', '--quiet'], { cwd });
    assert.match(text.stdout, /one tensor differs: 2\.weight: 1 of 240 values, by at most 1\.05e\+6/);
    assert.match(text.stdout, /losses +differ from step 3 on: 9\.5 in the record/);
    assert.match(text.stdout, /nothing explains the difference/);
  });

  test('owner: another number of threads does not matter, another kernel level does', async (t) => {
    const cwd = await workingDirectory(t);
    await expectCode(0, [...words, ...length, 'parallel.sync=owner', '--out', 'run'], { cwd });
    const result = join(cwd, 'run/result.json');
    writeFileSync(result, readFileSync(result, 'utf8').replace('"threads": 2', '"threads": 1'));
    await expectCode(0, ['verify', 'run', '--quiet'], { cwd });
    const environment = { SHARDSTEP_KERNELS: 'simd' };
    const { stdout } = await expectCode(1, ['verify', 'run', '--quiet'], { cwd, environment });
    assert.match(stdout, /may differ for kernel level: relaxed(-256)? in the record, simd now/);
    assert.doesNotMatch(stdout, /nothing explains/);
  });

  test('a run whose updates have no order, an unfinished one, and other folders are refused', async (t) => {
    const cwd = await workingDirectory(t);
    await expectCode(0, [...words, ...length, 'parallel.sync=hogwild', '--out', 'run'], { cwd });
    const refused = await expectCode(2, ['verify', 'run', '--quiet'], { cwd });
    assert.match(refused.stderr, /run: .*parallel\.sync=hogwild with 2 threads have no order/);
    const result = join(cwd, 'run/result.json');
    writeFileSync(result, readFileSync(result, 'utf8').replace('"done"', '"interrupted"'));
    const unfinished = await expectCode(2, ['verify', 'run', '--quiet'], { cwd });
    assert.match(unfinished.stderr, /expected a finished run, this one was interrupted/);
    assert.match((await expectCode(2, ['verify', 'none'], { cwd })).stderr, /expected the folder of a run/);
    assert.match((await expectCode(2, ['verify', '.'], { cwd })).stderr, /it has no result\.json/);
  });
});

const tensor = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });

test('differences of tensors: bits, the largest difference, tensors of one side', () => {
  const of = (record: Record<string, ReturnType<typeof tensor>>) => new Map(Object.entries(record));
  const nan = of({ a: tensor(Number.NaN, 1) });
  assert.deepEqual(tensorDifferences(nan, nan), []);
  assert.deepEqual(tensorDifferences(of({ a: tensor(0, 1, 2) }), of({ a: tensor(-0, 1, 2.5) })), [
    { tensor: 'a', values: 2, of: 3, largest: 0.5 },
  ]);
  assert.deepEqual(tensorDifferences(of({ a: tensor(1) }), of({ b: tensor(1, 2) })), [
    { tensor: 'a', values: null, of: 1, largest: null },
    { tensor: 'b', values: null, of: 2, largest: null },
  ]);
});

test('losses: the first step that differs or is missing', () => {
  const text = 'step,epoch,loss,accuracy,lr,elapsed_ms\n1,1,0.5,,0.1,3\n2,1,0.25,0.9,0.1,4\n';
  const losses = lossesIn(text);
  assert.deepEqual([...losses], [[1, 0.5], [2, 0.25]]); // biome-ignore format: pairs
  assert.equal(firstOtherLoss(losses, losses), null);
  assert.deepEqual(firstOtherLoss(losses, new Map([[1, 0.5]])), { step: 2, recorded: 0.25, again: null });
});

test('metrics: those of the record, of both parts; older records have none', () => {
  const measured = (rmse: number, r2: number | null) => ({ metrics: { rmse, r2 }, testMetrics: { rmse } });
  assert.deepEqual(otherMetrics(measured(1, null), measured(1, null)), { compared: 3, other: [] });
  assert.deepEqual(otherMetrics(measured(1, null), measured(2, 0.5)).other, [
    { name: 'rmse', on: 'metrics', recorded: 1, again: 2 },
    { name: 'r2', on: 'metrics', recorded: null, again: 0.5 },
    { name: 'rmse', on: 'testMetrics', recorded: 1, again: 2 },
  ]);
  const none = { metrics: null, testMetrics: null };
  assert.deepEqual(otherMetrics(none, measured(1, 2)), { compared: 0, other: [] });
  assert.equal(otherMetrics(measured(1, 2), none).other.length, 3);
});

test('what explains a difference, and what does not', () => {
  const here: Circumstances = {
    ...{ shardstep: '0.1.0', node: '24.0.0', arch: 'x64', processor: 'A', backend: 'wasm' },
    ...{ kernels: 'relaxed', sync: 'owner', threads: 2, wasm: { relaxed: 'a' }, data: { x: 'a' } },
  };
  const kinds = (change: Partial<Circumstances>) =>
    explanations(here, { ...here, ...change }).map(({ kind, text }) => `${kind}: ${text.split(':')[0]}`);
  assert.deepEqual(kinds({}), []);
  assert.deepEqual(kinds({ node: '26.0.0', processor: 'B', threads: 3 }), [
    'no matter: threads',
    'no matter: processor',
    'no matter: Node',
  ]);
  assert.deepEqual(kinds({ kernels: 'relaxed-256' }), ['no matter: kernel level']);
  assert.deepEqual(kinds({ kernels: 'simd', wasm: { simd: 'b' } }), ['explains: kernel level']);
  assert.deepEqual(kinds({ wasm: { relaxed: 'b' } }), ['explains: kernels']);
  assert.deepEqual(kinds({ data: { x: 'b' } }), ['explains: data']);
  assert.deepEqual(kinds({ shardstep: '0.2.0' }), ['explains: shardstep']);
  assert.deepEqual(kinds({ sync: 'average', threads: 3 }), ['explains: parallel.sync', 'explains: threads']);
  assert.deepEqual(kinds({ arch: 'arm64' }), ['explains: architecture']);
});
