/** The heartbeat: which rank hangs, and when; time in which the whole process stands still does not count. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PhaseClock, statsPerRank } from '../dist/sync/phase-clock.js';
import { Heartbeat } from '../dist/worker/heartbeat.js';

/** `parameters`: of the network, whose step is estimated; none: it takes no time. */
function twoRanks(heartbeatMs: number, parameters = 0) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const stats = { offset: 0, bytes: 3 * statsPerRank * 8 };
  const plan = { threads: 2, regions: { stats }, heartbeatMs, parameters, batch: 1000, backend: 'wasm' };
  const heartbeat = new Heartbeat(plan as never, memory);
  const clocks = [0, 1].map(
    (rank) => new PhaseClock(new Float64Array(memory.buffer, rank * statsPerRank * 8, statsPerRank)),
  );
  let now = 1000;
  return {
    clocks,
    begin: (work: 'start' | 'command' = 'command') => heartbeat.begin(work, now),
    restart: () => heartbeat.restart(),
    place: (rank: number) => heartbeat.place(rank),
    /** Ticks of 10 ms, or one of `tick`; the first hang. */
    pass(ms: number, tick = 10) {
      for (let passed = 0; passed < ms; passed += tick) {
        now += tick;
        const hang = heartbeat.tick(now);
        if (hang !== null) return { ...hang, afterMs: passed + tick };
      }
      return null;
    },
  };
}

test('a rank that computes without a sign of life hangs, the one that waits for it does not', () => {
  const { clocks, begin, pass } = twoRanks(1000);
  begin();
  for (const clock of clocks) clock.startStep(7);
  clocks[1].enter('update');
  clocks[0].enter('wait');
  const hang = pass(5000);
  assert.deepEqual([hang?.rank, hang?.step, hang?.activity], [1, 7, 'update']);
  assert.ok(hang !== null && hang.afterMs >= 1000 && hang.afterMs <= 1020, `${hang?.afterMs} ms`);
});

test('while one rank works, one that waits for it never hangs', () => {
  const { clocks, begin, pass } = twoRanks(100);
  begin();
  clocks[0].enter('wait');
  for (let i = 0; i < 50; i++) {
    clocks[1].beat('evaluate');
    assert.equal(pass(80), null);
  }
});

test('ranks that all wait for what does not come hang', () => {
  const { clocks, begin, pass } = twoRanks(100);
  begin();
  for (const clock of clocks) clock.enter('wait');
  assert.deepEqual([pass(500)?.rank, pass(500)?.activity], [0, 'wait']);
});

test('the limit is at least 20 times the longest step so far', () => {
  const { clocks, begin, pass } = twoRanks(100);
  begin();
  clocks[1].startStep(1);
  clocks[1].enter('compute');
  assert.equal(pass(90), null);
  clocks[1].startStep(2);
  assert.equal(pass(1700), null);
  const hang = pass(1000);
  assert.ok(hang !== null && hang.afterMs <= 150, `${hang?.afterMs} ms more`);
});

test('a process that stands still for long counts one tick, of 50 ms at most', () => {
  const { clocks, begin, pass } = twoRanks(1000);
  begin();
  clocks[1].enter('compute');
  assert.equal(pass(3_600_000, 600_000), null);
});

test('a start may take two minutes, however short the heartbeat; the rank that does not come is named', () => {
  const { clocks, begin, pass } = twoRanks(100);
  begin('start');
  clocks[0].beat('idle');
  assert.equal(pass(119_000), null);
  assert.equal(pass(2000)?.rank, 1);
});

test('before the first step has ended, the limit is at least 20 times its estimate; then it is measured', () => {
  // 6 × 10^7 × 1000 operations on two cores of 4 × 10^7 a millisecond: 750 ms.
  const { clocks, begin, pass } = twoRanks(100, 1e7);
  begin();
  for (const clock of clocks) clock.startStep(1);
  for (const clock of clocks) clock.enter('compute');
  assert.equal(pass(14_900), null);
  for (const clock of clocks) clock.startStep(2);
  pass(10);
  // Steps of 100 ms from here on.
  const other = twoRanks(100, 1e7);
  other.begin();
  for (let step = 1; step < 4; step++) {
    for (const clock of other.clocks) clock.startStep(step);
    for (const clock of other.clocks) clock.enter(step % 2 ? 'compute' : 'update');
    assert.equal(other.pass(100), null);
  }
  other.begin();
  const hang = other.pass(14_900);
  assert.ok(hang !== null && hang.afterMs >= 2000 && hang.afterMs <= 2300, `${hang?.afterMs} ms`);
});

test('a restart forgets the signs of life of the ranks before: one that does not start is named', () => {
  const { clocks, begin, pass, restart, place } = twoRanks(100);
  begin();
  for (const clock of clocks) clock.startStep(7);
  for (const clock of clocks) clock.enter('compute');
  pass(50);
  restart();
  assert.deepEqual(place(1), { rank: 1, step: 0, activity: 'idle' });
  begin('start');
  clocks[0].beat('idle');
  pass(130_000);
  const hang = pass(10);
  assert.deepEqual([hang?.rank, hang?.step], [1, 0]);
});
