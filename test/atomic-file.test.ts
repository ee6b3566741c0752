/** A whole-file write leaves the old file or the new one, whichever operation fails. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { writeAtomic } from '../dist/run/atomic-file.js';
import { scratch, userError } from './support/scratch.ts';

test('an atomic write replaces the file in one step and never shows a part of it', async (t) => {
  const folder = scratch(t);
  const file = path.join(folder, 'model.bin');
  await writeAtomic(file, 'old');
  const rename = fs.rename;
  t.mock.method(fs, 'rename', async (from: string, to: string) => {
    assert.equal(path.dirname(from), folder, 'a rename across file systems would not be atomic');
    assert.equal(readFileSync(to, 'utf8'), 'old');
    assert.deepEqual([...readFileSync(from)], [1, 2, 3]);
    await rename(from, to);
  });
  await writeAtomic(file, Uint8Array.of(1, 2, 3));
  assert.deepEqual([...readFileSync(file)], [1, 2, 3]);
  assert.deepEqual(readdirSync(folder), ['model.bin']);
});

test('a failed atomic write leaves the old file and no temporary one', async (t) => {
  const folder = scratch(t);
  const file = path.join(folder, 'metrics.csv');
  await writeAtomic(file, 'old');
  t.mock.method(fs, 'rename', () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOSPC' })));
  await assert.rejects(writeAtomic(file, 'new'), userError(1, file, 'no space left'));
  assert.equal(readFileSync(file, 'utf8'), 'old');
  assert.deepEqual(readdirSync(folder), ['metrics.csv']);
});

/** Operations on an open file, in the order in which writeAtomic comes to them; then those on names. */
const handleFaults = ['writeFile', 'sync', 'close'] as const;
const nameFaults = ['open', 'rename'] as const;

for (const fault of [...nameFaults, ...handleFaults])
  for (const before of ['old', null])
    test(`${fault} fails, ${before === null ? 'no' : 'an'} earlier file: that stays, and nothing beside it`, async (t) => {
      const folder = scratch(t);
      const file = path.join(folder, 'result.json');
      if (before !== null) writeFileSync(file, before);
      const error = Object.assign(new Error('injected'), { code: 'EIO' });
      if (fault === 'open' || fault === 'rename') t.mock.method(fs, fault, () => Promise.reject(error));
      else {
        const open = fs.open;
        t.mock.method(fs, 'open', async (...given: Parameters<typeof open>) => {
          const handle = await open(...given);
          const original = handle[fault].bind(handle) as (...words: unknown[]) => Promise<unknown>;
          // A part may have been written, and the descriptor is gone after a close that failed.
          const failing = async () => {
            if (fault === 'writeFile') await original('ne');
            if (fault === 'close') await original();
            throw error;
          };
          return Object.assign(handle, { [fault]: failing });
        });
      }
      await assert.rejects(writeAtomic(file, 'new'), userError(1, file, 'input/output error', 'EIO'));
      assert.deepEqual(readdirSync(folder), before === null ? [] : ['result.json']);
      if (before !== null) assert.equal(readFileSync(file, 'utf8'), before);
    });

for (const code of ['EINVAL', 'ENOTSUP', 'EPERM', 'EISDIR', 'EBADF', 'EACCES', 'EIO'])
  test(`${code} for the sync of the folder: the new file is there whole${code === 'EIO' ? ', but that is an error' : ''}`, async (t) => {
    const folder = scratch(t);
    const file = path.join(folder, 'result.json');
    writeFileSync(file, 'old');
    const open = fs.open;
    t.mock.method(fs, 'open', (...given: Parameters<typeof open>) =>
      given[0] === folder ? Promise.reject(Object.assign(new Error('no'), { code })) : open(...given),
    );
    const writing = writeAtomic(file, 'new');
    if (code === 'EIO') await assert.rejects(writing, userError(1, file, 'input/output error'));
    else await writing;
    assert.equal(readFileSync(file, 'utf8'), 'new');
    assert.deepEqual(readdirSync(folder), ['result.json']);
  });

test('the file is synced before the rename, the folder after it', async (t) => {
  const folder = scratch(t);
  const done: string[] = [];
  const { open, rename } = fs;
  t.mock.method(fs, 'open', async (...given: Parameters<typeof open>) => {
    const handle = await open(...given);
    const sync = handle.sync.bind(handle);
    return Object.assign(handle, {
      sync: async () => {
        done.push(given[0] === folder ? 'folder' : 'file');
        await sync();
      },
    });
  });
  t.mock.method(fs, 'rename', async (...given: Parameters<typeof rename>) => {
    done.push('rename');
    await rename(...given);
  });
  await writeAtomic(path.join(folder, 'a'), 'new');
  assert.deepEqual(done, ['file', 'rename', 'folder']);
});

test('writes to one file at once do not trip over each other', async (t) => {
  const file = path.join(scratch(t), 'a');
  const texts = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000));
  await Promise.all(texts.map((text) => writeAtomic(file, text)));
  assert.ok(texts.includes(readFileSync(file, 'utf8')));
  assert.deepEqual(readdirSync(path.dirname(file)), ['a']);
});
