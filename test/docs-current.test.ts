/** The documentation says what the schema says: `npm run docs` has been run since the schema last changed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withConfigTable } from '../scripts/config-table.ts';

test('docs/config.md lists the keys of the schema', () => {
  const document = readFileSync(new URL('../docs/config.md', import.meta.url), 'utf8');
  assert.equal(document, withConfigTable(document), 'docs/config.md is stale: npm run docs');
});

test('a document without markers is refused', () => {
  assert.throws(() => withConfigTable('# Configuration\n'), /expected the markers/);
});
