/** PyTorch's golden runs, and the check that a session repeats one. */
import assert from 'node:assert/strict';
import {
  fileOrder,
  openSession,
  readGolden,
  realMnist,
  relativeError,
  someMnist,
  takeSteps,
} from './training.ts';

export const hidden3216 = ['model.hidden=[32,16]', 'train.batch=64'];

/** What each golden run was configured to be. */
export const goldenCases: Record<string, string[]> = {
  'mlp-momentum': [...hidden3216],
  'mlp-nesterov-wd': [...hidden3216, 'optimizer.nesterov=true', 'optimizer.weightDecay=0.001'],
  'mlp-adam': ['model.hidden=[32]', 'train.batch=64', 'optimizer.name=adam'],
  'mlp-adamw': ['model.hidden=[32]', 'train.batch=64', 'optimizer={name: adamw, weightDecay: 0.5}'],
  'mlp-clip': [
    'model.hidden=[32]',
    'train.batch=64',
    'optimizer={name: sgd, momentum: 0.9, weightDecay: 0.001, clip: 0.5}',
  ],
  'mlp-sigmoid': [...hidden3216, 'model.activation=sigmoid'],
  'mlp-pooled': [
    'data.pool=2',
    'data.normalise=centre',
    'model.hidden=[64]',
    'train.batch=128',
    'optimizer.nesterov=true',
  ],
};

/** Losses and hits of every step, and the weights at the end. */
export async function matchGolden(
  name: string,
  threads: number,
  overrides: readonly string[],
  where: string,
): Promise<void> {
  const golden = readGolden(name);
  const words = [...goldenCases[name], ...overrides];
  // The images that are centred are so by the means of all.
  const isCentred = words.includes('data.normalise=centre');
  const images = golden.losses.length * golden.batch;
  const dataset = isCentred ? await realMnist() : await someMnist(images, 1);
  const { session } = await openSession(dataset, threads, words);
  session.setParameters(golden.tensors, name, 'init.');
  fileOrder(session);
  const rates = golden.losses.map(() => golden.lr);
  const steps = await takeSteps(session, 0, rates, 0, dataset.train.count);
  await session.close();
  steps.forEach(({ loss, batchAccuracy }, i) => {
    const error = Math.abs(loss - golden.losses[i]) / golden.losses[i];
    assert.ok(error < 1e-4, `${where}: loss of step ${i + 1} is off by ${error}`);
    assert.equal(Math.round(batchAccuracy * golden.batch), golden.correct[i], `${where}: hits`);
  });
  for (const [key, { data, shape }] of session.parameters()) {
    const expected = golden.tensors.get(`final.${key}`);
    assert.deepEqual(shape, expected?.shape);
    const error = relativeError(data, expected?.data ?? []);
    assert.ok(error < 1e-3, `${where}: ${key} is off by ${error}`);
  }
}
