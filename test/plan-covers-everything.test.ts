import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { gradientOf } from '../dist/backend/slice-steps.js';
import { parameterIndex } from '../dist/model/layers/dense.js';
import { denseNetwork, layoutNetwork, parameterFloats } from '../dist/model/network.js';
import { makePlan } from '../dist/plan/make-plan.js';
import type { DataFacts, Plan, Region } from '../dist/plan/plan.js';
import { replicaPlan } from '../dist/plan/plan-replicas.js';
import { shardStart } from '../dist/plan/shards.js';
import { configure } from './support/training.ts';

const facts = (features: number, classes: number, packing: 'sparse' | 'dense'): DataFacts => ({
  features,
  outputs: classes,
  target: { kind: 'class', classes, weights: null },
  packing,
  scale: 1,
  shifted: true,
  stored: null,
  nonZeros: Array.from({ length: features }, (_, p) => (p % 3 === 0 ? 0 : (p * 7919) % 50)),
  parts: {
    train: { count: 50, nonZeros: 50 * features },
    validation: { count: 0, nonZeros: 0 },
    test: { count: 20, nonZeros: 20 * features },
  },
});

const width = fc.integer({ min: 1, max: 150 });
const shapes = fc.record({
  features: fc.integer({ min: 1, max: 300 }),
  hidden: fc.array(width, { maxLength: 3 }),
  classes: fc.integer({ min: 1, max: 30 }),
  packing: fc.constantFrom('sparse', 'dense'),
  threads: fc.integer({ min: 1, max: 16 }),
  shortcut: fc.boolean(),
});

/** Those that a strategy trains. */
const shapesOf = (sync: string) =>
  sync === 'units'
    ? fc.tuple(shapes, width).map(([shape, units]) => ({ ...shape, hidden: [3 * units] }))
    : shapes;

for (const sync of ['owner', 'units'])
  test(`${sync}: every parameter has exactly one owner, whatever the shape and the number of threads`, async () => {
    const config = await configure('train.batch=50', 'model.hidden=[9]', `parallel.sync=${sync}`);
    fc.assert(
      fc.property(shapesOf(sync), ({ features, hidden, classes, packing, threads, shortcut }) => {
        const given = {
          ...config,
          model: { ...config.model, hidden, shortcut: shortcut && sync !== 'units' },
        };
        const plan = makePlan(given, facts(features, classes, packing), threads, 2);
        const owners = new Uint8Array(plan.parameters);
        for (const slice of plan.slices.flat())
          for (let i = slice.offset; i < slice.offset + slice.floats; i++) owners[i]++;
        assert.ok(owners.every((count) => count === 1));
      }),
      { numRuns: 60 },
    );
  });

for (const sync of ['owner', 'units', 'sharded', 'hogwild', 'local-sgd'])
  test(`${sync}: regions do not overlap and lie within the memory`, async () => {
    const words = ['train.batch=50', 'model.activation=gelu', 'model.hidden=[9]', `parallel.sync=${sync}`];
    const config = await configure(...words);
    fc.assert(
      fc.property(shapesOf(sync), ({ features, hidden, classes, packing, threads, shortcut }) => {
        const given = {
          ...config,
          model: { ...config.model, hidden, shortcut: shortcut && sync !== 'units' },
        };
        const plan = makePlan(given, facts(features, classes, packing), threads, 2);
        const regions = allRegions(plan).sort((a, b) => a.offset - b.offset);
        let top = 65536; // the module's own page
        for (const { offset, bytes } of regions) {
          assert.ok(offset >= top && offset % 128 === 0);
          top = offset + bytes;
        }
        assert.ok(top <= plan.bytes && plan.bytes % 65536 === 0);
      }),
      { numRuns: 60 },
    );
  });

function allRegions(value: unknown): Region[] {
  if (typeof value !== 'object' || value === null) return [];
  const { offset, bytes } = value as Partial<Region>;
  if (typeof offset === 'number' && typeof bytes === 'number') return bytes > 0 ? [{ offset, bytes }] : [];
  const { layers: _layers, shortcut, slices: _slices, ...rest } = value as Partial<Plan>;
  // Of a plan it is a layer, of a workspace a region.
  const beside =
    shortcut !== null && shortcut !== undefined && 'kind' in shortcut ? [] : allRegions(shortcut);
  return [...Object.values(rest).flatMap(allRegions), ...beside];
}

test('parameter indices are distinct and within the vector', () => {
  for (const sparse of [true, false]) {
    const layers = layoutNetwork(denseNetwork([7, 70, 33, 10]), sparse ? 'sparse rows' : 'dense rows');
    const seen = new Set<number>();
    for (const layer of layers)
      for (let i = 0; i <= layer.inputs; i++)
        for (let o = 0; o < layer.outputs; o++) seen.add(parameterIndex(layer, i, o));
    assert.equal(seen.size, 8 * 70 + 71 * 33 + 34 * 10);
    assert.ok(Math.max(...seen) < parameterFloats(layers));
  }
});

test('shards are contiguous, complete and even', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1000 }), fc.integer({ min: 1, max: 40 }), (rows, threads) => {
      let next = 0;
      for (let rank = 0; rank < threads; rank++) {
        const first = shardStart(rows, threads, rank);
        const last = shardStart(rows, threads, rank + 1);
        assert.equal(first, next);
        assert.ok(last - first >= Math.floor(rows / threads) && last - first <= Math.ceil(rows / threads));
        next = last;
      }
      assert.equal(next, rows);
    }),
  );
});

test('a rank that applies each gradient at once has one place for all its slices', async () => {
  const planOf = async (...words: string[]) =>
    makePlan(
      await configure('train.batch=50', 'model.hidden=[130]', ...words),
      facts(200, 10, 'sparse'),
      3,
      2,
    );
  for (const sync of ['owner', 'local-sgd', 'hogwild']) {
    const plan = await planOf(`parallel.sync=${sync}`);
    const slices = plan.slices.flat();
    const placeBytes = Math.max(...slices.map(({ floats }) => floats * 4));
    assert.equal(plan.gradientPlaceBytes, placeBytes);
    assert.equal(plan.regions.gradients.bytes, sync === 'hogwild' ? 0 : 3 * placeBytes);
    for (const { gradients } of plan.replicas) assert.equal(gradients.bytes, placeBytes);
    for (const rank of [0, 1, 2])
      assert.deepEqual(
        new Set(slices.map((slice) => gradientOf(plan, rank, slice))),
        new Set([plan.regions.gradients.offset + rank * placeBytes]),
      );
  }
  for (const [words, vectors] of [
    [['parallel.sync=owner', 'optimizer.name=lars'], 1],
    [['parallel.sync=owner', 'backend.name=js'], 1],
    [['parallel.sync=sharded'], 3],
  ] as const) {
    const plan = await planOf(...words);
    assert.equal(plan.gradientPlaceBytes, null);
    assert.equal(plan.regions.gradients.bytes, vectors * plan.parameters * 4);
    const [slice] = plan.slices[1];
    assert.equal(gradientOf(plan, 1, slice), plan.regions.gradients.offset + slice.offset * 4);
  }
});

test('replicas: a copy of everything that a rank writes alone, as large as the plan it stands for', async () => {
  for (const [sync, rows] of [
    ['hogwild', 50],
    ['local-sgd', 17],
  ] as const) {
    const config = await configure('train.batch=50', `parallel.sync=${sync}`, 'parallel.threads=3');
    const plan = makePlan(config, facts(200, 10, 'sparse'), 3, 2);
    assert.equal(plan.replicas.length, 3);
    for (const rank of [0, 1, 2]) {
      const replica = replicaPlan(plan, rank);
      assert.deepEqual([replica.threads, replica.batch, replica.training.rows], [1, rows, rows]);
      const own = sync === 'hogwild' ? plan.regions.parameters : plan.replicas[rank].parameters;
      assert.deepEqual(replica.regions.parameters, own);
      assert.equal(replica.regions.parameters.bytes, plan.parameters * 4);
      for (const name of ['states', 'gradients', 'columns', 'scratch', 'centredBias'] as const)
        assert.notEqual(replica.regions[name].offset, plan.regions[name].offset);
      assert.equal(replica.regions.order, plan.regions.order);
    }
  }
  const shared = makePlan(await configure('train.batch=50'), facts(200, 10, 'sparse'), 3, 2);
  assert.deepEqual([shared.replicas, shared.local], [[], null]);
});

test('post-local SGD is synchronous for its share of the steps that the run takes', async () => {
  const words = ['train.batch=20', 'train.epochs=4', 'parallel.sync=local-sgd', 'parallel.localSteps=3'];
  const from = async (...more: string[]) => {
    const plan = makePlan(await configure(...words, ...more), facts(20, 5, 'dense'), 2, 2);
    return plan.local;
  };
  assert.deepEqual(await from(), { steps: 3, from: 0 });
  // 50 images: 3 steps an epoch.
  assert.deepEqual(await from('parallel.localAfter=0.5'), { steps: 3, from: 6 });
  assert.deepEqual(await from('parallel.localAfter=0.5', 'train.dropLast=true'), { steps: 3, from: 4 });
  assert.deepEqual(await from('parallel.localAfter=0.5', 'train.steps=5'), { steps: 3, from: 3 });
});
