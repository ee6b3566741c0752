/** Under `ulimit -v`: a run takes what it needs and no more, and says what that is where there is less. */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  addressSpace,
  fewerPoolThreads,
  limitBehind,
  requireAddressSpace,
} from '../dist/memory/address-space.js';
import { cli, expectCode, workingDirectory } from './support/cli.ts';
import { temporaryFolder } from './support/data-files.ts';

async function limited(t: TestContext, limit: string): Promise<string> {
  const root = await temporaryFolder(t);
  await mkdir(join(root, 'proc/self'), { recursive: true });
  await writeFile(
    join(root, 'proc/self/limits'),
    `Limit                     Soft Limit           Hard Limit           Units\nMax address space         ${limit}           unlimited            bytes\n`,
  );
  await writeFile(join(root, 'proc/self/status'), 'VmPeak:\t 1100000 kB\nVmSize:\t 1000000 kB\n');
  return root;
}

test('what is left is the limit less what is taken; no limit, or no /proc, is null', async (t) => {
  const root = await limited(t, '2048000000');
  assert.deepEqual(addressSpace(root), { limitBytes: 2_048_000_000, freeBytes: 1_024_000_000 });
  assert.equal(addressSpace(await limited(t, 'unlimited')), null);
  assert.equal(addressSpace(await temporaryFolder(t)), null);
});

test('libuv has fewer threads under a limit, unless the user has chosen', async (t) => {
  const threadsIn = (root: string, given?: string) => {
    const environment: Record<string, string | undefined> = { UV_THREADPOOL_SIZE: given };
    fewerPoolThreads(environment, root);
    return environment.UV_THREADPOOL_SIZE;
  };
  assert.equal(threadsIn(await limited(t, '2048000000')), '2');
  assert.equal(threadsIn(await limited(t, '2048000000'), '3'), '3');
  assert.equal(threadsIn(await limited(t, 'unlimited')), undefined);
});

test('what does not fit is refused with what is needed, what is left and a limit that is enough', async (t) => {
  const root = await limited(t, '2048000000');
  requireAddressSpace(1_024_000_000, 'two things', 'one', root);
  assert.throws(() => requireAddressSpace(1_100_000_000, 'two things', 'one', root), {
    name: 'UserError',
    exitCode: 1,
    message: /^two things need about 1050 MiB .* 1953 MiB.* 976 MiB .*ulimit -v 2075000, or use one$/,
  });
});

test('only a lack of memory is explained by the limit', () => {
  assert.equal(limitBehind(new TypeError('x is not a function')), null);
  assert.equal(limitBehind('could not allocate'), null);
});

const under = (kilobytes: number) => ['bash', '-c', `ulimit -v ${kilobytes} && exec "$@"`, 'bash'];
const words = ['train', '--config', 'mnist-97', 'data.take=64', 'stop.target=null', '--quiet'];
const linux = { skip: process.platform !== 'linux' && 'ulimit -v is of Linux' };

for (const threads of ['1', '2'])
  test(`ulimit -v of 2 GB is enough for ${threads} threads`, linux, async (t) => {
    const cwd = await workingDirectory(t);
    await expectCode(0, [...words, '--threads', threads], { cwd, through: under(2_000_000) });
  });

test('ulimit -v of 2.1 GB is enough for all images as pixels', linux, async (t) => {
  const cwd = await workingDirectory(t);
  const all = [
    'train',
    '--config',
    'pixels-97',
    'stop.target=null',
    'train.steps=20',
    '--quiet',
    '--threads',
    '2',
  ];
  await expectCode(0, all, { cwd, through: under(2_100_000) });
});

test('more workers than fit are refused in one line, and V8 does not end the process', linux, async (t) => {
  const cwd = await workingDirectory(t);
  const { code, stderr } = await cli([...words, '--threads', '16', 'parallel.sync=average'], {
    cwd,
    through: under(2_000_000),
  });
  assert.equal(code, 1, stderr);
  assert.match(
    stderr,
    /^(warning: .*\n)?error: a run and its 16 worker threads need about \d+ MiB of address space.*ulimit -v \d+, or use fewer threads\n$/,
  );
});
