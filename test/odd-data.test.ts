/** Data that do not fit what is assumed of them: values of another range, sorted by class, without information. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { classWarnings } from '../dist/data/odd-data.js';
import { splitEnd, splitStratified } from '../dist/data/split.js';
import { classTarget } from '../dist/data/target.js';
import { warnOfOutcomes } from '../dist/run/outcome-warnings.js';
import { cli, readLog, workingDirectory } from './support/cli.ts';
import { toyRows, toyRun, writeToyRecipe, writeToySet } from './support/toy-set.ts';

interface Result {
  readonly accuracy: number;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
}

async function trained(cwd: string, folder: string, ...words: string[]) {
  const { stderr } = await cli(['train', ...toyRun(folder), ...words], { cwd });
  const file = (name: string) => join(cwd, `run-${folder}`, name);
  const result = JSON.parse(readFileSync(file('result.json'), 'utf8')) as Result;
  const logged = (await readLog(join(cwd, `run-${folder}`))).filter(({ event }) => event === 'warning');
  assert.deepEqual(
    logged.map(({ code, message }) => ({ code, message })),
    result.warnings,
    'the log and result.json say the same',
  );
  for (const { code } of result.warnings) assert.ok(stderr.includes(`[${code}]`), stderr);
  const weights = readFileSync(file('final.safetensors'));
  return { ...result, codes: result.warnings.map(({ code }) => code), weights };
}

async function folderWith(t: TestContext): Promise<string> {
  const cwd = await workingDirectory(t);
  writeToyRecipe(cwd);
  return cwd;
}

for (const [name, full] of [
  ['0 and 1', 1],
  ['0 to 16', 16],
  ['0 to 100', 100],
] as const)
  test(`values of ${name} train as well as those of 0 to 255, with a warning`, async (t) => {
    const cwd = await folderWith(t);
    // Of values that the range can hold, so that both sets say the same.
    const levels = (value: number) => Math.round((value / 255) * full);
    writeToySet(cwd, 'whole', (value) => Math.round((levels(value) * 255) / full));
    writeToySet(cwd, 'part', levels);
    const whole = await trained(cwd, 'whole');
    const part = await trained(cwd, 'part');
    assert.deepEqual(whole.codes, []);
    assert.deepEqual(part.codes, ['value-range']);
    assert.ok(whole.accuracy > 0.9);
    assert.equal(part.accuracy, whole.accuracy);
  });

test('data.scale says what stands for full light; 255 keeps the values as they are', async (t) => {
  const cwd = await folderWith(t);
  writeToySet(cwd, 'ones', (value) => Number(value > 127));
  const kept = await trained(cwd, 'ones', 'data.scale=255');
  assert.ok(!kept.codes.includes('value-range'));
  assert.ok(kept.accuracy < 0.7, 'hardly any light');
});

test('weights go on with data of another range: by its own, or by the one that is set', async (t) => {
  const cwd = await folderWith(t);
  writeToySet(cwd, 'half', (value) => Math.round(value / 4));
  writeToySet(cwd, 'whole');
  writeToySet(cwd, 'dark', (value) => Math.round(value / 16));
  const { accuracy } = await trained(cwd, 'half');
  const again = async (folder: string, ...words: string[]) => {
    const still = ['optimizer.lr=1e-9', 'train.epochs=1', 'model.init.file=run-half/final.safetensors'];
    const out = `${folder}-again${words.length}`;
    const result = await cli(['train', ...toyRun(folder), ...still, ...words, '--json', '--out', out], {
      cwd,
    });
    const { accuracy: got, warnings } = JSON.parse(result.stdout) as Result;
    return { accuracy: got, codes: warnings.map(({ code }) => code) };
  };
  assert.deepEqual(await again('half'), { accuracy, codes: [] });
  for (const folder of ['whole', 'dark']) {
    const other = await again(folder);
    assert.ok(Math.abs(other.accuracy - accuracy) < 0.03, `${folder}: ${other.accuracy}`);
    assert.deepEqual(other.codes, ['value-range'], folder);
  }
  assert.ok((await again('dark', 'data.scale=16')).accuracy > accuracy - 0.03);
});

test('a part of another range, a stray value and hardly any contrast are named', async (t) => {
  const cwd = await folderWith(t);
  writeToySet(cwd, 'parts');
  const darker = toyRows(80, 8).map(
    ({ label, pixels }) => `${[label, ...pixels.map((v) => Math.round(v / 5))].join(',')}\n`,
  );
  writeFileSync(join(cwd, 'parts', 'test.csv'), darker.join(''));
  writeToySet(cwd, 'stray', (value) => Number(value > 127), toyRows(240, 7));
  const text = readFileSync(join(cwd, 'stray', 'train.csv'), 'utf8');
  writeFileSync(join(cwd, 'stray', 'train.csv'), text.replace(/,1\n/, ',255\n'));
  writeToySet(cwd, 'flat', (value) => 200 + Number(value > 127));
  for (const folder of ['parts', 'stray', 'flat'])
    assert.ok((await trained(cwd, folder)).codes.includes('value-range'), folder);
});

for (const rate of [10, 100])
  test(`a rate of ${rate} is named as the likely cause`, async (t) => {
    const cwd = await folderWith(t);
    writeToySet(cwd, 'toy');
    const { codes, warnings } = await trained(cwd, 'toy', `optimizer.lr=${rate}`);
    assert.ok(codes.includes('loss-rose') || codes.includes('chance-level'), codes.join());
    for (const { message } of warnings) assert.match(message, new RegExp(`optimizer\\.lr=${rate}\\b`));
  });

test('images without information end at chance level', async (t) => {
  const cwd = await folderWith(t);
  writeToySet(cwd, 'blank', () => 0);
  assert.deepEqual((await trained(cwd, 'blank')).codes, ['chance-level']);
});

test('a set sorted by class is validated on every class, by default', async (t) => {
  const cwd = await folderWith(t);
  writeToySet(cwd, 'sorted', undefined, toyRows(240, 7, true));
  const words = ['data.validation=0.2', 'stop.on=validation'];
  const drawn = await trained(cwd, 'sorted', ...words);
  assert.deepEqual(drawn.codes, []);
  assert.ok(drawn.accuracy > 0.9);
  const end = await trained(cwd, 'sorted', ...words, 'data.validationFrom=end', '--overwrite');
  assert.ok(end.codes.includes('class-missing'));
});

test('classes are counted among the images that a run uses', async (t) => {
  const cwd = await folderWith(t);
  writeToySet(cwd, 'sorted', undefined, toyRows(240, 7, true));
  const leading = await trained(cwd, 'sorted', 'data.shuffle=false', 'data.take=60', 'train.epochs=1');
  assert.ok(leading.codes.includes('class-missing'));
});

test('labels from 1 on are no warning', () => {
  const targets = Uint32Array.of(1, 2, 3, 1, 2, 3);
  const part = { values: new Uint8Array(6), targets, count: 6, shape: [1, 1, 1], full: 255 };
  const parts = { train: part, validation: { ...part, count: 0, targets: new Uint32Array(0) }, test: part };
  const settings = { data: { take: null, shuffle: true } } as Parameters<typeof classWarnings>[2];
  assert.deepEqual(classWarnings(parts, classTarget(['0', '1', '2', '3']), settings), []);
  const few = classWarnings(
    { ...parts, test: { ...part, targets: Uint32Array.of(1, 1, 2, 2, 1, 2) } },
    classTarget(['0', '1', '2', '3']),
    settings,
  );
  assert.deepEqual(
    few.map(({ code }) => code),
    ['class-missing'],
  );
});

test('after training: what is said follows from what happened', () => {
  const config = { optimizer: { lr: 0.1 }, model: { init: { file: null } }, stop: { on: 'test' } };
  const targets = Uint32Array.from({ length: 100 }, (_, i) => i % 4);
  const said = (firstLoss: number, epochLoss: number, loss: number, accuracy: number, images = targets) => {
    const given: [string, string][] = [];
    const outcome = { firstLoss, epochLoss, evaluation: { loss, accuracy }, steps: 9 };
    warnOfOutcomes([outcome] as never, { config, targets: images, stepsPerEpoch: 9 } as never, (code, text) =>
      given.push([code, text]),
    );
    return given;
  };
  assert.deepEqual(said(1.4, 0.2, 0.3, 0.9), []);
  assert.deepEqual(said(1.4, 1.39, 1.41, 0.9), [], 'nothing was learnt by heart');
  assert.deepEqual(
    said(1.4, 0.1, 1.6, 0.7).map(([code]) => code),
    ['overfitted'],
  );
  assert.deepEqual(
    said(1.4, 9, 9, 0.25).map(([code]) => code),
    ['loss-rose', 'chance-level'],
  );
  const [[code, text]] = said(1.4, 0.1, 1.3, 0.25);
  assert.equal(code, 'chance-level');
  assert.match(text, /columns/);
  assert.doesNotMatch(text, /optimizer\.lr/);
  assert.deepEqual(said(1.4, 0.1, 0.1, 1, Uint32Array.of(0, 1)), [], 'two images, both right');
});

test('a stratified split: proportions, every sample once, the order kept, by the seed', () => {
  const targets = Uint32Array.from({ length: 100 }, (_, i) => (i < 70 ? 0 : i < 95 ? 1 : 2));
  const values = Uint8Array.from({ length: 100 }, (_, i) => i);
  const samples = { values, targets, count: 100, shape: [1, 1, 1], full: 255 };
  const { train, validation } = splitStratified(samples, 20, 5);
  assert.deepEqual(
    [0, 1, 2].map((c) => validation.targets.filter((target) => target === c).length),
    [14, 5, 1],
  );
  assert.deepEqual(
    [...train.values, ...validation.values].toSorted((a, b) => a - b),
    [...values],
  );
  assert.deepEqual(
    [...validation.values],
    [...validation.values].toSorted((a, b) => a - b),
  );
  for (const part of [train, validation])
    part.values.forEach((value, i) => {
      assert.equal(part.targets[i], targets[value]);
    });
  const again = splitStratified(samples, 20, 5).validation.values;
  assert.deepEqual(again, validation.values);
  assert.notDeepEqual(splitStratified(samples, 20, 6).validation.values, again);
  assert.deepEqual([...splitEnd(samples, 20).validation.values], [...values.subarray(80)]);
});
