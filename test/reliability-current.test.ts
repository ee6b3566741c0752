/** docs/RELIABILITY.md is current, and each promise names tests that exist or a proof. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { newestRecords, readRecords } from '../scripts/performance/read-records.ts';
import { reliabilityPage } from '../scripts/reliability/page.ts';
import { promises } from '../scripts/reliability/promises.ts';

const root = new URL('../', import.meta.url);

test('docs/RELIABILITY.md is that of the promises and the newest records', () => {
  const records = newestRecords(readRecords(fileURLToPath(new URL('results/records/', root))));
  const page = readFileSync(new URL('docs/RELIABILITY.md', root), 'utf8');
  assert.equal(page, reliabilityPage(records), 'docs/RELIABILITY.md is stale: npm run docs');
});

for (const [group, rows] of Object.entries(promises))
  test(`${group}: each promise has a test with its title, or a proof`, () => {
    for (const { text, tests, proofs = [] } of rows) {
      assert.ok(tests.length + proofs.length > 0, text);
      for (const [file, title] of tests) {
        const source = new URL(`test/${file}.test.ts`, root);
        assert.ok(existsSync(source), `${text}: test/${file}.test.ts is missing`);
        const titles =
          readFileSync(source, 'utf8').match(/\btest\((`[^`]*`|'(?:[^'\\]|\\.)*'|"[^"]*")/g) ?? [];
        assert.ok(
          titles.some((each) => each.includes(title)),
          `${text}: no test of ${file} has "${title}" in its title`,
        );
      }
    }
  });
