/** Threads that the system refuses, or that end before their task: one line with the reason, in every command that starts some. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Worker } from 'node:worker_threads';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { train } from '../dist/index.js';
import { Predictor } from '../dist/inference/predictor.js';
import { loadKernels } from '../dist/kernels/load.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';
import { UserError } from '../dist/user-error.js';
import { WorkerFailure } from '../dist/worker/session-errors.js';
import { cli, workingDirectory } from './support/cli.ts';
import { runWithFault } from './support/faulty-run.ts';
import { configure, syntheticDataset } from './support/training.ts';

const refusal =
  /^the system allows no more threads \(EAGAIN\): raise `ulimit -u` [^\n]*, or use fewer `--threads`$/;

/** From now on `new Worker` throws after so many, as Node does if the system refuses the thread. */
const refusing = (more: number) => `
  const threads = require('node:worker_threads');
  const { Worker } = threads;
  let left = ${more};
  if (threads.isMainThread)
    threads.Worker = class extends Worker {
      constructor(...words) {
        if (left-- <= 0)
          throw Object.assign(new Error('Worker initialization failure: EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
        super(...words);
      }
    };`;

/** The same in this process until the end of the test. */
function refuseAfter(t: TestContext, more: number): void {
  const require = createRequire(import.meta.url);
  const threads: { Worker: typeof Worker } = require('node:worker_threads');
  const { Worker: original } = threads;
  new Function('require', refusing(more))(require);
  syncBuiltinESMExports();
  t.after(() => {
    threads.Worker = original;
    syncBuiltinESMExports();
  });
}

const words = ['train', '--config', 'pixels-97', 'data.take=64', 'train.steps=2', 'stop.target=null'];

for (const [what, preload, stderr] of [
  ['no thread is allowed', refusing(0), refusal],
  ['the second thread is refused', refusing(1), refusal],
  [
    'workers throw before their task',
    "if (!require('node:worker_threads').isMainThread) throw new Error('broken');",
    /^worker \d failed: broken$/,
  ],
  [
    'workers exit before their task',
    "if (!require('node:worker_threads').isMainThread) process.exit(7);",
    /^worker \d failed: (a )?worker exited /,
  ],
] as const)
  test(`training, ${what}: exit 1 and one line`, async (t) => {
    const cwd = await workingDirectory(t);
    const file = join(cwd, 'preload.cjs');
    writeFileSync(file, preload);
    const environment = { NODE_OPTIONS: `--require "${file}"` };
    const run = await cli([...words, '--threads', '2', '--quiet', '--out', 'run'], { cwd, environment });
    assert.deepEqual([run.code, run.stdout], [1, ''], run.stderr);
    const [first, ...others] = run.stderr.trimEnd().split('\n');
    assert.match(first.replace(/^error: /, ''), stderr);
    // Code that throws is a bug, and said to be one.
    const isBug = /this is a bug/.test(others.join());
    assert.deepEqual([isBug, others.length], [what.includes('throw'), isBug ? 1 : 0], run.stderr);
  });

test('a lost worker that cannot be replaced: the run fails with the reason, and leaves no thread', async (t) => {
  refuseAfter(t, 2);
  const run = ['model.hidden=[96]', 'data.take=640', 'train.batch=64', 'train.epochs=3', 'stop.target=null'];
  run.push('parallel.sync=owner', 'parallel.onWorkerLoss=continue');
  const { error, lost, left } = await runWithFault(t, run, 2, { kind: 'exit', rank: 1, step: 13 });
  assert.ok(error instanceof WorkerFailure && error.isGone, String(error));
  assert.match(error.message, refusal);
  assert.deepEqual([lost.length, left], [0, 0]);
});

test('a prediction on several threads is refused with the reason', async (t) => {
  const config = await configure('model.hidden=[16]', 'train.batch=16');
  const sizes = { rows: 8, columns: 8, classes: 4, train: 64, test: 64 };
  const dataset = syntheticDataset({ ...sizes, density: 0.5, seed: 1 });
  const { facts, pipeline } = prepareData(dataset, config);
  const network = { config, facts, pipeline };
  const tensors = initialTensors(denseNetwork([64, 16, 4]), 'torch', new Rng(1));
  refuseAfter(t, 1);
  const opening = Predictor.open(network, tensors, loadKernels(), 'tensors', { threads: 3, cores: 3 });
  await assert.rejects(opening, (error) => error instanceof UserError && refusal.test(error.message));
});

test('the library: a training whose thread is refused is rejected with the reason', async (t) => {
  refuseAfter(t, 0);
  const data = { inputs: [[0], [1]], targets: ['a', 'b'] };
  await assert.rejects(
    train(data).model,
    (error) => error instanceof UserError && refusal.test(error.message),
  );
});
