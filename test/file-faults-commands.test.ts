/**
 * The file operations of the commands that work on runs fail in turn (see file-faults.test.ts): the result, or one line,
 * and what was computed is printed though its file cannot be written.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Cell } from '../dist/study/cell-store.js';
import { expectCode, workingDirectory } from './support/cli.ts';
import { idx, names, writeFiles } from './support/data-files.ts';
import { failEach, faults, isWhole, withFault } from './support/fault-runs.ts';

const every = Object.values(faults);
/** Those of commands that write nothing. */
const reading = [faults.EIO, faults.EACCES, faults.ENOENT];
const settings = ['data.set=idx', 'data.dir=data', 'model.hidden=[4]', 'train.batch=8', 'stop.target=null'];
const briefly = [...settings, 'train.epochs=20', '--threads', '1', '--quiet'];

/** Images of 4×4: dark ones and light ones. */
async function template(t: TestContext): Promise<string> {
  const cwd = await workingDirectory(t);
  await mkdir(join(cwd, 'data'));
  const pixels = (count: number) =>
    Array.from({ length: count * 16 }, (_, at) => ((at >> 4) % 2) * 120 + ((at * 37) % 100));
  const labels = (count: number) => Array.from({ length: count }, (_, at) => at % 2);
  await writeFiles(join(cwd, 'data'), {
    [names.trainImages]: idx([60, 4, 4], pixels(60)),
    [names.trainLabels]: idx([60], labels(60)),
    [names.testImages]: idx([20, 4, 4], pixels(20)),
    [names.testLabels]: idx([20], labels(20)),
  });
  return cwd;
}

/** Two variants, ten seeds. */
async function writeStudy(start: string): Promise<void> {
  const set = { ...{ 'data.set': 'idx', 'data.dir': 'data', 'model.hidden': [4], 'train.batch': 8 } };
  const base = { 'train.epochs': 2, 'parallel.threads': 1 };
  const comparison = {
    name: 'Rate',
    variants: { low: { 'optimizer.lr': 0.01 }, high: { 'optimizer.lr': 0.1 } },
  };
  await writeFile(
    join(start, 's.yaml'),
    JSON.stringify({
      base: 'fastmlp',
      set: { ...set, ...base },
      seeds: 10,
      evaluations: 1,
      comparisons: [comparison],
    }),
  );
}

async function trained(t: TestContext, ...more: string[]): Promise<string> {
  const cwd = await template(t);
  await expectCode(0, ['train', ...briefly, ...more, '--out', 'run'], { cwd });
  return cwd;
}

/** Too many runs for `npm test`. */
const whole = { skip: isWhole ? false : 'npm run test:faults' };

const stdoutOf = async (_: string, stdout: string) => stdout;
const contentsOf =
  (...file: string[]) =>
  async (cwd: string) =>
    readFile(join(cwd, ...file));
const jsonOf = async (...file: string[]) => JSON.parse(await readFile(join(...file), 'utf8'));

test('eval', whole, async (t) => {
  const start = await trained(t);
  const words = ['eval', 'run', 'data.dir=data', '--mistakes', 'worst.svg', '--quiet'];
  const printed = { from: /^open \.worst/, text: /^accuracy {3}\d/m };
  await failEach(t, { words, printed }, every, { start, sample: 1 });
  await failEach(t, { words: ['eval', 'run', 'data.dir=data', '--quiet'], result: stdoutOf }, reading, {
    start,
    sample: 1,
  });
});

test('predict', async (t) => {
  const start = await trained(t);
  const words = ['predict', 'run', `data/${names.testImages}`, '--quiet'];
  await failEach(t, { words, result: stdoutOf }, reading, { start, sample: 1 });
});

test('verify', whole, async (t) => {
  const start = await trained(t);
  await failEach(t, { words: ['verify', 'run', '--quiet'], result: stdoutOf }, reading, { start, sample: 1 });
});

test('train --resume', async (t) => {
  const start = await template(t);
  const checkpoints = ['checkpoint.every=50steps', 'checkpoint.keep=2', 'train.epochs=100'];
  await expectCode(0, ['train', ...briefly, ...checkpoints, '--out', 'run'], { cwd: start });
  const results = ['result.json', 'final.safetensors'].map((name) => join(start, 'run', name));
  const weights = await readFile(results[1]);
  /** Weights that are taken for those of a run that has finished are its own. */
  const wholeAfter = async (cwd: string) => {
    const result = await jsonOf(cwd, 'run', 'result.json').catch(() => null);
    const final = await readFile(join(cwd, 'run', 'final.safetensors')).catch(() => null);
    if (result?.status === 'done' && final !== null) assert.deepEqual(final, weights);
  };
  const going = { words: ['train', '--resume', 'run', '--quiet'], wholeAfter };
  const result = contentsOf('run', 'final.safetensors');
  // As after an interruption, with weights of another step; as after a kill.
  await writeFile(results[0], JSON.stringify({ ...(await jsonOf(results[0])), status: 'interrupted' }));
  await cp(join(start, 'run', 'checkpoint-last.safetensors'), results[1]);
  await failEach(t, { ...going, result }, every, { start, sample: 1 });
  for (const file of results) await rm(file);
  await failEach(t, { ...going, result }, every, { start, sample: 1 });
});

test('sweep', whole, async (t) => {
  const start = await template(t);
  const words = [...briefly, '--threads', '1..2', '--repeats', '1', '--out', 'run'];
  const result = async (cwd: string) =>
    (await jsonOf(cwd, 'run', 'result.json')).rows.map(({ threads }: { threads: number }) => threads);
  const printed = { from: /^open run.\.(sweep|result|meta)/, text: /^\| *2 \|/m };
  await failEach(t, { words, result, printed }, every, { start, sample: 1 });
});

test('profile', whole, async (t) => {
  const start = await template(t);
  const words = ['profile', ...briefly, '--out', 'run'];
  const result = contentsOf('run', 'final.safetensors');
  const printed = { from: /^open run.\.(profile|result|meta|final)/, text: /^folder/m };
  await failEach(t, { words, result, printed }, every, { start, sample: 1 });
});

test('lr-find', whole, async (t) => {
  const start = await template(t);
  const words = ['lr-find', ...settings, '--quiet', '--steps', '20', '--out', 'run'];
  const printed = { from: /^open run.\.(lr-find|result|meta)/, text: /^suggested/m };
  await failEach(t, { words, printed }, every, { start, sample: 1 });
});

test('study', whole, async (t) => {
  const start = await template(t);
  await writeStudy(start);
  const words = ['study', '--config', 's.yaml', '--out', 'run', '--quiet'];
  const result = async (cwd: string) =>
    (await readFile(join(cwd, 'run', 'cells.ndjson'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Cell)
      .map(({ variant, seed, accuracy }) => ({ variant, seed, accuracy }));
  const printed = { from: /^appendFileSync run.cells/, text: /^cells {6}\d+ of 20/m };
  await failEach(t, { words, result, printed }, every, { start, sample: 1 });
});

test('report', whole, async (t) => {
  const start = await trained(t);
  const words = ['report', 'run', '--out', 'page', '--quiet'];
  const result = async (cwd: string) => {
    const page = await readFile(join(cwd, 'page', 'report.md'), 'utf8');
    // It says itself what it lacks.
    return page.includes('cannot be read') ? undefined : page;
  };
  await failEach(t, { words, result }, every, { start, sample: 1 });
});

test('race', whole, async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['race', '--seeds', '1', '--out', 'run', '--quiet'];
  const printed = { from: /^open run.\.(result|meta|final)/, text: /^resident/m };
  await failEach(t, { words, printed, result: contentsOf('run', 'final.safetensors') }, every, {
    start: cwd,
    sample: 1,
  });
});

test('a result whose file cannot be written is printed, and the exit code is 1', async (t) => {
  const start = await trained(t);
  await writeStudy(start);
  for (const [words, at, text] of [
    [['eval', 'run', 'data.dir=data', '--mistakes', 'worst.svg'], 'open .worst', /^accuracy {3}\d/m],
    [['study', '--config', 's.yaml', '--out', 'study'], 'open study/.study.json', /^cells {6}20 of 20/m],
    [['sweep', ...briefly, '--repeats', '1', '--out', 'sweep'], 'open sweep/.result', /^\| *1 \|/m],
  ] as const) {
    const { code, stdout, stderr } = await withFault({ words }, start, { at, code: 'EIO', lasts: false });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /^error: cannot write .*: the device reports an input\/output error \(EIO\)$/m);
    assert.match(stdout, text);
  }
});
