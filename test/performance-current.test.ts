/** The performance page, docs/figures.md, the README's figures and each record.md say what the committed records say. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { judge } from '../scripts/performance/bars.ts';
import { performancePage, withFigures } from '../scripts/performance/page.ts';
import { newestRecords, readRecords } from '../scripts/performance/read-records.ts';
import { featureRecipes, readRecipe, withStatistics } from '../scripts/performance/recipe-comments.ts';
import { type BenchRecord, folderName } from '../scripts/performance/record-format.ts';
import { figure, recordMarkdown } from '../scripts/performance/record-markdown.ts';

import { race } from './fixtures/peers/race.ts';

const root = new URL('../', import.meta.url);
const committed = readRecords(fileURLToPath(new URL('results/records/', root)));
const readText = (file: string) => readFileSync(new URL(file, root), 'utf8');

test('docs/PERFORMANCE.md is that of the newest records', () => {
  const page = performancePage(newestRecords(committed));
  assert.equal(readText('docs/PERFORMANCE.md'), page, 'docs/PERFORMANCE.md is stale: npm run docs');
});

for (const [file, folder, parts] of [
  ['README.md', '', ['reasons', 'race', 'wins', 'bars']],
  ['docs/figures.md', 'docs', ['performance', 'missed', 'recipes', 'peers', 'sprint', 'cold', 'kernels']],
] as const)
  test(`the figures of ${file} are those of the newest records`, () => {
    const page = readText(file);
    assert.equal(page, withFigures(page, newestRecords(committed), folder), `${file} is stale: npm run docs`);
    for (const part of parts) assert.ok(page.includes(`<!-- ${part}:begin -->`), `${file} has lost ${part}`);
  });

test('the statistics in the recipes are those of the newest record', () => {
  for (const recipe of featureRecipes()) {
    const text = readRecipe(recipe);
    const current = withStatistics(text, recipe, newestRecords(committed).get('recipes'));
    assert.equal(text, current, `configs/${recipe}.yaml is stale: npm run docs`);
  }
});

test('each record.md is that of its record.json', () => {
  for (const [name, record] of committed) {
    const file = `results/records/${name}/record.md`;
    assert.equal(readText(file), recordMarkdown(record), `${file} is stale: npm run docs`);
  }
});

const madeUp: BenchRecord = {
  schema: 1,
  bench: 'sprint',
  date: '2031-05-04T03:02:01.000Z',
  command: 'npm run bench -- sprint --record',
  machine: { processor: 'Example 1', cores: 2, node: '24.0.0', v8: '13.6', wasmLevel: 'simd' },
  commit: '0123456789abcdef+',
  bars: [
    judge('sprint-97-time', [2, 2.5, 5]),
    judge('sprint-97-seeds', 90, 'the training set was shuffled badly'),
  ],
  tables: [
    {
      title: 'Resident',
      rows: [
        ['recipe', 'ms'],
        ['mnist-97', '2.5'],
      ],
    },
  ],
  samples: { 'ms, mnist-97': [2, 5, 2.5] },
  notes: ['The cores were shared.'],
};
const page = performancePage(new Map([['sprint', madeUp]]));
const lineWith = (text: string, words: string) => text.split('\n').find((line) => line.includes(words)) ?? '';

test('a bar is judged by the median, in its direction', () => {
  assert.deepEqual(judge('sprint-97-time', [9, 3, 1]).measured, { median: 3, min: 1, max: 9, count: 3 });
  assert.equal(judge('sprint-97-time', [9, 3, 1]).met, true);
  assert.equal(judge('sprint-97-time', 3.01).met, false);
  assert.equal(judge('sprint-97-seeds', 97).met, true);
  assert.equal(judge('sprint-97-seeds', 96.9).met, false);
  assert.equal(judge('threads-speedup-4', null, 'not measured here: 2 cores').met, null);
});

test('a measured bar has its figures and verdict, a missed one its explanation', () => {
  assert.match(lineWith(page, '≤ 3 ms'), /2\.5 \(2–5\) ms, 3 samples \| met \|/);
  assert.match(lineWith(page, '97 % test accuracy |'), /≥ 97 % \| 90 % \| \*\*missed\*\*/);
  assert.match(lineWith(page, 'missed;'), /the training set was shuffled badly$/);
});

test('a bar without a record is not measured', () => {
  assert.match(lineWith(page, '≤ 2.5 ×'), /not measured/);
  assert.match(page, /## Benchmark cold\n\nNot measured/);
});

test('the tracks are apart', () => {
  const [features, pixels] = [page.indexOf('## With features'), page.indexOf('## Pixels only')];
  assert.ok(features < page.indexOf('`mnist-97`') && page.indexOf('`mnist-97`') < pixels);
  assert.ok(pixels < page.indexOf('`fastmlp`'));
});

test('the page has the machine, date, commit, notes and tables of a record', () => {
  for (const words of [
    'Example 1, 2 cores',
    '2031-05-04',
    '0123456789 with changes',
    'The cores were shared.',
  ])
    assert.ok(page.includes(words), words);
  assert.match(page, /### Resident\n\n\| recipe \| ms \|/);
});

test('a page gets its figures between the markers and nowhere else', () => {
  const readme = '# A\n<!-- performance:begin -->old<!-- performance:end -->\ntail\n';
  const after = withFigures(readme, new Map([['sprint', madeUp]]));
  assert.ok(after.startsWith('# A\n<!-- performance:begin -->\n\n| track |'));
  assert.ok(after.endsWith('|\n\n<!-- performance:end -->\ntail\n'));
  assert.match(lineWith(after, '≤ 3 ms'), /2\.5 \(2–5\) ms/);
  assert.equal(withFigures(after, new Map([['sprint', madeUp]])), after);
});

test('a page says what the newest record of the peers’ race says, and is stale when that changes', () => {
  const readme = '# A\n<!-- peers:begin -->\n<!-- peers:end -->\ntail\n';
  assert.match(
    withFigures(readme, new Map()),
    /begin -->\n\nNot measured: `npm run bench:peers -- --record`\.\n\n<!--/,
  );
  const raced: BenchRecord = { ...madeUp, bench: 'peers', bars: [], peers: race };
  const after = withFigures(readme, new Map([['peers', raced]]));
  assert.match(lineWith(after, '| QuickTorch'), /2\.00 × \(1\.50–2\.00\)/);
  for (const words of [
    '2031-05-04-peers-example-1/bars.svg',
    'Absentee is absent: could not be installed',
    '**1,020,000**',
  ])
    assert.ok(after.includes(words), words);
  assert.equal(withFigures(after, new Map([['peers', raced]])), after);
  const [ours, ...others] = race.contestants;
  const changed = { ...race, contestants: [{ ...ours, lines: 18 }, ...others] };
  assert.notEqual(withFigures(after, new Map([['peers', { ...raced, peers: changed }]])), after);
});

test('the README names the figures, the misses and what peers do better', () => {
  const readme = ['reasons', 'race', 'bars', 'wins']
    .map((name) => `<!-- ${name}:begin --><!-- ${name}:end -->`)
    .join('\n');
  const raced: BenchRecord = { ...madeUp, bench: 'peers', bars: [], peers: race };
  const after = withFigures(
    readme,
    new Map([
      ['sprint', madeUp],
      ['peers', raced],
    ]),
  );
  assert.match(lineWith(after, 'need few images'), /in \*\*2\.5 ms\*\*, .*`npm run bench -- sprint`/);
  assert.match(lineWith(after, 'A short start'), /takes \(not measured\) the time/);
  assert.match(lineWith(after, 'performance bars'), /, 1 are met, 1 are missed and \d+ are not measured/);
  assert.match(lineWith(after, '| QuickTorch'), /\| 2\.00 × \|/);
  assert.match(lineWith(after, 'Inference at 1,024'), /QuickTorch is better/);
  assert.match(lineWith(after, 'Slow-down'), /shardstep \(2\.00 ×\) for QuickTorch \(1\.67 ×\)\.$/);
  assert.match(withFigures(readme, new Map()), /No race against peers has been recorded/);
});

test('a page without markers stays as it is, one with half of them is refused', () => {
  assert.equal(withFigures('# A\n', new Map()), '# A\n');
  assert.throws(() => withFigures('<!-- performance:begin -->', new Map()), /markers/);
});

test('of several records the newest counts, and a broken one is named', (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'shardstep-records-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, 'record.json'), text);
  };
  write('a', JSON.stringify(madeUp));
  write('b', JSON.stringify({ ...madeUp, date: '2031-05-03T00:00:00.000Z' }));
  assert.equal(newestRecords(readRecords(folder)).get('sprint')?.date, madeUp.date);
  write('c', JSON.stringify({ ...madeUp, samples: { ms: [null] } }));
  assert.throws(() => readRecords(folder), /c\/record\.json .*samples/s);
});

test('figures have three significant digits, whole numbers all of theirs', () => {
  assert.deepEqual([3.8567, 97, 0.04321, 123456, 1234.5].map(figure), [
    '3.86',
    '97',
    '0.0432',
    '123,456',
    '1,235',
  ]);
});

test('folders are named by date, benchmark and the words of the processor', () => {
  const name = (processor: string) =>
    folderName({ ...madeUp, machine: { ...madeUp.machine, processor } }).slice('2031-05-04-sprint-'.length);
  assert.equal(folderName(madeUp), '2031-05-04-sprint-example-1');
  assert.equal(name('Intel(R) Xeon(R) Platinum 8481C CPU @ 2.90GHz'), 'intel-xeon-platinum-8481c-cpu');
  assert.equal(name('Intel Xeon® Processor'), 'intel-xeon-processor');
});
