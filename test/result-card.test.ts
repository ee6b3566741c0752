import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ResultCardInput, resultCard } from '../dist/run/result-card.js';

const input: ResultCardInput = {
  name: 'mnist-97',
  status: 'reached',
  target: 0.97,
  accuracy: 0.9712,
  accuracyOn: 'test',
  network: [196, 128, 10],
  images: 60_000,
  batch: 256,
  optimizer: 'SGD with Nesterov momentum 0.9',
  schedule: 'learning rate 0.4, warm-up over 20 % of the steps, then linear to 0',
  threads: 2,
  sync: 'owner',
  wasmLevel: 'relaxed SIMD, 256 bit',
  seed: 1,
  epochs: 1,
  steps: 235,
  imagesPerSecond: 1_376_146.8,
  phases: { features: 13.25, training: 43.6, evaluation: 4.05 },
  residentMs: 60.9,
  coldMs: 1130,
  speedup: null,
  inference: null,
  hardware: ['processor  AMD EPYC', `SIMD       ${'avx512_vnni '.repeat(9).trim()}`],
  folder: '/home/ada/shardstep/results/2026-07-04_05-06-07_mnist-97_0a1b2c',
};
const card = (changes: Partial<ResultCardInput> = {}) => resultCard({ ...input, ...changes });

test('the heading says in words how the run ended', () => {
  assert.equal(card()[0], 'mnist-97: reached 97.12 % (target 97 %)');
  const heading = (changes: Partial<ResultCardInput>) => String(card(changes)[0]).slice('mnist-97: '.length);
  assert.equal(
    heading({ status: 'missed', accuracy: 0.9691, target: 0.995 }),
    'missed its target at 96.91 % (target 99.5 %)',
  );
  assert.equal(
    heading({ status: 'done', target: null, accuracyOn: 'validation' }),
    'done at 97.12 % on validation',
  );
  assert.equal(
    heading({ status: 'interrupted', accuracy: null }),
    'interrupted before the first evaluation (target 97 %)',
  );
  assert.equal(heading({ status: 'failed', target: null }), 'failed at 97.12 %');
});

test('weights that are not those of the last step are named beside their accuracy', () => {
  const accuracyLine = (change: Partial<ResultCardInput>) =>
    card(change).find((line) => line.startsWith('accuracy')) ?? '';
  const best = { of: 'best evaluation', step: 1200 } as const;
  assert.match(accuracyLine({ weights: best }), /, weights: best evaluation, step 1,200$/);
  assert.doesNotMatch(accuracyLine({ weights: { of: 'last step', step: 9 } }), /weights/);
});

test('an accuracy is never rounded up to a target that it missed', () => {
  assert.match(String(card({ status: 'missed', accuracy: 0.96996 })[0]), /at 96\.99 %/);
  for (let right = 0; right <= 10_000; right++) {
    const shown = `${(right / 100).toFixed(2)} %`;
    assert.ok(String(card({ accuracy: right / 10_000 })[0]).includes(`reached ${shown} `), shown);
  }
});

test('nothing is wider than 80 columns and wrapped lines hang under the value', () => {
  const runs = [1, 2, 3].map((seed) => ({
    seed,
    status: 'reached' as const,
    accuracy: 0.97,
    residentMs: 12_345.6,
  }));
  const lines = card({ runs, schedule: 'word '.repeat(60).trim() });
  for (const line of lines) assert.ok(line.length <= 80, line);
  assert.ok(lines.filter((line) => /^ {11}word/.test(line)).length >= 3);
  assert.equal(lines.join(' ').match(/avx512_vnni/g)?.length, 9);
  for (let length = 1; length <= 69; length++) {
    const schedule = `ab ${'Q'.repeat(length)} `.repeat(9).trim();
    for (const line of card({ schedule })) assert.ok(line.length <= 80, line);
    assert.equal(
      card({ schedule })
        .join('')
        .match(/Q+/g)
        ?.filter((word) => word.length === length).length,
      9,
    );
  }
});

test('recipe, speed, hardware and folder are on the card, with no stray values', () => {
  const text = card().join('\n');
  assert.match(text, /^network {4}196-128-10, batch 256, seed 1$/m);
  assert.match(text, /^work {7}1 epoch of 60,000 images, 235 steps$/m);
  assert.match(text, /^threads {4}2, sync owner, WebAssembly relaxed SIMD, 256 bit$/m);
  assert.match(text, /^accuracy {3}97\.12 % \(test\)$/m);
  assert.match(text, /^speed {6}1,376,147 images\/s$/m);
  assert.match(text, /^processor {2}AMD EPYC$/m);
  assert.match(text, /^folder {5}\/home\/ada\/shardstep\/results\/2026-07-04_05-06-07_mnist-97_0a1b2c$/m);
  assert.doesNotMatch(text, /null|NaN|undefined|\n\n\n| $/m);
  assert.doesNotMatch(card({ folder: null }).join('\n'), /^folder/m);
});

test('phases and the two totals stand in one column of numbers', () => {
  const lines = card();
  const timed = lines.filter((line) => /\d ms$/.test(line));
  assert.equal(timed.length, 5);
  assert.equal(new Set(timed.map((line) => line.length)).size, 1);
  assert.match(String(timed[0]), /^time {7}features +13\.3 ms$/);
  assert.match(String(timed[3]), /resident .* 60\.9 ms$/);
  assert.match(String(timed[4]), /cold .* 1130 ms$/);
});

test('an unknown speed-up says how to measure it', () => {
  assert.match(card().join('\n'), /^speed-up {3}not measured; .*node dist\/coordinator --threads 1\.\.2$/m);
  assert.match(card({ threads: 1 }).join('\n'), /--threads 1\.\.N$/m);
  assert.match(card({ speedup: 1.874 }).join('\n'), /^speed-up {3}1\.87 × against one thread$/m);
  assert.match(card({ inference: 'one sample 3.1 µs' }).join('\n'), /^inference {2}one sample 3\.1 µs$/m);
  assert.doesNotMatch(card({}).join('\n'), /inference/);
});

test('many seeds are summed up, with the share that reached the target counted by status', () => {
  const runs = [
    { seed: 1, status: 'reached' as const, accuracy: 0.97, residentMs: 6 },
    { seed: 2, status: 'reached' as const, accuracy: 0.974, residentMs: 9 },
    { seed: 3, status: 'missed' as const, accuracy: 0.966, residentMs: 7 },
  ];
  const text = card({ runs }).join('\n');
  assert.match(text, /^seeds {6}3 runs: mean 97\.00 %, SD 0\.40 points$/m);
  assert.match(text, /^ {11}min 96\.60 %, max 97\.40 %$/m);
  assert.match(text, /^reached {4}2 of 3 \(66\.67 %\) at target 97 %$/m);
  assert.match(text, /^resident {3}median 7\.0 ms, range 6\.0–9\.0 ms$/m);
  assert.doesNotMatch(card({ runs: runs.slice(0, 1) }).join('\n'), /^seeds/m);
});
