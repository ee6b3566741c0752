/** `export`: from a run folder to each format; what is refused, and what is replaced. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { formats } from '../dist/formats/formats.js';
import { toFunction } from '../dist/formats/runtime/predict.js';
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '../dist/model/safetensors.js';
import { cli, expectCode, readJson, type TrainingResult } from './support/cli.ts';
import { fromJson } from './support/read-json.ts';
import { toyRows, toyRun, writeToyRecipe, writeToySet } from './support/toy-set.ts';

const cwd = await mkdtemp(join(tmpdir(), 'shardstep-export-'));
after(() => rm(cwd, { recursive: true, force: true }));

before(async () => {
  writeToyRecipe(cwd);
  writeToySet(cwd, 'toy', undefined, undefined, 'class');
  await expectCode(0, ['train', ...toyRun('toy')], { cwd });
});

const path = (name: string) => join(cwd, name);

/** The 80 test rows of the toy set. */
const rows = toyRows(80, 8);
const hits = (classOf: (pixels: readonly number[]) => string) =>
  rows.filter(({ label, pixels }) => classOf(pixels) === String(label)).length;

test('every format is written by its ending, in one line that names file, bytes and contents', async () => {
  for (const { name, ending } of formats) {
    const words = ending === null ? ['--to', `${name}.out`, '--format', name] : ['--to', `model${ending}`];
    const { stdout, stderr } = await expectCode(0, ['export', 'run-toy', ...words], { cwd });
    assert.equal(stderr, '');
    const [line, ...more] = stdout.trimEnd().split('\n');
    assert.deepEqual(more, []);
    const bytes = statSync(path(words[1])).size;
    assert.match(line, new RegExp(`^${words[1]}: ([\\d,]+) bytes, .*: 5 classes from 8×8×1 values$`));
    const total = Number(line.replace(/^[^:]*: ([\d,]+) bytes.*/, '$1').replaceAll(',', ''));
    assert.ok(total >= bytes, line);
  }
});

test('what is written does on the test part what the run reported of it', async () => {
  const { accuracy } = await readJson<TrainingResult>(cwd, 'run-toy', 'result.json');
  await expectCode(0, ['export', 'run-toy', '--to', 'a.mjs'], { cwd });
  await expectCode(0, ['export', 'run-toy/final.safetensors', '--to', 'a.json'], { cwd });
  const { predict } = await import(pathToFileURL(path('a.mjs')).href);
  assert.equal(hits((pixels) => predict(pixels).label) / rows.length, accuracy);
  const read = toFunction(fromJson(readFileSync(path('a.json'), 'utf8')));
  assert.equal(hits((pixels) => read(pixels).label) / rows.length, accuracy);
});

test('ONNX comes back by import as the same file; a TensorFlow.js model names its file of weights', async () => {
  await expectCode(0, ['export', 'run-toy', '--to', 'a.onnx'], { cwd });
  await expectCode(0, ['import', 'a.onnx', '--to', 'back.safetensors'], { cwd });
  assert.deepEqual(readFileSync(path('back.safetensors')), readFileSync(path('run-toy/final.safetensors')));
  for (const words of [
    ['--to', 'b.tfjs.json'],
    ['--to', 'b.json', '--format', 'tfjs'],
  ]) {
    const { stdout } = await expectCode(0, ['export', 'run-toy', ...words, '--json'], { cwd });
    const { beside, bytes } = JSON.parse(stdout);
    assert.deepEqual(beside, ['b.weights.bin']);
    assert.equal(bytes, statSync(path(words[1])).size + statSync(path('b.weights.bin')).size);
    const { weightsManifest } = await readJson<{ weightsManifest: { paths: string[] }[] }>(cwd, words[1]);
    assert.deepEqual(weightsManifest[0].paths, ['b.weights.bin']);
  }
});

test('equal runs, equal files; an existing file is replaced, no temporary file stays', async () => {
  writeFileSync(path('again.mjs'), 'old');
  for (const to of ['again.mjs', 'other.MJS'])
    await expectCode(0, ['export', 'run-toy', '--to', to], { cwd });
  assert.deepEqual(readFileSync(path('again.mjs')), readFileSync(path('other.MJS')));
  await expectCode(0, ['export', 'run-toy', '--to', 'copy.safetensors'], { cwd });
  assert.deepEqual(readFileSync(path('copy.safetensors')), readFileSync(path('run-toy/final.safetensors')));
  assert.deepEqual(
    readdirSync(cwd).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('--int8 measures before it writes, on the images that are named', async () => {
  const words = ['export', 'run-toy', 'data.dir=toy', '--to', 'small.h', '--int8', '--name', 'toy'];
  const { stdout } = await expectCode(0, words, { cwd });
  assert.match(
    stdout,
    /^small\.h: [\d,]+ bytes, a C99 header.*; \d+\.\d\d % of the 80 test images of csv, \d+\.\d\d % with weights in float32\n$/,
  );
  assert.match(readFileSync(path('small.h'), 'utf8'), /int toy_predict\(const uint8_t \*input/);
  const { stdout: json } = await expectCode(0, [...words, '--json'], { cwd });
  const { accuracy } = await readJson<TrainingResult>(cwd, 'run-toy', 'result.json');
  const result = JSON.parse(json);
  assert.deepEqual([result.schema, result.format, result.int8.float32], [1, 'h', accuracy]);
  assert.equal(result.bytes, statSync(path('small.h')).size);
});

test('--int8 refuses a loss above 0.1 points, unless it is allowed', async () => {
  // One huge weight in each row: the others round to 0, but they decide, as its pixel is always 0 and the bias undoes it.
  const bytes = readFileSync(path('run-toy/final.safetensors'));
  const tensors = readSafetensors(bytes, 'x');
  const weight = tensors.get('0.weight');
  const bias = tensors.get('0.bias');
  assert.ok(weight !== undefined && bias !== undefined);
  const [outputs, inputs] = weight.shape;
  const blank = Array.from({ length: inputs }, (_, p) => p).find((p) =>
    rows.every(({ pixels }) => pixels[p] === 0),
  );
  const at = blank ?? 0;
  for (let o = 0; o < outputs; o++) {
    weight.data[o * inputs + at] = 1e4;
    // The input of a blank pixel is −0.1307 / 0.3081.
    bias.data[o] += (1e4 * 0.1307) / 0.3081;
  }
  mkdirSync(path('blank'));
  const header = `class,${Array.from({ length: 64 }, (_, i) => `pixel${i + 1}`).join()}\n`;
  const text = `${header}${rows.map(({ label, pixels }) => `${[label, ...pixels.map((value, p) => (p === at ? 0 : value))].join()}\n`).join('')}`;
  for (const part of ['train', 'test']) writeFileSync(path(`blank/${part}.csv`), text);
  writeFileSync(path('wild.safetensors'), writeSafetensors(tensors, readSafetensorsMetadata(bytes, 'x')));
  const words = ['export', 'wild.safetensors', 'data.dir=blank', '--to', 'wild.h', '--int8'];
  const { stderr } = await expectCode(1, words, { cwd });
  assert.match(
    stderr,
    /^error: --int8: expected at most 0\.1 points less accuracy, lost \d+\.\d\d; .*--allow-loss[^\n]*\n$/m,
  );
  assert.ok(!existsSync(path('wild.h')));
  await expectCode(0, [...words, '--allow-loss'], { cwd });
  assert.ok(existsSync(path('wild.h')));
});

test('refused in one line', async () => {
  const bytes = readFileSync(path('run-toy/final.safetensors'));
  symlinkSync(path('run-toy/final.safetensors'), path('link.safetensors'));
  mkdirSync(path('folder.h'));
  writeFileSync(path('old.safetensors'), writeSafetensors(readSafetensors(bytes, 'x'), { format: 'pt' }));
  writeFileSync(path('cut.safetensors'), bytes.subarray(0, bytes.length - 9));
  for (const [words, code, said] of [
    [['run-toy'], 2, /--to/],
    [['run-toy', '--to', ''], 2, /--to: expected the path of a file/],
    [['run-toy', '--to', 'x.txt'], 2, /--to: expected a file that ends in .*\.mjs.*got "x\.txt"/],
    [['run-toy', '--to', 'x.h', '--format', 'elf'], 2, /--format: expected one of .*mjs.*got "elf"/],
    [['run-toy', '--to', 'folder.h'], 2, /--to: expected a file, not a folder/],
    [['run-toy', '--to', 'run-toy'], 2, /--to: expected a file, not a folder/],
    [
      ['run-toy', '--to', 'run-toy/final.safetensors'],
      2,
      /--to: expected another file than the model itself/,
    ],
    [['run-toy', '--to', 'link.safetensors'], 2, /another file than the model itself/],
    [['run-toy', '--to', 'none/x.h'], 1, /none\/x\.h/],
    [['run-toy', '--to', 'x.h', '--name', 'for'], 2, /--name: expected a C identifier/],
    [
      ['run-toy', '--to', 'x.mjs', '--name', 'a'],
      2,
      /--name: expected a format that takes it \(h\), got "mjs"/,
    ],
    [['run-toy', '--to', 'x.json', '--int8'], 2, /--int8: expected a format that takes it/],
    [['run-toy', '--to', 'x.h', '--allow-loss'], 2, /--allow-loss: expected --int8/],
    [['run-toy', '--to', 'x.h', 'data.dir=toy'], 2, /--int8.*data\.dir=toy/],
    [['run-toy', '--to', 'x.h', '--int8', 'train.batch=2'], 2, /train\.batch/],
    [['run-toy', '--to', 'x.h', '--int8', 'data.set=mnist'], 2, /input.*8.*28/],
    [['nothing', '--to', 'x.h'], 1, /nothing/],
    [['old.safetensors', '--to', 'x.h'], 1, /old\.safetensors.*describes/],
    [['cut.safetensors', '--to', 'x.h'], 1, /cut\.safetensors/],
  ] as const) {
    const { code: got, stderr, stdout } = await cli(['export', ...words], { cwd });
    assert.equal(got, code, `${words.join(' ')}\n${stderr}${stdout}`);
    assert.match(stderr, said);
    assert.match(stderr, /^error: [^\n]+\n$/);
    assert.ok(!existsSync(path('x.h')) && !existsSync(path('x.json')));
  }
  assert.deepEqual(readFileSync(path('run-toy/final.safetensors')), bytes);
});
