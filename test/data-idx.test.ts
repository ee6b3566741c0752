/** Files in IDX format: what is read from them, and in what words the bad ones are refused. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readContent } from '../dist/data/content.js';
import { announcedIdx, parseIdx, parseIdxPart } from '../dist/data/idx.js';
import { inflate } from '../dist/data/inflate.js';
import { UserError } from '../dist/user-error.js';
import { idx, refusal, temporaryFolder } from './support/data-files.ts';

const image = idx([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const parse = async (bytes: Uint8Array, dimensions: 1 | 3 = 3) => parseIdx(bytes, dimensions, 'a-file');

test('elements are a view of the bytes that were given', async () => {
  const { dimensions, elements } = await parse(image);
  assert.deepEqual(dimensions, [2, 2, 3]);
  assert.equal(elements.buffer, image.buffer);
  assert.deepEqual([...elements.subarray(0, 3)], [1, 2, 3]);
  assert.equal(elements.length, 12);
});

test('a view that does not begin its buffer is read from where it begins', async () => {
  const within = new Uint8Array(image.length + 5);
  within.set(image, 5);
  assert.deepEqual([...(await parse(within.subarray(5))).elements].slice(0, 2), [1, 2]);
});

test('a label file where images are expected', () =>
  refusal(parse(idx([4], [1, 2, 3, 4])), ['a-file: ', '0x00000801', 'expected 0x00000803']));

test('an image file where labels are expected', () =>
  refusal(parse(image, 1), ['a-file: ', '0x00000803', 'expected 0x00000801']));

test('an element type that is not unsigned byte is named', () =>
  refusal(parse(idx([1, 1, 1], [0, 0, 0, 0], 0x0d)), ['0x00000d03', 'floats']));

test('something else altogether', () =>
  refusal(parse(Buffer.from('<!doctype html>')), ['magic', '0x3c21646f', 'expected 0x00000803']));

test('a truncated file gives both byte counts', () =>
  refusal(parse(image.subarray(0, 20)), ['a-file: 20 bytes', 'expected 28', '8 bytes']));

test('trailing bytes give both byte counts', () =>
  refusal(parse(Buffer.concat([image, Buffer.alloc(3)])), ['31 bytes', 'expected 28', '3 trailing']));

test('a truncated header', () => refusal(parse(image.subarray(0, 9)), ['a-file: 9 bytes', '16', 'header']));

test('an empty file', () => refusal(parse(Buffer.alloc(0)), ['a-file: 0 bytes', '16']));

for (const [index, name] of ['images', 'rows', 'columns'].entries()) {
  test(`0 ${name}`, () => {
    const dimensions = [2, 2, 3].with(index, 0);
    return refusal(parse(idx(dimensions, [])), ['a-file: ', 'header', `0 ${name}`]);
  });
}

test('another number of labels than of images', () =>
  refusal(
    (async () => parseIdxPart(image, idx([3], [1, 2, 3]), { images: 'the-images', labels: 'the-labels' }))(),
    ['the-labels: 3 labels', 'expected 2', 'the-images'],
  ));

test('any truncation of a file is a UserError', () => {
  fc.assert(
    fc.property(fc.nat({ max: image.length - 1 }), (length) => {
      assert.throws(() => parseIdx(image.subarray(0, length), 3, 'a-file'), UserError);
    }),
  );
});

test('any changed header byte is a UserError', () => {
  fc.assert(
    fc.property(fc.nat({ max: 15 }), fc.integer({ min: 1, max: 255 }), (offset, flip) => {
      const changed = Buffer.from(image);
      changed.writeUInt8(changed.readUInt8(offset) ^ flip, offset);
      assert.throws(() => parseIdx(changed, 3, 'a-file'), UserError);
    }),
    { numRuns: 1000 },
  );
});

const archive = gzipSync(image);

test('any truncation of a gzip file is a UserError', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: archive.length - 1 }), async (length) => {
      await refusal(inflate(archive.subarray(0, length), 'a.gz'), ['a.gz: ', 'truncated']);
    }),
    { numRuns: archive.length * 2 },
  );
});

test('a gzip file with a flipped bit is a UserError or still inflates to the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: archive.length - 1 }), fc.nat({ max: 7 }), async (offset, bit) => {
      const changed = Buffer.from(archive);
      changed.writeUInt8(changed.readUInt8(offset) ^ (1 << bit), offset);
      const bytes = await inflate(changed, 'a.gz').then(
        (inflated) => Buffer.from(inflated.bytes),
        (error: unknown) => {
          assert.ok(error instanceof UserError, String(error));
          return image;
        },
      );
      assert.ok(bytes.equals(image));
    }),
    { numRuns: 500 },
  );
});

test('a gzip file with a wrong CRC-32, a wrong length, or something after it', async () => {
  const flipped = (fromEnd: number) => {
    const changed = Buffer.from(archive);
    changed.writeUInt8(changed.readUInt8(changed.length - fromEnd) ^ 1, changed.length - fromEnd);
    return changed;
  };
  await refusal(inflate(flipped(8), 'a.gz'), ['a.gz: ', 'CRC-32']);
  await refusal(inflate(flipped(4), 'a.gz'), ['a.gz: ', 'length']);
  await refusal(inflate(Buffer.concat([archive, Buffer.from('more')]), 'a.gz'), ['a.gz: ', 'follow']);
});

test('gzip members one after the other, and zero padding, are read as gzip reads them', async () => {
  const random = Buffer.from(Array.from({ length: 700_000 }, (_, index) => (index * index) >> 7));
  const members = Buffer.concat([gzipSync(random, { level: 0 }), archive, Buffer.alloc(600_000)]);
  const { bytes } = await inflate(members, 'a.gz');
  assert.ok(Buffer.concat([random, image]).equals(bytes));
});

test('a decompression bomb stops at the limit', async () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  await refusal(inflate(bomb, 'bomb.gz', { limitBytes: 1_000_000 }), [
    'bomb.gz: ',
    'more than 1000000 bytes',
  ]);
  // A trailer that promises little does not help it.
  bomb.writeUInt32LE(10, bomb.length - 4);
  await refusal(inflate(bomb, 'bomb.gz', { limitBytes: 1_000_000 }), [
    'bomb.gz: ',
    'more than 1000000 bytes',
  ]);
});

test('a compressed file is inflated no further than its header names', async (t) => {
  const dir = await temporaryFolder(t);
  const zeros = Buffer.alloc(2 ** 28);
  const [images, labels] = [idx([10, 28, 28], []), idx([10], [])];
  const wide = Buffer.from([0, 0, 0x0c, 2, 0, 0, 0, 10, 0, 0, 0, 8]);
  for (const [kind, start, named] of [
    ['images', images, 7856],
    ['labels', labels, 18],
    ['labels', wide, 332],
  ] as const) {
    const path = join(dir, `${kind}.gz`);
    await writeFile(path, gzipSync(Buffer.concat([start, zeros])));
    const before = process.resourceUsage().maxRSS;
    const reading = readContent(path, { announced: (first) => announcedIdx(first, kind, path) });
    await refusal(reading, [path, `more than the ${named} bytes that its header names`]);
    const grown = (process.resourceUsage().maxRSS - before) / 1024;
    assert.ok(grown < 64, `${grown} MiB`);
    const whole = Buffer.concat([start, zeros.subarray(0, named - start.length)]);
    const announced = (first: Uint8Array) => announcedIdx(first, kind, path);
    assert.equal((await inflate(gzipSync(whole), path, { announced })).bytes.length, named);
  }
  assert.throws(() => announcedIdx(Buffer.from('not IDX'), 'images', 'x'), /magic number/);
  assert.equal(announcedIdx(images.subarray(0, 10), 'images', 'x'), null);
});
