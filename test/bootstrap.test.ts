import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { medianInterval } from '../dist/numbers/bootstrap.js';
import { maximum, median, minimum } from '../dist/numbers/statistics.js';

test('of three samples the interval is the whole range: 7 in 27 resamples have the median at an end', () => {
  assert.deepEqual(medianInterval([5, 1, 3]), { low: 1, high: 5 });
  assert.deepEqual(medianInterval([2, 2, 2]), { low: 2, high: 2 });
});

test('of 1 … 9 it is 2 to 8: P(median ≤ 1) = 0.14 %, P(median ≤ 2) = 3.04 %', () => {
  // The median of nine draws is ≤ k when at least five are: a binomial tail of k/9.
  const samples = [9, 2, 7, 4, 5, 6, 3, 8, 1];
  const { low, high } = medianInterval(samples, { resamples: 100_000 });
  assert.deepEqual({ low, high }, { low: 2, high: 8 });
});

test('a lower level gives a narrower interval', () => {
  const samples = Array.from({ length: 25 }, (_, i) => i);
  const wide = medianInterval(samples, { level: 0.99 });
  const narrow = medianInterval(samples, { level: 0.5 });
  assert.ok(wide.low < narrow.low && narrow.high < wide.high);
});

test('it repeats itself, lies within the samples and holds their median', () => {
  const list = fc.array(fc.double({ min: 0.1, max: 100, noNaN: true }), { minLength: 1, maxLength: 15 });
  fc.assert(
    fc.property(list, (samples) => {
      const { low, high } = medianInterval(samples);
      assert.deepEqual(medianInterval(samples), { low, high });
      assert.ok(minimum(samples) <= low && high <= maximum(samples));
      assert.ok(low <= median(samples) && median(samples) <= high);
    }),
    { numRuns: 20 },
  );
});

test('no samples are refused', () => {
  assert.throws(() => medianInterval([]), RangeError);
});
