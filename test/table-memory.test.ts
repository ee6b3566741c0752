/** A large table is in memory about once: its rows leave the columns while they are packed into the shared memory. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { workingDirectory } from './support/cli.ts';
import { writeFiles } from './support/data-files.ts';

const [rows, columns] = [150_000, 50];
const tableBytes = 4 * rows * columns;

/** Different lines that come again and again; targets that are values. */
function tableOf(count: number): string {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32).toFixed(4);
  };
  const lines = Array.from({ length: 1000 }, () => Array.from({ length: columns + 1 }, next).join(','));
  const header = Array.from({ length: columns + 1 }, (_, column) => `x${column}`).join(',');
  return `${header}\n${`${lines.join('\n')}\n`.repeat(count / 1000)}`;
}

const needs = existsSync('/proc/self/clear_refs') ? {} : { skip: 'only Linux counts the peak of a process' };

test('150,000 rows of 50 numbers: the peak of reading, fitting and packing', needs, async (t) => {
  const cwd = await workingDirectory(t);
  await writeFiles(cwd, { 'small.csv': tableOf(1000), 'large.csv': tableOf(rows) });
  const program = new URL('./support/table-peak.ts', import.meta.url).pathname;
  const files = ['small.csv', 'large.csv'].map((name) => join(cwd, name));
  const printed = execFileSync(process.execPath, [program, ...files], { encoding: 'utf8' });
  const { peak, packed } = JSON.parse(printed) as { peak: number; packed: number };
  assert.equal(packed, rows);
  // Beside the table: V8's young generation while cells are strings, lists of places.
  const limit = 1.5 * tableBytes + 48 * 2 ** 20;
  assert.ok(peak < limit, `${Math.round(peak / 2 ** 20)} MiB, expected below ${Math.round(limit / 2 ** 20)}`);
  assert.ok(peak > tableBytes);
});
