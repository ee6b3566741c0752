/** What the peers' race says of its figures: ratios, tables, who won what, lines, and the places of labels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { barChart, raceChart } from '../bench/peer-race/charts.ts';
import { countLines } from '../bench/peer-race/count-lines.ts';
import { type Flag, flagRows } from '../bench/peer-race/label-rows.ts';
import { summarise } from '../scripts/performance/peers/summary.ts';
import {
  absences,
  loadSentence,
  peersTables,
  raceRows,
  winSentences,
} from '../scripts/performance/peers/tables.ts';
import { race } from './fixtures/peers/race.ts';

const summaries = new Map(summarise(race).map((summary) => [summary.result.name, summary]));
const [heading, ...rows] = raceRows(race);
/** The cell of a row that begins with these words, in the column of this heading. */
const cell = (who: string, column: string) =>
  rows.find(([name]) => name.startsWith(who))?.[heading.indexOf(column)];

test('the better thread count counts, by the median; other variants and counts are kept in the record', () => {
  assert.equal(summaries.get('shardstep')?.resident?.threads, 2);
  assert.equal(summaries.get('quicktorch')?.resident?.variant, 'eager');
  assert.equal(cell('QuickTorch 2.0 eager, 1 thread', 'to 97 %, resident'), '1.8 s');
});

test('ratios are taken round by round, with an interval', () => {
  // 2000/1000, 1200/800, 1800/900.
  assert.deepEqual(summaries.get('quicktorch')?.resident?.ratio, {
    median: 2,
    low: 1.5,
    high: 2,
    isBound: false,
  });
  assert.equal(rows[1][2], '2.00 × (1.50–2.00)');
  assert.deepEqual(summaries.get('quicktorch')?.cold?.ratio, { median: 3, low: 3, high: 3, isBound: false });
  assert.equal(summaries.get('shardstep')?.resident?.ratio, null);
});

test('a program without a session has its resident time from its cold runs', () => {
  assert.equal(cell('notebook', 'to 97 %, resident'), '28 s');
  assert.equal(summaries.get('notebook')?.resident?.ratio?.median, 30);
});

test('a run that was ended at the limit is slower than it, and so is its ratio', () => {
  assert.equal(cell('Slowpoke', 'to 97 %, resident'), '> 120 s');
  assert.equal(rows.find(([name]) => name.startsWith('Slowpoke'))?.[2], '> 120 ×');
  assert.equal(cell('Slowpoke', 'to 97 %, cold'), '–');
});

test('inference is that of the best setting for each batch', () => {
  assert.equal(cell('shardstep', 'inference of 1'), '4 µs');
  assert.equal(cell('shardstep', 'inference of 1,024, images/s'), '512,000');
});

test('where a peer is better its cell is bold and a sentence says so; elsewhere there is none', () => {
  assert.equal(cell('QuickTorch', 'inference of 1,024, images/s'), '**1,020,000**');
  assert.equal(cell('QuickTorch', 'inference of 1'), '20 µs');
  const sentences = winSentences(race);
  assert.equal(sentences.length, 1);
  assert.match(
    sentences[0],
    /^inference at 1,024 images: QuickTorch is better .* \(1,020,000 against 512,000\); /,
  );
});

test('other work is shown without ratios and wins nothing', () => {
  assert.equal(cell('own recipe', 'to 97 %, resident'), '4 ms');
  assert.equal(rows.find(([name]) => name.startsWith('own recipe'))?.[2], '');
  assert.ok(!winSentences(race).some((sentence) => sentence.includes('own recipe')));
});

test('the absent have no row of figures, but a reason', () => {
  assert.ok(!rows.some(([name]) => name.startsWith('Absentee')));
  assert.deepEqual(absences(race), [
    'Slowpoke, cold: failed: ended with exit code 3: out of memory',
    'Absentee is absent: could not be installed: no wheel for this platform',
  ]);
});

test('under load each slow-down is over the undisturbed time of the same setting', () => {
  const load = peersTables(race).find(({ title }) => title === 'Under load');
  assert.deepEqual(
    load?.rows.slice(1).map(([who, , , slower]) => [who, slower]),
    [
      ['shardstep, 2 threads', '2.00 ×'],
      ['QuickTorch eager, 1 thread', '1.67 ×'],
      ['QuickTorch compiled, 2 threads', '> 48 ×'],
    ],
  );
  assert.match(loadSentence(race), /shardstep, 2 threads: 2\.00 ×; .*compiled, 2 threads: > 48 ×\.$/);
});

test('CUDA libraries are told apart from the rest', () => {
  assert.equal(cell('QuickTorch', 'installed'), '700 MB + CUDA 5,000 MB');
});

test('every table is rectangular', () => {
  for (const { title, rows: all } of peersTables(race))
    for (const row of all) assert.equal(row.length, all[0].length, title);
});

test('pictures have a bar or a line for everyone with a time, and none without', () => {
  const texts = (svg: string | null) => {
    const { document } = parseHTML(svg ?? '');
    return [...document.querySelectorAll('text')].map(({ textContent }) => textContent);
  };
  const bars = texts(barChart(race));
  for (const words of ['QuickTorch', '1.8 s resident', '> 120 s resident', '50 ms cold'])
    assert.ok(bars.includes(words), words);
  assert.ok(!bars.includes('Absentee'));
  const lines = texts(raceChart(race));
  for (const words of ['shardstep', 'notebook', 'target 97 %']) assert.ok(lines.includes(words), words);
  assert.ok(!lines.includes('Slowpoke'));
  assert.equal(barChart({ ...race, contestants: [] }), null);
  assert.equal(raceChart({ ...race, contestants: [] }), null);
});

test('flags touch neither each other nor a pole', () => {
  const flag = fc.record({ x: fc.integer({ min: 0, max: 600 }), width: fc.integer({ min: 10, max: 200 }) });
  fc.assert(
    fc.property(
      fc.uniqueArray(flag, { minLength: 1, maxLength: 12, selector: ({ x }) => x }),
      (flags: Flag[]) => {
        const placed = flagRows(flags);
        flags.forEach((one, i) => {
          flags.forEach((other, j) => {
            const covers = other.x > one.x && other.x < one.x + one.width;
            // The pole of the other one rises up to its own row.
            if (covers) assert.ok(placed[j] < placed[i], `${JSON.stringify(flags)}: ${placed}`);
          });
        });
      },
    ),
  );
  assert.deepEqual(
    flagRows([
      { x: 0, width: 10 },
      { x: 20, width: 10 },
    ]),
    [0, 0],
  );
});

test('lines are counted without blanks, comments and docstrings', () => {
  const python =
    '"""One line."""\nimport gzip  # needed\n\n# a comment\nx = """text\nof two lines"""\n"""\nA docstring\n\n"""\nprint(x)\n';
  assert.equal(countLines(python, '.py'), 4);
  const javascript =
    '#!/usr/bin/env node\n/** One. */\n/*\n * two\n */\nconst x = 1; // one\n// no\n\nconsole.log(x);\n';
  assert.equal(countLines(javascript, '.mjs'), 3);
  assert.equal(countLines('# recipe\ndata:\n  take: 5 # images\n\n', '.yaml'), 2);
  assert.throws(() => countLines('', '.rs'), /expected one of \.py, .*got "\.rs"/);
});
