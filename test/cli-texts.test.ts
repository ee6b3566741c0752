/** A column of texts from `fit` to prediction: found, chosen for, in the model's file, refused by formats that have none. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { load } from '../dist/index.js';
import { cli, readJson, workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';

const says = (text: string, ...parts: string[]) => {
  for (const part of parts) assert.ok(text.includes(part), `${part}: ${text}`);
};

const nouns = ['film', 'plot', 'song', 'scene', 'book', 'cast', 'score'];
const sentence = (row: number) =>
  `this ${nouns[row % 7]} is ${row % 2 ? 'lovely' : 'dreadful'} and the ${nouns[(row * 5) % 7]} is number ${row}`;
const table = (rows: number, withPrice: boolean) =>
  [
    withPrice ? 'review,price,label' : 'review,label',
    ...Array.from({ length: rows }, (_, row) =>
      [sentence(row), ...(withPrice ? [(row * 37) % 90] : []), row % 2 ? 'good' : 'bad'].join(','),
    ),
    '',
  ].join('\n');

interface Result {
  readonly testAccuracy: number;
  readonly importance: { readonly columns: readonly { readonly column: string }[] };
}

test('texts: fit chooses for them, predict, eval, verify and the library read the model, exports refuse it', async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, {
    'a.csv': table(400, true),
    'texts.csv': table(400, false),
    'new.csv': table(8, true),
  });
  const fit = async (file: string, out: string, ...words: string[]) => {
    const { code, stderr } = await cli(['fit', file, '--target', 'label', '--out', out, ...words], { cwd });
    assert.equal(code, 0, stderr);
    return stderr;
  };
  says(await fit('texts.csv', 'alone'), 'model.hidden=[] ', 'texts of "review": words, pairs of words');
  says(await fit('a.csv', 'run'), 'model.hidden=[16] ');
  for (const out of ['alone', 'run'])
    assert.ok((await readJson<Result>(cwd, out, 'result.json')).testAccuracy > 0.95, out);
  // As a category each text is another word.
  says(await fit('a.csv', 'ignored', '--column', 'review=ignore'), 'ignore');
  assert.ok((await readJson<Result>(cwd, 'ignored', 'result.json')).testAccuracy < 0.75);

  const predicted = await cli(['predict', 'run', 'new.csv', '--csv'], { cwd });
  assert.equal(predicted.code, 0, predicted.stderr);
  const [head, ...lines] = predicted.stdout.trimEnd().split('\n');
  const place = head.split(',').indexOf('label');
  const labels = lines.map((line) => line.split(',')[place]);
  assert.deepEqual(
    labels,
    Array.from({ length: 8 }, (_, row) => (row % 2 ? 'good' : 'bad')),
  );
  const verified = await cli(['verify', 'run'], { cwd });
  assert.equal(verified.code, 0, verified.stderr);
  const evaluated = await cli(['eval', 'run', 'data.dir=a.csv'], { cwd });
  says(evaluated.stdout, 'accuracy');

  await using model = await load(join(cwd, 'run', 'final.safetensors'));
  assert.equal(model.predict({ review: 'a lovely scene', price: 3 }).label, 'good');
  assert.equal(model.predict({ review: 'what a dreadful book' }).label, 'bad');
  assert.throws(
    () => model.toJSON(),
    /column "review" holds texts, which no export format has but safetensors/,
  );
  for (const format of ['mjs', 'h', 'json', 'onnx']) {
    const { code, stderr } = await cli(['export', 'run', '--to', `model.${format}`], { cwd });
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^error: .*: column "review" holds texts, which no export format has but safetensors\n$/,
    );
  }
});
