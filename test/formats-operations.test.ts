/** Each primitive operation in plain JavaScript against the transform, kernel or definition that it describes. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { extractFeatures } from '../dist/data/transforms/crop-pool.js';
import { normaliseMoments } from '../dist/data/transforms/moments.js';
import { Pipeline } from '../dist/data/transforms/pipeline.js';
import { helpers, operations } from '../dist/formats/runtime/operations.js';
import { toFunction } from '../dist/formats/runtime/predict.js';
import { instantiateDirections } from '../dist/kernels/directions/direction-kernels.js';
import { directionShape } from '../dist/kernels/directions/spec.js';
import { candidateLevels } from '../dist/kernels/levels.js';
import { loadKernels } from '../dist/kernels/load.js';
import { activation, matmul } from '../dist/kernels/reference.js';
import { allocate } from '../dist/memory/shared-memory.js';
import type { Graph, Op } from '../dist/model/op.js';
import { shapeAfter } from '../dist/model/op.js';
import { atOnce } from '../dist/numbers/steps.js';
import { type Config, configured, type Dataset, someMnist } from './support/pairs.ts';

let dataset: Dataset;
before(async () => {
  dataset = await someMnist(300, 64);
});

type Run = (x: ArrayLike<number>, op: Op, shape: readonly number[], all: typeof helpers) => ArrayLike<number>;
const table = operations as unknown as Readonly<Record<Op['op'], Run>>;

function chain(ops: readonly Op[], sample: ArrayLike<number>, shape: readonly number[]): number[] {
  let [x, size] = [sample, shape];
  for (const op of ops) {
    x = table[op.op](x, op, size, helpers);
    size = shapeAfter(op, size);
  }
  return Array.from(x);
}

const image = (i: number) => dataset.test.values.subarray(i * 784, (i + 1) * 784);
const shape = [28, 28, 1];

async function config(...words: string[]): Promise<Config> {
  return (await configured(words)) ?? assert.fail('refused');
}

for (const words of [
  ['data.normalise=none'],
  ['data.normalise=mnist', 'data.crop=3'],
  ['data.normalise=centre', 'data.pool=2'],
  ['data.normalise=standardise', 'data.crop=1', 'data.pool=2'],
  ['data.normalise=whiten', 'data.crop=9'],
  ['data.normalise=whiten', 'data.pool=2', 'data.momentNormalise=true'],
  ['data.normalise=none', 'data.scale=128'],
])
  test(`inputs as the pipeline makes them: ${words.join(' ')}`, async () => {
    const { data } = await config(...words);
    const { pipeline } = atOnce(Pipeline.fit(data, dataset.train, null));
    const ops = pipeline.describe();
    const { scale, shift } = pipeline.affine;
    const made = pipeline.apply(dataset.test).values;
    for (let i = 0; i < dataset.test.count; i++) {
      const got = chain(ops, image(i), shape);
      const width = shift.length;
      assert.equal(got.length, width);
      for (let p = 0; p < width; p++) {
        const wanted = made[i * width + p] * scale - shift[p];
        assert.ok(
          Math.abs(got[p] - wanted) < 1e-6 * Math.max(1, Math.abs(wanted)),
          `${i} ${p}: ${got[p]} ${wanted}`,
        );
      }
    }
  });

test('moments: the integers of the transform, bit by bit, also of odd images', () => {
  const images = [
    ...Array.from({ length: 64 }, (_, i) => image(i)),
    new Uint8Array(784),
    new Uint8Array(784).fill(255),
    new Uint8Array(784).fill(9, 400, 401),
    new Uint8Array(784).fill(200, 28, 56),
  ];
  for (const values of images) {
    const wanted = normaliseMoments({ values, count: 1, shape, full: 255 }).values;
    assert.deepEqual(chain([{ op: 'moments' }], values, shape), Array.from(wanted));
  }
});

test('crop and sumPool: odd sizes leave out the last row and column', () => {
  const values = Uint8Array.from({ length: 9 * 7 }, (_, i) => (i * 37) % 256);
  for (const [crop, pool] of [
    [0, 2],
    [2, 1],
    [1, 2],
  ] as const) {
    const wanted = extractFeatures({ values, count: 1, shape: [9, 7, 1], full: 255 }, crop, pool);
    const ops: Op[] = [
      ...(crop > 0 ? [{ op: 'crop', by: crop } as const] : []),
      ...(pool > 1 ? [{ op: 'sumPool' } as const] : []),
    ];
    assert.deepEqual(chain(ops, values, [9, 7, 1]), Array.from(wanted.values));
  }
});

const drawings = [
  { grid: 12, pool: 4, rows: 'pairs', aspect: false, gradient: 'central' },
  { grid: 12, pool: 5, rows: 'all', aspect: true, gradient: 'sobel' },
  { grid: 16, pool: 4, rows: 'all', aspect: false, gradient: 'central' },
  { grid: 16, pool: 5, rows: 'pairs', aspect: true, gradient: 'sobel' },
  { grid: 20, pool: 5, rows: 'all', aspect: true, gradient: 'sobel' },
  { grid: 20, pool: 4, rows: 'pairs', aspect: false, gradient: 'sobel' },
] as const;
for (const drawing of drawings)
  test(`directions: the features of the kernels, bit by bit: ${JSON.stringify(drawing)}`, () => {
    const spec = directionShape({ kind: 'directions', quadratic: 0, ...drawing });
    const images = [
      ...Array.from({ length: 60 }, (_, i) => image(i)),
      new Uint8Array(784),
      new Uint8Array(784).fill(255),
      new Uint8Array(784).fill(1, 783),
      new Uint8Array(784).fill(200, 28, 56),
    ];
    const levels = candidateLevels(process.versions.v8, process.arch);
    for (const level of [levels[0], 'simd'] as const) {
      const loaded = loadKernels([level], spec);
      const memory = allocate(64 * 65536);
      assert.ok(loaded.modules.directions !== null);
      const kernels = instantiateDirections(loaded.modules.directions, memory);
      const [order, pixels, out] = [65536, 131072, 262144];
      const scratch = 2 ** 20;
      new Int32Array(memory.buffer, order, images.length).forEach((_, i, all) => {
        all[i] = i;
        new Uint8Array(memory.buffer, pixels + i * 784, 784).set(images[i]);
      });
      const flags = [spec.aspect, spec.allRows, spec.sobel].map(Number) as [number, number, number];
      kernels.initialise(scratch, spec.size, ...flags, spec.pool);
      kernels.extract(pixels, order, images.length / 8, out, scratch);
      const made = new Float32Array(memory.buffer, out, images.length * spec.features);
      const ofKernel = (i: number) =>
        Float64Array.from(
          { length: spec.features },
          (_, f) => made[((i >> 3) * spec.features + f) * 8 + (i & 7)],
        );
      // Relaxed SIMD fuses multiply-adds on processors that can, for all images alike.
      const isFused =
        loaded.level !== 'simd' && isDeepStrictEqual(helpers.directions(images[0], spec, true), ofKernel(0));
      for (const [i, values] of images.entries())
        assert.deepEqual(
          helpers.directions(values, spec, isFused),
          ofKernel(i),
          `image ${i}, ${loaded.level}, fused: ${isFused}`,
        );
    }
  });

test('layers and activations by definition', () => {
  const values = Float64Array.of(-3, -0.5, 0, 0.25, 4);
  for (const kind of ['relu', 'tanh', 'gelu', 'sigmoid'] as const) {
    const got = chain([{ op: kind }], values, [5]);
    for (const [i, value] of got.entries())
      assert.ok(Math.abs(value - activation(kind, values[i])) < 1e-12, `${kind} ${value}`);
  }
  const weight = Float32Array.from({ length: 15 }, (_, i) => Math.sin(i));
  const bias = Float32Array.of(1, 2, 3);
  const columns = Float64Array.from({ length: 15 }, (_, at) => weight[(at % 3) * 5 + Math.floor(at / 3)]);
  const wanted = matmul(values, columns, 1, 5, 3).map((sum, o) => sum + bias[o]);
  const got = chain([{ op: 'dense', inputs: 5, outputs: 3, weight, bias }], values, [5]);
  for (const [o, value] of got.entries()) assert.ok(Math.abs(value - wanted[o]) < 1e-12, `${value}`);
});

test('fixedPoint, products and probabilities by definition', () => {
  const x = Float64Array.of(-100, -32, 0.0004, 0.0005, 100);
  const step = 1 / 1024;
  const wanted = [-32, -32, 0, step, 65535 * step - 32];
  assert.deepEqual(chain([{ op: 'fixedPoint', step, bound: 32 }], x, [5]), wanted);
  const products: Op = {
    ...{ op: 'products', components: 2 },
    weight: Float32Array.of(1, 2, 0, -1),
    bias: Float32Array.of(0.5, 1),
    mean: Float32Array.of(1, 2, 3),
  };
  // p = (1 · 3 + 2 · 4 + ½, −4 + 1)
  assert.deepEqual(chain([products], [3, 4], [2]), [3, 4, 11.5 ** 2 - 1, 11.5 * -3 - 2, 9 - 3]);
  const [a, b] = chain([{ op: 'softmax' }], [1000, 1000 + Math.log(3)], [2]);
  assert.ok(Math.abs(a - 0.25) < 1e-12 && Math.abs(b - 0.75) < 1e-12);
  assert.deepEqual(chain([{ op: 'shares' }], [1, -5, 3], [3]), [0.25, 0, 0.75]);
  assert.deepEqual(chain([{ op: 'shares' }], [-1, -5], [2]), [0.5, 0.5]);
});

const small: Graph = {
  input: [2],
  values: 'uint8',
  labels: ['no', 'yes'],
  ops: [
    { op: 'dense', inputs: 2, outputs: 2, weight: Float32Array.of(1, 0, 0, 1), bias: new Float32Array(2) },
  ],
  probabilities: [{ op: 'shares' }],
};

test('a sample that is not of the model is refused, the first of equal outputs is chosen', () => {
  const predict = toFunction(small);
  assert.deepEqual(predict([1, 3]), { label: 'yes', index: 1, probabilities: [0.25, 0.75] });
  assert.equal(predict(Uint8Array.of(7, 7)).index, 0);
  const odd = (sample: unknown) => () => predict(sample as number[]);
  assert.throws(odd([1]), { name: 'RangeError', message: 'sample: expected 2 values, got 1' });
  assert.throws(odd([1, 2, 3]), RangeError);
  assert.throws(odd([0.5, 1]), {
    name: 'TypeError',
    message: /integers from 0 to 255, got 0\.5 \(number\) at index 0/,
  });
  assert.throws(odd(['1', 1]), TypeError);
  assert.throws(odd([Number.NaN, 1]), TypeError);
  assert.throws(odd([1, 256]), { name: 'RangeError', message: /got 256 \(number\) at index 1/ });
  assert.throws(odd([-1, 1]), RangeError);
  for (const none of [null, undefined, 5, 'ab', {}]) assert.throws(odd(none), TypeError);
  const real = toFunction({ ...small, values: 'float32' });
  assert.equal(real([-0.5, 300.25]).index, 1);
  for (const value of [Number.POSITIVE_INFINITY, 1e39, '1'])
    assert.throws(() => real([value as number, 0]), { name: 'TypeError', message: /finite numbers/ });
  // As float32, which the model was trained on: 1e8 and 1e8 + 1 are the same number.
  assert.deepEqual(real([1e8 + 1, 1e8]).probabilities, [0.5, 0.5]);
});
