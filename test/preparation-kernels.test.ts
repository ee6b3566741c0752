/** The kernels that prepare samples give the bits of the loops in TypeScript, at sizes of every kind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measuringFeatures } from '../dist/data/statistics.js';
import { extractFeatures } from '../dist/data/transforms/crop-pool.js';
import { instantiateKernels } from '../dist/kernels/kernels.js';
import { loadKernels } from '../dist/kernels/load.js';
import { packerBytes, RowPacker } from '../dist/kernels/row-packer.js';
import { type Integers, SampleKernels } from '../dist/kernels/sample-kernels.js';
import { packSparse, sparseBytes } from '../dist/kernels/sparse-rows.js';
import { Rng } from '../dist/numbers/rng.js';
import { atOnce } from '../dist/numbers/steps.js';

const { modules } = loadKernels();
const kernels = new SampleKernels(modules.engine);

function integers<Kind extends Integers>(values: Kind, below: number, seed: number): Kind {
  const rng = new Rng(seed);
  for (let i = 0; i < values.length; i++) values[i] = rng.below(3) === 0 ? 0 : rng.below(below);
  // The extremes too.
  if (values.length > 1) values.set([below - 1, 0], 0);
  return values;
}

test('sums, squares and non-zeros: bytes and sums of four bytes, every width, many rows', () => {
  for (const [width, count] of [
    [1, 3],
    [7, 300],
    [16, 64],
    [23, 1000],
    [196, 2000],
    [784, 700],
    [40_000, 9],
  ]) {
    for (const [kind, values] of [
      ['bytes', integers(new Uint8Array(width * count), 256, width)],
      ['shorts', integers(new Uint16Array(width * count), 1021, width)],
      ['brightest', new Uint8Array(width * count).fill(255)],
      ['brightest sums', new Uint16Array(width * count).fill(1020)],
    ] as const) {
      const samples = { values, count, shape: [width], full: values instanceof Uint8Array ? 255 : 1020 };
      // Known statistics are kept by the array: another one for the second count.
      const copy = { ...samples, values: values.slice() };
      assert.ok(kernels.counts(values, width, samples.full));
      const [plain, fast] = [atOnce(measuringFeatures(samples)), atOnce(measuringFeatures(copy, kernels))];
      assert.deepEqual(fast, plain, `${kind}, ${count} × ${width}`);
    }
  }
});

test('values that the kernels cannot count are left to the loop', () => {
  assert.equal(kernels.counts(new Uint16Array(4), 4, 65_535), false);
  assert.equal(kernels.counts(new Float32Array(4), 4, 1), false);
  assert.equal(kernels.counts(new Uint8Array(70_000), 70_000, 255), false);
});

test('pooled images: odd sizes, crops, columns beside a vector', () => {
  for (const [height, line, crop] of [
    [2, 2, 0],
    [5, 7, 0],
    [9, 7, 1],
    [28, 28, 0],
    [28, 28, 4],
    [33, 40, 2],
  ]) {
    const count = 50;
    const values = integers(new Uint8Array(height * line * count), 256, height * line);
    const samples = { values, count, shape: [height, line, 1], full: 255 };
    const fast = extractFeatures(samples, crop, 2, null, kernels);
    assert.deepEqual(fast, extractFeatures(samples, crop, 2), `${height}×${line}, crop ${crop}`);
  }
});

test('packed rows: the words of packSparse, and nothing behind the region', () => {
  for (const [width, ranges, count] of [
    [5, [2, 5], 40],
    [196, [196], 3000],
    [196, [50, 51, 196], 700],
    [784, [400, 784], 500],
  ] as const) {
    const kinds: readonly Integers[] = [
      integers(new Uint8Array(width * count), 256, width),
      integers(new Uint16Array(width * count), 1021, width),
    ];
    for (const values of kinds) {
      let nonZeros = 0;
      for (const value of values) if (value !== 0) nonZeros++;
      const bytes = sparseBytes(count, nonZeros, ranges.length);
      const layout = { rangeEnds: [...ranges], shiftBits: 8, scale: 1 / 255 };
      const pages = Math.ceil((65_536 + bytes + 4 * count * ranges.length + 4096) / 65_536);
      const memory = new WebAssembly.Memory({
        initial: pages + packerBytes / 65_536,
        maximum: pages + packerBytes / 65_536,
        shared: true,
      });
      const packer = new RowPacker(instantiateKernels(modules.engine, memory), memory, pages * 65_536);
      const offset = 65_536;
      const startsAt = (offset + bytes + 127 + 128) & ~127;
      const starts = new Uint32Array(memory.buffer, startsAt, count * ranges.length + 1);
      const behind = 4;
      const most = count - behind;
      assert.equal(packer.packs(values, width, behind, ranges.length), true);
      assert.equal(packer.packs(values, width, behind - 1, ranges.length), false);
      const rows = { values: values.subarray(0, most * width), count: most, width };
      packer.pack(rows, layout, offset, starts);
      const rest = { values: values.subarray(most * width), count: behind, width };
      const last = starts.subarray(most * ranges.length);
      packSparse(rest, layout, memory.buffer, last[0], last);
      const wanted = new SharedArrayBuffer(pages * 65_536);
      const wantedStarts = new Uint32Array(starts.length);
      packSparse({ values, count, width }, layout, wanted, offset, wantedStarts);
      assert.deepEqual([...starts], [...wantedStarts]);
      const used = starts[count * ranges.length] - offset;
      assert.deepEqual(
        Buffer.from(memory.buffer, offset, used),
        Buffer.from(wanted, offset, used),
        `${width}, ${ranges}`,
      );
      const after = Buffer.from(memory.buffer, offset + bytes, 128);
      assert.ok(
        after.every((byte) => byte === 0),
        'bytes behind the region',
      );
    }
  }
});
