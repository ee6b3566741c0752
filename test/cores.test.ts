import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { countCores, cpusIn } from '../dist/machine/cores.js';
import { gatherHardware, type HardwareSource, hardwareLines } from '../dist/machine/hardware.js';

/** A made-up / with the given files; removed after the test. */
function machine(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(path.join(os.tmpdir(), 'cores-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), `${text}\n`);
  }
  return root;
}

/** Two sockets of two cores of two threads: cpu0 and cpu4 are siblings, and so on. */
const eightThreads: Record<string, string> = { 'sys/devices/system/cpu/online': '0-7' };
for (let cpu = 0; cpu < 8; cpu++) {
  eightThreads[`sys/devices/system/cpu/cpu${cpu}/topology/core_cpus_list`] = `${cpu % 4},${(cpu % 4) + 4}`;
}

const count = (root: string, parallelism: number) => countCores({ platform: 'linux', root, parallelism });

test('threads of one core count as one physical core', async (t) => {
  const { physical, logical, available, limit } = await count(machine(t, eightThreads), 8);
  assert.deepEqual([physical, logical, available, limit], [4, 8, 8, null]);
});

test('affinity to two threads of the same core leaves one physical core', async (t) => {
  const status = { 'proc/self/status': 'Name:\tnode\nCpus_allowed_list:\t1,5\nMems_allowed_list:\t0' };
  const root = machine(t, { ...eightThreads, ...status });
  const { physical, logical, available, limit } = await count(root, 2);
  assert.deepEqual([physical, logical, available], [1, 8, 2]);
  assert.equal(limit, 'the affinity of the process (taskset, cpuset), 2 of 8 CPUs');
});

test('core ids of different sockets are different cores where the kernel has no sibling lists', async (t) => {
  const files: Record<string, string> = { 'sys/devices/system/cpu/online': '0-3' };
  for (let cpu = 0; cpu < 4; cpu++) {
    const topology = `sys/devices/system/cpu/cpu${cpu}/topology`;
    files[`${topology}/physical_package_id`] = String(cpu >> 1);
    files[`${topology}/core_id`] = String(cpu & 1);
  }
  assert.equal((await count(machine(t, files), 4)).physical, 4);
});

for (const [name, files, available] of [
  ['a v2 quota of 1.5 CPUs is rounded up to 2', { 'sys/fs/cgroup/cpu.max': '150000 100000' }, 2],
  ['a v2 quota of max is no quota', { 'sys/fs/cgroup/cpu.max': 'max 100000' }, 8],
  ['a quota below one CPU leaves one', { 'sys/fs/cgroup/cpu.max': '20000 100000' }, 1],
  [
    'the tightest quota on the way up binds',
    {
      'proc/self/cgroup': '0::/a/b',
      'sys/fs/cgroup/a/cpu.max': '300000 100000',
      'sys/fs/cgroup/a/b/cpu.max': '500000 100000',
    },
    3,
  ],
  [
    'a v1 quota of the mounted top counts although the path is the host’s',
    {
      'proc/self/cgroup': '5:cpu,cpuacct:/docker/1f2e\n0::/',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '250000',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    },
    3,
  ],
  [
    'a v1 quota of -1 is no quota',
    {
      'proc/self/cgroup': '1:cpu:/',
      'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1',
      'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000',
    },
    8,
  ],
] as const) {
  test(name, async (t) => {
    const root = machine(t, { ...eightThreads, 'proc/self/cgroup': '0::/', ...files });
    const counted = await count(root, 8);
    assert.equal(counted.available, available);
    assert.equal(counted.physical, Math.min(4, available));
    if (available < 8) assert.match(counted.limit ?? '', /^a cgroup quota of (1\.5|0\.2|2\.5|3) CPUs$/);
    else assert.equal(counted.limit, null);
  });
}

test('kernel CPU lists are read with ranges, and nonsense is no CPU', () => {
  assert.deepEqual(cpusIn('0-2,5,8-9\n'), [0, 1, 2, 5, 8, 9]);
  assert.deepEqual(cpusIn('x,,3'), [3]);
  assert.deepEqual(cpusIn(null), []);
});

test('taskset -c 0 gives one core', { skip: process.platform !== 'linux' }, (t) => {
  const program = `console.log(JSON.stringify(await (await import(${JSON.stringify(
    new URL('../dist/machine/cores.js', import.meta.url).href,
  )})).countCores()))`;
  const args = ['-c', '0', process.execPath, '--input-type=module', '-e', program];
  try {
    const counted = JSON.parse(execFileSync('taskset', args, { encoding: 'utf8' }));
    assert.deepEqual([counted.physical, counted.available], [1, 1]);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return t.skip('no taskset here');
    throw error;
  }
});

test('a hardware card is whole when calls fail or hang, and knows nothing it was not told', async () => {
  const source: HardwareSource = {
    cpu: () => Promise.reject(new Error('no lscpu')),
    mem: () => {
      throw new Error('not even a promise');
    },
    osInfo: () => new Promise(() => {}),
    system: () => new Promise(() => {}),
  };
  const facts = await gatherHardware(async () => source, 50);
  assert.equal(facts.vendor, null);
  assert.equal(facts.boostGHz, null);
  assert.equal(facts.simd, null);
  assert.equal(facts.virtualisation, null);
  assert.equal(facts.os, null);
  assert.equal(facts.node, process.versions.node);
  assert.ok(facts.memoryTotalBytes !== null && facts.memoryTotalBytes > 0);
  assert.doesNotMatch(hardwareLines(facts, null).join('\n'), /null|NaN|undefined/);
});

test('a hardware card without systeminformation still comes', async () => {
  const facts = await gatherHardware(() => Promise.reject(new Error('not installed')), 50);
  assert.equal(facts.arch, process.arch);
  assert.equal(facts.physicalCores, null);
  assert.match(hardwareLines(facts, null).join('\n'), /^note {7}.*npm i systeminformation$/m);
  const whole = await gatherHardware();
  assert.doesNotMatch(hardwareLines(whole, null).join('\n'), /^note/m);
});

test('hardware lines give sizes, clocks and measurements with units', async () => {
  const bare = await gatherHardware(() => Promise.reject(new Error('not installed')), 50);
  const facts = {
    ...bare,
    l1dBytes: 49_152,
    l2Bytes: 2_097_152,
    baseGHz: 2.9,
    boostGHz: 3.75,
    simd: ['avx2'],
  };
  const lines = hardwareLines(facts, { wasmLevel: 'relaxed', gflops: 82.06, bandwidthGBs: null }).join('\n');
  assert.match(lines, /^caches {5}L1d 48 KiB.*, L2 2 MiB/m);
  assert.match(lines, /^frequency {2}base 2\.90 GHz, boost 3\.75 GHz$/m);
  assert.match(lines, /^SIMD {7}avx2$/m);
  assert.match(lines, /^measured {3}WebAssembly relaxed, 82\.1 GFLOP\/s$/m);
});
