/** A warning is shown once, also in quiet runs, is logged when there is a log, and is kept for result.json. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress } from '../dist/run/progress.js';
import { Warnings } from '../dist/run/warnings.js';

const message = 'LOG_LEVEL=loud: expected a level';

test('shown once with its code, logged when the log opens and afterwards, listed', () => {
  const lines: string[] = [];
  const events: unknown[] = [];
  const warnings = new Warnings((line) => lines.push(line));
  const log = { event: (...given: unknown[]) => void events.push(given), flush() {}, close() {} };
  warnings.warn('level-unknown', message);
  warnings.warn('level-unknown', message);
  assert.deepEqual(lines, [`warning: ${message} [level-unknown]`]);
  warnings.attach(log);
  warnings.warn('level-unknown', 'another');
  const given = [message, 'another'].map((text) => ({ code: 'level-unknown', message: text }));
  assert.deepEqual(
    events,
    given.map((one) => ['warning', one]),
  );
  assert.deepEqual(warnings.list, given);
});

for (const quiet of [true, false])
  test(`a warning is printed before and after the end of a ${quiet ? 'quiet' : 'talking'} run`, () => {
    const lines: string[] = [];
    const stream = { write: (piece: string) => void lines.push(piece) };
    const progress = createProgress({ stream, quiet });
    progress.warn('warning: one');
    progress.finish();
    progress.warn('warning: two');
    assert.deepEqual(lines, ['warning: one\n', 'warning: two\n']);
  });
