/**
 * Exported models in the libraries that read them, on all 10,000 test images of MNIST: onnxruntime (after onnx.checker),
 * TensorFlow.js, PyTorch by safetensors. `npm run test:readers` makes their environments first, those of the peer race.
 * Without Python or the network a reader is skipped; SHARDSTEP_REQUIRE_READERS=1 makes that a failure.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { prepareJavaScript } from '../../bench/peers/javascript-environment.ts';
import { preparePython } from '../../bench/peers/python-environment.ts';
import { toOnnx } from '../../dist/formats/onnx/write.js';
import { toTfjs } from '../../dist/formats/tfjs/write.js';
import { importFile } from '../../dist/inference/import-file.js';
import type { SavedModel } from '../../dist/inference/saved-model.js';
import { writeSafetensors } from '../../dist/model/safetensors.js';
import { UserError } from '../../dist/user-error.js';
import { exportedCases, exportedModel, logitsOf, opened, realModel } from '../support/exported-models.ts';
import { someMnist } from '../support/pairs.ts';
import { inputNames, writeTables } from '../support/table-models.ts';
import { realMnist } from '../support/training.ts';
import { output } from './output.ts';

const folder = mkdtempSync(join(tmpdir(), 'shardstep-readers-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** As a share of max(1, |logit|). */
const mostOff = 1e-4;
/** Inputs that are not rounded to 1/1024, as TensorFlow.js gets them, change logits by this share at most. */
const mostOffUnrounded = 0.02;

interface Case {
  readonly name: string;
  readonly shape: readonly number[];
  readonly classes: number;
  /** Name of the file of samples, float32 unless it ends in .u8. */
  readonly samples: string;
  /** Layers of TensorFlow.js can express the model. */
  readonly tfjs: boolean;
  /** They leave out a rounding. */
  readonly unrounded: boolean;
  /** Inputs are pixels: PyTorch is given them. */
  readonly pixels: boolean;
  readonly labels: readonly string[];
}

const cases: Case[] = [];

before(async () => {
  const training = await someMnist(2000, 64);
  const { test: images } = await realMnist();
  const write = (name: string, data: Uint8Array | Float32Array | string) =>
    writeFileSync(join(folder, name), data);
  write('images.u8', images.values);
  for (const [name, words] of Object.entries(exportedCases)) {
    const { file, model, graph } = await exportedModel(words, training);
    write(`${name}.safetensors`, file);
    write(`${name}.f32`, await logitsOf(model, images.values));
    write(`${name}.onnx`, toOnnx(graph, { version: '0', metadata: model.metadata }));
    const pixels = model.config.data.features.kind === 'pixels';
    if (pixels) write(`${name}.inputs.f32`, inputsOf(model, images.values));
    const tfjs = writeTfjs(name, () => toTfjs(graph, { version: '0' }));
    const { input: shape, labels } = graph;
    cases.push({ name, shape, classes: labels.length, samples: 'images.u8', ...tfjs, pixels, labels });
  }
  const real = realModel();
  const { labels, input: shape } = real.graph;
  write('real.f32-samples', real.samples);
  write('real.f32', await logitsOf(real.model, real.samples));
  write('real.onnx', toOnnx(real.graph, { version: '0' }));
  const tfjs = writeTfjs('real', () => toTfjs(real.graph, { version: '0' }));
  const given = { shape, classes: labels.length, labels, samples: 'real.f32-samples' };
  cases.push({ name: 'real', ...given, ...tfjs, pixels: false });
  write('cases.json', JSON.stringify(cases));
});

function writeTfjs(name: string, make: () => ReturnType<typeof toTfjs>): Pick<Case, 'tfjs' | 'unrounded'> {
  try {
    const { json, weights, notes } = make();
    mkdirSync(join(folder, `${name}-tfjs`));
    writeFileSync(join(folder, `${name}-tfjs`, 'model.json'), json);
    writeFileSync(join(folder, `${name}-tfjs`, 'weights.bin'), weights);
    return { tfjs: true, unrounded: notes.some((note) => note.includes('rounding')) };
  } catch (error) {
    if (error instanceof UserError) return { tfjs: false, unrounded: false };
    throw error;
  }
}

type SavedValues = Parameters<SavedModel['pipeline']['apply']>[0]['values'];

/** The inputs of the network: f32 [count][inputs]. */
function inputsOf({ pipeline }: SavedModel, images: SavedValues): Float32Array {
  const size = pipeline.input.reduce((product, length) => product * length, 1);
  const { values } = pipeline.apply({
    ...{ values: images, count: images.length / size, shape: pipeline.input, full: 255 },
  });
  const { scale, shift } = pipeline.affine;
  return Float32Array.from(values, (value, i) => value * scale - shift[i % shift.length]);
}

interface TableDifference {
  readonly off: number;
  /** Of one row from the same among others. */
  readonly alone: number;
  readonly outputs: readonly string[];
  readonly columns: readonly string[];
}

interface Difference {
  readonly logits: number;
  readonly classes: number;
  readonly sums?: number;
  readonly labels?: readonly string[];
}

const isRequired = Boolean(process.env.SHARDSTEP_REQUIRE_READERS);

/** Skips the test, or fails. */
function missing(t: TestContext, reason: string): void {
  const line = `${t.name}: ${reason}`;
  assert.ok(!isRequired, line);
  console.error(`NOT TESTED: ${line}`);
  t.skip(reason);
}

const { signal } = new AbortController();
const here = import.meta.dirname;

/** What the reader printed; one line for each model. */
async function differences(t: TestContext, program: string, ...words: string[]) {
  const found = JSON.parse(await output(program, words)) as Record<string, Difference>;
  for (const [name, { logits, classes }] of Object.entries(found))
    t.diagnostic(`${name}: largest difference ${logits.toExponential(1)}, other classes ${classes}`);
  return found;
}

test('onnxruntime', async (t) => {
  const prepared = (await preparePython(['onnxruntime'], { signal })).get('onnxruntime');
  if (prepared === undefined || 'missing' in prepared)
    return missing(t, prepared?.missing ?? 'no environment');
  const found = await differences(t, prepared.python, join(here, 'onnx_reader.py'), folder);
  for (const { name, labels } of cases) {
    const { logits, sums, ...more } = found[name];
    assert.ok(logits <= mostOff, `${name}: ${logits}`);
    assert.ok(Number(sums) < 1e-5, `${name}: probabilities: ${sums}`);
    assert.deepEqual(more, { classes: 0, labels }, name);
  }
});

test('onnxruntime on rows of tables: classes, values and labels of every encoding', async (t) => {
  const prepared = (await preparePython(['onnxruntime'], { signal })).get('onnxruntime');
  if (prepared === undefined || 'missing' in prepared)
    return missing(t, prepared?.missing ?? 'no environment');
  const tables = await writeTables(folder);
  const words = [join(here, 'onnx_table_reader.py'), folder];
  const found = JSON.parse(await output(prepared.python, words)) as Record<string, TableDifference>;
  for (const { name, output: last } of tables) {
    const { off, alone, outputs, columns } = found[name];
    t.diagnostic(`${name}: largest difference ${off.toExponential(1)}`);
    assert.ok(off <= 2e-5 && alone <= 1e-5, `${name}: ${off}, ${alone}`);
    assert.deepEqual(outputs, last === 'values' ? ['values'] : ['logits', 'probabilities']);
    assert.deepEqual(columns, inputNames, name);
  }
});

test('TensorFlow.js', async (t) => {
  const prepared = (await prepareJavaScript(['tfjs-node'], signal)).get('tfjs-node');
  if (prepared === undefined || 'missing' in prepared)
    return missing(t, prepared?.missing ?? 'no environment');
  const words = [join(here, 'tfjs_reader.mjs'), prepared.packageFolder, folder];
  const found = await differences(t, process.execPath, ...words);
  const written = cases.filter(({ tfjs }) => tfjs);
  assert.ok(written.length >= 6, 'models that layers can express');
  for (const { name, labels, unrounded } of written) {
    const difference = found[name];
    assert.ok(difference.logits <= (unrounded ? mostOffUnrounded : mostOff), `${name}: ${difference.logits}`);
    if (!unrounded) assert.equal(difference.classes, 0, name);
    assert.ok(Number(difference.sums) < 1e-5, name);
    assert.deepEqual(difference.labels, labels, name);
  }
});

test('PyTorch, by safetensors', async (t) => {
  const prepared = (await preparePython(['pytorch'], { signal })).get('pytorch');
  if (prepared === undefined || 'missing' in prepared)
    return missing(t, prepared?.missing ?? 'no environment');
  const found = await differences(t, prepared.python, join(here, 'pytorch_reader.py'), folder);
  for (const { name } of cases.filter(({ pixels }) => pixels))
    assert.ok(found[name].logits <= mostOff, `${name}: ${found[name].logits}`);
});

test('PyTorch to ours, by safetensors and by ONNX', async (t) => {
  const prepared = await preparePython(['pytorch', 'onnxruntime'], { signal });
  const [torch, onnx] = ['pytorch', 'onnxruntime'].map((peer) => prepared.get(peer));
  for (const each of [torch, onnx])
    if (each === undefined || 'missing' in each) return missing(t, each?.missing ?? 'no environment');
  if (torch === undefined || onnx === undefined || 'missing' in torch || 'missing' in onnx) return;
  const written = join(folder, 'pytorch');
  mkdirSync(written);
  const { test: images } = await realMnist();
  writeFileSync(join(written, 'images.u8'), images.values);
  // PyTorch's exporter needs the package onnx, which its own environment does not have.
  const words = ['-c', "import sysconfig; print(sysconfig.get_paths()['purelib'])"];
  const PYTHONPATH = (await output(onnx.python, words)).trim();
  const program = [join(here, 'pytorch_writer.py'), written];
  const names = JSON.parse(await output(torch.python, program, { PYTHONPATH })) as string[];
  for (const name of names) {
    const expected = floatsOf(join(written, `${name}.f32`));
    for (const ending of ['safetensors', 'onnx']) {
      const isScaled = name === 'scaled' && ending === 'onnx';
      const { tensors, metadata } = importFile(
        readFileSync(join(written, `${name}.${ending}`)),
        `${name}.${ending}`,
        {
          ...{ shape: [28, 28, 1], labels: null, normalise: isScaled ? null : 'mnist' },
          activation: ending === 'onnx' ? null : activationIn(name),
          ...{ crop: 0, pool: 1, momentNormalise: false, set: 'mnist', real: false },
        },
      );
      const { model } = opened(writeSafetensors(tensors, metadata));
      const got = await logitsOf(model, images.values);
      const found = difference(name === 'named' ? logSoftmax(got, 10) : got, expected);
      t.diagnostic(`${name}.${ending}: largest difference ${found.toExponential(1)}`);
      assert.ok(found <= mostOff, `${name}.${ending}: ${found}`);
    }
  }
});

const activationIn = (name: string) =>
  name === 'tanh' || name === 'gelu' || name === 'sigmoid' ? name : 'relu';

function floatsOf(file: string): Float32Array {
  const bytes = readFileSync(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** Of rows of outputs. */
function logSoftmax(outputs: Float32Array, classes: number): Float32Array {
  const logs = new Float32Array(outputs.length);
  for (let at = 0; at < outputs.length; at += classes) {
    const row = outputs.subarray(at, at + classes);
    const sum = Math.log(row.reduce((all, value) => all + Math.exp(value), 0));
    for (let k = 0; k < classes; k++) logs[at + k] = row[k] - sum;
  }
  return logs;
}

const difference = (got: Float32Array, expected: Float32Array) =>
  got.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - expected[i]) / Math.max(1, Math.abs(expected[i]))),
    0,
  );
