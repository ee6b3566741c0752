/** Ranks that even out their work: rows by pace, slices by claims, the same bits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';
import { makePlan } from '../dist/plan/make-plan.js';
import type { DataFacts } from '../dist/plan/plan.js';
import { paceStride } from '../dist/plan/plan-balance.js';
import { RankRows } from '../dist/plan/rank-rows.js';
import { tileRows } from '../dist/plan/shards.js';
import { Balance } from '../dist/sync/balance.js';
import { configure, fileOrder, openSession, someMnist, takeSteps } from './support/training.ts';

const batch = 1536;
const network = ['model.hidden=[256,128]', `train.batch=${batch}`];

async function balancedPlan(threads: number, ...overrides: string[]) {
  const facts: DataFacts = {
    ...{
      features: 784,
      outputs: 10,
      target: { kind: 'class', classes: 10, weights: null },
      packing: 'sparse',
      scale: 1,
      shifted: true,
      stored: null,
    },
    nonZeros: Array.from({ length: 784 }, () => 12_000),
    parts: {
      train: { count: 60_000, nonZeros: 60_000 * 150 },
      validation: { count: 0, nonZeros: 0 },
      test: { count: 100, nonZeros: 15_000 },
    },
  };
  const plan = makePlan(await configure(...network, ...overrides), facts, threads, threads);
  const memory = { buffer: new SharedArrayBuffer(plan.bytes) } as WebAssembly.Memory;
  return { plan, memory };
}

/** Ranks on one memory whose rows take as long as told. */
async function ranksOf(threads: number) {
  const { plan, memory } = await balancedPlan(threads);
  const { balance } = plan;
  assert.ok(balance !== null);
  const rows = Array.from({ length: threads }, () => new RankRows(plan, memory));
  const ranks = rows.map((own, rank) => new Balance(plan, balance, memory, rank, own));
  const paces = new Float64Array(memory.buffer, balance.paces.offset, threads * paceStride);
  const cuts = () => {
    rows[0].begin(batch);
    return Array.from({ length: threads }, (_, rank) => rows[0].start(rank + 1) - rows[0].start(rank));
  };
  /** A step in which each rank has so many milliseconds a row; the rows of the next one. */
  const step = (msPerRow: readonly number[], batchRows = batch) => {
    for (const each of rows) each.begin(batchRows);
    for (const [rank, ms] of msPerRow.entries())
      paces[rank * paceStride] = ms * (rows[rank].start(rank + 1) - rows[rank].start(rank));
    for (const rank of ranks) rank.adjust(batchRows);
    return cuts();
  };
  return { plan, ranks, rows, cuts, step };
}

test('rows move from a slow rank to the fast ones, in units of six, until all take equally long', async () => {
  const { cuts, step } = await ranksOf(3);
  assert.deepEqual(cuts(), [512, 512, 512]);
  const speeds = [1, 1, 2];
  const first = step(speeds);
  assert.ok(first[2] < 512 && first[2] > 400, `a single step moves only a part: ${first}`);
  let now = first;
  for (let i = 0; i < 50; i++) now = step(speeds);
  for (const [rank, expected] of [614.4, 614.4, 307.2].entries())
    assert.ok(Math.abs(now[rank] - expected) <= 6, `${now}`);
  for (let i = 0; i < 50; i++) now = step([1, 1, 1]);
  for (const rows of now) assert.ok(Math.abs(rows - 512) <= 6, `${now}`);
});

test('an interruption moves nothing, nor does a clock that stands still, nor a shorter batch', async () => {
  const { cuts, step } = await ranksOf(2);
  const before = cuts();
  assert.deepEqual(step([1, 40]), before);
  assert.deepEqual(step([0, 0]), before);
  assert.deepEqual(step([1, 2], 700), before);
  assert.notDeepEqual(step([1, 2]), before);
});

test('the rows of a shorter batch are cut evenly, whatever the ranks have agreed', async () => {
  const { rows, step } = await ranksOf(2);
  for (let i = 0; i < 20; i++) step([1, 2]);
  rows[1].begin(700);
  assert.deepEqual(
    [0, 1, 2].map((rank) => rows[1].start(rank)),
    [0, 350, 700],
  );
});

test('cuts always cover the batch and never exceed the room of a rank', async () => {
  const threads = 8;
  const { plan, step } = await ranksOf(threads);
  const pace = fc.array(fc.double({ min: 1, max: 2.4, noNaN: true }), {
    minLength: threads,
    maxLength: threads,
  });
  fc.assert(
    fc.property(fc.array(pace, { minLength: 1, maxLength: 30 }), (steps) => {
      for (const paces of steps) {
        const rows = step(paces);
        assert.equal(
          rows.reduce((sum, each) => sum + each, 0),
          batch,
        );
        for (const each of rows) {
          assert.ok(each > 0 && each <= plan.mostRows, `${rows}`);
          assert.ok(tileRows(each) <= 192);
          assert.ok(Math.ceil(each / tileRows(each)) <= Math.round(plan.mostRows / 128));
        }
      }
    }),
  );
});

test('each slice is taken once a step: the first layer by its owner, later ones by any rank', async () => {
  const { plan, ranks } = await ranksOf(3);
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 1, 2, 0],
  ]) {
    for (const rank of ranks) rank.begin();
    const taken = order.flatMap((rank) => ranks[rank].slices.filter((_, place) => ranks[rank].claim(place)));
    const later = taken.filter(({ layer }) => layer > 0);
    assert.deepEqual(
      later.map(({ offset }) => offset).sort((a, b) => a - b),
      plan.slices
        .flat()
        .filter(({ layer }) => layer > 0)
        .map(({ offset }) => offset)
        .sort((a, b) => a - b),
    );
    // The first rank to finish has taken all of them.
    assert.equal(ranks[order[0]].slices.filter(({ layer }) => layer > 0).length, later.length);
  }
  for (const [rank, { slices }] of ranks.entries())
    assert.deepEqual(
      slices.filter(({ layer }) => layer === 0),
      plan.slices[rank].filter(({ layer }) => layer === 0),
    );
});

for (const [what, threads, overrides] of [
  ['one thread', 1, []],
  ['small batches', 4, ['train.batch=128']],
  ['a small network', 2, ['model.hidden=[16]']],
  ['another strategy', 2, ['parallel.sync=sharded']],
  ['a layer-wise optimiser', 2, ['optimizer.name=lars']],
  ['rows that are selected', 2, ['train.selective.beta=1']],
] as const)
  test(`nothing is balanced: ${what}`, async () => {
    assert.equal((await balancedPlan(threads, ...overrides)).plan.balance, null);
  });

/** Two epochs of four batches and a shorter one; `cuts`: where two ranks begin with. */
async function train(threads: number, more: readonly string[], cuts: readonly number[] | null) {
  const { session, plan } = await openSession(await someMnist(1100, 500), threads, [
    'model.hidden=[256,128]',
    'train.batch=256',
    ...more,
  ]);
  const sizes = [plan.input.features, ...plan.layers.map((layer) => layer.outputs)];
  session.setParameters(initialTensors(denseNetwork(sizes), 'torch', new Rng(7)), 'seed 7');
  fileOrder(session);
  if (cuts !== null) {
    assert.ok(plan.balance !== null);
    new Int32Array(session.vector.buffer, plan.balance.cuts.offset, cuts.length).set(cuts);
  }
  for (const epoch of [0, 1]) await takeSteps(session, epoch * 5, new Array(5).fill(0.05), 0, 1100);
  const { accuracy } = await session.evaluate('test');
  const bits = Buffer.from(session.vector.slice().buffer).toString('base64');
  await session.close();
  return { accuracy, bits };
}

for (const packing of ['sparse', 'dense'])
  test(`the same bits for one thread and for two with any cuts, ${packing}`, async () => {
    const more = [`data.packing=${packing}`, 'data.normalise=centre'];
    const reference = await train(1, more, null);
    for (const cuts of [null, [0, 66, 256], [0, 192, 256]])
      assert.deepEqual(await train(2, more, cuts), reference, `${cuts}`);
  });
