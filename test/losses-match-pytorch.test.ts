/** Losses of values, labels, two classes with one output, weighted classes: PyTorch's losses, weights and outputs; slopes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Config } from '../dist/config/schema.js';
import { memoryDataset } from '../dist/data/memory-set.js';
import type { TargetFacts } from '../dist/data/target.js';
import { type Loss, lossOf } from '../dist/loss/loss.js';
import type { Tensor } from '../dist/model/safetensors.js';
import { repeatsGolden } from './support/golden-runs.ts';

interface Run {
  readonly targets: number[];
  readonly initial: Readonly<Record<string, number[]>>;
  readonly losses: number[];
  readonly final: Readonly<Record<string, number[]>>;
}

const golden = JSON.parse(readFileSync(new URL('golden/values.json', import.meta.url), 'utf8')) as {
  readonly inputs: number;
  readonly batch: number;
  readonly lr: number;
  readonly samples: number[];
  readonly runs: Readonly<Record<string, Run>>;
};

const cases: Readonly<Record<string, readonly string[]>> = {
  'squared-error': ['loss=squared-error'],
  'absolute-error': ['loss=absolute-error'],
  huber: ['loss={name: huber, delta: 1.5}'],
  'binary-cross-entropy': ['loss=binary-cross-entropy'],
  labels: ['loss=binary-cross-entropy'],
  'class-weights': ['loss={labelSmoothing: 0.1, classWeights: [0.5, 1, 2.5]}'],
};
const common = [
  ...['data.set=memory', 'data.normalise=none', 'data.targetScale=none', 'model.hidden=[16]'],
  ...['model.activation=tanh', `train.batch=${golden.batch}`, 'optimizer.momentum=0.9'],
];
const ofClasses = ['binary-cross-entropy', 'class-weights'];

const setOf = (name: string, { targets }: Run) =>
  memoryDataset({
    inputs: Float32Array.from(golden.samples),
    shape: [golden.inputs],
    targets: ofClasses.includes(name) ? Uint32Array.from(targets) : Float32Array.from(targets),
    test: {
      inputs: Float32Array.from(golden.samples),
      targets: ofClasses.includes(name) ? Uint32Array.from(targets) : Float32Array.from(targets),
    },
  });

function tensorsOf(state: Run['initial']): Map<string, Tensor> {
  const outputs = state['2.bias'].length;
  const shapes: Record<string, number[]> = {
    ...{ '0.weight': [16, golden.inputs], '0.bias': [16], '2.weight': [outputs, 16], '2.bias': [outputs] },
  };
  return new Map(
    Object.entries(state).map(([name, data]) => [
      name,
      { shape: shapes[name], data: Float32Array.from(data) },
    ]),
  );
}

for (const [name, words] of Object.entries(cases))
  for (const [backend, sync] of [
    ['wasm', 'owner'],
    ['wasm', 'units'],
    ['wasm', 'average'],
    ['js', 'owner'],
  ])
    test(`${name}, ${backend}, ${sync}: PyTorch's losses and weights, 1 to 3 threads`, async () => {
      const run = golden.runs[name];
      const overrides = [...common, ...words, `backend=${backend}`, `parallel.sync=${sync}`];
      const tensors = { initial: tensorsOf(run.initial), final: tensorsOf(run.final) };
      const expected = { ...tensors, losses: run.losses, lr: golden.lr };
      await repeatsGolden(setOf(name, run), overrides, expected, sync === 'owner');
    });

const values: TargetFacts = { kind: 'value', width: 4 };
const classes = (weights: number[] | null): TargetFacts => ({ kind: 'class', classes: 4, weights });
const slopes: readonly (readonly [Config['loss'], TargetFacts, number[]])[] = [
  [{ name: 'squared-error' }, values, [0.3, -1.9, 4, 0.1]],
  [{ name: 'squared-error' }, classes(null), [2]],
  [{ name: 'absolute-error' }, values, [0.3, -1.9, 4, 0.1]],
  [{ name: 'absolute-error' }, classes(null), [1]],
  [{ name: 'huber', delta: 0.7 }, values, [0.3, -1.9, 4, 0.1]],
  [{ name: 'huber', delta: 0.7 }, classes(null), [0]],
  [{ name: 'binary-cross-entropy' }, values, [0, 1, 1, 0]],
  [{ name: 'cross-entropy', labelSmoothing: 0.2, classWeights: 'none' }, classes(null), [3]],
  [{ name: 'cross-entropy', labelSmoothing: 0.2, classWeights: [1] }, classes([0.5, 2, 3, 0.1]), [1]],
];

for (const [config, target, of] of slopes)
  test(`${config.name} of ${target.kind === 'class' ? 'a class' : 'values'}: the gradient is the slope of the loss`, () => {
    const loss: Loss = lossOf(config, target);
    const outputs = Float64Array.of(0.7, -1.3, 2.9, 0.05);
    const gradient = new Float64Array(4);
    const value = loss.row(outputs, of, gradient);
    assert.ok(value > 0);
    const ignored = new Float64Array(4);
    for (const k of outputs.keys()) {
      const at = (shift: number) => loss.row(outputs.with(k, outputs[k] + shift), of, ignored);
      const slope = (at(1e-5) - at(-1e-5)) / 2e-5;
      assert.ok(Math.abs(slope - gradient[k]) < 1e-8, `output ${k}: ${gradient[k]} instead of ${slope}`);
    }
  });

test('losses do not overflow where their powers would', () => {
  const gradient = new Float64Array(2);
  const loss = lossOf({ name: 'binary-cross-entropy' }, { kind: 'value', width: 2 });
  assert.equal(loss.row(Float64Array.of(800, -900), [1, 0], gradient), 0);
  assert.equal(loss.row(Float64Array.of(800, -900), [0, 1], gradient), 1700);
  assert.deepEqual([...gradient], [1, -1]);
});
