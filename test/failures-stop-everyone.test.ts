import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { prepareData } from '../dist/coordinator/prepare-data.js';
import { OwnResources } from '../dist/coordinator/resources.js';
import { Session } from '../dist/coordinator/session.js';
import { openSetup, planFor } from '../dist/coordinator/setup.js';
import { Trainer } from '../dist/coordinator/trainer.js';
import { loadKernels } from '../dist/kernels/load.js';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';
import { makePlan } from '../dist/plan/make-plan.js';
import { UserError } from '../dist/user-error.js';
import { openPool } from '../dist/worker/pool.js';
import { WorkerFailure } from '../dist/worker/session-errors.js';
import { configure, fileOrder, openSession, syntheticDataset, takeSteps } from './support/training.ts';

const dataset = syntheticDataset({
  rows: 8,
  columns: 8,
  classes: 5,
  train: 600,
  test: 50,
  density: 0.3,
  seed: 4,
});
const sizes = [64, 20, 5];
const overrides = ['model.hidden=[20]', 'train.batch=60'];

async function ready(threads: number, words: readonly string[] = overrides, signal?: AbortSignal) {
  const { session, trainer } = await openSession(dataset, threads, words, signal);
  const network = [64, ...trainer.plan.layers.map(({ outputs }) => outputs)];
  session.setParameters(initialTensors(denseNetwork(network), 'torch', new Rng(1)), 'seed 1');
  fileOrder(session);
  return session;
}

for (const sync of ['owner', 'units', 'sharded', 'average', 'hogwild', 'local-sgd']) {
  test(`${sync}: a worker that throws ends the session with its own error, and the others leave`, async () => {
    const session = await ready(3, [...overrides, `parallel.sync=${sync}`]);
    session.order[0] = 2 ** 29; // rank 0 reads far outside the memory: the kernel traps; in hogwild whoever claims step 1
    await assert.rejects(takeSteps(session, 0, [0.1, 0.1, 0.1], 0, 600), (error) => {
      assert.ok(error instanceof WorkerFailure);
      if (sync !== 'hogwild') assert.equal(error.rank, 0);
      assert.match(error.message, new RegExp(`worker ${error.rank} .*out of bounds`));
      return true;
    });
    await session.close();
  });

  test(`${sync}: an abort in the middle of a long command ends it after whole steps, none or some, before its last one`, async (t) => {
    // However long a step takes on a busy machine, it is not given up.
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const controller = new AbortController();
    const hidden = sync === 'units' ? '[8000]' : '[1000,1000]';
    const words = [`model.hidden=${hidden}`, 'train.batch=1', `parallel.sync=${sync}`];
    const session = await ready(2, words, controller.signal);
    t.after(() => session.close());
    const rates = new Array(600).fill(1e-6);
    // When this returns the command is sent, and its 600 steps are seconds of work.
    const running = takeSteps(session, 0, rates, 0, 600);
    controller.abort();
    await assert.rejects(running, { name: 'Interrupted' });
    const work = { first: 0, rates, firstSample: 0, epochSamples: 600, extract: false, evaluate: null };
    const finished = session.finishedSteps(work).length;
    assert.equal(session.isWhole, true);
    assert.ok(finished < 600, `${finished} steps`);
    const stopped = session.parameters();
    await session.close();
    if (sync === 'hogwild') return;
    const again = await ready(2, words);
    t.after(() => again.close());
    if (finished > 0) await takeSteps(again, 0, rates.slice(0, finished), 0, 600);
    assert.deepEqual(again.parameters(), stopped);
  });
}

for (const sync of ['owner', 'units', 'hogwild', 'local-sgd'])
  test(`${sync}: a worker that is lost ends the session instead of hanging it`, async () => {
    const config = await configure(...overrides, `parallel.sync=${sync}`);
    const data = prepareData(dataset, config);
    const plan = makePlan(config, data.facts, 2, 2);
    const pool = openPool(2);
    const session = await Session.open(
      plan,
      { data, kernels: loadKernels() },
      pool,
      new AbortController().signal,
    );
    session.setParameters(initialTensors(denseNetwork(sizes), 'torch', new Rng(1)), 'seed 1');
    fileOrder(session);
    const endless = async () => {
      for (;;) await takeSteps(session, 0, new Array(10).fill(1e-6), 0, 600);
    };
    setTimeout(() => pool.close(), 200); // terminates the worker threads in mid-step
    await assert.rejects(endless(), WorkerFailure);
    await session.close();
  });

for (const sync of ['owner', 'units', 'hogwild', 'local-sgd'])
  test(`${sync}: a loss that is not finite names the step and the likely cause`, async () => {
    const session = await ready(2, [...overrides, `parallel.sync=${sync}`]);
    // Hogwild's steps do not wait for each other: one worker may still be in step 8 when another makes the bad update of
    // step 9, and an update that began before may be written after it, so the first to see it may be any of the ten.
    // For the same reason that bad update may be overwritten, so later ones are as bad.
    // Infinite as a float32: a merely huge rate can leave units dead and the loss finite.
    const rates = [0.1, 1e39, ...Array(8).fill(sync === 'hogwild' ? 1e39 : 0.1)];
    try {
      await assert.rejects(takeSteps(session, 7, rates, 0, 600), {
        exitCode: 1,
        message:
          sync === 'hogwild'
            ? /not finite .*step ([89]|1[0-7])\b.*optimizer\.lr/
            : /not finite .*step (9|1[0-7])\b.*optimizer\.lr/,
      });
    } finally {
      await session.close();
    }
  });

test('a session after a failed one is unharmed by it', async () => {
  const broken = await ready(3);
  broken.order[0] = 2 ** 29;
  await assert.rejects(takeSteps(broken, 0, [0.1], 0, 600), WorkerFailure);
  await broken.close();
  const session = await ready(3);
  const [{ loss }] = await takeSteps(session, 0, [0.1], 0, 600);
  assert.ok(loss > 0 && loss < 5);
  await session.close();
});

test('a session that does not open: its pool is closed, and not lent to the next one', async () => {
  const resources = new OwnResources(
    new AbortController().signal,
    () => {},
    () => {},
    true,
  );
  const setup = await openSetup({
    config: await configure('data.take=600', ...overrides, 'parallel.threads=2'),
    cores: { physical: 2, logical: 2, available: 2 },
    signal: new AbortController().signal,
    note: () => {},
    warn: () => {},
    resources,
  });
  const lost = resources.borrow(2);
  await resources.giveBack(lost, 2);
  const plan = planFor(setup);
  await assert.rejects(Trainer.open(setup, { ...plan, bytes: 2 ** 50 }), UserError);
  const next = resources.borrow(2);
  assert.notEqual(next, lost);
  await resources.giveBack(next, 2);
  const trainer = await Trainer.open(setup, plan);
  assert.ok((await trainer.train(1, {})).steps > 0);
  await trainer.close();
  await resources.close();
});

// A barrier that spun while its neighbours have the cores would take hours for these steps: the limit is for that alone.
test('with busy neighbours on every core the same steps are taken', { timeout: 300_000 }, async () => {
  const session = await ready(2);
  const losses = async () => {
    session.setParameters(initialTensors(denseNetwork(sizes), 'torch', new Rng(1)), 'seed 1');
    const found: number[] = [];
    for (let i = 0; i < 40; i++)
      for (const { loss } of await takeSteps(session, 0, new Array(10).fill(1e-3), 0, 600)) found.push(loss);
    return found;
  };
  const alone = await losses();
  const neighbours = [1, 2].map(() => new Worker('for (;;);', { eval: true }));
  try {
    assert.deepEqual(await losses(), alone);
  } finally {
    await Promise.all(neighbours.map((worker) => worker.terminate()));
    await session.close();
  }
});
