import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { EventLoopWatch } from '../dist/numbers/event-loop.js';

const busy = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end; );
};

test('the wait of the event loop is counted from the first look after its last turn', async () => {
  const watch = new EventLoopWatch();
  assert.ok(watch.blockedMs() < 1);
  busy(3);
  await Promise.resolve(); // a microtask is no turn
  assert.ok(watch.blockedMs() >= 3);
  await turn();
  busy(3);
  assert.equal(watch.blockedMs(), 0);
});
