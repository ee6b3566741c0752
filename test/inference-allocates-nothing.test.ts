/** A call of a predictor makes no garbage, whatever its number of images: nothing is collected while a server predicts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { median } from '../dist/numbers/statistics.js';
import type { RepeatedCalls } from './support/repeated-calls.ts';

for (const precision of ['float32', 'int8'] as const)
  for (const packing of ['sparse', 'dense'] as const)
    for (const count of [1, 7])
      test(`${precision}, ${packing}: 100,000 calls of ${count} images leave nothing behind`, async () => {
        const workerData: RepeatedCalls = { precision, packing, count };
        const worker = new Worker(new URL('./support/repeated-calls.ts', import.meta.url), { workerData });
        const [grown] = await once(worker, 'message');
        await worker.terminate();
        // Less than a byte for each call; once in a while something of V8's own is collected in between.
        assert.ok(Math.abs(median(grown)) < 100_000, `${grown} bytes for 100,000 calls`);
      });
