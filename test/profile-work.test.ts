/** The work of a phase by shapes, against counts by hand, and its place under the roof. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePlan } from '../dist/plan/make-plan.js';
import { backwardNumber, forwardNumber, phaseNumber } from '../dist/profile/phases.js';
import { placeUnderRoof, ridge, roofAt } from '../dist/profile/roof.js';
import { type RunWork, workOf } from '../dist/profile/work.js';
import { configure } from './support/training.ts';

/** 6-4-3 in two steps of five images; a mean of 2.5 inputs are not zero. */
async function workOfSmall(packing: 'dense' | 'sparse', ...overrides: string[]) {
  return workOf(...(await small(packing, 1, overrides)));
}

async function small(packing: 'dense' | 'sparse', threads: number, overrides: readonly string[]) {
  const config = await configure('train.batch=5', 'model.hidden=[4]', 'optimizer.momentum=0.9', ...overrides);
  const count = { count: 10, nonZeros: 25 };
  const facts = {
    ...{
      features: 6,
      outputs: 3,
      target: { kind: 'class' as const, classes: 3, weights: null },
      packing,
      scale: 1,
      shifted: false,
      stored: null,
      nonZeros: [5, 5, 5, 5, 5, 0],
    },
    parts: { train: count, validation: { count: 0, nonZeros: 0 }, test: count },
  };
  const run: RunWork = {
    nonZeros: { train: 2.5, validation: 0, test: 2.5 },
    ...{ steps: 2, images: 10, extracted: 0 },
    evaluated: [{ part: 'test', images: 10 }],
  };
  return [makePlan(config, facts, threads, 1), run] as const;
}

test('a dense layer: 2 · rows · in · out forward, for its gradient, and for the deltas below', async () => {
  const work = await workOfSmall('dense', 'optimizer.nesterov=false');
  // Inputs and outputs of ten images, weights and bias once a step.
  assert.deepEqual(work.get(forwardNumber(0)), { flop: 480, bytes: 10 * (24 + 16) + 2 * 4 * 7 * 4 });
  assert.deepEqual(work.get(backwardNumber(0)), { flop: 480, bytes: 10 * (24 + 16) + 2 * 4 * 7 * 4 });
  assert.deepEqual(work.get(forwardNumber(1)), { flop: 240, bytes: 10 * (16 + 12) + 2 * 4 * 5 * 3 });
  assert.deepEqual(work.get(backwardNumber(1)), {
    flop: 480,
    bytes: 10 * (16 + 12) + 2 * 4 * 5 * 3 + 10 * 4 * (3 + 4) + 2 * 4 * 4 * 3,
  });
  assert.deepEqual(work.get(phaseNumber.loss), { flop: 5 * 30, bytes: 8 * 30 });
  // 43 parameters; gradient, weight and velocity read, the latter two written.
  assert.deepEqual(work.get(phaseNumber.update), { flop: 2 * 43 * 4, bytes: 2 * 43 * 20 });
  assert.deepEqual(work.get(phaseNumber.gather), { flop: 120, bytes: 10 * 6 * 6 });
});

test('a sparse first layer counts its non-zeros only, each with its place and value', async () => {
  const work = await workOfSmall('sparse');
  assert.deepEqual(work.get(forwardNumber(0)), { flop: 200, bytes: 10 * (20 + 16) + 2 * 4 * 7 * 4 });
  assert.deepEqual(work.get(backwardNumber(0)), { flop: 200, bytes: 10 * (20 + 16) + 2 * 4 * 7 * 4 });
  assert.equal(work.get(phaseNumber.evaluate)?.flop, 200 + 240 + 150);
  assert.equal(work.get(phaseNumber.gather)?.flop, null);
});

test('units: every rank with units reads and judges all rows, and adds the parts of later blocks', async () => {
  // 130 units are three blocks: two of the first rank, one of the second.
  const words = ['parallel.sync=units', 'model.hidden=[130]'];
  const [two, one] = [
    workOf(...(await small('dense', 2, words))),
    workOf(...(await small('dense', 1, words))),
  ];
  assert.equal(one.get(phaseNumber.loss)?.flop, 150);
  assert.equal(two.get(phaseNumber.loss)?.flop, 300);
  assert.deepEqual(two.get(phaseNumber.gather), { flop: 240, bytes: 20 * 6 * 6 });
  assert.equal(one.get(phaseNumber.reduce)?.flop, 0);
  assert.deepEqual(two.get(phaseNumber.reduce), { flop: 2 * 30, bytes: 2 * 30 * 12 });
  assert.deepEqual(two.get(forwardNumber(0)), one.get(forwardNumber(0)));
});

test('what reads its inputs as a matrix does the whole product, whatever the packing', async () => {
  const work = await workOfSmall('sparse', 'backend=js');
  assert.equal(work.get(forwardNumber(0))?.flop, 480);
  // Forward pass, loss, and the deltas of the hidden layer in one phase.
  assert.equal(work.get(phaseNumber.propagate)?.flop, 480 + 240 + 150 + 240);
});

test('a phase lies under the slope of memory below the ridge and under the peak above it', () => {
  const roof = { gflops: 100, bandwidthGBs: 10 };
  assert.equal(ridge(roof), 10);
  assert.deepEqual([roofAt(2, roof), roofAt(10, roof), roofAt(50, roof)], [20, 100, 100]);
  // 10 MFLOP and 5 MB in a millisecond.
  const below = placeUnderRoof(10e6, 5e6, 1, roof);
  assert.deepEqual([below.gflops, below.gigabytesPerSecond, below.intensity], [10, 5, 2]);
  assert.deepEqual([below.peakShare, below.roofShare, below.bound], [0.1, 0.5, 'memory']);
  const above = placeUnderRoof(50e6, 1e6, 1, roof);
  assert.deepEqual([above.intensity, above.roofShare, above.bound], [50, 0.5, 'compute']);
  assert.deepEqual(Object.values(placeUnderRoof(null, null, 1, roof)), Array(6).fill(null));
});
