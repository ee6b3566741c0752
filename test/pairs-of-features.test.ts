/**
 * Features of a run, two at a time: whatever else is set, threads and profiling change no bit of what is trained, and
 * the weights say the same outside the session, after a file, and by a configuration that was printed. More of it:
 * PAIRS_RUNS=1000 PAIRS_SEED=5.
 */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { allFeatures, otherKeys, pairsOfFeatures, smallRun } from './support/features-of-runs.ts';
import { holdsForAll } from './support/one-pipeline.ts';
import { allKeys, configured, type Dataset, someMnist } from './support/pairs.ts';

const numRuns = Number(process.env.PAIRS_RUNS ?? 120);
const seed = Number(process.env.PAIRS_SEED ?? 20261);

let dataset: Dataset;
before(async () => {
  dataset = await someMnist(320, 200);
});

/** Pairs that were wrong once, or would be easily. */
const examples: [string[]][] = [
  [['optimizer={name: lars}', 'parallel.sync=owner']],
  [['data.normalise=standardise', 'data.pool=2']],
  [['data.normalise=whiten', 'data.crop=9', 'model.hidden=[]']],
  [['data.momentNormalise=true', 'data.normalise=centre']],
  [['log.noiseScale=true', 'parallel.sync=average']],
  [['train.dropout=0.3', 'model.activation=tanh', 'parallel.sync=local-sgd', 'parallel.localSteps=2']],
  [['train.dropout=[0.5]', 'parallel.sync=units', 'model.hidden=[150]']],
  [['train.dropout=0.3', 'train.selective.beta=1']],
  [['optimizer={name: lars, clip: 0.5}', 'parallel.sync=average']],
  [['data.features.kind=directions', 'model.hidden=[]', 'optimizer={name: sgd, clip: 0.2}']],
  [['model.shortcut=true', 'data.features.kind=directions']],
  [['model.shortcut=true', 'model.hidden=[130]', 'optimizer={name: lars, clip: 0.5}']],
  [['model.shortcut=true', 'model.hidden=[60]', 'data.normalise=none', 'train.dropout=0.4']],
  [['model.shortcut=true', 'parallel.sync=local-sgd', 'parallel.localSteps=2', 'data.packing=sparse']],
  [['model.shortcut=true', 'parallel.sync=hogwild', 'data.normalise=whiten', 'data.pool=2']],
  [['model.shortcut=true', 'backend=js', 'optimizer={name: adamw, weightDecay: 0.3}']],
  [['model.shortcut=true', 'log.noiseScale=true', 'parallel.sync=average']],
  [['model.shortcut=true', 'train.selective.beta=1', 'model.activation=gelu']],
];

test('every key is a feature here, or is known to change no result', () => {
  const words = JSON.stringify(allFeatures);
  const chosen = (key: string) => {
    const [section, leaf] = key.split('.');
    const inMapping = ['optimizer', 'schedule', 'backend', 'loss'].includes(section);
    return words.includes(`"${key}=`) || (inMapping && (leaf === 'name' || words.includes(` ${leaf}: `)));
  };
  const missing = allKeys().filter((key) => !chosen(key) && !otherKeys.includes(key));
  assert.deepEqual(missing, []);
});

test('two features away from the defaults: threads, profiling, files and predictions change nothing', {
  timeout: 600_000,
}, async () => {
  let tried = 0;
  let held = 0;
  await fc.assert(
    fc.asyncProperty(pairsOfFeatures, async (words) => {
      tried++;
      const config = await configured([...smallRun, ...words]);
      fc.pre(config !== null);
      fc.pre(await holdsForAll(config, dataset));
      held++;
    }),
    { examples, numRuns, seed, maxSkipsPerRun: 2 },
  );
  assert.ok(held >= 0.6 * tried, `${held} of ${tried} configurations were accepted`);
});
