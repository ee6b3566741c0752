/** Direction features and their softmax regression: kernels, float64 reference and an independent C program agree. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkDirections } from '../dist/kernels/directions/direction-checks.js';
import { instantiateDirections } from '../dist/kernels/directions/direction-kernels.js';
import { directionFeatures } from '../dist/kernels/directions/directions-reference.js';
import { type DirectionShape, directionShape } from '../dist/kernels/directions/spec.js';
import { candidateLevels } from '../dist/kernels/levels.js';
import { loadKernels } from '../dist/kernels/load.js';

interface FixtureCase {
  readonly grid: 12 | 16 | 20;
  readonly pool: 4 | 5;
  readonly rows: 'pairs' | 'all';
  readonly aspect: boolean;
  readonly gradient: 'central' | 'sobel';
  /** Base64 of float32 [count][8 · pool²]. */
  readonly features: string;
}

const fixture: { count: number; images: string; cases: FixtureCase[] } = JSON.parse(
  readFileSync(new URL('./fixtures/directions/c-reference.json', import.meta.url), 'utf8'),
);
/** Their places among the images. */
const singlePixels = [14, 15];
const fixtureImages = new Uint8Array(Buffer.from(fixture.images, 'base64'));
const shapeOf = ({ features: _, ...spec }: FixtureCase, quadratic: 0 | 8 | 24 | 32 | 48 = 0) =>
  directionShape({ kind: 'directions', ...spec, quadratic });
const titleOf = ({ features: _, ...spec }: FixtureCase) => Object.values(spec).join(' ');
const plain = shapeOf(fixture.cases[0]);
const detailed = shapeOf(fixture.cases[fixture.cases.length - 1]);

function openKernels(shape: DirectionShape, level = candidateLevels(process.versions.v8, process.arch)[0]) {
  const { modules } = loadKernels([level], shape);
  assert.ok(modules.directions);
  const memory = new WebAssembly.Memory({ initial: 128, maximum: 128, shared: true });
  return { kernels: instantiateDirections(modules.directions, memory), memory };
}

/** Features of any number of images, through blocks of eight in the given order. */
function extract(shape: DirectionShape, images: Uint8Array, order: readonly number[]): Float32Array[] {
  const { kernels, memory } = openKernels(shape);
  const { features } = shape;
  const blocks = Math.ceil(order.length / 8);
  const scratch = 65536;
  const at = scratch + Math.ceil(kernels.scratchBytes() / 128) * 128;
  new Uint8Array(memory.buffer, at, images.length).set(images);
  const orderAt = at + Math.ceil((images.length + 64) / 128) * 128;
  new Int32Array(memory.buffer, orderAt, blocks * 8).set(order);
  const out = orderAt + Math.ceil((blocks * 32) / 128) * 128;
  const flags = [shape.aspect, shape.allRows, shape.sobel].map(Number) as [number, number, number];
  kernels.initialise(scratch, shape.size, ...flags, shape.pool);
  kernels.extract(at, orderAt, blocks, out, scratch);
  const view = new Float32Array(memory.buffer, out, blocks * features * 8);
  return order.map((_, i) =>
    Float32Array.from({ length: features }, (__, f) => view[((i >> 3) * features + f) * 8 + (i & 7)]),
  );
}

/** Features are defined up to a factor and the kernels round edges to 1/16384 pixel: squares are compared. */
function assertClose(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string) {
  const greatest = Math.max(...Array.from(expected, (x) => x * x), 1e-12);
  for (let i = 0; i < expected.length; i++) {
    assert.ok(Number.isFinite(got[i]), `${what}: feature ${i} is ${got[i]}`);
    const error = Math.abs(got[i] ** 2 - expected[i] ** 2) / greatest;
    assert.ok(error <= tolerance, `${what}: feature ${i} is ${got[i]}, expected ${expected[i]}`);
  }
}

for (const spec of fixture.cases) {
  for (const quadratic of [0, 8, 32, 48] as const) {
    for (const level of candidateLevels(process.versions.v8, process.arch)) {
      test(`${titleOf(spec)}, products of ${quadratic}: every kernel matches float64 at level ${level}`, () => {
        const shape = shapeOf(spec, quadratic);
        const { kernels, memory } = openKernels(shape, level);
        for (const { kernel, error } of checkDirections(kernels, memory, shape))
          assert.ok(error < 3e-4, `${kernel} is off by ${error}`);
      });
    }
  }

  test(`${titleOf(spec)}: kernels and float64 reference agree with the C program, odd images included`, () => {
    const shape = shapeOf(spec);
    const order = Array.from({ length: fixture.count }, (_, i) => i);
    const got = extract(shape, fixtureImages, order);
    const c = new Float32Array(new Uint8Array(Buffer.from(spec.features, 'base64')).buffer);
    for (const i of order) {
      const expected = c.subarray(i * shape.features, (i + 1) * shape.features);
      const reference = directionFeatures(fixtureImages.subarray(i * 784, (i + 1) * 784), shape);
      // The C program has √2 to four places.
      assertClose(reference, expected, 2e-4, `image ${i}, float64`);
      // The variance of a single pixel is nothing but rounding errors, and so is its slant.
      assertClose(got[i], expected, singlePixels.includes(i) ? 6e-3 : 1e-3, `image ${i}, kernel`);
    }
  });
}

test('features do not depend on the place of an image in a block or on its neighbours', () => {
  const alone = extract(plain, fixtureImages, [...Array(fixture.count).keys()]);
  const places = fc.array(fc.nat(fixture.count - 1), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(places, (order) => {
      const got = extract(plain, fixtureImages, order);
      order.forEach((image, i) => {
        assert.deepEqual(got[i], alone[image]);
      });
    }),
    { numRuns: 20 },
  );
});

test('images of noise and of few pixels give finite features', () => {
  const pixel = fc.oneof(fc.constant(0), fc.constant(0), fc.constant(255), fc.nat(255));
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 784, maxLength: 784 }),
      fc.array(pixel, { maxLength: 6 }),
      (noise, few) => {
        const sparse = new Uint8Array(784);
        few.forEach((value, i) => {
          sparse[(i * 331 + 27) % 784] = value;
        });
        for (const features of extract(detailed, Uint8Array.from([...noise, ...sparse]), [0, 1]))
          assert.ok(features.every(Number.isFinite));
      },
    ),
    { numRuns: 40 },
  );
});
