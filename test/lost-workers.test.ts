/** A worker that throws, exits, runs out of memory, is terminated or hangs: the run fails with the cause, or goes on. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { capture } from '../dist/coordinator/checkpoint.js';
import { Interrupted } from '../dist/coordinator/interruption.js';
import { initialState } from '../dist/coordinator/state.js';
import type { RunObserver } from '../dist/coordinator/training-run.js';
import { metricOf } from '../dist/metrics/metric.js';
import { runLength } from '../dist/plan/run-length.js';
import { readCheckpoint } from '../dist/run/checkpoint-file.js';
import { checkpointName, checkpointsIn, lastName } from '../dist/run/checkpoint-names.js';
import { Checkpoints } from '../dist/run/checkpoints.js';
import { Diverged, WorkerFailure } from '../dist/worker/session-errors.js';
import { temporaryFolder } from './support/data-files.ts';
import { type FaultyRun, runWithFault } from './support/faulty-run.ts';
import { factsOfTest } from './support/run-facts.ts';
import { configure, openSession, someMnist } from './support/training.ts';

// For isolates that start from now on: a worker soon runs out of memory.
setFlagsFromString('--max-old-space-size=48');

/** 10 steps an epoch. */
const base = [
  ...['model.hidden=[96]', 'data.pool=2', 'data.take=640', 'train.batch=64', 'optimizer.lr=0.2'],
  ...['train.epochs=3', 'stop.every=5', 'parallel.heartbeat=0.3'],
];

const kinds = {
  throw: /a kernel trapped/,
  exit: /exited with code: 7/,
  memory: /memory/,
  terminate: /exited with code: 1/,
  loop: /hangs, without a sign of life for \d+\.\d s \(parallel\.heartbeat\)/,
  kernel: /hangs/,
  sleep: /hangs/,
};
type Kind = keyof typeof kinds;

const undisturbed = new Map<string, Promise<FaultyRun>>();
function without(t: TestContext, words: readonly string[], threads: number): Promise<FaultyRun> {
  const calm = [...words.filter((word) => !word.startsWith('parallel.heartbeat')), 'parallel.heartbeat=60'];
  const key = JSON.stringify([calm, threads]);
  const run = undisturbed.get(key) ?? runWithFault(t, calm, threads, null);
  undisturbed.set(key, run);
  return run;
}

/** Of a worker that waits to be terminated, hanging is no fault; one whose memory is nearly full collects garbage for long. */
const wordsFor = (kind: Kind, ...more: string[]) =>
  kind === 'terminate' || kind === 'memory'
    ? [...base, ...more, 'parallel.heartbeat=60']
    : [...base, ...more];

for (const kind of Object.keys(kinds) as Kind[])
  test(`${kind}, fail: the error names the worker, its step and the cause, and no thread is left`, async (t) => {
    const words = wordsFor(kind, 'parallel.sync=owner');
    const { error, outcome, lost, steps, left } = await runWithFault(t, words, 2, {
      kind,
      rank: 1,
      step: 13,
    });
    assert.ok(error instanceof WorkerFailure, String(error));
    assert.match(error.message, /^worker 1 failed in step 13 \(compute\): /);
    assert.match(error.message, kinds[kind]);
    assert.deepEqual([error.rank, error.place?.step, outcome, lost.length, left], [1, 13, null, 0, 0]);
    assert.ok(steps.length >= 10 && steps.length < 13, `${steps.length} steps`);
  });

function assertSame(got: FaultyRun, expected: FaultyRun): void {
  assert.equal(got.error, null);
  assert.deepEqual(got.tensors, expected.tensors);
  assert.deepEqual(got.steps, expected.steps);
  assert.deepEqual(got.evaluations, expected.evaluations);
  assert.deepEqual(got.epochs, expected.epochs);
  assert.equal(got.outcome?.reason, expected.outcome?.reason);
  assert.equal(got.left, 0);
}

/** Each kind, and each strategy with each number of threads, for a thread that ends and for one that hangs. */
const cases = [
  ...(['exit owner 2', 'exit units 3', 'throw owner 3', 'memory units 2', 'terminate owner 3'] as const),
  ...(['loop owner 3', 'loop units 2', 'kernel owner 2', 'sleep units 3'] as const),
];
for (const [kind, sync, threads] of cases.map((line) => line.split(' ') as [Kind, string, string]))
  test(`${kind}, continue, ${sync} with ${threads} threads: the bits and reports of an undisturbed run`, async (t) => {
    const words = wordsFor(kind, `parallel.sync=${sync}`, 'parallel.onWorkerLoss=continue');
    const rank = Number(threads) - 1;
    const got = await runWithFault(t, words, Number(threads), { kind, rank, step: 17 });
    assert.equal(got.lost.length, 1);
    assert.match(got.lost[0].failure.message, kinds[kind]);
    assert.match(got.lost[0].failure.message, new RegExp(`^worker ${rank} failed in step 17 `));
    assertSame(got, await without(t, words, Number(threads)));
  });

for (const [what, keys] of [
  ['average', ['parallel.sync=average']],
  ['sharded', ['parallel.sync=sharded', 'log.noiseScale=true']],
  ['local-sgd', ['parallel.sync=local-sgd', 'parallel.localSteps=3']],
  [
    'tail average',
    ['train.tailAverage=0.9', 'train.tailEvery=2', 'optimizer.name=adam', 'optimizer.lr=0.01'],
  ],
  ['best weights', ['stop.restoreBest=true', 'optimizer.lr=0.9']],
  ['chosen rows', ['train.selective.beta=1', 'parallel.sync=owner']],
] as const)
  test(`continue, ${what}: the bits and reports of an undisturbed run with the same threads`, async (t) => {
    const words = [...base, ...keys, 'parallel.onWorkerLoss=continue'];
    const got = await runWithFault(t, words, 2, { kind: 'exit', rank: 0, step: 17 });
    assert.equal(got.lost.length, 1);
    assertSame(got, await without(t, words, 2));
  });

test('continue, direction features, which new workers make again', async (t) => {
  // Batches that are large enough for all workers to train.
  const words = ['data.features.kind=directions', 'model.hidden=[]', 'data.take=1280', 'train.batch=640'];
  words.push('parallel.onWorkerLoss=continue', 'train.epochs=5');
  const got = await runWithFault(t, words, 2, { kind: 'exit', rank: 1, step: 7 });
  assert.equal(got.lost.length, 1);
  assertSame(got, await without(t, words, 2));
});

test('hogwild goes on too, to other bits', async (t) => {
  const words = [...base, 'parallel.sync=hogwild', 'parallel.onWorkerLoss=continue'];
  // Whichever rank claims the step.
  const got = await runWithFault(t, words, 1, { kind: 'exit', rank: 0, step: 17 });
  assert.deepEqual([got.error, got.lost.length, got.left], [null, 1, 0]);
  assert.deepEqual(
    got.steps.map(([step]) => step),
    Array.from({ length: 30 }, (_, i) => i + 1),
  );
});

/** Commands of one step, each with a pause after it: copies are made by time. */
const slow = {
  atMost: () => 1,
  between() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40);
  },
};

test('continue: a run goes on from the last copy, not from its start', async (t) => {
  const words = [...base, 'parallel.sync=owner', 'parallel.onWorkerLoss=continue'];
  const got = await runWithFault(t, words, 2, { kind: 'throw', rank: 0, step: 28 }, slow);
  assert.equal(got.lost.length, 1);
  const { step } = got.lost[0].from;
  assert.ok(step > 0 && step < 28, `from step ${step}`);
  assertSame(got, await without(t, words, 2));
});

test('continue: a command that takes seconds does not delay the copies', async (t) => {
  const words = ['model.hidden=[1024,1024]', 'train.batch=64', 'data.take=12800', 'train.epochs=1'];
  words.push('parallel.sync=owner', 'parallel.onWorkerLoss=continue', 'stop.on=train');
  const got = await runWithFault(t, words, 2, { kind: 'exit', rank: 1, step: 190 });
  assert.equal(got.error, null);
  assert.deepEqual([got.lost.length, got.steps.length], [1, 200]);
  assert.ok(got.lost[0].from.step > 0, 'from its start');
});

test('fail: an observer gets the last copy, of a whole step', async (t) => {
  const words = [...base, 'parallel.sync=owner'];
  const kept: number[] = [];
  const observer = { ...slow, failed: ({ state }: { state: { step: number } }) => kept.push(state.step) };
  const got = await runWithFault(t, words, 2, { kind: 'throw', rank: 0, step: 28 }, observer);
  assert.ok(got.error instanceof WorkerFailure);
  assert.equal(kept.length, 1);
  assert.ok(kept[0] > 0 && kept[0] < 28, `step ${kept[0]}`);
});

test('an interruption in the middle of a step that takes too long: the same', async (t) => {
  const words = [...base, 'parallel.sync=owner', 'parallel.heartbeat=60'];
  const kept: number[] = [];
  const controller = new AbortController();
  const observer: Partial<RunObserver> = {
    ...slow,
    between({ step }) {
      slow.between();
      // The next command takes the long step.
      if (step === 27) setTimeout(() => controller.abort(), 50);
    },
    failed: ({ state }) => kept.push(state.step),
  };
  const fault = { kind: 'long', rank: 0, step: 28 };
  const got = await runWithFault(t, words, 2, fault, observer, controller.signal);
  assert.ok(got.error instanceof Interrupted, String(got.error));
  assert.equal(kept.length, 1);
  assert.ok(kept[0] > 0 && kept[0] < 28, `step ${kept[0]}`);
});

test('fail: that copy becomes a checkpoint in the folder, unless one of its step or a later one is there', async (t) => {
  const folder = await temporaryFolder(t);
  const words = [...base, 'checkpoint.every=1000steps'];
  const config = await configure(...words);
  const { trainer, session } = await openSession(await someMnist(640, 500), 1, words);
  t.after(() => trainer.close());
  await trainer.start(1);
  const task = {
    ...{ config, folder, facts: factsOfTest(config), length: runLength(config, 640) },
    ...{ flush() {}, records: [], warn() {}, from: null, best: null, metric: metricOf('accuracy') },
  };
  const checkpoints = Checkpoints.of(task, session);
  const kept = capture(session, { ...initialState(1), step: 15, epoch: 2 });
  checkpoints?.observer.failed?.(kept);
  await checkpoints?.finish();
  const older = { ...kept, state: { ...kept.state, step: 14 } };
  checkpoints?.observer.failed?.(older);
  await checkpoints?.finish();
  assert.deepEqual(checkpointsIn(folder), [checkpointName(15)]);
  assert.deepEqual(readCheckpoint(join(folder, lastName)).checkpoint, kept);
});

/** A wait without an end would stop the suite. */
const endless = { timeout: 120_000 };

for (const kind of ['loop', 'kernel', 'sleep'] as const)
  test(`${kind}, beside a loss that is not finite: it ends the run`, endless, async (t) => {
    const words = [...base, 'parallel.sync=owner', 'parallel.heartbeat=3600', 'optimizer.lr=1e30'];
    const got = await runWithFault(t, words, 2, { kind, rank: 1, step: 2 });
    assert.ok(got.error instanceof Diverged, String(got.error));
    assert.match(got.error.message, /the loss is not finite at step 2: /);
    assert.equal(got.left, 0);
  });

test(
  'a worker that does not leave a session at its end is terminated after parallel.heartbeat',
  endless,
  async (t) => {
    const words = [...base, 'parallel.sync=owner'];
    const got = await runWithFault(t, words, 2, { kind: 'stay', rank: 1, step: 0 });
    assert.deepEqual([got.error, got.outcome?.steps, got.left], [null, 30, 0]);
  },
);

test('continue: a step that fails again and again is no fault of the worker, and fails the run', async (t) => {
  const words = [...base, 'parallel.sync=owner', 'parallel.onWorkerLoss=continue'];
  const got = await runWithFault(t, words, 2, { kind: 'always', rank: 1, step: 13 });
  assert.ok(got.error instanceof WorkerFailure);
  assert.match(got.error.message, /worker 1 failed in step 13 \(compute\): a kernel trapped/);
  assert.ok(got.lost.length >= 1 && got.lost.length <= 3, `${got.lost.length} losses`);
  assert.equal(got.left, 0);
});

test('continue: a second, independent loss in a step that is taken again does not fail the run', async (t) => {
  const words = [...base, 'parallel.sync=owner', 'parallel.onWorkerLoss=continue', 'parallel.heartbeat=60'];
  const got = await runWithFault(t, words, 2, { kind: 'backwards2', rank: 1, step: 13 });
  assert.equal(got.lost.length, 2);
  assertSame(got, await without(t, words, 2));
});

test('continue: the fourth loss in a row without a new step fails the run', async (t) => {
  const words = [...base, 'parallel.sync=owner', 'parallel.onWorkerLoss=continue', 'parallel.heartbeat=60'];
  const got = await runWithFault(t, words, 2, { kind: 'backwards9', rank: 1, step: 29 });
  assert.ok(got.error instanceof WorkerFailure, String(got.error));
  assert.equal(got.lost.length, 3);
});
