/** docs/REPORT.md and its charts are those of the newest committed records, and say what records say. */
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { StudyRecord } from '../dist/study/study-record.js';
import type { VariantSummary } from '../dist/study/summary.js';
import { newestRecords, readRecords } from '../scripts/performance/read-records.ts';
import type { BenchRecord } from '../scripts/performance/record-format.ts';
import { newestStudies } from '../scripts/study/read-studies.ts';
import { reportPage } from '../scripts/study/report-page.ts';

const root = new URL('../', import.meta.url);
const folder = fileURLToPath(new URL('results/records/', root));
const records = readRecords(folder);
const current = reportPage(newestStudies(folder), newestRecords(records), records.values());
const stale = 'is stale: npm run study:report';

test('docs/REPORT.md is that of the newest records', () => {
  assert.equal(
    readFileSync(new URL('docs/REPORT.md', root), 'utf8'),
    current.markdown,
    `docs/REPORT.md ${stale}`,
  );
});

test('the charts of the report are those of the newest records, and no others', () => {
  const pictures = new URL('docs/report/', root);
  const there = existsSync(pictures) ? readdirSync(pictures).filter((file) => file.endsWith('.svg')) : [];
  assert.deepEqual(there.sort(), [...current.charts.keys()].sort(), `docs/report ${stale}`);
  for (const [file, svg] of current.charts)
    assert.equal(readFileSync(new URL(file, pictures), 'utf8'), svg, `docs/report/${file} ${stale}`);
});

const variant = (
  label: string,
  mean: number,
  ms: number,
  change: Partial<VariantSummary>,
): VariantSummary => ({
  label,
  settings: {},
  threads: 1,
  steps: 10,
  images: 640,
  accuracies: [mean - 0.001, mean + 0.001],
  accuracy: { mean, sd: 0.0014, min: mean - 0.001, max: mean + 0.001 },
  diverged: 0,
  residentMs: { median: ms, min: ms, max: ms },
  toTarget: { reached: 2, ms, images: 640 },
  difference: null,
  timeRatio: null,
  toTargetRatio: null,
  finding: 'baseline',
  verdict: 'compared with',
  ...change,
});

const madeUp: StudyRecord = {
  schema: 1,
  kind: 'study',
  name: 'quick',
  title: 'Made up',
  status: 'done',
  date: '2031-05-04T03:02:01.000Z',
  command: 'node dist/coordinator study',
  commit: '0123456789abcdef',
  versions: { shardstep: '0.1.0', node: '24.0.0', v8: '13.6' },
  machine: { processor: 'Example 1', cores: 2, node: '24.0.0', wasmLevel: 'simd', l2Bytes: 2097152 },
  target: 0.97,
  elapsedMs: 1000,
  cells: { all: 4, finished: 4, runNow: 4 },
  study: {
    base: 'pixels-97',
    set: {},
    target: 0.97,
    seeds: 10,
    firstSeed: 1,
    evaluations: 10,
    comparisons: [],
  },
  comparisons: [
    {
      name: 'Momentum',
      slug: 'momentum',
      reference: 'Sutskever 2013',
      question: null,
      base: 'pixels-97',
      equal: 'images',
      evaluations: 10,
      baseline: 'without',
      seeds: 10,
      complete: true,
      variants: [
        variant('without', 0.9512, 40, {}),
        variant('with', 0.9734, 41, {
          difference: { estimate: 0.0222, low: 0.02, high: 0.0244 },
          finding: 'helps',
          verdict: 'helps: +2.22 points',
        }),
        variant('with less', 0.9501, 41, {
          difference: { estimate: -0.0011, low: -0.002, high: 0.0002 },
          finding: 'no difference',
          verdict: 'no difference found at n = 10',
        }),
      ],
    },
  ],
};

test('a study is in the report with its table, chart, machine and verdicts', () => {
  const { markdown, charts } = reportPage(new Map([['quick', madeUp]]), new Map());
  assert.match(markdown, /### Momentum\n\nReference: Sutskever 2013\./);
  assert.match(markdown, /\| with \| 97\.34 ± 0\.14 \| \+2\.22 \|/);
  assert.match(markdown, /\| second-level cache \| 2 MiB \|/);
  assert.match(markdown, /### What helped\n\n- Momentum, with \(against without\): helps: \+2\.22 points/);
  assert.match(markdown, /### What made no difference[^\n]*\n\n- Momentum, with less/);
  assert.doesNotMatch(markdown, /### What did not help/);
  assert.deepEqual([...charts.keys()].sort(), ['methods.svg', 'momentum.svg']);
  for (const file of charts.keys()) assert.ok(markdown.includes(`(report/${file})`), file);
});

test('a benchmark with records of two processors is compared, newest first, and no other one', () => {
  const bar = (median: number) => ({
    ...({
      id: 'a',
      track: 'both',
      text: 'work',
      unit: 'ms',
      limit: 5,
      direction: 'at most',
      met: true,
      command: 'x',
    } as const),
    measured: { median, min: median, max: median, count: 3 },
  });
  const record = (bench: string, processor: string, date: string, median: number): BenchRecord => ({
    ...({
      schema: 1,
      bench,
      command: 'x',
      commit: null,
      tables: [],
      samples: {},
      notes: [],
      bars: [bar(median)],
    } as const),
    date: `${date}T00:00:00.000Z`,
    machine: { processor, cores: 2, node: '24.0.0', v8: '13.6', wasmLevel: 'simd' },
  });
  const all = [
    record('one', 'Old', '2031-01-01', 6),
    record('one', 'Old', '2031-01-02', 8),
    record('one', 'New', '2031-02-01', 4),
    record('two', 'New', '2031-02-01', 4),
  ];
  const { markdown } = reportPage(new Map(), new Map(), all);
  assert.match(markdown, /## Two machines/);
  assert.match(
    markdown,
    /\| *\| New \| Old \| ratio \|\n[^\n]*\n\| work \| 4 ms \(4–4\) \| 8 ms \(8–8\) \| 0\.50 \|\n\n/,
  );
  assert.doesNotMatch(reportPage(new Map(), new Map(), all.slice(0, 2)).markdown, /Two machines/);
});

test('what no record has is said to be not measured', () => {
  const { markdown, charts } = reportPage(new Map(), new Map());
  for (const title of ['Methods and the gain of each', 'Leave-one-out ablation', 'Inference and peers'])
    assert.match(markdown, new RegExp(`## ${title}\n\nNot measured yet: `));
  assert.match(markdown, /No study has been recorded yet/);
  assert.equal(charts.size, 0);
});

test('the newest record of a study counts, and a broken one is named', (t) => {
  const records = mkdtempSync(path.join(os.tmpdir(), 'shardstep-studies-'));
  t.after(() => rmSync(records, { recursive: true }));
  const write = (name: string, value: object) => {
    mkdirSync(path.join(records, name));
    writeFileSync(path.join(records, name, 'study.json'), JSON.stringify(value));
  };
  write('a', { ...madeUp, date: '2031-06-01T00:00:00.000Z' });
  write('b', madeUp);
  assert.equal(newestStudies(records).get('quick')?.date, '2031-06-01T00:00:00.000Z');
  write('c', { ...madeUp, target: 'high' });
  assert.throws(() => newestStudies(records), /c\/study\.json .*target/s);
});
