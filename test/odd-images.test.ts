/** `predict` on files that are no images, or images that no one expects: one line each, exit 1, bounded memory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { decode, loadSharp } from '../dist/data/images/decode.js';
import { prepare } from '../dist/data/images/prepare.js';
import { train } from '../dist/index.js';
import { cli, expectCode } from './support/cli.ts';
import { drawing, testImage, testLabels } from './support/drawings.ts';
import { chunk, deflatedZeros, greyPng } from './support/odd-images.ts';
import { refusing } from './support/says.ts';

const cwd = await mkdtemp(join(tmpdir(), 'shardstep-odd-images-'));
after(() => rm(cwd, { recursive: true, force: true }));
const path = (...names: string[]) => join(cwd, ...names);

before(async () => {
  const inputs = Array.from({ length: 100 }, (_, i) => testImage(i));
  const targets = Array.from(testLabels.subarray(0, 100));
  const recipe = { 'train.epochs': 1, 'train.batch': 10 };
  const model = await train({ inputs, targets, shape: [28, 28] }, { recipe, threads: 1 });
  await model.save(path('model.safetensors'));
  writeFileSync(path('good.jpg'), await drawing(0));
});

const namedZeros = (count: number) => Buffer.concat([Buffer.from('a\0\0', 'latin1'), deflatedZeros(count)]);

async function oddFiles(): Promise<Readonly<Record<string, readonly [Uint8Array | string, RegExp]>>> {
  const good = await drawing(0);
  const png = await sharp(good).png().toBuffer();
  const negative = await sharp(png).negate().toBuffer();
  const frames = () => sharp([png, negative], { join: { animated: true } });
  const animation = chunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]));
  const wide = sharp({ create: { width: 60_000, height: 1, channels: 3, background: 'red' } });
  return {
    '1x1.png': [greyPng(1, 1, deflatedZeros(2)), /blank/],
    '20000.png': [greyPng(20_000, 20_000, deflatedZeros(1000)), /20000×20000 pixels.*64 million/],
    'bits.jpg': [good.map((byte, at) => (at > 200 && at % 97 === 0 ? byte ^ 0x55 : byte)), /damaged JPEG/],
    'huge-data.png': [greyPng(28, 28, deflatedZeros(2 ** 30)), /blank/],
    'huge-text.png': [greyPng(28, 28, deflatedZeros(812), chunk('zTXt', namedZeros(2 ** 29))), /blank/],
    'huge-profile.png': [greyPng(28, 28, deflatedZeros(812), chunk('iCCP', namedZeros(2 ** 29))), /blank/],
    'header.png': [png.subarray(0, 20), /damaged PNG/],
    'truncated.png': [png.subarray(0, Math.round(0.7 * png.length)), /damaged PNG/],
    'truncated.jpg': [good.subarray(0, Math.round(0.5 * good.length)), /damaged JPEG/],
    'animated.webp': [await frames().webp().toBuffer(), /animated WebP/],
    'animated.gif': [await frames().gif().toBuffer(), /animated GIF/],
    'animated.png': [Buffer.concat([png.subarray(0, 33), animation, png.subarray(33)]), /animated PNG/],
    'wide.png': [await wide.png().toBuffer(), /blank/],
    'drawing.svg': ['<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', /expected a PNG, JPEG/],
    'tiff.png': [await sharp(good).tiff().toBuffer(), /expected a PNG, JPEG/],
    'text.png': ['no picture\n', /expected an image/],
    'empty.png': ['', /empty/],
    'bomb.gz': [gzipSync(Buffer.alloc(2 ** 30)), /inflates to more than/],
    'cut.gz': [gzipSync(png).subarray(0, 100), /truncated/],
    'labels.idx': [Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 7]), /0x00000801/],
    'other.idx': [Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2]), /1×2.*28×28/],
    'short.csv': ['1,2,3\n4,5,6\n', /3 columns.*784/],
  };
}

test('each is one line that names the file; the others are predicted in bounded memory', async () => {
  const files = await oddFiles();
  for (const [name, [bytes]] of Object.entries(files)) writeFileSync(path(name), bytes);
  mkdirSync(path('no-images', 'deeper'), { recursive: true });
  writeFileSync(path('no-images', 'notes.txt'), 'no');
  writeFileSync(
    path('memory.mjs'),
    `import { writeFileSync } from 'node:fs';
process.on('exit', () => writeFileSync('memory.txt', String(process.resourceUsage().maxRSS)));`,
  );
  const special = { 'no-images': /no \.png.*notes\.txt/, missing: /ENOENT/, '/dev/zero': /neither a file/ };
  const names = [...Object.keys(files), ...Object.keys(special), 'good.jpg'];
  const environment = { NODE_OPTIONS: `--import=file://${path('memory.mjs')}` };
  const words = ['predict', 'model.safetensors', ...names, '--as', 'mnist', '--json'];
  const { code, stdout, stderr } = await cli(words, { cwd, environment });
  assert.equal(code, 1, stderr);
  const lines = stderr.trimEnd().split('\n');
  const expected = [
    ...Object.entries(files).map(([name, [, said]]) => [name, said] as const),
    ...Object.entries(special),
  ];
  assert.equal(lines.length, expected.length, stderr);
  for (const [k, [name, said]] of expected.entries()) {
    assert.ok(lines[k].startsWith(`error: ${name}: `), lines[k]);
    assert.match(lines[k], said);
  }
  const { predictions, failures } = JSON.parse(stdout);
  assert.deepEqual(
    predictions.map(({ file }: { file: string }) => file),
    ['good.jpg'],
  );
  assert.deepEqual(
    failures.map(({ file }: { file: string }) => file),
    expected.map(([name]) => name),
  );
  const mostKib = 900 * 1024;
  assert.ok(Number(readFileSync(path('memory.txt'), 'utf8')) < mostKib, 'resident memory');
});

test('a file without permission, and a pipe', async (t) => {
  writeFileSync(path('secret.png'), 'x');
  chmodSync(path('secret.png'), 0);
  if (process.getuid?.() !== 0) {
    const { stderr } = await expectCode(1, ['predict', 'model.safetensors', 'secret.png'], { cwd });
    assert.equal(stderr, 'error: secret.png: cannot be read: permission denied\n');
  } else t.diagnostic('root reads every file');
  if (spawnSync('mkfifo', [path('pipe')]).status !== 0) return;
  const { stderr } = await expectCode(1, ['predict', 'model.safetensors', 'pipe'], { cwd });
  assert.match(stderr, /^error: pipe: .*neither a file nor a folder.*\n$/);
});

test('a folder is one level of images, sorted; other files are counted', async () => {
  mkdirSync(path('some', 'deeper'), { recursive: true });
  for (const name of ['b.jpg', 'a.JPEG', 'deeper/c.jpg']) writeFileSync(path('some', name), await drawing(1));
  writeFileSync(path('some', 'notes.txt'), 'no');
  const { stdout, stderr } = await expectCode(0, ['predict', 'model.safetensors', 'some', '--as', 'mnist'], {
    cwd,
  });
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  ')[0]),
    ['some/a.JPEG', 'some/b.jpg'],
  );
  assert.match(stderr, /some: 1 other file is not read/);
});

test('damaged images are refused or read, whatever is damaged', async () => {
  const library = await loadSharp();
  const made = await Promise.all([drawing(2), drawing(2).then((one) => sharp(one).webp().toBuffer())]);
  const sources = [
    ...made,
    await sharp(made[0]).resize(40).png().toBuffer(),
    await sharp(made[0]).gif().toBuffer(),
  ];
  const change = fc.record({
    source: fc.nat(sources.length - 1),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    bytes: fc.array(fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(255)), {
      maxLength: 8,
    }),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ source, cut, bytes }) => {
      const changed = Buffer.from(sources[source]);
      for (const [at, value] of bytes) changed[Math.floor(at * changed.length)] = value;
      const end = cut === null ? changed.length : Math.floor(cut * changed.length);
      try {
        const picture = await decode(library, changed.subarray(0, end), 'x');
        const sample = await prepare(library, picture, 'mnist', [28, 28, 1], 'x');
        assert.equal(sample.length, 784);
      } catch (error) {
        assert.ok(refusing(1, 'x: ')(error));
      }
    }),
    { numRuns: 1000 },
  );
});
