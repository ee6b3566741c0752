/** The study command as a user meets it: plan, cells, interruption, resumption, files. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Cell } from '../dist/study/cell-store.js';
import type { StudyRecord } from '../dist/study/study-record.js';
import { cli, expectCode, readJson, workingDirectory } from './support/cli.ts';
import { writeMnist } from './support/mnist-files.ts';

const data = mkdtempSync(join(tmpdir(), 'shardstep-study-'));
after(() => rmSync(data, { recursive: true }));
const digits = join(data, 'digits');
before(() => writeMnist(digits, 3000, 500));

/** Runs of about a millisecond. A draw for validation would be another one with each seed of `train`. */
const short = {
  ...{ 'data.set': 'idx', 'data.dir': digits, 'data.validation': 1000, 'data.validationFrom': 'end' },
  ...{ 'data.take': 64, 'stop.on': 'validation', 'parallel.threads': 1 },
};

const studyText = (comparisons: object, set: object = {}) =>
  JSON.stringify({ base: 'mnist-97', set: { ...short, ...set }, seeds: 10, evaluations: 2, comparisons });

const smoothing = {
  name: 'Label smoothing',
  reference: 'Szegedy et al. 2016',
  variants: { without: { 'loss.labelSmoothing': 0 }, with: {} },
};
const batches = { name: 'Batch', variants: { 8: {}, 16: { 'train.batch': 16 } } };

interface Line extends Cell {
  readonly kind: string;
}

const readLines = (folder: string): Line[] =>
  readFileSync(join(folder, 'cells.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

const identities = (lines: readonly Line[]) => lines.map(({ key, seed }) => `${key} ${seed}`);

test('a study runs every variant with the same seeds and leaves cells, tables and charts', async (t) => {
  const cwd = await workingDirectory(t);
  writeFileSync(join(cwd, 's.yaml'), studyText([smoothing, batches]));
  const { stdout } = await expectCode(0, ['study', '--config', 's.yaml', '--out', 'o'], { cwd });
  const out = join(cwd, 'o');
  assert.match(stdout, /\| Label smoothing \| 2 \| 20 \| 20 \|/);
  assert.match(stdout, /cells {6}40 of 40, 40 of them now/);
  const lines = readLines(out);
  assert.equal(new Set(identities(lines)).size, 40);
  const record = await readJson<StudyRecord>(out, 'study.json');
  assert.equal(record.status, 'done');
  const [first] = record.comparisons;
  assert.equal(first.baseline, 'without');
  for (const { label, accuracies } of first.variants) {
    const own = lines.filter((cell) => cell.comparison === first.name && cell.variant === label);
    const seeds = own.map(({ seed }) => seed).sort((a, b) => a - b);
    assert.deepEqual(
      seeds,
      Array.from({ length: 10 }, (_, i) => i + 1),
    );
    assert.deepEqual(
      accuracies,
      seeds.map((seed) => own.find((cell) => cell.seed === seed)?.accuracy),
    );
    assert.ok(own.every(({ curve, images }) => curve.length === 2 && images === 64));
  }
  const { difference, verdict } = first.variants[1];
  const mean = (values: readonly (number | null)[]) =>
    values.reduce<number>((sum, value) => sum + (value ?? Number.NaN), 0) / values.length;
  const expected = mean(first.variants[1].accuracies) - mean(first.variants[0].accuracies);
  assert.ok(Math.abs((difference?.estimate ?? Number.NaN) - expected) < 1e-9);
  const markdown = readFileSync(join(out, 'study.md'), 'utf8');
  assert.ok(markdown.includes(verdict) && markdown.includes('Reference: Szegedy et al. 2016.'));
  assert.match(readFileSync(join(out, 'label-smoothing.svg'), 'utf8'), /^<svg /);
  assert.ok(existsSync(join(out, 'batch.svg')) && existsSync(join(out, 'study.yaml')));
});

test('the same seed gives the same accuracy as train does', async (t) => {
  const cwd = await workingDirectory(t);
  writeFileSync(join(cwd, 's.yaml'), studyText([smoothing]));
  await expectCode(0, ['study', '--config', 's.yaml', '--out', 'o', '--quiet'], { cwd });
  const cell = readLines(join(cwd, 'o')).find(({ variant, seed }) => variant === 'with' && seed === 4);
  const words = Object.entries(short).map(([key, value]) => `${key}=${value}`);
  const { stdout } = await cli(['train', '--json', ...words, 'seed=4'], { cwd });
  assert.equal((JSON.parse(stdout) as { accuracy: number }).accuracy, cell?.accuracy);
});

test('a dry run tells the plan and its cost, runs no cell and leaves no folder', async (t) => {
  const cwd = await workingDirectory(t);
  writeFileSync(join(cwd, 's.yaml'), studyText([smoothing, batches]));
  const { stdout } = await expectCode(0, ['study', '--config', 's.yaml', '--dry-run', '--out', 'o'], { cwd });
  assert.match(stdout, /\| all \| *\| 40 \| 40 \| *\| \d+ s \|/);
  assert.deepEqual(readdirSync(cwd), ['s.yaml']);
});

test('an interrupted study goes on where it stopped: no cell is run twice', async (t) => {
  const cwd = await workingDirectory(t);
  const many = [smoothing, { ...batches, seeds: 400 }];
  writeFileSync(join(cwd, 's.yaml'), studyText(many));
  const words = ['study', '--config', 's.yaml', '--out', 'o'];
  const stopped = await expectCode(130, words, { cwd, interruptAfter: 'cells: Batch' });
  assert.match(stopped.stderr, /interrupted.*--out o\b/);
  const out = join(cwd, 'o');
  const before = readFileSync(join(out, 'cells.ndjson'), 'utf8');
  const first = readLines(out);
  assert.ok(first.length >= 20 && first.length < 820, `${first.length} cells`);
  assert.equal((await readJson<StudyRecord>(out, 'study.json')).status, 'interrupted');
  assert.match(readFileSync(join(out, 'study.md'), 'utf8'), /Not complete/);
  const { stdout } = await expectCode(0, words, { cwd });
  assert.match(stdout, new RegExp(`820 of 820, ${820 - first.length} of them now`));
  assert.ok(readFileSync(join(out, 'cells.ndjson'), 'utf8').startsWith(before));
  const all = identities(readLines(out));
  assert.equal(all.length, 820);
  assert.equal(new Set(all).size, 820);
  assert.equal((await readJson<StudyRecord>(out, 'study.json')).status, 'done');
});

test('a finished study is not run again, a changed variant alone is, and a line that was cut is one more', async (t) => {
  const cwd = await workingDirectory(t);
  const words = ['study', '--config', 's.yaml', '--out', 'o'];
  const out = join(cwd, 'o');
  writeFileSync(join(cwd, 's.yaml'), studyText([smoothing]));
  await expectCode(0, words, { cwd });
  const { stdout } = await expectCode(0, words, { cwd });
  assert.match(stdout, /20 of 20, 0 of them now/);

  const changed = { ...smoothing, variants: { ...smoothing.variants, with: { 'loss.labelSmoothing': 0.3 } } };
  writeFileSync(join(cwd, 's.yaml'), studyText([changed]));
  const second = await expectCode(0, words, { cwd });
  assert.match(second.stdout, /20 of 20, 10 of them now/);
  assert.match(second.stderr, /10 cells of other variants/);
  assert.equal(new Set(identities(readLines(out))).size, 30);

  const text = readFileSync(join(out, 'cells.ndjson'), 'utf8');
  writeFileSync(join(out, 'cells.ndjson'), text.slice(0, -40));
  const third = await expectCode(0, words, { cwd });
  assert.match(third.stderr, /1 unreadable line/);
  assert.match(third.stdout, /20 of 20, 1 of them now/);
  appendFileSync(join(out, 'cells.ndjson'), '{"kind":"cell"}\n');
  assert.match((await expectCode(0, words, { cwd })).stdout, /20 of 20, 0 of them now/);
});

test('a run that diverges is a result, and the others go on', async (t) => {
  const cwd = await workingDirectory(t);
  const set = { 'data.take': 512 };
  const variants = { low: {}, absurd: { 'optimizer.lr': 1e30 } };
  const rates = { name: 'Rate', base: 'pixels-97', set, variants };
  writeFileSync(join(cwd, 's.yaml'), studyText([rates, batches]));
  const { stdout } = await expectCode(0, ['study', '--config', 's.yaml', '--out', 'o'], { cwd });
  assert.match(stdout, /absurd: diverges in 10 of 10 runs/);
  assert.match(stdout, /40 of 40, 40 of them now/);
});

test('at equal time the slower variant takes fewer steps, and a resumed study takes the same', async (t) => {
  const cwd = await workingDirectory(t);
  const widths = {
    name: 'Width',
    base: 'pixels-97',
    equal: 'time',
    set: { 'data.take': 1024 },
    variants: { 16: { 'model.hidden': [16] }, 2048: { 'model.hidden': [2048] } },
  };
  writeFileSync(join(cwd, 's.yaml'), studyText([widths]));
  const words = ['study', '--config', 's.yaml', '--out', 'o', '--json', '--quiet'];
  const first = JSON.parse((await expectCode(0, words, { cwd })).stdout) as StudyRecord;
  const [narrow, wide] = first.comparisons[0].variants;
  assert.equal(narrow.steps, 16);
  assert.ok(wide.steps < 16, `${wide.steps} steps`);
  const again = JSON.parse((await expectCode(0, words, { cwd })).stdout) as StudyRecord;
  assert.equal(again.cells.runNow, 0);
  assert.equal(again.comparisons[0].variants[1].steps, wide.steps);
});

test('--only runs the comparisons named', async (t) => {
  const cwd = await workingDirectory(t);
  writeFileSync(join(cwd, 's.yaml'), studyText([smoothing, batches]));
  const words = ['study', '--config', 's.yaml', '--out', 'o', '--only', 'batch', '--json', '--quiet'];
  const record = JSON.parse((await expectCode(0, words, { cwd })).stdout) as StudyRecord;
  assert.deepEqual(
    record.comparisons.map(({ name }) => name),
    ['Batch'],
  );
});
