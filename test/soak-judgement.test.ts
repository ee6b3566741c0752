/** A soak fails on a leak, and on nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgement, type Reading } from '../bench/soak/judgement.ts';

/** `each`: what changes from one reading to the next of 40. */
const readings = (each: (i: number) => Partial<Reading>, count = 40): Reading[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ minutes: i, sessions: 9 * i, residentMb: 300, heapMb: 20, handles: 3, threads: 12 },
    ...each(i),
  }));
const missed = (all: readonly Reading[]) =>
  judgement(all)
    .filter(({ met }) => met !== true)
    .map(({ id, met }) => `${id} ${met}`);

test('constant readings, caches that fill at first, and single peaks are no leak', () => {
  assert.deepEqual(missed(readings(() => ({}))), []);
  assert.deepEqual(missed(readings((i) => ({ residentMb: i < 8 ? 100 : 300, threads: i < 8 ? 4 : 12 }))), []);
  assert.deepEqual(missed(readings((i) => (i % 7 === 0 ? { handles: 9, threads: 30, heapMb: 60 } : {}))), []);
});

test('each kind of growth misses its bar and no other', () => {
  assert.deepEqual(missed(readings((i) => ({ residentMb: 300 + 2 * i }))), ['soak-resident false']);
  assert.deepEqual(missed(readings((i) => ({ heapMb: 20 + i / 15 }))), ['soak-heap false']);
  assert.deepEqual(missed(readings((i) => ({ handles: 3 + Math.floor(i / 10) }))), ['soak-handles false']);
  assert.deepEqual(missed(readings((i) => ({ threads: 12 + Number(i > 25) }))), ['soak-threads false']);
});

test('too few readings, and a system that lists no threads, give no verdict', () => {
  const ids = ['soak-resident', 'soak-heap', 'soak-handles', 'soak-threads'];
  assert.deepEqual(
    missed(readings(() => ({}), 3)),
    ids.map((id) => `${id} null`),
  );
  assert.deepEqual(missed(readings(() => ({ threads: null }))), ['soak-threads null']);
});
