/** A slice of `npm run bench -- barrier`, which meets 10^7 times. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { meet } from '../bench/barrier/meet.ts';
import { type PartyTask, Place, strideWords } from '../bench/barrier/places.ts';

for (const { parties, count, maxSpinMs } of [
  { parties: 2, count: 100_000, maxSpinMs: 1 },
  { parties: 3, count: 5000, maxSpinMs: 0 },
  { parties: 12, count: 1000, maxSpinMs: 0 },
])
  test(`${parties} threads meet ${count} times: none is left behind, none is ahead`, async () => {
    const { meetings, faults } = await meet({ parties, count, maxSpinMs, neighbours: 0 });
    assert.deepEqual({ meetings, faults }, { meetings: count, faults: 0 });
  });

test('a thread that sees another one too far ahead counts a fault', async () => {
  const words = new Int32Array(new SharedArrayBuffer(4 * (Place.arrivals + 2 * strideWords)));
  // The second thread is at its third meeting when the first is at its only one, for which it has been counted.
  Atomics.store(words, Place.count, 1);
  Atomics.store(words, Place.arrivals + strideWords, 3);
  const workerData: PartyTask = { words, rank: 0, parties: 2, count: 1, maxSpinMs: 0 };
  const worker = new Worker(new URL('../bench/barrier/party.ts', import.meta.url), { workerData });
  const faults = await new Promise((resolve) => worker.once('message', resolve));
  assert.equal(faults, 1);
});
