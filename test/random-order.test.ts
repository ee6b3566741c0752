import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Rng, shuffle } from '../dist/numbers/rng.js';

test('a seed gives the same stream for ever, here and on every machine', () => {
  const rng = new Rng(1);
  assert.deepEqual(
    [rng.next(), rng.next(), rng.next(), rng.next()],
    [2442144158, 3238099751, 3819917871, 2104621829],
  );
});

test('other seeds and other streams give other numbers', () => {
  const firsts = new Set<number>();
  for (let seed = 0; seed < 100; seed++)
    for (let stream = 0; stream < 10; stream++) firsts.add(new Rng(seed, stream).next());
  assert.equal(firsts.size, 1000);
});

test('a shuffle is a permutation', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.nat(), (length, seed) => {
      const items = Int32Array.from({ length }, (_, i) => i);
      shuffle(items, new Rng(seed));
      assert.deepEqual(
        [...items].sort((a, b) => a - b),
        [...Array(length).keys()],
      );
    }),
  );
});

test('every permutation of four is about as frequent', () => {
  const counts = new Map<string, number>();
  const rng = new Rng(3);
  for (let i = 0; i < 24000; i++) {
    const items = Int32Array.of(0, 1, 2, 3);
    shuffle(items, rng);
    counts.set(items.join(), (counts.get(items.join()) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  assert.ok(chiSquare < 49.7, `chi-square ${chiSquare} with 23 degrees of freedom (p = 0.001 at 49.7)`);
});

test('symmetric stays within its limit and has the mean and deviation of a uniform law', () => {
  const rng = new Rng(9);
  const samples = Array.from({ length: 20000 }, () => rng.symmetric(2));
  assert.ok(samples.every((x) => x >= -2 && x < 2));
  const mean = samples.reduce((a, b) => a + b) / samples.length;
  const variance = samples.reduce((a, b) => a + b * b, 0) / samples.length;
  assert.ok(Math.abs(mean) < 0.03);
  assert.ok(Math.abs(variance / (4 / 3) - 1) < 0.03);
});
