import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Spin } from '../dist/worker/spin.js';

/** The number of waits that park almost at once after one wait of that length. */
function shortAfter(spin: Spin, longestMs: number, waitedMs: number): number {
  spin.ended(waitedMs);
  let short = 0;
  for (; spin.ms < longestMs; short++) spin.ended(0.2);
  return short;
}

test('a sleep that outlasts a short spin does not keep spins short', () => {
  const spin = new Spin(1);
  assert.ok(shortAfter(spin, 1, 3) > 0);
  for (let wait = 0; wait < 10_000; wait++) {
    spin.ended(0.2);
    assert.equal(spin.ms, 1);
  }
});

test('each spin in vain doubles the waits that park almost at once, up to a limit; good waits halve them', () => {
  const spin = new Spin(1);
  const first = shortAfter(spin, 1, 2);
  assert.equal(shortAfter(spin, 1, 2), 2 * first);
  assert.equal(shortAfter(spin, 1, 2), 4 * first);
  const most = Array.from({ length: 20 }, () => shortAfter(spin, 1, 2)).at(-1);
  assert.ok(most !== undefined && most <= 1024, `${most}`);
  for (let wait = 0; wait < 10_000; wait++) spin.ended(0.2);
  assert.equal(shortAfter(spin, 1, 2), first);
});

test('long waits that go on while spins are short do not lengthen the pause further', () => {
  const spin = new Spin(1);
  const first = shortAfter(spin, 1, 2);
  spin.ended(2);
  for (let wait = 0; wait < 100; wait++) spin.ended(2);
  assert.equal(shortAfter(spin, 1, 2), 2 * first);
});

test('without a core for every thread a wait parks at once, always', () => {
  const spin = new Spin(0);
  for (const waitedMs of [0.01, 5, 0.01]) {
    assert.equal(spin.ms, 0);
    spin.ended(waitedMs);
  }
});
