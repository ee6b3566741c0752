/** What a profile concludes from a table of phases: every bottleneck can be reached, by the thresholds that it states. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PhaseRow, PhaseTable } from '../dist/profile/phase-table.js';
import { placeUnderRoof } from '../dist/profile/roof.js';
import { amdahl, judge, rules } from '../dist/profile/verdict.js';

const roof = { gflops: 100, bandwidthGBs: 10 };
const wallMs = 100;

function row(kind: PhaseRow['kind'], ms: number, work: { flop?: number; bytes?: number } = {}): PhaseRow {
  const { flop = null, bytes = null } = work;
  return {
    ...{ name: kind, kind, layer: null, ms, share: ms / wallMs, stepMs: null, flop, bytes },
    ...placeUnderRoof(flop, bytes, ms, roof),
  };
}

function table(rows: readonly PhaseRow[], imbalance = 1): PhaseTable {
  return { threads: 2, wallMs, rows, accounted: 1, imbalance, stepMs: null, roof };
}

/** 20 GFLOP/s at 100 FLOP a byte; 0.9 GFLOP/s at 0.1 FLOP a byte, so 9 GB/s. */
const busy = (ms: number) => row('forward', ms, { flop: ms * 20e6, bytes: ms * 0.2e6 });
const streaming = (ms: number) => row('update', ms, { flop: ms * 0.9e6, bytes: ms * 9e6 });

test('the longest phase is the bottleneck, bound by computation where its intensity is high', () => {
  const { bottleneck, ofRun } = judge(table([busy(70), streaming(30)]), 50);
  assert.equal(bottleneck, ofRun);
  assert.deepEqual([bottleneck.bound, bottleneck.what, bottleneck.share], ['compute', 'forward', 0.7]);
  assert.ok(Math.abs(bottleneck.speedup - 1 / 0.3) < 1e-9);
  assert.match(bottleneck.sentence, /bound by computation \(100\.0 FLOP a byte, 20\.0 GFLOP\/s a core, 20 %/);
  // At its roof it would take a fifth of its time: 30 + 14 of 100.
  assert.match(bottleneck.sentence, /3\.33 × faster without it, 2\.27 × at its roof$/);
});

test('a phase below the ridge that uses the bandwidth is bound by memory, one that does not by the core', () => {
  const { ofRun } = judge(table([busy(30), streaming(70)]), 0);
  assert.deepEqual([ofRun.bound, ofRun.what], ['memory', 'update']);
  const slow = row('loss', 70, { flop: 70e6 * 0.1, bytes: 70e6 });
  assert.equal(slow.intensity !== null && slow.intensity < 10, true);
  assert.equal(judge(table([busy(30), slow]), 0).ofRun.bound, 'compute');
});

test('integer work without counted operations has a bound too', () => {
  assert.equal(judge(table([row('features', 90, { bytes: 90e6 })]), 0).ofRun.bound, 'compute');
  assert.equal(judge(table([row('gather', 90, { bytes: 810e6 })]), 0).ofRun.bound, 'memory');
});

test('waiting from a fifth of the run on is the bottleneck: the barrier where the load is even', () => {
  const waiting = [busy(70), row('wait', 30)];
  const even = judge(table(waiting, 1.02), 0).ofRun;
  assert.deepEqual([even.bound, even.share], ['barrier', 0.3]);
  assert.equal(judge(table([busy(81), row('wait', 19)], 1.02), 0).ofRun.what, 'forward');
});

test('waiting for a worker with more to do is load imbalance', () => {
  // The busiest computes 1.3 × 70 ms: 21 of the 30 ms of waiting are for it.
  const { ofRun } = judge(table([busy(70), row('wait', 30)], 1.3), 0);
  assert.equal(ofRun.bound, 'load imbalance');
  assert.match(ofRun.sentence, /the busiest worker computes 1\.30 × the mean/);
});

test("the coordinator's part is the bottleneck from a fifth of the run on, and its largest share is named", () => {
  const rows = [row('shuffle', 15), row('dispatch', 5), row('report', 4), busy(76)];
  const { ofRun } = judge(table(rows), 0);
  assert.deepEqual([ofRun.bound, ofRun.what], ['coordination', 'coordinator']);
  assert.match(ofRun.sentence, /mostly shuffle, is 24 % of the run/);
});

test('start-up is the bottleneck of a process that mostly starts; the run has its own all the same', () => {
  const { bottleneck, ofRun, findings } = judge(table([busy(100)]), 300);
  assert.deepEqual([bottleneck.bound, bottleneck.share, bottleneck.speedup], ['start-up', 0.75, 4]);
  assert.equal(ofRun.what, 'forward');
  assert.deepEqual(
    findings.map(({ what }) => what),
    ['forward', 'start-up'],
  );
  assert.equal(judge(table([busy(100)]), 99).bottleneck.what, 'forward');
});

test('without a single phase there is still a verdict', () => {
  assert.equal(judge(table([]), 0).bottleneck.bound, 'coordination');
});

test('the thresholds are stated', () => {
  assert.match(rules, /at least 50 % of the process/);
  assert.match(rules, /at least 20 % of the run/);
  assert.match(rules, /50 % of the bandwidth/);
  assert.equal(amdahl(0.5), 2);
});
