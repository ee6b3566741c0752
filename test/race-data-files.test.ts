/** What the race reads of the archives: prefixes, headers, and the test images inflated aside. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import {
  checkHeader,
  dataFolder,
  deflated,
  inflatePrefix,
  readArchive,
} from '../dist/fast-start/data-files.js';
import { inflateAside } from '../dist/fast-start/test-images.js';
import { idx, names, temporaryFolder } from './support/data-files.ts';

const name = names.trainImages;

test('a prefix is inflated however much of the archive it takes', async (t) => {
  const folder = await temporaryFolder(t);
  // Random bytes do not compress: the guess below is far too small.
  const content = randomBytes(300_000);
  await writeFile(join(folder, `${name}.gz`), gzipSync(content));
  assert.deepEqual(inflatePrefix(folder, name, 100_000, 1000), content.subarray(0, 100_000));
  assert.deepEqual(inflatePrefix(folder, name, 300_000, 1000), content);
  assert.throws(() => inflatePrefix(folder, name, 300_001, 1000), /300000 bytes/);
  assert.equal(readArchive(folder, name, 10).length, 10);
  assert.throws(() => readArchive(folder, names.testImages), /ENOENT/);
});

test('the gzip header is skipped, with or without a file name; anything else is refused', () => {
  const plain = gzipSync('content');
  const named = Buffer.concat([plain.subarray(0, 10), Buffer.from('a-name\0'), plain.subarray(10)]);
  named[3] = 8;
  assert.deepEqual(deflated(named, 'x'), deflated(plain, 'x'));
  const extra = Buffer.from(plain);
  extra[3] = 4;
  assert.throws(() => deflated(extra, 'x'), /x\.gz .*header/);
  assert.throws(() => deflated(Buffer.from('plain text, and not short'), 'x'), /not gzip/);
  assert.throws(() => deflated(Buffer.alloc(0), 'x'), /not gzip/);
});

test('an IDX header must be the one expected', () => {
  checkHeader(idx([2, 3], []), 'x', [2, 3]);
  assert.throws(() => checkHeader(idx([2, 4], []), 'x', [2, 3]), /\bx .*IDX of 2×3/);
  assert.throws(() => checkHeader(idx([2, 3], [], 0x0d), 'x', [2, 3]), /not IDX/);
});

test('MNIST is looked for in SHARDSTEP_DATA, beside the program and in the cache', async (t) => {
  const [cache, beside] = [await temporaryFolder(t), await temporaryFolder(t)];
  const cached = join(cache, 'datasets', 'mnist');
  const environment = { SHARDSTEP_CACHE: cache };
  assert.equal(dataFolder({ ...environment, SHARDSTEP_DATA: 'mine' }, beside), 'mine');
  assert.equal(dataFolder(environment, beside), null);
  await mkdir(cached, { recursive: true });
  const all = Object.values(names);
  for (const each of all.slice(1)) await writeFile(join(cached, `${each}.gz`), '');
  assert.equal(dataFolder(environment, beside), null, 'one file is missing');
  await writeFile(join(cached, `${all[0]}.gz`), '');
  // The folder of several sets, as the commands take it.
  const above = join(cache, 'datasets');
  assert.equal(dataFolder({ SHARDSTEP_DATA: above }, beside), cached);
  assert.equal(dataFolder(environment, beside), cached);
  for (const each of all) await writeFile(join(beside, `${each}.gz`), '');
  assert.equal(dataFolder(environment, beside), beside);
  assert.ok(dataFolder({})?.endsWith(join('data', 'mnist')));
});

test('pieces inflated aside are the whole content in order; an early end and broken data are errors', async () => {
  const content = Buffer.concat([randomBytes(200_000), Buffer.alloc(500_000, 7), randomBytes(100_000)]);
  const stream = deflateRawSync(content);
  const pieces: Buffer[] = [];
  await inflateAside(stream, content.length).drain((piece) => pieces.push(piece));
  assert.ok(pieces.length > 1);
  assert.deepEqual(Buffer.concat(pieces), content);
  await assert.rejects(
    inflateAside(stream, content.length + 1).drain(() => {}),
    /1 bytes early/,
  );
  await assert.rejects(inflateAside(randomBytes(1000), 5000).drain(() => {}));
  await assert.rejects(
    inflateAside(stream, content.length).drain(() => {
      throw new Error('not wanted');
    }),
    /not wanted/,
  );
});
