/** What a picture becomes for models of each set: its polarity, its place, its proportions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { decode, loadSharp } from '../dist/data/images/decode.js';
import type { Manner } from '../dist/data/images/prepare.js';
import { prepare } from '../dist/data/images/prepare.js';
import { testImage } from './support/drawings.ts';

const library = await loadSharp();

/** A rectangle of one colour on another. */
async function rectangle(options: {
  readonly size: readonly [width: number, height: number];
  readonly box: readonly [left: number, top: number, width: number, height: number];
  readonly ink: string;
  readonly paper: string;
}): Promise<Buffer> {
  const { size, box, ink, paper } = options;
  const [left, top, width, height] = box;
  const input = await sharp({ create: { width, height, channels: 3, background: ink } })
    .png()
    .toBuffer();
  return sharp({ create: { width: size[0], height: size[1], channels: 3, background: paper } })
    .composite([{ input, left, top }])
    .png()
    .toBuffer();
}

async function sampleOf(
  image: Buffer,
  manner: Manner,
  shape: readonly [number, number, 1 | 3] = [28, 28, 1],
): Promise<Uint8Array> {
  return prepare(library, await decode(library, image, 'x'), manner, shape, 'x');
}

/** The rows and columns that hold anything, and the greatest value. */
function extent(sample: Uint8Array, columns = 28) {
  const places = [...sample].flatMap((value, at) => (value >= 64 ? [at] : []));
  const [xs, ys] = [places.map((at) => at % columns), places.map((at) => Math.floor(at / columns))];
  const range = (values: number[]) => [Math.min(...values), Math.max(...values)];
  return { x: range(xs), y: range(ys), greatest: Math.max(...sample) };
}

const tall = { size: [120, 90], box: [80, 10, 20, 40], ink: '#204060', paper: '#f0e8e0' } as const;

test('mnist: ink is white on black, its longer side 20 pixels, its centre of mass in the middle', async () => {
  for (const colours of [{}, { ink: '#ffffff', paper: '#101010' }, { ink: '#c00000', paper: '#0000c0' }]) {
    const sample = await sampleOf(await rectangle({ ...tall, ...colours }), 'mnist');
    assert.deepEqual(extent(sample), { x: [10, 19], y: [5, 24], greatest: 255 });
    assert.equal(
      sample.reduce((sum, value) => sum + value),
      255 * 200,
    );
  }
});

test('mnist: a shape of uneven mass is centred by its mass; one that reached beyond the edge ends at it', async () => {
  const wedge =
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><rect width="200" height="100" fill="white"/><rect x="20" y="40" width="160" height="20"/><rect x="20" y="10" width="30" height="80"/></svg>';
  const thin = wedge.replace('y="40" width="160" height="20"', 'y="48" width="160" height="4"');
  const atEdge = extent(await sampleOf(await sharp(Buffer.from(thin)).png().toBuffer(), 'mnist'));
  assert.deepEqual(atEdge.x, [8, 27]);
  const sample = await sampleOf(await sharp(Buffer.from(wedge)).png().toBuffer(), 'mnist');
  const sum = sample.reduce((all, value) => all + value);
  const centre = sample.reduce((all, value, at) => all + value * (at % 28), 0) / sum;
  assert.ok(Math.abs(centre - 14) <= 0.5, `${centre}`);
  const { x, y } = extent(sample);
  assert.equal(x[1] - x[0], 19);
  assert.equal(y[1] - y[0], 9);
});

test('mnist: an image of MNIST is not changed, nor is its negative', async () => {
  const raw = { raw: { width: 28, height: 28, channels: 1 } } as const;
  for (let i = 0; i < 50; i++) {
    const own = sharp(testImage(i), raw);
    assert.deepEqual(await sampleOf(await own.png().toBuffer(), 'mnist'), new Uint8Array(testImage(i)));
    assert.deepEqual(
      await sampleOf(await sharp(testImage(i), raw).negate().png().toBuffer(), 'mnist'),
      new Uint8Array(testImage(i)),
    );
  }
});

test('fashion-mnist: the object fills the image, its greys are inverted', async () => {
  const sample = await sampleOf(
    await rectangle({ ...tall, ink: '#404040', paper: '#ffffff' }),
    'fashion-mnist',
  );
  assert.deepEqual(extent(sample), { x: [7, 20], y: [0, 27], greatest: 255 - 64 });
});

test('kmnist: the whole picture, inverted', async () => {
  const sample = await sampleOf(
    await rectangle({ ...tall, size: [100, 100], ink: '#000000', paper: '#ffffff' }),
    'kmnist',
  );
  const { x, y } = extent(sample);
  assert.ok(
    Math.abs(x[0] - 22) <= 1 &&
      Math.abs(x[1] - 27) <= 1 &&
      Math.abs(y[0] - 3) <= 1 &&
      Math.abs(y[1] - 13) <= 1,
  );
});

test('plain: the picture as it is, bands in the colour of its border', async () => {
  const image = await rectangle({ size: [80, 40], box: [20, 10, 40, 20], ink: '#ff0000', paper: '#00ff00' });
  const grey = await sampleOf(image, 'plain', [16, 16, 1]);
  assert.deepEqual([grey[0], grey[16 * 4], grey[16 * 7 + 7]], [150, 150, 76]);
  const colour = await sampleOf(image, 'plain', [16, 16, 3]);
  assert.equal(colour.length, 768);
  assert.deepEqual([...colour.subarray(0, 3)], [0, 255, 0]);
  assert.deepEqual([...colour.subarray(3 * (16 * 7 + 7), 3 * (16 * 7 + 8))], [255, 0, 0]);
});

test('pictures of one row, one column and one pixel', async () => {
  for (const [width, height] of [
    [1, 1],
    [300, 1],
    [1, 300],
    [2, 2],
    [3, 1],
  ] as const) {
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i === 1 ? 0 : 255));
    const image = await sharp(pixels, { raw: { width, height, channels: 1 } })
      .png()
      .toBuffer();
    assert.equal((await sampleOf(image, 'plain')).length, 784);
    const made = await sampleOf(image, 'mnist').then(
      (sample) => sample.length,
      (error: Error) => error.message,
    );
    assert.ok(made === 784 || /blank/.test(String(made)), String(made));
  }
});
