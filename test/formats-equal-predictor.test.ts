/**
 * Small models of many configurations: as a function, as an imported module and as a compiled header they give the
 * predictor's probabilities. Every value of every key occurs, in combinations drawn from a fixed seed.
 */
import assert from 'node:assert/strict';
import { before, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { memoryDataset } from '../dist/data/memory-set.js';
import { toJson } from '../dist/formats/json.js';
import { quantised } from '../dist/formats/quantised.js';
import { toFunction } from '../dist/formats/runtime/predict.js';
import { answering, compiled, withoutGcc } from './support/gcc.ts';
import {
  difference,
  imported,
  type Predict,
  probabilitiesOf,
  type TrainedGraph,
  toleranceOf,
  trainedGraph,
} from './support/graphs.ts';
import { randomFrom } from './support/memory.ts';
import { type Dataset, someMnist } from './support/pairs.ts';
import { fromJson } from './support/read-json.ts';

const images = 200;
const combinations = 36;

let dataset: Dataset;
before(async () => {
  dataset = await someMnist(320, images);
});

/** Seven features of unlike units, some far from 0, and three classes. */
const measurements = memoryDataset({ ...measured(320, 1), test: measured(images, 2) });

function measured(count: number, seed: number) {
  const random = randomFrom(seed);
  const targets = Array.from({ length: count }, (_, i) => i % 3);
  const inputs = targets.map((target) =>
    Array.from({ length: 7 }, (_, p) => 10 ** (p - 3) * (8 + Math.sin(target + p) + random())),
  );
  return { inputs, targets };
}

const normalisations = ['none', 'mnist', 'centre', 'standardise', 'whiten'];
const activations = ['relu', 'tanh', 'gelu', 'sigmoid'];
const losses = ['cross-entropy', 'squared-error'];

const network = fc.record({
  hidden: fc.constantFrom('[]', '[12]', '[17,9]'),
  activation: fc.constantFrom(...activations),
  loss: fc.constantFrom(...losses),
});
const pixels = fc.record({
  normalise: fc.constantFrom(...normalisations),
  moments: fc.boolean(),
  crop: fc.constantFrom(0, 3, 4),
  pool: fc.constantFrom(1, 2),
  scale: fc.constantFrom('auto', '200'),
});
const features = fc.record({
  grid: fc.constantFrom(12, 16, 20),
  pool: fc.constantFrom(4, 5),
  rows: fc.constantFrom('pairs', 'all'),
  aspect: fc.boolean(),
  gradient: fc.constantFrom('central', 'sobel'),
  quadratic: fc.constantFrom(0, 8, 16),
});

const common = ['train.batch=16', 'train.steps=30', 'stop.target=null'];

const wordsOf = fc.oneof(
  fc.tuple(pixels, network).map(([{ normalise, moments, crop, pool, scale }, model]) => [
    // Whitening 784 pixels takes seconds.
    ...[`data.normalise=${normalise}`, `data.crop=${normalise === 'whiten' && pool === 1 ? 8 : crop}`],
    ...[`data.pool=${pool}`, `data.momentNormalise=${moments}`, `data.scale=${scale}`],
    ...networkWords(model, 0.02),
  ]),
  fc.tuple(features, network).map(([kind, model]) => [
    'data.features.kind=directions',
    ...Object.entries(kind).map(([key, value]) => `data.features.${key}=${value}`),
    // Products are inputs of softmax regression only.
    ...networkWords(kind.quadratic === 0 ? model : { ...model, hidden: '[]', loss: 'cross-entropy' }, 0.01),
  ]),
);

function networkWords(
  { hidden, activation, loss }: { hidden: string; activation: string; loss: string },
  lr: number,
) {
  const isSquared = loss === 'squared-error';
  return [
    ...[`model.hidden=${hidden}`, `loss.name=${loss}`, `optimizer.lr=${isSquared ? lr / 10 : lr}`, ...common],
    ...(hidden === '[]' ? [] : [`model.activation=${activation}`]),
  ];
}

const cases = fc.sample(wordsOf, { numRuns: combinations, seed: 14 });

test('every value of every key is among the combinations', () => {
  const seen = new Set(cases.flat());
  for (const word of [
    ...normalisations.map((each) => `data.normalise=${each}`),
    ...activations.map((each) => `model.activation=${each}`),
    ...losses.map((each) => `loss.name=${each}`),
    ...[
      'data.momentNormalise=true',
      'data.pool=1',
      'data.pool=2',
      'data.crop=0',
      'data.crop=4',
      'data.scale=200',
    ],
    ...['grid=12', 'grid=16', 'grid=20', 'pool=4', 'pool=5', 'rows=all', 'aspect=true', 'gradient=sobel'].map(
      (each) => `data.features.${each}`,
    ),
    ...['quadratic=0', 'quadratic=8', 'quadratic=16'].map((each) => `data.features.${each}`),
    ...['model.hidden=[]', 'model.hidden=[12]', 'model.hidden=[17,9]'],
  ])
    assert.ok(seen.has(word), word);
});

let models = 0;

for (const words of cases) {
  test(words.filter((word) => !common.includes(word)).join(' '), async (t) => {
    await agrees(t, words, dataset);
    models += 1;
  });
}

for (const normalise of ['none', 'centre', 'standardise'])
  for (const hidden of ['[]', '[12]'])
    test(`real numbers: data.normalise=${normalise} model.hidden=${hidden}`, async (t) => {
      const words = [`data.normalise=${normalise}`, `model.hidden=${hidden}`, 'optimizer.lr=0.01', ...common];
      await agrees(t, ['data.set=memory', ...words], measurements);
    });

async function agrees(t: TestContext, words: readonly string[], { name, test, ...parts }: Dataset) {
  const model = await trainedGraph(words, { name, test, ...parts });
  assert.ok(model !== null, 'refused, or the loss became infinite');
  const samples = test.values;
  const size = samples.length / images;
  const check = (what: string, run: Predict, of: TrainedGraph) => {
    const off = difference(run, of, samples, images);
    assert.ok(off <= toleranceOf(model.graph), `${what}: off by ${off}`);
  };
  check('function', toFunction(model.graph), model);
  check('read from JSON', toFunction(fromJson(toJson(model.graph))), model);
  const { predict, labels } = await imported(model.graph);
  check('module', predict, model);
  assert.deepEqual(labels, model.graph.labels);
  if (withoutGcc !== false) return t.skip(withoutGcc);
  check('header', answering(compiled(model.graph), samples, size), model);
  const program = compiled(model.graph, { isQuantised: true });
  check('header in 8 bits', answering(program, samples, size), inEightBits(model, samples, size));
}

/** By the function of the graph with the values of 8-bit weights, which the header is to agree with. */
function inEightBits(model: TrainedGraph, samples: Dataset['test']['values'], size: number): TrainedGraph {
  const graph = quantised(model.graph);
  const outputs = toFunction({ ...graph, probabilities: [] });
  const rows = Array.from({ length: images }, (_, i) => outputs(samples.subarray(i * size, (i + 1) * size)));
  const logits = Float32Array.from(rows.flatMap(({ probabilities }) => probabilities));
  return { ...model, graph, logits, probabilities: probabilitiesOf(graph, logits) };
}

test('every combination made a model', () => assert.equal(models, combinations));
