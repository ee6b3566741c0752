/** Images drawn anew by their moments: where they end up, and that position, size and slant no longer matter. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { normaliseMoments } from '../dist/data/transforms/moments.js';
import { word } from './support/config-refusal.ts';
import { configure, realMnist } from './support/training.ts';

const side = 28;

/** A soft-edged image of a shape given in its own coordinates, under x ↦ A x + b. */
function drawn(
  inside: (x: number, y: number) => number,
  scale: number,
  slant: number,
  dx: number,
  dy: number,
) {
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const y = (Math.floor(i / side) - dy) / scale;
    const x = ((i % side) - dx) / scale - slant * y;
    return Math.round(255 * Math.min(1, Math.max(0, inside(x, y))));
  });
}

/** A thick seven, without symmetry and without anything far from its middle, its edges about a pixel wide. */
const seven = (x: number, y: number) => {
  const bar = Math.min(3.5 - Math.abs(x - 2), 3 - Math.abs(y + 4));
  const stem = Math.min(7 - Math.abs(y), 2.5 - Math.abs(x - 3 + (y + 6) / 4));
  return Math.max(bar, stem) + 0.5;
};

const set = (images: Uint8Array, count: number) => ({
  values: images,
  count,
  shape: [side, side, 1],
  full: 255,
});

const normalised = (image: Uint8Array) => Uint8Array.from(normaliseMoments(set(image, 1)).values);

function moments(image: Uint8Array) {
  let [m, x, y, xx, xy, yy] = [0, 0, 0, 0, 0, 0];
  image.forEach((value, i) => {
    const [u, v] = [(i % side) - (side - 1) / 2, Math.floor(i / side) - (side - 1) / 2];
    m += value;
    x += value * u;
    y += value * v;
    xx += value * u * u;
    xy += value * u * v;
    yy += value * v * v;
  });
  const [cx, cy] = [x / m, y / m];
  return {
    cx,
    cy,
    across: Math.sqrt(xx / m - cx * cx),
    down: Math.sqrt(yy / m - cy * cy),
    both: xy / m - cx * cy,
  };
}

test('a drawn image is centred, upright, and its deviations are 0.2 of the frame', () => {
  for (const [scale, slant, dx, dy] of [
    [1, 0, 13, 13],
    [0.7, 0.3, 10, 15],
    [1.1, -0.4, 15, 14],
  ]) {
    const { cx, cy, across, down, both } = moments(normalised(drawn(seven, scale, slant, dx, dy)));
    assert.ok(Math.hypot(cx, cy) < 0.15, `centre ${cx}, ${cy}`);
    for (const deviation of [across, down])
      assert.ok(Math.abs(deviation / (0.2 * side) - 1) < 0.05, `deviations ${across}, ${down}`);
    assert.ok(Math.abs(both / (across * down)) < 0.03, `correlation ${both / (across * down)}`);
  }
});

test('one shape, moved, slanted and scaled, is drawn as one image', () => {
  const difference = (a: Uint8Array, b: Uint8Array) =>
    Math.sqrt(
      a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.reduce((sum, v) => sum + v * v, 0),
    );
  const plain = drawn(seven, 1, 0, 13, 13);
  const other = drawn(seven, 0.8, 0.35, 11, 15);
  assert.ok(difference(plain, other) > 0.8, 'the two images differ');
  assert.ok(difference(normalised(plain), normalised(other)) < 0.2, 'what is drawn of them does not');
});

test('blank images stay blank, a dot and a line stay in the frame', () => {
  assert.ok(normalised(new Uint8Array(side * side)).every((value) => value === 0));
  const dot = new Uint8Array(side * side);
  dot[40] = 255;
  const line = new Uint8Array(side * side);
  line.fill(255, 2 * side, 3 * side);
  for (const image of [dot, line]) {
    const { cx, cy } = moments(normalised(image));
    assert.ok(Math.hypot(cx, cy) < 0.5, `centre ${cx}, ${cy}`);
  }
});

test('data.momentNormalise gives the network drawn images, of both sets', async () => {
  const dataset = await realMnist();
  const { parts } = prepareData(
    dataset,
    await configure('data.momentNormalise=true', 'data.validation=1000'),
  );
  const expected = normaliseMoments(dataset.train).values;
  assert.deepEqual(parts.train.values.values.slice(0, 7840), expected.slice(0, 7840));
  assert.deepEqual(parts.validation.values.values.slice(0, 784), expected.slice(59_000 * 784, 59_001 * 784));
  assert.deepEqual(
    parts.test.values.values.slice(0, 784),
    normaliseMoments({ ...dataset.test, count: 1 }).values.slice(0, 784),
  );
  assert.match(
    await word('data.momentNormalise=true', 'data.features.kind=directions'),
    /data\.momentNormalise: expected false if data\.features\.kind is directions/,
  );
});
