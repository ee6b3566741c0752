/** The text of `--threads`. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseThreadList } from '../dist/config/thread-list.js';
import { UserError } from '../dist/user-error.js';
import { refusing } from './support/says.ts';

const cores = { physical: 6, available: 12 };

for (const [text, counts] of [
  ['4', [4]],
  ['1,2,4', [1, 2, 4]],
  ['1..4', [1, 2, 3, 4]],
  ['1..4,8', [1, 2, 3, 4, 8]],
  ['8,1..2,2', [1, 2, 8]],
  ['3..3', [3]],
  ['256', [256]],
  [' 1, 2 ', [1, 2]],
  ['physical', [6]],
  ['logical', [12]],
] as const) {
  test(`"${text}" is ${counts.join(', ')}`, () => {
    assert.deepEqual(parseThreadList(text, cores), counts);
  });
}

for (const [text, reason] of [
  ['0', '0 is below 1'],
  ['-1', '-1 is below 1'],
  ['5..2', '5 is above 2'],
  ['abc', 'whole number'],
  ['1.5', 'whole number'],
  ['', 'missing'],
  ['1,,2', 'missing'],
  ['1..', 'missing'],
  ['1..2..3', 'not a range'],
  ['1...3', '".3"'],
  ['1..999', '999 is above 256'],
  ['physical,2', '"physical"'],
] as const) {
  test(`"${text}" is refused: ${reason}`, () => {
    assert.throws(
      () => parseThreadList(text, cores),
      refusing(2, '--threads: ', `got ${JSON.stringify(text)}`, reason),
    );
  });
}

test('a machine with more cores than the most threads gets the most threads', () => {
  assert.deepEqual(parseThreadList('logical', { physical: 192, available: 384 }), [256]);
});

test('any text gives ascending counts from 1 to 256, or a UserError', () => {
  const piece = fc.constantFrom('1', '3', '12', '256', '300', '..', ',', '-', '.', ' ', 'x', 'physical');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      try {
        const counts = parseThreadList(pieces.join(''), cores);
        assert.ok(counts.length > 0);
        assert.ok(counts.every((count, at) => count >= 1 && count <= 256 && count > (counts[at - 1] ?? 0)));
      } catch (error) {
        assert.ok(error instanceof UserError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
