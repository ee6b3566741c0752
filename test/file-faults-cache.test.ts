/**
 * The file operations of a download fail in turn (see file-faults.test.ts): the set, or one line. An archive in the cache
 * is whole or absent, also while another process fills the same cache.
 */
import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { IdxName } from '../dist/data/known-sets.js';
import { cli, workingDirectory } from './support/cli.ts';
import { type Answer, knownSetsWith, makeArchives, serve, startMirror } from './support/data-server.ts';
import { type Faulted, failEach, faults, isWhole, withFault } from './support/fault-runs.ts';

const program = fileURLToPath(new URL('./support/fill-cache.ts', import.meta.url));
const archives = makeArchives();
const big: IdxName = 'train-images-idx3-ubyte';

/** The process that fills the cache `start` from a mirror. */
async function filling(t: TestContext, answer: Answer): Promise<Faulted & { readonly start: string }> {
  const start = await workingDirectory(t);
  const mirror = await startMirror(t, archives, answer);
  const words = [start, JSON.stringify(knownSetsWith(archives, [mirror]))];
  return { start, words, program, result: async (_, stdout) => stdout, wholeAfter: assertWholeCache };
}

async function assertWholeCache(start: string): Promise<void> {
  const dir = join(start, 'datasets', 'fashion-mnist');
  for (const name of await readdir(dir).catch(() => [])) {
    if (!name.endsWith('.gz')) continue;
    assert.ok((await readFile(join(dir, name))).equals(archives[name.slice(0, -3) as IdxName]), name);
  }
}

test('a download', async (t) => {
  const { start, ...faulted } = await filling(t, serve);
  await failEach(t, faulted, Object.values(faults), { start, sample: 2 });
});

test('a download that goes on from a part, or whose mirror fails', async (t) => {
  // Every second answer is half of the file.
  const cut: Answer = (request, response, file, offset, number) => {
    if (file !== archives[big] || offset > 0) return serve(request, response, file, offset, number);
    response.writeHead(200, { 'content-length': file.length });
    response.write(file.subarray(0, file.length >> 1), () => setTimeout(() => response.destroy(), 20));
  };
  const { start, ...faulted } = await filling(t, cut);
  await failEach(t, faulted, [faults.EIO, faults.ENOSPC], { start, sample: 1 });
});

test('a cached set, and one with a damaged archive', async (t) => {
  const { start, ...faulted } = await filling(t, serve);
  assert.equal((await cli(faulted.words, { cwd: start, program })).code, 0);
  await failEach(t, faulted, [faults.EIO, faults.EACCES, faults.ENOENT], { start, sample: 1 });
  const file = join(start, 'datasets', 'fashion-mnist', `${big}.gz`);
  const damaged = Buffer.from(archives[big]);
  damaged.writeUInt8(77, 4);
  await writeFile(file, damaged);
  const wholeAfter = async () => {
    // It stays until the new one is there.
    if ((await readFile(file).catch(() => damaged)).equals(damaged)) await rm(file, { force: true });
    await assertWholeCache(start);
  };
  await failEach(t, { ...faulted, wholeAfter }, Object.values(faults), { start, sample: 1 });
});

test('two processes fill one cache, and an operation of one fails: the other has the set', async (t) => {
  const { start, ...faulted } = await filling(t, serve);
  const { words } = faulted;
  const { code, stdout } = await cli(words, { cwd: start, program });
  assert.equal(code, 0);
  for (const { code: fault, lasts } of isWhole ? Object.values(faults) : [faults.ENOENT])
    for (let at = 1, count = 1; at <= count; at += isWhole ? 1 : 9) {
      await rm(join(start, 'datasets'), { recursive: true });
      const [failing, other] = await Promise.all([
        withFault(faulted, start, { at, code: fault, lasts }),
        cli(words, { cwd: start, program }),
      ]);
      count = failing.of(fault).length;
      const what = `${fault} at operation ${at}, ${failing.of(fault)[at - 1]}\n${failing.stderr}${other.stderr}`;
      assert.ok(failing.code === 0 ? failing.stdout === stdout : failing.code === 1, what);
      assert.doesNotMatch(failing.stderr, /^\s+at /m, what);
      // What one process deletes, another may miss: it says so, or gets it again.
      if (fault !== 'ENOENT' || other.code === 0) assert.equal(other.stdout, stdout, what);
      await assertWholeCache(start);
    }
});
