import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkAll } from '../dist/kernels/checks.js';
import { instantiateKernels } from '../dist/kernels/kernels.js';
import { candidateLevels, levels } from '../dist/kernels/levels.js';
import { loadKernels } from '../dist/kernels/load.js';
import { Scratch } from '../dist/kernels/scratch.js';

const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
const here = candidateLevels(process.versions.v8, process.arch);

for (const level of levels) {
  const skip = here.includes(level) ? false : `this V8 has no ${level} level`;
  test(`every kernel of level ${level} agrees with float64 over odd sizes`, { skip }, () => {
    const kernels = instantiateKernels(loadKernels([level]).modules.engine, memory);
    fc.assert(
      fc.property(
        fc.record({
          rows: fc.integer({ min: 1, max: 40 }),
          depth: fc.integer({ min: 1, max: 70 }),
          panels: fc.integer({ min: 1, max: 6 }),
          classes: fc.integer({ min: 2, max: 40 }),
          seed: fc.integer({ min: 1, max: 2 ** 31 }),
        }),
        (size) => {
          for (const { kernel, error } of checkAll(kernels, memory, size))
            assert.ok(error < 2e-5, `${kernel} is off by ${error}`);
        },
      ),
      { numRuns: 150 },
    );
  });
}

test('gradients of logits that are hundreds apart are no subnormal numbers', () => {
  const kernels = instantiateKernels(loadKernels().modules.engine, memory);
  for (const classes of [10, 20]) {
    const scratch = new Scratch(memory, 1);
    const logits = scratch.zeros(2 * 16);
    logits.view.set([400, 300, 90, 1, 0, -80, -300]);
    const [labels, order, lossSum] = [scratch.words([0]), scratch.permutation(1), scratch.doubles(1)];
    const { pointer } = logits;
    kernels.softmaxCrossEntropy(
      pointer,
      64,
      1,
      classes,
      labels.pointer,
      order.pointer,
      0,
      1 / 65536,
      lossSum.pointer,
    );
    const smallest = 2 ** -126;
    for (const delta of logits.view) assert.ok(delta === 0 || Math.abs(delta) > 1e6 * smallest, `${delta}`);
  }
});

test('a kernel that is wrong is refused by the self-test and the next level is used', () => {
  const levelsTried = loadKernels();
  assert.deepEqual(levelsTried.refused, []);
  const kernels = instantiateKernels(levelsTried.modules.engine, memory);
  const wrong = { ...kernels, sgd: () => {} };
  const found = checkAll(wrong, memory).filter(({ error }) => !(error < 1e-4));
  assert.deepEqual(
    found.map(({ kernel }) => kernel),
    ['sgd'],
  );
});

test('a NaN in the weights is not hidden by ReLU', () => {
  const kernels = instantiateKernels(loadKernels().modules.engine, memory);
  const floats = new Float32Array(memory.buffer, 65536, 64);
  floats.fill(Number.NaN, 0, 16);
  floats.fill(1, 16, 32);
  const [b, a, c] = [65536, 65536 + 64, 65536 + 128];
  kernels.matmul16(1, 1, a, 64, b, c, 64, a, 0);
  assert.ok(Number.isNaN(floats[32]));
});

test('padding repeats a feature of its own range: two owners of ranges never write one gradient row', () => {
  const kernels = instantiateKernels(loadKernels().modules.engine, memory);
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 2 ** 31 }), (features, seed) => {
      const shift = 6;
      const { locateArguments, bounds } = new Scratch(memory, seed).sparseRows(5, features, shift);
      kernels.locateRows(...locateArguments);
      const view = new DataView(memory.buffer);
      const limits = [0, Math.floor(features / 2), features];
      for (let row = 0; row < 5; row++) {
        for (let range = 0; range < 2; range++) {
          const address = bounds + (row * 3 + range) * 4;
          const end = view.getUint32(address + 4, true);
          for (let entry = view.getUint32(address, true); entry < end; entry += 8) {
            const feature = view.getUint32(entry, true) >> shift;
            assert.ok(feature >= limits[range] && feature < limits[range + 1]);
          }
        }
      }
    }),
  );
});
