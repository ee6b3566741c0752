/** Pictures in folders as a data set: what is found, how it is split and prepared, what is left out, refused and cached. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import sharp from 'sharp';
import { loadSharp } from '../dist/data/images/decode.js';
import { readImage } from '../dist/data/images/read-image.js';
import { loadDataset } from '../dist/data/load.js';
import { loadPictures, type PicturesOptions } from '../dist/data/pictures/load-pictures.js';
import { labelsOf } from '../dist/data/target.js';
import { decoderOf } from '../dist/worker/picture-decoder.js';
import { temporaryFolder } from './support/data-files.ts';
import { refusing } from './support/says.ts';

type Bytes = Uint8Array | string;

function write(root: string, files: Readonly<Record<string, Bytes>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

/** Grey, as the pixels are: value (31 x + 17 y + seed) mod 256. */
const pixels = (width: number, height: number, seed: number) =>
  Uint8Array.from(
    { length: width * height },
    (_, i) => (31 * (i % width) + 17 * Math.floor(i / width) + seed) % 256,
  );
const grey = (width: number, height: number, seed: number) =>
  sharp(pixels(width, height, seed), { raw: { width, height, channels: 1 } }).toColourspace('b-w');
const colour = (width: number, height: number, seed: number) =>
  sharp(pixels(3 * width, height, seed), { raw: { width, height, channels: 3 } });
const greyPng = (seed: number, width = 6, height = 5) => grey(width, height, seed).png().toBuffer();

/** `count` grey pictures of each class. */
async function classes(count: number, names: readonly string[] = ['cats', 'dogs'], prefix = '') {
  const files: Record<string, Bytes> = {};
  for (const [c, name] of names.entries())
    for (let i = 0; i < count; i++) files[`${prefix}${name}/${i}.png`] = await greyPng(7 * i + 100 * c);
  return files;
}

interface Choices {
  readonly test?: number | null;
  readonly size?: number | [number, number] | null;
  readonly fit?: 'crop' | 'pad' | 'stretch';
  readonly colour?: 'auto' | 'grey' | 'colour';
  readonly threads?: number;
  readonly labels?: readonly string[];
  readonly signal?: AbortSignal;
}

async function load(t: TestContext, dir: string, choices: Choices = {}, cache?: string) {
  const said: string[] = [];
  const notes: string[] = [];
  const { test: share = null, size = null, fit = 'crop', colour: channels = 'auto' } = choices;
  const options: PicturesOptions = {
    decoder: decoderOf(choices.threads),
    labels: choices.labels ?? null,
    signal: choices.signal,
    environment: { SHARDSTEP_CACHE: cache ?? (await temporaryFolder(t)) },
    note: (line) => notes.push(line),
    warn: (code, message) => said.push(`${code}: ${message}`),
  };
  const request = { dir, test: share, images: { size, fit, colour: channels } };
  const dataset = await loadPictures(request, options);
  return { ...dataset, labels: labelsOf(dataset.target), said, notes };
}

async function folder(t: TestContext, files: Readonly<Record<string, Bytes>>): Promise<string> {
  const dir = await temporaryFolder(t);
  write(dir, files);
  return dir;
}

test('classes are the folders, sorted; a fifth of each is held out, the same in each run', async (t) => {
  const dir = await folder(t, await classes(10, ['dogs', 'Cats', 'ants']));
  const { train, test: held, labels, sha256, notes, said } = await load(t, dir);
  assert.deepEqual(labels, ['Cats', 'ants', 'dogs']);
  assert.deepEqual([train.count, held.count, [...train.shape]], [24, 6, [5, 6, 1]]);
  assert.deepEqual([...held.targets], [0, 0, 1, 1, 2, 2]);
  assert.deepEqual(said, []);
  assert.ok(
    notes.some((line) => /data\.images\.size: 5×6: that of 30 of 30/.test(line)),
    notes.join('\n'),
  );
  // Not a pixel is changed of a picture that has the size.
  const own = Array.from({ length: 10 }, (_, i) => Buffer.from(pixels(6, 5, 7 * i + 100)).toString('hex'));
  const cats = [...Array(8).keys()].map((i) =>
    Buffer.from(train.values.slice(30 * i, 30 * i + 30)).toString('hex'),
  );
  assert.ok(cats.every((one) => own.includes(one)));
  assert.equal(new Set(cats).size, 8);
  const again = await load(t, dir, { threads: 1 });
  assert.deepEqual([again.train.values, again.test.values], [train.values, held.values]);
  assert.deepEqual(again.sha256, sha256);
  const half = await load(t, dir, { test: 0.5 });
  assert.deepEqual([half.train.count, half.test.count], [15, 15]);
  assert.equal((await load(t, dir, { test: 3 })).test.count, 3);
});

test('digits of MNIST as PNG files are the samples of its IDX files, grey or as three equal colours', async (t) => {
  const { train: mnist } = await loadDataset({ set: 'mnist', dir: null }, { environment: {} });
  const files: Record<string, Bytes> = {};
  for (let i = 0; i < 40; i++) {
    const raw = { raw: { width: 28, height: 28, channels: 1 } } as const;
    const own = sharp(Uint8Array.from(mnist.values.subarray(784 * i, 784 * i + 784)), raw);
    const png = i % 2 ? own.toColourspace('b-w') : own.toColourspace('srgb');
    files[`${i % 2}/${String(i).padStart(2, '0')}.png`] = await png.png().toBuffer();
  }
  const dir = await folder(t, files);
  const { test: all } = await load(t, dir, { colour: 'grey', labels: ['0', '1'] });
  assert.deepEqual([all.count, ...all.shape], [40, 28, 28, 1]);
  for (let at = 0; at < 40; at++) {
    const i = at < 20 ? 2 * at : 2 * (at - 20) + 1;
    const own = all.values.slice(784 * at, 784 * at + 784);
    assert.deepEqual(own, mnist.values.slice(784 * i, 784 * i + 784), `digit ${i}`);
  }
});

test('the samples do not depend on the threads that decode', async (t) => {
  const files: Record<string, Bytes> = {};
  for (let i = 0; i < 150; i++)
    files[`${i % 2 ? 'a' : 'b'}/${i}.${i % 3 ? 'JPG' : 'png'}`] = await (i % 3
      ? colour(20 + (i % 7), 30, i)
          .jpeg({ quality: 60 + (i % 30) })
          .toBuffer()
      : grey(40, 25 + (i % 5), i)
          .png()
          .toBuffer());
  const dir = await folder(t, files);
  const [one, two, three] = [
    await load(t, dir, { threads: 1 }),
    await load(t, dir, { threads: 2 }),
    await load(t, dir, { threads: 3 }),
  ];
  for (const other of [two, three]) {
    assert.deepEqual(other.train.values, one.train.values);
    assert.deepEqual(other.test.values, one.test.values);
    assert.deepEqual(other.train.targets, one.train.targets);
  }
  assert.deepEqual([...one.train.shape], [32, 32, 3]);
});

test('parts: train, validation and test are folders of classes; a class may be called train', async (t) => {
  const parts = {
    ...(await classes(4, ['a', 'b'], 'train/')),
    ...(await classes(3, ['b'], 'Test/')),
    ...(await classes(2, ['a', 'b'], 'val/')),
  };
  const { train, test: tested, validation, labels } = await load(t, await folder(t, parts));
  assert.deepEqual([train.count, tested.count, validation?.count, labels], [8, 3, 4, ['a', 'b']]);
  assert.deepEqual([...tested.targets], [1, 1, 1]);
  const vehicles = await load(t, await folder(t, await classes(5, ['car', 'train'])));
  assert.deepEqual([vehicles.labels, vehicles.train.count], [['car', 'train'], 8]);
  // Unpacked into a folder of its name.
  const nested = await load(t, await folder(t, await classes(5, ['a', 'b'], 'set/set/')));
  assert.deepEqual([nested.labels, nested.train.count], [['a', 'b'], 8]);
});

test('training, predict and the library prepare a picture alike, in each fit and colour', async (t) => {
  const files: Record<string, Bytes> = {};
  for (let i = 0; i < 6; i++) {
    files[`a/${i}.jpg`] = await colour(50, 30 + i, 3 * i)
      .jpeg()
      .toBuffer();
    files[`b/${i}.png`] = await grey(20 + i, 44, 5 * i)
      .png()
      .toBuffer();
  }
  files['b/deep.png'] = await sharp(
    Uint16Array.from({ length: 400 }, (_, i) => 160 * i),
    {
      raw: { width: 20, height: 20, channels: 1 },
    },
  )
    .toColourspace('grey16')
    .png()
    .toBuffer();
  files['a/clear.png'] = await colour(30, 30, 1).ensureAlpha(0.4).png().toBuffer();
  files['a/cmyk.jpg'] = await colour(30, 40, 9).toColourspace('cmyk').jpeg().toBuffer();
  files['a/turned.jpg'] = await colour(30, 60, 9).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  const dir = await folder(t, files);
  const loaded = await loadSharp();
  for (const fit of ['crop', 'pad', 'stretch'] as const)
    for (const channels of ['grey', 'colour'] as const) {
      const labels = ['a', 'b'];
      const all = await load(t, dir, { fit, colour: channels, size: [16, 24], labels });
      assert.deepEqual([all.train.count, all.test.count], [0, 16]);
      const shape = [16, 24, channels === 'grey' ? 1 : 3];
      assert.deepEqual([...all.test.shape], shape);
      const size = shape[0] * shape[1] * shape[2];
      const model = { input: shape, kind: 'uint8', set: 'images', fit } as const;
      const names = ['a', 'b'].flatMap((name) =>
        readdirSync(join(dir, name))
          .sort()
          .map((file) => `${name}/${file}`),
      );
      for (const [at, name] of names.entries()) {
        const predicted = await readImage(loaded, readFileSync(join(dir, name)), model, 'plain', name);
        assert.deepEqual(
          all.test.values.slice(at * size, (at + 1) * size),
          Uint8Array.from(predicted),
          `${name} ${fit}`,
        );
      }
    }
});

test('fits: the middle, the whole with bands, the whole distorted; turned as EXIF says', async (t) => {
  // Left third black, middle white, right third black; 30×10.
  const stripes = Uint8Array.from({ length: 300 }, (_, i) => (i % 30 >= 10 && i % 30 < 20 ? 255 : 0));
  const png = await sharp(stripes, { raw: { width: 30, height: 10, channels: 1 } })
    .png()
    .toBuffer();
  const turned = await sharp(stripes, { raw: { width: 30, height: 10, channels: 1 } })
    .rotate(90)
    .withMetadata({ orientation: 8 })
    .jpeg({ quality: 100 })
    .toBuffer();
  const dir = await folder(t, { 'a/1.png': png, 'b/1.jpg': turned });
  const rows = async (fit: 'crop' | 'pad' | 'stretch') => {
    const { test: all } = await load(t, dir, { fit, size: 10, colour: 'grey', labels: ['a', 'b'] });
    return [0, 1].map((image) => [...all.values.slice(100 * image + 50, 100 * image + 60)]);
  };
  const about = (values: readonly number[]) => values.map((value) => Math.round(value / 64)).join('');
  for (const row of await rows('crop')) assert.equal(about(row), '4444444444');
  for (const row of await rows('stretch')) assert.match(about(row), /^000[0-3]44[0-3]000$/);
  const [whole] = await rows('pad');
  // A third as large: its rows are 3 or 4 of 10, in the middle.
  assert.equal(about(whole).replaceAll('4', '').length < 10, true);
  const { test: all } = await load(t, dir, { fit: 'pad', size: 10, colour: 'grey', labels: ['a', 'b'] });
  assert.deepEqual([...all.values.slice(0, 10)], new Array(10).fill(0));
});

test('size and colour: the most frequent size if small, else 28 or 32; said', async (t) => {
  const mixed = await classes(4);
  for (let i = 0; i < 3; i++) mixed[`cats/wide${i}.png`] = await greyPng(i, 9, 9);
  const { train, notes } = await load(t, await folder(t, mixed));
  assert.deepEqual([...train.shape], [5, 6, 1]);
  assert.ok(notes.some((line) => line.includes('5×6: that of 8 of 11')));
  const large: Record<string, Bytes> = {};
  for (let i = 0; i < 4; i++) large[`${i % 2}/${i}.png`] = await greyPng(i, 100, 90);
  assert.deepEqual([...(await load(t, await folder(t, large), { test: 1 })).train.shape], [28, 28, 1]);
  large['1/c.png'] = await colour(100, 90, 4).png().toBuffer();
  const dir = await folder(t, large);
  assert.deepEqual([...(await load(t, dir, { test: 1 })).train.shape], [32, 32, 3]);
  assert.deepEqual([...(await load(t, dir, { test: 1, colour: 'grey' })).train.shape], [28, 28, 1]);
  assert.deepEqual([...(await load(t, dir, { test: 1, size: 12 })).train.shape], [12, 12, 3]);
});

test('what is no picture is left out and said; litter and links are as a user expects', async (t) => {
  const files = await classes(12);
  const good = await greyPng(3);
  Object.assign(files, {
    ...{
      '.DS_Store': 'x',
      'cats/.DS_Store': 'x',
      'cats/._1.png': 'x',
      'cats/Thumbs.db': 'x',
      '__MACOSX/a.png': 'x',
    },
    ...{
      'cats/notes.txt': 'words',
      'cats/UPPER.PNG': good,
      'dogs/photo.JPEG': await grey(6, 5, 1).jpeg().toBuffer(),
    },
    ...{
      'loose.png': good,
      'dogs/broken.png': good.subarray(0, good.length - 20),
      'dogs/words.jpg': 'no picture',
    },
  });
  const dir = await folder(t, files);
  mkdirSync(join(dir, 'birds'));
  const elsewhere = await folder(t, {
    'linked.png': await greyPng(9),
    'owls/1.png': good,
    'owls/2.png': good,
  });
  symlinkSync(join(elsewhere, 'linked.png'), join(dir, 'cats', 'linked.png'));
  symlinkSync(join(elsewhere, 'owls'), join(dir, 'owls'));
  const { labels, train, test: held, said } = await load(t, dir);
  assert.deepEqual(labels, ['cats', 'dogs', 'owls']);
  assert.equal(train.count + held.count, 12 + 12 + 1 + 1 + 1 + 2);
  const all = said.join('\n');
  for (const words of [
    /^pictures-left-out: .*1 picture of no class in .* \(loose\.png\) left out$/m,
    /1 file in .*cats not named like a picture \(notes\.txt\) left out/,
    /1 folder without pictures in .*, which is no class \(birds\) left out/,
    /2 of 31 pictures cannot be read and left out: .*broken\.png: a damaged PNG image.*; .*words\.jpg: expected a PNG/,
  ])
    assert.match(all, words);
  assert.equal(said.length, 4, all);
  symlinkSync(join(elsewhere, 'nothing.png'), join(dir, 'cats', 'gone.png'));
  assert.match(
    (await load(t, dir)).said.join('\n'),
    /3 of 32 pictures cannot be read.*gone\.png: cannot be read/,
  );
});

test('refusals: one line with the folder, and what was expected', async (t) => {
  const refused = async (files: Readonly<Record<string, Bytes>>, words: string, choices: Choices = {}) =>
    assert.rejects(load(t, await folder(t, files), choices), (error: Error) => {
      assert.ok(error.message.includes(words), error.message);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  const png = await greyPng(1);
  await refused({}, 'no folders, expected a folder of pictures for each class');
  await refused({ 'a.png': png, 'b.png': png }, '2 pictures and no folders');
  await refused({ 'a/1.txt': 'x', 'b/2.txt': 'y' }, 'no .png, .jpg, .webp or .gif files');
  await refused({ 'a/1.png': png, 'a/2.png': png }, 'all 2 labels are a, expected at least two classes');
  await refused({ 'a/1.png': png, 'b/c/2.png': png }, 'a folder in that of the class "b"');
  await refused(await classes(2, ['a', 'b'], 'test/'), 'expected the folder train beside test');
  await refused(
    { ...(await classes(2, ['a', 'b'], 'train/')), ...(await classes(1, ['c'], 'test/')) },
    'the class "c"',
  );
  await refused(
    { ...(await classes(2, ['a', 'b'], 'train/')), ...(await classes(1, ['a'], 'test/')) },
    'data.test: expected null beside a folder of test pictures',
    { test: 0.5 },
  );
  await refused(
    { ...(await classes(3)), 'cats/x.png': 'x', 'cats/y.png': 'y' },
    '2 of 8 pictures cannot be read',
  );
  await refused(await classes(2), 'leaves no training pictures of cats', { test: 3 });
  await refused(await classes(2), 'data.test: expected a count below the 4 pictures', { test: 4 });
  await refused(await classes(3, ['a', 'c']), 'the class "c"', { labels: ['a', 'b'] });
  await assert.rejects(load(t, '/nonexistent/pictures'), refusing(1, 'data.dir', 'does not exist'));
});

test('an interrupt ends the decoding', async (t) => {
  const dir = await folder(t, await classes(100));
  const interruption = new AbortController();
  const loading = load(t, dir, { threads: 1, signal: interruption.signal });
  setTimeout(() => interruption.abort(), 60);
  await assert.rejects(loading, refusing(130, 'interrupted while decoding pictures'));
});

test('cached: decoded once, again after any change, also one that keeps size and time, and after damage', async (t) => {
  const dir = await folder(t, await classes(5));
  const cache = await temporaryFolder(t);
  const isKept = ({ notes }: { notes: readonly string[] }) =>
    notes.some((line) => line.includes('unchanged'));
  const first = await load(t, dir, {}, cache);
  const second = await load(t, dir, {}, cache);
  assert.deepEqual([isKept(first), isKept(second)], [false, true]);
  assert.deepEqual([second.train.values, second.sha256], [first.train.values, first.sha256]);
  assert.equal(isKept(await load(t, dir, { fit: 'pad' }, cache)), false);
  // Other pixels in as many bytes, at the same time.
  const name = join(dir, 'cats', '0.png');
  const before = readFileSync(name);
  const raw = { raw: { width: 6, height: 5, channels: 1 } } as const;
  let other = before;
  for (let seed = 1; other.equals(before) || other.length !== before.length; seed++)
    other = await sharp(pixels(6, 5, seed), raw)
      .toColourspace('b-w')
      .png()
      .toBuffer();
  const time = new Date(1_600_000_000_000);
  utimesSync(name, time, time);
  assert.equal(isKept(await load(t, dir, {}, cache)), false);
  writeFileSync(name, other);
  utimesSync(name, time, time);
  const changed = await load(t, dir, {}, cache);
  assert.equal(isKept(changed), false);
  assert.notDeepEqual(changed.sha256, first.sha256);
  assert.equal(isKept(await load(t, dir, {}, cache)), true);
  for (const file of readdirSync(join(cache, 'pictures'))) {
    const path = join(cache, 'pictures', file);
    const bytes = readFileSync(path);
    bytes[bytes.length - 5] ^= 1;
    writeFileSync(path, bytes);
  }
  const repaired = await load(t, dir, {}, cache);
  assert.equal(isKept(repaired), false);
  assert.deepEqual(repaired.train.values, changed.train.values);
  for (const file of readdirSync(join(cache, 'pictures')))
    writeFileSync(join(cache, 'pictures', file), readFileSync(join(cache, 'pictures', file)).subarray(0, 40));
  assert.deepEqual((await load(t, dir, {}, cache)).train.values, changed.train.values);
  write(dir, { 'dogs/new.png': await greyPng(55) });
  const more = await load(t, dir, {}, cache);
  assert.deepEqual([isKept(more), more.train.count + more.test.count], [false, 11]);
});
