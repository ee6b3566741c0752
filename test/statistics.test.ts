import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import Papa from 'papaparse';
import { maximum, mean, median, minimum, quantile, standardDeviation } from '../dist/numbers/statistics.js';
import { type SweepRow, sweepCsv, sweepMarkdown } from '../dist/run/sweep-table.js';

test('the median of an even count is the mean of the middle two, numerically sorted', () => {
  assert.equal(median([10, 9, 100, 1]), 9.5);
  assert.equal(median([3]), 3);
});

test('quantiles are NumPy’s: np.quantile([1, 2, 4, 8], [.1, .25, .9]) = 1.3, 1.75, 6.8', () => {
  assert.ok(Math.abs(quantile([8, 1, 4, 2], 0.1) - 1.3) < 1e-12);
  assert.equal(quantile([8, 1, 4, 2], 0.25), 1.75);
  assert.ok(Math.abs(quantile([8, 1, 4, 2], 0.9) - 6.8) < 1e-12);
  assert.equal(quantile([8, 1, 4, 2], 1), 8);
  assert.throws(() => quantile([1], 1.1), RangeError);
});

test('the standard deviation divides by n − 1 and survives a large mean', () => {
  assert.equal(standardDeviation([1, 3]), Math.SQRT2);
  assert.equal(standardDeviation([1e9 + 1, 1e9 + 3]), Math.SQRT2);
  assert.equal(standardDeviation([5]), null);
});

test('no samples are refused, and the list given is left in its order', () => {
  for (const summary of [mean, median, minimum, maximum, standardDeviation]) {
    assert.throws(() => summary([]), RangeError);
  }
  const samples = [3, 1, 2];
  median(samples);
  assert.deepEqual(samples, [3, 1, 2]);
});

test('minimum and maximum take more samples than a call has arguments', () => {
  const samples = Array.from({ length: 300_000 }, (_, index) => index);
  assert.equal(maximum(samples), 299_999);
  assert.equal(minimum(samples), 0);
});

test('quantiles rise with q and stay within the samples', () => {
  const sample = fc.double({ noNaN: true, min: -1e9, max: 1e9 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(sample, { minLength: 1 }), share, share, (samples, a, b) => {
      const low = quantile(samples, Math.min(a, b));
      const high = quantile(samples, Math.max(a, b));
      const slack = 1e-6;
      assert.ok(minimum(samples) - slack <= low && low <= high + slack && high <= maximum(samples) + slack);
    }),
  );
});

const rows: SweepRow[] = [
  {
    threads: 1,
    samplesMs: [51.25, 50.5, 60.125],
    medianMs: 51.25,
    imagesPerSecond: 1_234_567.8,
    speedup: null,
    efficiency: null,
    oversubscribed: false,
    shares: { compute: 0.9, synchronisation: 0.04, update: 0.06 },
  },
  {
    threads: 4,
    samplesMs: [25],
    medianMs: 25,
    imagesPerSecond: 2e6,
    speedup: 2.05,
    efficiency: 0.5125,
    oversubscribed: true,
    shares: { compute: 0.6, synchronisation: 0.35, update: 0.05 },
  },
];

test('a sweep is a Markdown table with a row a thread count', () => {
  const cells = sweepMarkdown(rows)
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  assert.equal(cells.length, 4);
  assert.deepEqual(cells[2]?.slice(1, -1), [
    ...['1', '51.3', '50.5–60.1', '1,234,568', '–', '–', '90 %', '4 %', '6 %', ''],
  ]);
  assert.deepEqual(cells[3]?.slice(5, 7), ['2.05 ×', '51 %']);
  assert.equal(cells[3]?.[10], 'more threads than cores');
});

test('sweep CSV keeps every sample in one cell and full precision', () => {
  const { data, errors } = Papa.parse<Record<string, string>>(sweepCsv(rows).trim(), { header: true });
  assert.deepEqual(errors, []);
  assert.equal(data.length, 2);
  assert.equal(data[0]?.samples_ms, '51.25;50.5;60.125');
  assert.equal(data[0]?.speedup, '');
  assert.equal(data[0]?.images_per_second, '1234567.8');
  assert.equal(data[1]?.oversubscribed, 'true');
  assert.equal(data[1]?.synchronisation_share, '0.35');
});
