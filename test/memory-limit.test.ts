/** What does not fit into the machine or the container is refused before it is allocated, with the sum by part. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { memoryLeft, memoryLimit, requireMemory } from '../dist/memory/memory-limit.js';
import { allocate } from '../dist/memory/shared-memory.js';
import { copyParts, memoryParts } from '../dist/plan/memory-parts.js';
import { temporaryFolder } from './support/data-files.ts';

const meminfo = 'MemTotal:        8388608 kB\nMemFree:          100000 kB\nSwapTotal:             0 kB\n';
const gibibyte = 2 ** 30;

async function machine(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const root = await temporaryFolder(t);
  for (const [name, text] of Object.entries({ 'proc/meminfo': meminfo, ...files })) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

const v2 = { 'proc/self/cgroup': '0::/user.slice/run.scope\n' };
const v1 = { 'proc/self/cgroup': '5:cpu:/\n4:memory:/docker/abc\n0::/\n' };
const swapping = { 'proc/meminfo': meminfo.replace('SwapTotal:             0', 'SwapTotal:       2097152') };
const container = (file: string) => `memory limit of the container (/sys/fs/cgroup/${file})`;

for (const [what, files, bytes, source] of [
  ['no cgroup', {}, 8 * gibibyte, 'memory of this machine'],
  ['swap', swapping, 10 * gibibyte, 'memory of this machine'],
  [
    'v2, its own cgroup',
    { ...v2, 'sys/fs/cgroup/user.slice/run.scope/memory.max': '1073741824\n' },
    gibibyte,
    container('user.slice/run.scope/memory.max'),
  ],
  [
    'v2, a parent is tighter',
    {
      ...v2,
      'sys/fs/cgroup/user.slice/memory.max': '1073741824\n',
      'sys/fs/cgroup/user.slice/run.scope/memory.max': '4294967296\n',
    },
    gibibyte,
    container('user.slice/memory.max'),
  ],
  [
    'v2, no limit',
    { ...v2, 'sys/fs/cgroup/user.slice/run.scope/memory.max': 'max\n' },
    8 * gibibyte,
    'memory of this machine',
  ],
  [
    'v2, without swap for the container',
    {
      ...v2,
      ...swapping,
      'sys/fs/cgroup/memory.max': '1073741824\n',
      'sys/fs/cgroup/memory.swap.max': '0\n',
    },
    gibibyte,
    container('memory.max'),
  ],
  [
    'v1, the mount of a container shows only its own top',
    { ...v1, 'sys/fs/cgroup/memory/memory.limit_in_bytes': '2147483648\n' },
    2 * gibibyte,
    container('memory/memory.limit_in_bytes'),
  ],
  [
    'v1, no limit',
    { ...v1, 'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n' },
    8 * gibibyte,
    'memory of this machine',
  ],
  [
    'v1, memory and swap together',
    {
      ...v1,
      ...swapping,
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '1073741824\n',
      'sys/fs/cgroup/memory/memory.memsw.limit_in_bytes': '2147483648\n',
    },
    2 * gibibyte,
    container('memory/memory.limit_in_bytes'),
  ],
  ['a damaged file', { ...v2, 'sys/fs/cgroup/memory.max': 'x\n' }, 8 * gibibyte, 'memory of this machine'],
] as const)
  test(`the limit: ${what}`, async (t) => {
    assert.deepEqual(memoryLimit(await machine(t, files)), { bytes, source });
  });

test('the message has the sum by part, the use, the limit with its source, and what to lower', async (t) => {
  const root = await machine(t, { ...v2, 'sys/fs/cgroup/memory.max': String(gibibyte) });
  const parts = memoryParts({ owners: { samples: 900 * 2 ** 20, network: 200 * 2 ** 20, control: 1000 } });
  const usedBytes = 100 * 2 ** 20;
  assert.throws(() => requireMemory(parts, 'use less', { root, usedBytes }), {
    name: 'UserError',
    exitCode: 1,
    message:
      'this run needs 1101 MiB of memory (data set 900 MiB, parameters, activations and gradients 200 MiB) beside the ' +
      '100 MiB in use, more than the 1024 MiB that the memory limit of the container (/sys/fs/cgroup/memory.max) allows: use less',
  });
  requireMemory({ samples: 900 * 2 ** 20 }, 'use less', { root, usedBytes });
});

test('more than WebAssembly has is refused with the sum by part', () => {
  assert.throws(() => allocate(2 ** 33, { 'data set': 2 ** 33 }), {
    exitCode: 1,
    message:
      /^this run needs 8192 MiB of shared memory \(data set 8192 MiB\), more than WebAssembly's 4,096 MiB: use /,
  });
});

test('a need that is small, but more than what is left, is refused', async (t) => {
  const root = await machine(t, { ...v2, 'sys/fs/cgroup/memory.max': String(96 * 2 ** 20) });
  const usedBytes = 60 * 2 ** 20;
  for (const mebibytes of [63, 37])
    assert.throws(() => requireMemory({ samples: mebibytes * 2 ** 20 }, 'use less', { root, usedBytes }), {
      message: new RegExp(`needs ${mebibytes} MiB .* beside the 60 MiB in use, more than the 96 MiB`),
    });
  requireMemory({ samples: 36 * 2 ** 20 }, 'use less', { root, usedBytes });
  const source = container('memory.max');
  assert.deepEqual(memoryLeft(37 * 2 ** 20, { root, usedBytes }), { bytes: 36 * 2 ** 20, source });
  assert.equal(memoryLeft(36 * 2 ** 20, { root, usedBytes }), null);
});

test('copies of the state are counted if they will be made', async (t) => {
  const root = await machine(t, { ...v2, 'sys/fs/cgroup/memory.max': String(gibibyte) });
  const usedBytes = 500 * 2 ** 20;
  requireMemory(copyParts(200 * 2 ** 20, false), 'use less', { root, usedBytes });
  assert.throws(() => requireMemory(copyParts(200 * 2 ** 20, true), 'use less', { root, usedBytes }), {
    message: /^this run needs 1000 MiB of memory \(checkpoints 800 MiB, copy for a lost worker 200 MiB\) /,
  });
});
