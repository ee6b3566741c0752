/** The other backends against PyTorch and against the kernels. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denseNetwork, initialTensors } from '../dist/model/network.js';
import { Rng } from '../dist/numbers/rng.js';
import { goldenCases, matchGolden } from './support/golden.ts';
import { needsTfjs } from './support/tfjs.ts';
import { fileOrder, openSession, relativeError, syntheticDataset, takeSteps } from './support/training.ts';

const backends = [
  { backend: 'tfjs-node', options: needsTfjs },
  { backend: 'js', options: {} },
];
const strategies = ['average', 'sharded', 'owner'];
/** Every pair of strategy, packing and number of threads. */
const pairs = [
  ['average', 'sparse', 1],
  ['average', 'dense', 2],
  ['sharded', 'sparse', 2],
  ['sharded', 'dense', 1],
  ['owner', 'sparse', 1],
  ['owner', 'dense', 2],
] as const;

/** Widths that are no multiple of anything, a last batch that is not full, more threads than some batches have rows. */
async function trained(backend: string, threads: number, overrides: readonly string[]) {
  const [rows, columns, classes] = [5, 7, 6];
  const shape = { rows, columns, classes, train: 45, test: 33 };
  const dataset = syntheticDataset({ ...shape, density: 0.4, seed: 3 });
  const { session } = await openSession(dataset, threads, [
    'model.hidden=[50,9]',
    'loss.labelSmoothing=0.1',
    'train.batch=22',
    'optimizer.weightDecay=0.01',
    `backend=${backend}`,
    ...overrides,
  ]);
  session.setParameters(
    initialTensors(denseNetwork([rows * columns, 50, 9, classes]), 'torch', new Rng(5)),
    'x',
  );
  fileOrder(session);
  const steps = await takeSteps(session, 0, [0.1, 0.1, 0.1], 0, 45);
  const evaluation = await session.evaluate('test');
  await session.close();
  return { steps, evaluation, parameters: session.parameters() };
}

for (const { backend, options } of backends) {
  // optimizer.clip is refused with backend=js, which has no norms.
  for (const name of Object.keys(goldenCases).filter((one) => backend !== 'js' || one !== 'mlp-clip')) {
    test(
      `${backend}, ${name}: PyTorch's losses, gradient and weights, 1 and 2 threads`,
      options,
      async () => {
        for (const [sync, packing, threads] of pairs) {
          const overrides = [`backend=${backend}`, `parallel.sync=${sync}`, `data.packing=${packing}`];
          await matchGolden(name, threads, overrides, `${sync}, ${packing}, ${threads} threads`);
        }
      },
    );
  }

  for (const activation of ['relu', 'tanh', 'gelu', 'sigmoid']) {
    for (const normalise of ['mnist', 'centre', 'whiten', 'none']) {
      test(
        `${backend}, ${activation}, ${normalise}: the kernels' losses, weights and evaluation`,
        options,
        async () => {
          const overrides = [`model.activation=${activation}`, `data.normalise=${normalise}`];
          const expected = await trained('wasm', 1, overrides);
          for (const sync of strategies) {
            for (const threads of [1, 2, 3]) {
              const got = await trained(backend, threads, [...overrides, `parallel.sync=${sync}`]);
              const where = `${sync}, ${threads} threads`;
              got.steps.forEach(({ loss, batchAccuracy }, i) => {
                assert.ok(
                  Math.abs(loss / expected.steps[i].loss - 1) < 1e-5,
                  `${where}: loss of step ${i + 1}`,
                );
                assert.equal(batchAccuracy, expected.steps[i].batchAccuracy, where);
              });
              assert.equal(got.evaluation.accuracy, expected.evaluation.accuracy, where);
              assert.ok(Math.abs(got.evaluation.loss / expected.evaluation.loss - 1) < 1e-5, where);
              for (const [key, { data }] of got.parameters) {
                const error = relativeError(data, expected.parameters.get(key)?.data ?? []);
                assert.ok(error < 1e-4, `${where}: ${key} is off by ${error}`);
              }
            }
          }
        },
      );
    }
  }
}
