import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { drawFront, restoreFront } from '../dist/coordinator/epoch-order.js';
import { Rng } from '../dist/numbers/rng.js';

test('after a draw of the front, restoring it gives every place its own number again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 300 }), fc.nat({ max: 320 }), fc.nat(), (length, count, seed) => {
      const numbers = Int32Array.from({ length }, (_, i) => i);
      const items = numbers.slice();
      const front = Math.min(count, length);
      drawFront(items, front, new Rng(seed));
      restoreFront(items, front);
      assert.deepEqual(items, numbers);
    }),
  );
});
