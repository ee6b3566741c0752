/** What explains a model of a table: importance by permutation, calibration, losses of rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { importanceOf } from '../dist/explain/importance.js';
import { barChart, lineChart, ticksOf } from '../dist/explain/svg.js';
import { calibrationOf, residualBins } from '../dist/metrics/calibration.js';
import { rowLosses, worstOf } from '../dist/metrics/row-losses.js';
import { Rng } from '../dist/numbers/rng.js';

const { signal } = new AbortController();

/** Targets 3 a + b, of rows [a, b, noise]; predicted as 3 a + b + noise / 2. */
function permuted(seed: number, count = 200) {
  const rng = new Rng(seed);
  const rows = Float32Array.from({ length: 3 * count }, () => rng.symmetric(1));
  const targets = Array.from(
    { length: count },
    (_, i) => 3 * rows[3 * i] + rows[3 * i + 1] + rng.symmetric(1),
  );
  const worse = (now: Float32Array) =>
    Math.sqrt(
      targets.reduce((sum, target, i) => {
        const [a, b, noise] = now.subarray(3 * i, 3 * i + 3);
        return sum + (3 * a + b + noise / 2 - target) ** 2;
      }, 0) / count,
    );
  const columns = ['noise', 'b', 'a', 'unused'].map((column, place) => ({
    ...{ column, type: 'number' as const },
    fields: place === 3 ? [] : [2 - place],
  }));
  return { rows, width: 3, columns, worse, repeats: 8, seed: 1, signal };
}

test('the column that decides comes first, by as much as it decides; one that the network does not see is worth 0', async () => {
  const given = permuted(5, 2000);
  const before = given.rows.slice();
  const found = await importanceOf(given);
  assert.deepEqual(given.rows, before);
  assert.deepEqual(
    found.map(({ column }) => column).filter((column) => !['noise', 'unused'].includes(column)),
    ['a', 'b'],
  );
  // Errors of variance 1/3 + 1/12; permuted, that of a is 9 · 2/3 more, that of b 2/3.
  const [first, second] = found;
  assert.equal(first.column, 'a');
  assert.ok(Math.abs(first.importance - (Math.sqrt(6 + 5 / 12) - Math.sqrt(5 / 12))) < 0.1);
  assert.ok(Math.abs(second.importance - (Math.sqrt(2 / 3 + 5 / 12) - Math.sqrt(5 / 12))) < 0.05);
  assert.ok(second.low > 0);
  const unused = found.find(({ column }) => column === 'unused') ?? assert.fail();
  assert.deepEqual([unused.importance, unused.low, unused.high], [0, 0, 0]);
  assert.deepEqual(await importanceOf(permuted(5, 2000)), found);
  assert.notDeepEqual(await importanceOf({ ...permuted(5, 2000), seed: 2 }), found);
});

test('the interval of noise that the network takes for something has 0 in it in about 95 % of tables', async () => {
  let covered = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const given = permuted(seed, 100);
    const [noise] = await importanceOf({ ...given, columns: given.columns.slice(0, 1) });
    covered += Number(noise.low <= 0 && 0 <= noise.high);
  }
  assert.ok(covered >= 52 && covered < 60, String(covered));
});

test('columns of several numbers change places as a whole', async () => {
  const rng = new Rng(1);
  const rows = Float32Array.from({ length: 400 }, () => rng.below(1000));
  // Each row has a pair that belongs together.
  for (let i = 0; i < 200; i++) rows[2 * i + 1] = rows[2 * i] + 1;
  let broken = 0;
  const worse = (now: Float32Array) => {
    for (let i = 0; i < 200; i++) broken += Number(now[2 * i + 1] !== now[2 * i] + 1);
    return now[0];
  };
  const columns = [{ column: 'date', type: 'date' as const, fields: [0, 1] }];
  await importanceOf({ rows, width: 2, columns, worse, repeats: 4, seed: 1, signal });
  assert.equal(broken, 0);
});

test('an interruption ends it', async () => {
  const interruption = new AbortController();
  interruption.abort(new Error('stopped'));
  await assert.rejects(importanceOf({ ...permuted(1), signal: interruption.signal }), { name: 'AbortError' });
});

test('calibration of classes by hand: 0.9 and 0.9 of which one is right, 0.6 right, a row without prediction', () => {
  const found = calibrationOf({
    ...{ kind: 'class', classes: 2 },
    probabilities: Float64Array.of(0.9, 0.1, 0.1, 0.9, 0.6, 0.4, Number.NaN, Number.NaN),
    chosen: Uint32Array.of(0, 1, 0, 2),
    targets: Uint32Array.of(0, 0, 0, 0),
  });
  assert.deepEqual(
    found.bins.map(({ count, share }) => [count, share]),
    [
      [1, 1],
      [2, 0.5],
    ],
  );
  assert.ok(Math.abs(found.bins[1].confidence - 0.9) < 1e-12);
  assert.ok(found.bins[1].low <= 0.9 && 0.9 < found.bins[1].high);
  assert.ok(Math.abs(found.error - (2 * 0.4 + 0.4) / 3) < 1e-12, String(found.error));
});

test('calibration of labels counts every label', () => {
  const found = calibrationOf({
    ...{ kind: 'labels', width: 2 },
    outputs: Float32Array.of(0, 100, 0, -100),
    targets: Float32Array.of(1, 1, 0, 0),
  });
  assert.deepEqual(
    found.bins.map(({ count, share }) => [count, share]),
    [
      [1, 0],
      [2, 0.5],
      [1, 1],
    ],
  );
  assert.ok(found.error < 1e-12);
});

test('residuals by hand: bins from the lowest predictions up, all rows in one', () => {
  const count = 40;
  const predicted = Float64Array.from({ length: 2 * count }, (_, at) =>
    at % 2 === 0 ? -1 : count - (at - 1) / 2,
  );
  const targets = Float32Array.from(predicted, (value) => value + 2);
  const bins = residualBins({ kind: 'value', width: 2, predicted, targets }, 1);
  assert.deepEqual(
    bins.map(({ count, rmse }) => [count, rmse]),
    Array.from({ length: 10 }, () => [4, 2]),
  );
  assert.deepEqual([bins[0].predicted, bins[0].target, bins[9].predicted], [2.5, 4.5, 38.5]);
});

test('the worst rows: a NaN first, then the largest losses, equal ones in their order', () => {
  assert.deepEqual(worstOf(Float64Array.of(1, Number.NaN, 3, 1, 2), 4), [1, 2, 4, 0]);
  const losses = rowLosses({
    ...{ kind: 'class', classes: 2, chosen: Uint32Array.of(0, 0) },
    ...{ probabilities: Float64Array.of(0.75, 0.25, 0.5, 0.5), targets: Uint32Array.of(1, 0) },
  });
  assert.ok(Math.abs(losses[0] - Math.log(4)) < 1e-9 && Math.abs(losses[1] - Math.log(2)) < 1e-9);
  const values = {
    kind: 'value',
    width: 1,
    predicted: Float64Array.of(1, 5),
    targets: Float32Array.of(2, 2),
  } as const;
  assert.deepEqual([...rowLosses(values)], [1, 3]);
});

test('charts: round ticks, whatever the range; text is escaped; everything within the picture', () => {
  assert.deepEqual(
    ticksOf(0, 1).map((tick) => Number(tick.toFixed(9))),
    [0, 0.2, 0.4, 0.6, 0.8, 1],
  );
  assert.deepEqual(ticksOf(-950, 1180), [-500, 0, 500, 1000]);
  assert.deepEqual(ticksOf(3, 3), [3]);
  const label = '<script>"&\'';
  const { svg } = barChart({ name: 'b', title: label, caption: '' }, label, [
    { label, value: 1, low: -0.5, high: 2 },
    { label: 'other', value: -3, low: -3, high: -3 },
  ]);
  const { document } = parseHTML(`<body>${svg}</body>`);
  assert.equal(document.querySelectorAll('script').length, 0);
  assert.equal(document.querySelector('svg')?.getAttribute('aria-label'), label);
  for (const rect of document.querySelectorAll('rect')) {
    const [x, wide] = ['x', 'width'].map((key) => Number(rect.getAttribute(key)));
    assert.ok(x >= 150 && wide >= 0 && x + wide <= 440, `${x} ${wide}`);
  }
  const line = lineChart(
    { name: 'l', title: 't', caption: '' },
    { label, low: 0, high: 4 },
    { label, low: 0, high: 1 },
    [{ kind: 'line', colour: 'var(--series-1)', points: [0, 1, Number.NaN, 4].map((x) => ({ x, y: 0.5 })) }],
  );
  assert.doesNotMatch(line.svg, /NaN|<script/);
});
