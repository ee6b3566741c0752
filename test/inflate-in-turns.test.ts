/** Inflated content is hashed in pieces of bounded size, with other events between them, however well it is compressed. */
import assert from 'node:assert/strict';
import { createHash, Hash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { inflate } from '../dist/data/inflate.js';

test('hashing many inflated bytes lets other events run', async (t) => {
  const content = Buffer.alloc(70 * 2 ** 20, 3);
  const sha256 = createHash('sha256').update(content).digest('hex');
  let turns = 0;
  let watching = true;
  const turn = () => {
    turns++;
    if (watching) setImmediate(turn);
  };
  setImmediate(turn);
  t.after(() => {
    watching = false;
  });
  const hashed: { readonly bytes: number; readonly turn: number }[] = [];
  const { update } = Hash.prototype;
  t.mock.method(Hash.prototype, 'update', function (this: Hash, piece: Buffer) {
    hashed.push({ bytes: piece.length, turn: turns });
    return Reflect.apply(update, this, [piece]);
  });
  const inflated = await inflate(gzipSync(content), 'threes.gz');
  assert.equal(inflated.sha256, sha256);
  assert.ok(hashed.length >= 4, `${hashed.length} pieces`);
  for (const { bytes } of hashed) assert.ok(bytes <= 16 * 2 ** 20, `${bytes} bytes at once`);
  for (const [i, { turn: at }] of hashed.entries())
    if (i > 0) assert.ok(at > hashed[i - 1].turn, 'two pieces in one turn');
});
