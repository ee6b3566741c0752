/**
 * The accuracy of the recipes on direction features, without a clock: on the test set, on parts held out of the
 * training set, and on test images turned, moved or with noise. The comments in configs/ are made from its record.
 */

import type { PixelDataset, PixelSamples } from '../dist/data/dataset.js';
import { sizeOf } from '../dist/data/transforms/transform.js';
import { countCores } from '../dist/machine/cores.js';
import { mean, minimum, standardDeviation } from '../dist/numbers/statistics.js';
import { featureRecipes, statisticsCase } from '../scripts/performance/recipe-comments.ts';
import { mnistImages, openTrainer, printed } from './harness.ts';
import { moved, noisy, perturbed, turned } from './recipes/perturb.ts';
import { writeRecord } from './record.ts';

const fifth = 12_000;
const testSeeds = 100;
const seeds = 30;

interface Case {
  readonly name: string;
  readonly dataset: PixelDataset;
  readonly overrides: readonly string[];
  readonly seeds: readonly number[];
}

export default async function bench(): Promise<void> {
  const { physical } = await countCores();
  const rows = [['recipe', 'images', 'mean', 'SD', 'min', 'at target']];
  const samples: Record<string, readonly number[]> = {};
  const cases = await allCases();
  for (const recipe of featureRecipes()) {
    for (const { name, dataset, overrides, seeds: wanted } of cases) {
      const trainer = await openTrainer(recipe, overrides, physical, dataset);
      const target = trainer.config.stop.target ?? Number.NaN;
      const accuracies: number[] = [];
      for (const seed of wanted)
        accuracies.push((await trainer.train(true, seed)).evaluation?.accuracy ?? Number.NaN);
      await trainer.close();
      const key = statisticsCase(recipe, name);
      samples[key] = [...(samples[key] ?? []), ...accuracies];
      const all = samples[key];
      const percent = (value: number | null) => (100 * (value ?? Number.NaN)).toFixed(2);
      const row = [recipe, name, percent(mean(all)), percent(standardDeviation(all)), percent(minimum(all))];
      const reached = `${all.filter((accuracy) => accuracy >= target).length}/${all.length}`;
      if (rows[rows.length - 1][0] === recipe && rows[rows.length - 1][1] === name) rows.pop();
      rows.push([...row, reached]);
    }
  }
  const note =
    'Accuracy in %, another random subset for every seed. Split: the last 10,000 training images held out; ' +
    'fifths: each fifth of the training images held out in turn; the others are test images, changed.';
  await writeRecord('recipes', { bars: [], tables: [printed({ title: 'Accuracy', note, rows })], samples });
}

async function allCases(): Promise<Case[]> {
  const dataset = await mnistImages();
  const count = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
  const changed = (test: PixelSamples): PixelDataset => ({ ...dataset, test });
  const plain = { dataset, overrides: [], seeds: count(seeds) };
  const { test } = dataset;
  return [
    { ...plain, name: 'test', seeds: count(testSeeds) },
    { ...plain, name: 'split', overrides: ['data.validation=10000', 'stop.on=validation'] },
    ...count(5).map((number) => ({
      ...plain,
      name: 'fifths',
      dataset: holdingOut(dataset, number - 1),
      seeds: count(seeds / 5),
    })),
    { ...plain, name: 'turned by 10°', dataset: changed(perturbed(test, turned(10))) },
    { ...plain, name: 'moved by up to 2 pixels', dataset: changed(perturbed(test, moved(2))) },
    { ...plain, name: 'noise of SD 30', dataset: changed(perturbed(test, noisy(30))) },
  ];
}

/** One fifth of the training images for testing, the others for training. */
function holdingOut(dataset: PixelDataset, number: number): PixelDataset {
  const { train } = dataset;
  const size = sizeOf(train.shape);
  const [first, last] = [number * fifth, (number + 1) * fifth];
  const part = (...ranges: [number, number][]): PixelSamples => {
    const values = Buffer.concat(ranges.map(([from, to]) => train.values.subarray(from * size, to * size)));
    const targets = Uint32Array.from(ranges.flatMap(([from, to]) => [...train.targets.subarray(from, to)]));
    return { ...train, values, targets, count: targets.length };
  };
  return { ...dataset, train: part([0, first], [last, train.count]), test: part([first, last]) };
}
