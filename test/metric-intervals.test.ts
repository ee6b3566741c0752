/** Intervals of metrics over rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalsOf } from '../dist/metrics/intervals.js';
import { Rng } from '../dist/numbers/rng.js';

/** Two classes, of which a share is recognised. */
function classesOf(count: number, share: number, seed: number) {
  const rng = new Rng(seed);
  const targets = Uint32Array.from({ length: count }, () => rng.below(2));
  const chosen = targets.map((target) => (rng.below(1000) < share * 1000 ? target : 1 - target));
  const probabilities = new Float64Array(2 * count);
  chosen.forEach((c, i) => {
    probabilities[2 * i + c] = 0.7;
    probabilities[2 * i + 1 - c] = 0.3;
  });
  return { kind: 'class', classes: 2, probabilities, chosen, targets } as const;
}

test('about 95 % of the intervals cover the true accuracy', () => {
  let covered = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const { low, high } = intervalsOf(classesOf(200, 0.8, seed)).accuracy;
    covered += Number(low <= 0.8 && 0.8 <= high);
  }
  assert.ok(covered >= 34 && covered < 40, String(covered));
});

test('the width is that of the normal approximation, also if fewer rows are drawn than there are', () => {
  for (const count of [1000, 40_000]) {
    const { low, high } = intervalsOf(classesOf(count, 0.8, 5)).accuracy;
    const expected = 2 * 1.96 * Math.sqrt((0.8 * 0.2) / count);
    assert.ok(Math.abs((high - low) / expected - 1) < 0.2, `${count}: ${high - low} ${expected}`);
  }
});

test('values: RMSE between its ends, no interval of what is not defined', () => {
  const rng = new Rng(3);
  const targets = new Float32Array(500).fill(4);
  const predicted = Float64Array.from(targets, (target) => target + rng.symmetric(1));
  const { rmse, r2 } = intervalsOf({ kind: 'value', width: 1, predicted, targets });
  assert.ok(rmse.low < 1 / Math.sqrt(3) && 1 / Math.sqrt(3) < rmse.high, JSON.stringify(rmse));
  assert.ok(rmse.high - rmse.low < 0.08);
  assert.equal(r2, undefined);
});
