/** `eval`: a network from its file alone does on the test part what the run reported of it. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { load } from '../dist/index.js';
import { crossEntropy } from '../dist/loss/cross-entropy.js';
import { scoreClasses } from '../dist/metrics/classification.js';
import { readSafetensors, writeSafetensors } from '../dist/model/safetensors.js';
import { mistakesPicture } from '../dist/report/mistakes-picture.js';
import { cli, expectCode, readJson, type TrainingResult } from './support/cli.ts';
import { says } from './support/says.ts';
import { toyRows, toyRun, writeToyRecipe, writeToySet } from './support/toy-set.ts';

const cwd = await mkdtemp(join(tmpdir(), 'shardstep-eval-'));
after(() => rm(cwd, { recursive: true, force: true }));

before(async () => {
  writeToyRecipe(cwd);
  writeToySet(cwd, 'toy', undefined, undefined, 'class');
  await expectCode(0, ['train', ...toyRun('toy')], { cwd });
});

interface Scores {
  readonly mistakes: readonly { index: number; true: string; predicted: string; probability: number }[];
  readonly accuracy: number;
  readonly interval: readonly [number, number];
  readonly count: number;
  readonly labels: readonly string[];
  readonly confusion: readonly (readonly number[])[];
}

async function evaluated(...words: string[]): Promise<Scores> {
  const { stdout } = await expectCode(0, ['eval', ...words, '--json'], { cwd });
  return JSON.parse(stdout) as Scores;
}

test('a run folder, or its weights, with the folder of the data', async () => {
  const { accuracy } = await readJson<TrainingResult>(cwd, 'run-toy', 'result.json');
  for (const model of ['run-toy', 'run-toy/final.safetensors']) {
    const scores = await evaluated(model, 'data.dir=toy');
    assert.deepEqual([scores.accuracy, scores.count], [accuracy, 80]);
    assert.ok(scores.interval[0] < scores.accuracy && scores.accuracy <= scores.interval[1]);
    const hits = scores.confusion.reduce((sum, row, c) => sum + row[c], 0);
    assert.equal(hits / 80, accuracy);
  }
  const { stdout } = await expectCode(0, ['eval', 'run-toy', 'data.dir=toy'], { cwd });
  assert.match(stdout, /accuracy .*95 % interval/);
});

for (const words of [
  ['--config', 'mnist-97', 'data.take=400'],
  ['--config', 'mnist-97', 'data.take=400', 'model.hidden=[16]', 'model.init.kind=he'],
  ['--config', 'pixels-97', 'data.take=400'],
])
  test(`what the run reported of MNIST: ${words.join(' ')}`, async () => {
    const out = `run-${words.join('').replace(/\W+/g, '-')}`;
    await cli(['train', '--quiet', '--threads', '2', '--out', out, ...words], { cwd });
    const { accuracy } = await readJson<TrainingResult>(cwd, out, 'result.json');
    assert.equal((await evaluated(out)).accuracy, accuracy);
  });

test('test values far from those that the network was trained on are warned of', async () => {
  writeToySet(cwd, 'dark', (value) => Math.round(value / 4), undefined, 'class');
  const { stdout, stderr } = await expectCode(0, ['eval', 'run-toy', 'data.dir=dark', '--json'], { cwd });
  assert.match(stderr, /\[value-range\]/);
  assert.equal(JSON.parse(stdout).warnings[0].code, 'value-range');
});

/** The images of a picture, in its order: u8 [rows · columns] each, and the texts. */
async function shownIn(svg: string) {
  const images = [...svg.matchAll(/href="data:image\/png;base64,([^"]+)"/g)].map(([, text]) =>
    sharp(Buffer.from(text, 'base64')).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true }),
  );
  const texts = [...svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g)].map(([, text]) => text);
  return { images: await Promise.all(images), texts };
}

test('--mistakes draws the 40 worst mistakes, which --json lists', async () => {
  // Other images than those that it was trained on: many mistakes.
  const rows = toyRows(200, 8).map(({ label, pixels }, i) => ({
    ...{ label, pixels: i % 3 === 0 ? pixels : pixels.toReversed() },
  }));
  mkdirSync(join(cwd, 'hard'));
  const header = ['class', ...rows[0].pixels.map((_, i) => `pixel${i + 1}`)].join();
  const text = [header, ...rows.map(({ label, pixels }) => [label, ...pixels].join())].join('\n');
  for (const name of ['train', 'test']) writeFileSync(join(cwd, 'hard', `${name}.csv`), text);
  const { mistakes, confusion, labels } = await evaluated(
    'run-toy',
    'data.dir=hard',
    '--mistakes',
    'worst.svg',
  );
  const hits = confusion.reduce((sum, row, c) => sum + row[c], 0);
  assert.ok(200 - hits > 40, `${hits} hits`);
  assert.equal(mistakes.length, 40);
  const model = await load(join(cwd, 'run-toy'));
  const all = rows.flatMap(({ label, pixels }, index) => {
    const { label: predicted, probabilities, index: at } = model.predict(pixels);
    const mistake = { index, true: labels[label], predicted, probability: probabilities[at] };
    return predicted === labels[label] ? [] : [mistake];
  });
  assert.deepEqual(mistakes, all.toSorted((a, b) => b.probability - a.probability).slice(0, 40));
  const { images, texts } = await shownIn(readFileSync(join(cwd, 'worst.svg'), 'utf8'));
  assert.equal(images.length, 40);
  for (const [k, { data, info }] of images.entries()) {
    assert.deepEqual([info.width, info.height], [8, 8]);
    assert.deepEqual([...data], rows[mistakes[k].index].pixels);
    assert.equal(texts[1 + k], `${mistakes[k].true} → ${mistakes[k].predicted}`);
  }
  assert.match(texts[0], /^The 40 worst of \d+ mistakes among the 200 test images/);
  for (const [file, code, said] of [
    ['worst.png', 2, '.svg'],
    ['none/worst.svg', 1, 'none/worst.svg'],
  ] as const) {
    const { stderr } = await expectCode(code, ['eval', 'run-toy', 'data.dir=hard', '--mistakes', file], {
      cwd,
    });
    says(stderr, file, said);
  }
});

test('the picture of one mistake, of none, of long names and of colours', async () => {
  const images = Uint8Array.from({ length: 24 }, (_, i) => 10 * i);
  const mistake = { index: 1, target: 0, chosen: 1, probability: 0.5 };
  const labels = ['<long> & "odd" name', 'b'];
  const shape = [2, 2, 3] as const;
  const one = mistakesPicture({ mistakes: [mistake], images, shape, labels, title: 'one & only' });
  const { images: shown, texts } = await shownIn(one);
  assert.deepEqual(texts[1], '&lt;long&gt; &amp;… → b');
  assert.equal(shown.length, 1);
  const [, coded] = /base64,([^"]+)"/.exec(one) ?? [];
  const colours = await sharp(Buffer.from(coded, 'base64')).raw().toBuffer();
  assert.deepEqual([...colours], [...images.subarray(12)]);
  const none = mistakesPicture({ mistakes: [], images, shape, labels, title: 'no mistakes' });
  assert.match(none, /no mistakes/);
  // Well-formed, as a strict reader sees it.
  for (const svg of [one, none]) assert.equal((await sharp(Buffer.from(svg)).metadata()).format, 'svg');
});

test('other images, other classes, other settings and files that describe no network are refused', async () => {
  const bytes = readFileSync(join(cwd, 'run-toy', 'final.safetensors'));
  writeFileSync(
    join(cwd, 'old.safetensors'),
    writeSafetensors(readSafetensors(bytes, 'x'), { format: 'pt' }),
  );
  for (const [words, code, said] of [
    [['run-toy', 'data.set=mnist'], 2, /input.*8.*28/],
    [['run-toy', 'data.dir=toy', 'train.batch=2'], 2, /train\.batch/],
    [['old.safetensors'], 1, /old\.safetensors.*describes/],
    [['none'], 1, /none/],
  ] as const) {
    const { code: got, stderr } = await cli(['eval', ...words], { cwd });
    assert.equal(got, code, stderr);
    assert.match(stderr, said);
    assert.match(stderr, /^error: [^\n]+\n$/);
  }
});

test('scores by definition', () => {
  // Classes 0, 1, 1; chosen 0, 1, 0; the second row is a tie, which the first of the largest wins.
  const outputs = Float32Array.of(2, 0, 1, 1, 3, 1);
  const scores = scoreClasses(outputs, Uint32Array.of(0, 0, 1), 2, crossEntropy(0, null));
  assert.deepEqual(scores.confusion, [
    [2, 0],
    [1, 0],
  ]);
  assert.deepEqual(
    scores.perClass.map(({ precision, recall }) => [precision, recall]),
    [
      [2 / 3, 1],
      [null, 0],
    ],
  );
  const loss = (Math.log(1 + Math.exp(-2)) + Math.log(2) + Math.log(1 + Math.exp(2))) / 3;
  assert.ok(Math.abs(scores.loss - loss) < 1e-12);
  // Confidences 0.881 (right, and once wrong) and 0.5 (right).
  const sure = 1 / (1 + Math.exp(-2));
  assert.ok(Math.abs((scores.ece ?? 0) - (Math.abs(1 - 2 * sure) + 0.5) / 3) < 1e-12);
  const [low, high] = scores.interval;
  assert.ok(Math.abs(low - 0.2077) < 1e-3 && Math.abs(high - 0.9385) < 1e-3, `${low} ${high}`);
});
