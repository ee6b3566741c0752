/** The lock of a run folder while others take, replace and release it between two operations of this process. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { lockFolder, lockName, startOf } from '../dist/run/folder-lock.js';
import { scratch, userError } from './support/scratch.ts';

/** The text of a lock, as another process would write it. */
function lockOf(t: TestContext, pid: number, started: string | null): string {
  const folder = scratch(t);
  const lock = lockFolder(folder);
  const { host } = JSON.parse(fs.readFileSync(join(folder, lockName), 'utf8'));
  lock.release();
  assert.match(host, new RegExp(hostname()));
  return `${JSON.stringify({ pid, started, host })}\n`;
}

const live = (t: TestContext) => lockOf(t, process.ppid, startOf(process.ppid));
const stale = (t: TestContext) => lockOf(t, process.pid, 'another start');

/** Until the end of the test `disturb` is called before each operation of this name on `file`. */
function before(
  t: TestContext,
  name: 'renameSync' | 'linkSync' | 'rmSync',
  file: string,
  disturb: (time: number) => void,
): void {
  let times = 0;
  let within = false;
  const original = fs[name] as (...words: unknown[]) => unknown;
  t.mock.method(fs, name, (...words: unknown[]) => {
    if (!within && String(words[name === 'linkSync' ? 1 : 0]) === file) {
      within = true;
      disturb(times++);
      within = false;
    }
    return original(...words);
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

const others = (folder: string) => fs.readdirSync(folder).filter((name) => name !== lockName);

test('a live lock that another process puts in the place of a stale one is not deleted', (t) => {
  const folder = scratch(t);
  const file = join(folder, lockName);
  const [mine, theirs] = [stale(t), live(t)];
  for (const name of ['renameSync', 'rmSync'] as const)
    before(t, name, file, (time) => {
      if (time > 0) return;
      fs.rmSync(file, { force: true });
      fs.writeFileSync(file, theirs);
    });
  fs.writeFileSync(file, mine);
  assert.throws(() => lockFolder(folder), userError(2, `process ${process.ppid} is writing in it`));
  assert.equal(fs.readFileSync(file, 'utf8'), theirs);
  assert.deepEqual(others(folder), []);
});

test('a lock that is made and released between two operations is no reason to go without one', (t) => {
  const folder = scratch(t);
  const file = join(folder, lockName);
  fs.writeFileSync(file, stale(t));
  const theirs = stale(t);
  // The second time, the stale lock is gone.
  before(t, 'linkSync', file, (time) => {
    if (time === 1) fs.writeFileSync(file, theirs);
  });
  const lock = lockFolder(folder);
  assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')).pid, process.pid);
  assert.equal(JSON.parse(fs.readFileSync(file, 'utf8')).started, startOf(process.pid));
  lock.release();
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('a young guard of another process is not deleted, an old one is', (t) => {
  const folder = scratch(t);
  const guard = join(folder, `${lockName}.new`);
  const [mine, theirs] = [stale(t), live(t)];
  fs.writeFileSync(join(folder, lockName), mine);
  fs.writeFileSync(guard, mine);
  assert.throws(() => lockFolder(folder), userError(2, 'another process has just begun'));
  fs.utimesSync(guard, 1, 1);
  for (const name of ['renameSync', 'rmSync'] as const)
    before(t, name, guard, (time) => {
      if (time > 0) return;
      fs.rmSync(guard, { force: true });
      fs.writeFileSync(guard, theirs);
    });
  assert.throws(() => lockFolder(folder), userError(2, 'another process has just begun'));
  assert.equal(fs.readFileSync(guard, 'utf8'), theirs);
  t.mock.restoreAll();
  syncBuiltinESMExports();
  fs.utimesSync(guard, 1, 1);
  lockFolder(folder).release();
  assert.deepEqual(fs.readdirSync(folder), []);
});
