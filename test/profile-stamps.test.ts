/** Stamps and what is read from them: phases without gaps, steps told apart, a full ring counted and not overrun. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { allocate } from '../dist/memory/shared-memory.js';
import { makePlan } from '../dist/plan/make-plan.js';
import { Collector, type CommandRecord } from '../dist/profile/collector.js';
import { monotonicClock } from '../dist/profile/monotonic-clock.js';
import { phaseTable } from '../dist/profile/phase-table.js';
import { forwardNumber, phaseNumber } from '../dist/profile/phases.js';
import { profilePlan } from '../dist/profile/profile-plan.js';
import { PhaseRecorder } from '../dist/profile/recorder.js';
import { bringWithin, spanOf, visitSlices, workersEnd } from '../dist/profile/timeline.js';
import { totalsOf } from '../dist/profile/totals.js';
import { configure } from './support/training.ts';

const header = 16;

/** A recorder whose clock shows 1, 2, 3 … */
function recorderOf(stamps: number) {
  const room = new Float64Array(header + 2 * stamps);
  let time = 0;
  return { room, recorder: new PhaseRecorder(room, () => ++time) };
}

const written = (room: Float64Array) => room.slice(header, header + 2 * room[0]);

const command = {
  ...{ first: 10, count: 2, firstSample: 0, epochSamples: 64 },
  ...{ extract: false, fit: false, evaluate: null },
};

function slices(ranks: readonly Float64Array[], rank = 0) {
  const record: CommandRecord = { command, sentAt: 0, doneAt: 100, ranks };
  const seen: [number, number, number, number | null][] = [];
  visitSlices(record, rank, (phase, from, to, step) => seen.push([phase, from, to, step]));
  return seen;
}

test('phases follow each other without gaps, a repeated one is one slice, and steps are numbered', () => {
  const { room, recorder } = recorderOf(20);
  recorder.begin();
  for (let step = 0; step < 2; step++) {
    recorder.enterStep(phaseNumber.gather);
    recorder.enter(forwardNumber(0));
    recorder.enter(forwardNumber(0));
    recorder.enter(phaseNumber.wait);
  }
  recorder.enter(phaseNumber.evaluate);
  recorder.end();
  assert.deepEqual(slices([written(room)]), [
    [phaseNumber.loop, 1, 2, null],
    [phaseNumber.gather, 2, 3, 11],
    [forwardNumber(0), 3, 4, 11],
    [phaseNumber.wait, 4, 5, 11],
    [phaseNumber.gather, 5, 6, 12],
    [forwardNumber(0), 6, 7, 12],
    [phaseNumber.wait, 7, 8, 12],
    [phaseNumber.evaluate, 8, 9, null],
  ]);
  assert.deepEqual(spanOf(written(room)), { from: 1, to: 9 });
});

test('within a whole phase nothing else is stamped', () => {
  const { room, recorder } = recorderOf(20);
  recorder.begin();
  recorder.whole(phaseNumber.evaluate, () => recorder.enter(forwardNumber(0)));
  recorder.enter(phaseNumber.loss);
  recorder.end();
  assert.deepEqual(
    slices([written(room)]).map(([phase]) => phase),
    [phaseNumber.loop, phaseNumber.evaluate, phaseNumber.loss],
  );
});

test('stamps beyond the room are counted, and the next command begins anew', () => {
  const { room, recorder } = recorderOf(3);
  recorder.begin();
  for (const phase of [phaseNumber.loss, phaseNumber.update, phaseNumber.loss]) recorder.enter(phase);
  recorder.end();
  assert.deepEqual([room[0], room[1]], [3, 2]);
  assert.equal(
    spanOf(written(room)),
    null,
    'it is not known when a rank was through whose end found no room',
  );
  recorder.begin();
  recorder.end();
  assert.deepEqual([room[0], room[1]], [2, 0]);
});

test('the workers are through when the last of them is; the coordinator does not count', () => {
  const stamped = (from: number, to: number) => Float64Array.of(from, phaseNumber.loop, to, phaseNumber.idle);
  const ranks = [stamped(1, 5), stamped(2, 7), stamped(1, 9)];
  assert.equal(workersEnd({ command, sentAt: 0, doneAt: 10, ranks }), 7);
  const stopped = [stamped(1, 5), Float64Array.of(2, phaseNumber.loop), stamped(1, 9)];
  assert.equal(workersEnd({ command, sentAt: 0, doneAt: 10, ranks: stopped }), null);
});

test('a rank whose clock differs stays within its command', () => {
  const ranks = [Float64Array.of(9, phaseNumber.loop, 15, phaseNumber.loss, 21, phaseNumber.idle)];
  bringWithin({ command, sentAt: 10, doneAt: 20, ranks });
  assert.deepEqual(slices(ranks), [
    [phaseNumber.loop, 10, 15, null],
    [phaseNumber.loss, 15, 20, null],
  ]);
});

test("rows add up to the resident clock's time, whatever passes between its end and the collector's hearing of it", async () => {
  const config = await configure('model.hidden=[4]');
  const part = { count: 10, nonZeros: 25 };
  const facts = {
    ...{
      features: 6,
      outputs: 3,
      target: { kind: 'class' as const, classes: 3, weights: null },
      packing: 'dense' as const,
      scale: 1,
      shifted: false,
      stored: null,
      nonZeros: [5, 5, 5, 5, 5, 0],
    },
    parts: { train: part, validation: { count: 0, nonZeros: 0 }, test: part },
  };
  const plan = makePlan(config, facts, 2, 2, profilePlan(null));
  const memory = allocate(plan.bytes);
  const collector = new Collector(plan, memory);
  const recorders = [0, 1].map((rank) => PhaseRecorder.of(plan, memory, rank));
  const from = performance.now();
  collector.ordered(from, performance.now());
  collector.sending(command);
  for (const recorder of recorders) {
    recorder.begin();
    recorder.enterStep(phaseNumber.gather);
    recorder.end();
  }
  collector.done();
  const residentMs = performance.now() - from + 1000;
  collector.finish(residentMs);
  const totals = totalsOf(plan, collector);
  const roof = { gflops: 1, bandwidthGBs: 1 };
  const { accounted } = phaseTable({ totals, work: new Map(), wallMs: residentMs, roof });
  assert.ok(Math.abs(accounted - 1) < 1e-9, `${accounted}`);
});

test('the clocks of two threads show the same time', async () => {
  const { clock } = monotonicClock();
  const source = `
    import { parentPort } from 'node:worker_threads';
    const { monotonicClock } = await import(${JSON.stringify(new URL('../dist/profile/monotonic-clock.js', import.meta.url).href)});
    const { clock } = monotonicClock();
    parentPort.once('message', () => parentPort.postMessage(clock()));
    parentPort.postMessage('ready');
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const next = () => new Promise<unknown>((resolve) => worker.once('message', resolve));
  await next();
  const before = clock();
  const answer = next();
  worker.postMessage('now');
  const there = Number(await answer);
  const after = clock();
  await worker.terminate();
  assert.ok(before <= there && there <= after, `${before} ≤ ${there} ≤ ${after}`);
});
