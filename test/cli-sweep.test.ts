/** A scaling sweep on the command line: its rows, its files and its events. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { countCores } from '../dist/machine/cores.js';
import { expectCode, readJson, readLog, workingDirectory } from './support/cli.ts';

interface SweepResult {
  readonly status: string;
  readonly rows: readonly {
    readonly threads: number;
    readonly samplesMs: readonly number[];
    readonly medianMs: number;
    readonly imagesPerSecond: number;
    readonly speedup: number;
    readonly efficiency: number;
    readonly oversubscribed: boolean;
    readonly shares: { readonly compute: number; readonly synchronisation: number; readonly update: number };
  }[];
}

const tiny = ['data.pool=2', 'data.take=1024', 'model.hidden=[32]'];
const cores = await countCores();
const close = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.abs(b);

test('--threads 1..3 measures every count and leaves JSON, CSV, Markdown and events', async (t) => {
  const cwd = await workingDirectory(t);
  const { stdout } = await expectCode(0, ['--threads', '1..3', '--repeats', '5', ...tiny], { cwd });
  const folder = join(cwd, 'results', 'latest');
  const { status, rows } = await readJson<SweepResult>(folder, 'result.json');
  assert.equal(status, 'done');
  assert.deepEqual(
    rows.map(({ threads }) => threads),
    [1, 2, 3],
  );
  for (const row of rows) {
    assert.equal(row.samplesMs.length, 5);
    assert.equal(row.medianMs, [...row.samplesMs].sort((a, b) => a - b)[2]);
    assert.ok(close(row.imagesPerSecond, (1024 / row.medianMs) * 1000));
    assert.ok(close(row.speedup, rows[0].medianMs / row.medianMs));
    assert.ok(close(row.efficiency, row.speedup / row.threads));
    assert.equal(row.oversubscribed, row.threads > cores.available);
    const { compute, synchronisation, update } = row.shares;
    for (const share of [compute, synchronisation, update]) assert.ok(share >= 0 && share <= 1);
    assert.ok(close(compute + synchronisation + update, 1), JSON.stringify(row.shares));
  }
  assert.equal(rows[0].speedup, 1);

  const markdown = await readFile(join(folder, 'sweep.md'), 'utf8');
  assert.ok(stdout.startsWith(markdown.trimEnd()), 'stdout shows another table');
  for (const column of [
    'threads',
    'median ms',
    'images/s',
    'speed-up',
    'efficiency',
    'compute',
    'sync',
    'update',
  ])
    assert.ok(markdown.split('\n')[0].includes(column), column);
  assert.equal(markdown.trimEnd().split('\n').length, 5);
  assert.equal(markdown.includes('more threads than cores'), cores.available < 3);
  const csv = (await readFile(join(folder, 'sweep.csv'), 'utf8')).trimEnd().split('\n');
  assert.deepEqual(
    csv.map((line) => line.split(',')[0]),
    ['threads', '1', '2', '3'],
  );
  assert.deepEqual(csv[1].split(',')[1].split(';').map(Number), rows[0].samplesMs);

  const log = await readLog(folder);
  assert.equal(log[0].event, 'run_start');
  assert.deepEqual([log.at(-1)?.event, log.at(-1)?.exitCode], ['run_stop', 0]);
  assert.deepEqual(
    log.filter(({ event }) => event === 'sweep_row').map(({ threads, medianMs }) => [threads, medianMs]),
    rows.map(({ threads, medianMs }) => [threads, medianMs]),
  );
  const speedups = log.find(({ event }) => event === 'speedup');
  assert.deepEqual(
    speedups?.rows,
    rows.map(({ threads, speedup, efficiency }) => ({ threads, speedup, efficiency })),
  );
  assert.ok((await readdir(folder)).includes('meta.json'));
});

test('--threads 2 alone gives one row, whose speed-up is against one thread', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['--threads', '2', '--repeats', '2', '--json', '--quiet', ...tiny];
  const { stdout, stderr } = await expectCode(0, words, { cwd });
  assert.equal(stderr, '');
  assert.equal(stdout.trimEnd().split('\n').length, 1);
  const { rows } = JSON.parse(stdout) as SweepResult;
  assert.equal(rows.length, 1);
  const [row] = rows;
  assert.deepEqual([row.threads, row.samplesMs.length], [2, 2]);
  assert.ok(row.speedup > 0 && row.speedup !== 1);
  assert.ok(close(row.efficiency, row.speedup / 2));
});

test('--threads takes lists, ranges and words, in any order, each count once', async (t) => {
  const cwd = await workingDirectory(t);
  const counts = async (threads: string) => {
    const words = ['sweep', '--threads', threads, '--repeats', '1', '--json', '--quiet', ...tiny];
    const { rows } = JSON.parse((await expectCode(0, words, { cwd })).stdout) as SweepResult;
    return rows.map((row) => row.threads);
  };
  assert.deepEqual(await counts('4,1,2,1..2'), [1, 2, 4]);
  assert.deepEqual(await counts('logical'), [cores.logical]);
  assert.deepEqual(await counts('physical'), [cores.physical]);
});
