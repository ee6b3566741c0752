import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Rng } from '../dist/numbers/rng.js';
import {
  ceiling,
  fitLaw,
  karpFlatt,
  type Law,
  peakThreads,
  predictSpeedup,
} from '../dist/report/scaling-laws.js';

const counts = [1, 2, 3, 4, 6, 8, 12, 16];

const curve = (sigma: number, kappa: number, noise = 0, seed = 1) => {
  const rng = new Rng(seed);
  return counts.map((threads) => ({
    threads,
    speedup: predictSpeedup({ sigma, kappa }, threads) * (threads === 1 ? 1 : 1 + rng.symmetric(noise)),
  }));
};

function near(measured: number, expected: number, share: number): void {
  assert.ok(Math.abs(measured - expected) <= share * expected, `expected ${expected}, got ${measured}`);
}

for (const [sigma, kappa] of [
  [0.03, 0.001],
  [0.1, 0.01],
  [0.3, 0.002],
  [0.02, 0.02],
]) {
  test(`the USL fit finds σ ${sigma} and κ ${kappa} in their own curve`, () => {
    const fitted = fitLaw('usl', curve(sigma, kappa));
    assert.ok(fitted !== null);
    near(fitted.sigma, sigma, 1e-4);
    near(fitted.kappa, kappa, 1e-4);
  });
}

test('with 1 % noise on every point the mean of 200 fits is within 5 % of both coefficients', () => {
  const fits = Array.from({ length: 200 }, (_, seed) => fitLaw('usl', curve(0.06, 0.004, 0.01, seed + 1)));
  const mean = (of: 'sigma' | 'kappa') =>
    fits.reduce((sum, fit) => sum + (fit?.[of] ?? Number.NaN), 0) / fits.length;
  near(mean('sigma'), 0.06, 0.05);
  near(mean('kappa'), 0.004, 0.05);
});

test('the Amdahl fit finds the serial share, also with 2 % noise', () => {
  near(fitLaw('amdahl', curve(0.12, 0))?.sigma ?? Number.NaN, 0.12, 1e-6);
  near(fitLaw('amdahl', curve(0.12, 0, 0.02))?.sigma ?? Number.NaN, 0.12, 0.05);
});

test('coefficients are never negative, and no other pair on a grid fits better', () => {
  const points = fc.array(fc.double({ min: 0.3, max: 20, noNaN: true }), { minLength: 7, maxLength: 7 });
  fc.assert(
    fc.property(points, fc.constantFrom<Law>('usl', 'amdahl'), (speedups, law) => {
      const measured = counts.map((threads, i) => ({ threads, speedup: i === 0 ? 1 : speedups[i - 1] }));
      const fitted = fitLaw(law, measured);
      assert.ok(fitted !== null && fitted.sigma >= 0 && fitted.kappa >= 0);
      const error = (sigma: number, kappa: number) =>
        measured.reduce(
          (sum, { threads, speedup }) => sum + (speedup - predictSpeedup({ sigma, kappa }, threads)) ** 2,
          0,
        );
      const best = error(fitted.sigma, fitted.kappa);
      for (const sigma of [0, 0.01, 0.1, 0.3, 1, 3])
        for (const kappa of law === 'usl' ? [0, 0.001, 0.01, 0.1, 0.5] : [0])
          assert.ok(best <= error(sigma, kappa) * (1 + 1e-6), `σ ${sigma}, κ ${kappa} fit better`);
    }),
    { numRuns: 200 },
  );
});

test('a perfect speed-up costs nothing and has no ceiling', () => {
  const fitted = fitLaw(
    'usl',
    counts.map((threads) => ({ threads, speedup: threads })),
  );
  assert.deepEqual(fitted, { sigma: 0, kappa: 0 });
  assert.equal(ceiling({ sigma: 0, kappa: 0 }), Number.POSITIVE_INFINITY);
  assert.equal(peakThreads({ sigma: 0, kappa: 0 }), Number.POSITIVE_INFINITY);
});

test('the ceiling is 1/σ by Amdahl, and the speed-up at the peak by the USL', () => {
  near(ceiling({ sigma: 0.05, kappa: 0 }), 20, 1e-12);
  const law = { sigma: 0.05, kappa: 0.01 };
  const peak = peakThreads(law);
  near(ceiling(law), predictSpeedup(law, peak), 1e-12);
  for (const beside of [peak * 0.9, peak * 1.1]) assert.ok(predictSpeedup(law, beside) < ceiling(law));
});

test('two thread counts are too few for a fit', () => {
  const two = [1, 2, 2].map((threads) => ({ threads, speedup: threads * 0.9 }));
  assert.equal(fitLaw('usl', two), null);
  assert.equal(fitLaw('amdahl', two), null);
});

test('Karp and Flatt: the serial share of Amdahl’s law comes back from any one point of it', () => {
  for (const threads of [2, 5, 64])
    near(karpFlatt({ threads, speedup: predictSpeedup({ sigma: 0.07, kappa: 0 }, threads) }), 0.07, 1e-9);
});
