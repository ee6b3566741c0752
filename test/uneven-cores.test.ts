/** Fast and slow cores, made up: this machine's are alike. What is counted, how the work is cut, and that results stay. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { coreSpeeds, evenThreads, weightedThreads } from '../dist/machine/core-speeds.js';
import { countCores } from '../dist/machine/cores.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';
import { settledSync } from '../dist/plan/choose-sync.js';
import { mostRows, shardStart, sharesOf, tileRows, tilesPerRank } from '../dist/plan/shards.js';
import { coreThreads } from '../dist/plan/threads.js';
import { configure, fileOrder, openSession, someMnist, takeSteps } from './support/training.ts';

/** A made-up / of single-threaded cores, one value each of a file below its folder; null: no such file. */
function machine(t: TestContext, file: string, values: readonly (number | null)[]): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'uneven-'));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (name: string, text: string) => {
    const full = path.join(root, 'sys/devices/system/cpu', name);
    mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, `${text}\n`);
  };
  write('online', `0-${values.length - 1}`);
  values.forEach((value, cpu) => {
    write(`cpu${cpu}/topology/core_cpus_list`, `${cpu}`);
    if (value !== null) write(`cpu${cpu}/${file}`, `${value}`);
  });
  return root;
}

const capacity = 'cpu_capacity';
const clock = 'cpufreq/cpuinfo_max_freq';
const speedsOf = (values: readonly number[]) =>
  values.map((speed, cpu) => ({ cpu, speed })).sort((a, b) => b.speed - a.speed);

for (const [what, file, values, expected] of [
  ['big.LITTLE by capacity', capacity, [256, 1024, 1024, 256], ['1:1', '2:1', '0:0.25', '3:0.25']],
  ['P and E cores by clock', clock, [5_000_000, 4_000_000], ['0:1', '1:0.8']],
  ['turbo clocks that differ a little', clock, [5_100_000, 5_000_000, 4_900_000], []],
  ['capacities that are alike', capacity, [1024, 1024], []],
  ['a core of which nothing is known', clock, [5_000_000, null], []],
  ['a single core', capacity, [1024], []],
  ['a clock of zero', clock, [5_000_000, 0], []],
] as const)
  test(`${what}: ${expected.join(', ') || 'all cores alike'}`, (t) => {
    const root = machine(t, file, values);
    const found = coreSpeeds(root, [...values.keys()]);
    assert.deepEqual(
      found.map(({ cpu, speed }) => `${cpu}:${speed}`),
      expected,
    );
  });

test('clocks are compared if all capacities are equal', (t) => {
  const root = machine(t, clock, [2_000_000, 4_000_000]);
  for (const cpu of [0, 1])
    writeFileSync(path.join(root, `sys/devices/system/cpu/cpu${cpu}/cpu_capacity`), '1024\n');
  assert.deepEqual(coreSpeeds(root, [0, 1]), speedsOf([0.5, 1]));
});

test('counting: speeds of usable cores only, and of no more than a quota leaves', async (t) => {
  const root = machine(t, capacity, [256, 512, 1024, 1024]);
  mkdirSync(path.join(root, 'proc/self'), { recursive: true });
  const sources = { platform: 'linux', root, parallelism: 4 } as const;
  const cpus = async () => ((await countCores(sources)).speeds ?? []).map(({ cpu }) => cpu);
  assert.deepEqual(await cpus(), [2, 3, 1, 0]);
  writeFileSync(path.join(root, 'proc/self/status'), 'Cpus_allowed_list:\t0-2\n');
  assert.deepEqual(await cpus(), [2, 1, 0]);
  writeFileSync(path.join(root, 'proc/self/cgroup'), '0::/\n');
  mkdirSync(path.join(root, 'sys/fs/cgroup'), { recursive: true });
  writeFileSync(path.join(root, 'sys/fs/cgroup/cpu.max'), '150000 100000\n');
  assert.deepEqual(await cpus(), [2, 1]);
});

test('a slow core is not given even work, and is given its share', () => {
  const slow = { physical: 2, logical: 2, available: 2, speeds: speedsOf([1, 0.3]) };
  assert.equal(evenThreads(slow.speeds), 1);
  assert.equal(weightedThreads(slow.speeds), 2);
  assert.equal(coreThreads({ ...slow, pins: true }, 'owner').count, 2);
  assert.equal(coreThreads({ ...slow, pins: true }, 'average').count, 1);
  const alone = coreThreads({ ...slow, pins: false }, 'owner');
  assert.equal(alone.count, 1);
  assert.match(alone.reason, /the slowest of 2 physical cores has 30 % of the speed of the fastest/);
  assert.equal(evenThreads(speedsOf([1, 1, 0.6, 0.6])), 4);
  assert.equal(evenThreads(speedsOf([1, 1, 0.4, 0.4])), 2);
  assert.equal(weightedThreads(speedsOf([1, 1, 0.4, 0.1])), 3);
  assert.equal(coreThreads({ physical: 4, logical: 8, available: 8 }, 'owner').count, 4);
});

test('shards in proportion are contiguous, complete, and fit the room for their columns', () => {
  const speed = fc.double({ min: 0.2, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(speed, { minLength: 2, maxLength: 12 }),
      fc.integer({ min: 1, max: 2000 }),
      (speeds, batch) => {
        const shares = sharesOf(speedsOf(speeds));
        for (const rows of [batch, Math.ceil(batch / 3)]) {
          let next = 0;
          for (let rank = 0; rank < speeds.length; rank++) {
            const [first, last] = [0, 1].map((end) => shardStart(rows, speeds.length, rank + end, 1, shares));
            assert.equal(first, next);
            assert.ok(last >= first);
            const room = tilesPerRank(mostRows(batch, speeds.length, shares));
            assert.ok(Math.ceil((last - first) / tileRows(last - first)) <= room);
            next = last;
          }
          assert.equal(next, rows);
        }
      },
    ),
  );
});

/** Two short epochs; every weight's bits, and the plan. */
async function train(threads: number, overrides: readonly string[], speeds: readonly number[]) {
  const { session, plan } = await openSession(
    await someMnist(1000, 500),
    threads,
    overrides,
    undefined,
    undefined,
    speedsOf(speeds),
  );
  const sizes = [plan.input.features, ...plan.layers.map((layer) => layer.outputs)];
  session.setParameters(initialTensors(denseNetwork(sizes), 'torch', new Rng(7)), 'seed 7');
  fileOrder(session);
  for (const epoch of [0, 1]) await takeSteps(session, epoch * 4, new Array(4).fill(0.05), 0, 1000);
  const { accuracy } = await session.evaluate('test');
  const bits = Buffer.from(session.vector.slice().buffer).toString('base64');
  await session.close();
  return { plan, result: { accuracy, bits } };
}

for (const [what, overrides] of [
  [
    'sparse, gathered from columns in several tiles',
    ['model.hidden=[170]', 'data.pool=2', 'train.batch=300'],
  ],
  [
    'sparse, centred, whole panels elsewhere',
    ['model.hidden=[128]', 'data.normalise=centre', 'train.batch=300'],
  ],
  ['dense', ['model.hidden=[37]', 'data.packing=dense', 'data.pool=2', 'train.batch=300']],
] as const)
  test(`owner on uneven cores: work in proportion, the same bits as on one core (${what})`, async () => {
    const { result } = await train(1, overrides, []);
    const three = await train(3, overrides, [1, 0.5, 0.25]);
    const { plan } = three;
    assert.deepEqual(plan.cpus, [0, 1, 2]);
    const rows = [0, 1, 2].map(
      (rank) => shardStart(300, 3, rank + 1, 1, plan.shares) - shardStart(300, 3, rank, 1, plan.shares),
    );
    assert.deepEqual(rows, [171, 86, 43]);
    const floats = plan.slices.map((slices) => slices.reduce((sum, slice) => sum + slice.floats, 0));
    assert.ok(floats[0] > floats[1] && floats[1] > floats[2], floats.join(', '));
    assert.deepEqual(three.result, result);
    assert.deepEqual((await train(2, overrides, [0.3, 1])).result, result);
  });

test('even shares for other strategies, and for more threads than cores', async () => {
  for (const [threads, words] of [
    [2, ['parallel.sync=average']],
    [3, []],
  ] as const) {
    const { plan } = await train(
      threads,
      ['model.hidden=[16]', 'data.pool=2', 'train.batch=300', ...words],
      [1, 0.5],
    );
    assert.deepEqual([plan.shares, plan.cpus], [null, null]);
  }
  assert.equal(settledSync(await configure()), 'owner');
});
