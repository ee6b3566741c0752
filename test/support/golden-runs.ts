/** A run of PyTorch repeated: its losses step by step, and the weights that it ends with, on one to three threads. */
import assert from 'node:assert/strict';
import type { Dataset } from '../../dist/data/dataset.js';
import type { Tensor } from '../../dist/model/safetensors.js';
import { fileOrder, openSession, relativeError, takeSteps } from './training.ts';

export interface GoldenRun {
  readonly initial: ReadonlyMap<string, Tensor>;
  /** Of the steps of two epochs, in the order of the file. */
  readonly losses: readonly number[];
  readonly final: ReadonlyMap<string, Tensor>;
  readonly lr: number;
}

/** `isSame`: also the same bits on any number of threads. */
export async function repeatsGolden(
  dataset: Dataset,
  overrides: readonly string[],
  { initial, losses: expected, final, lr }: GoldenRun,
  isSame: boolean,
): Promise<void> {
  const found = new Map<number, Map<string, Tensor>>();
  for (const threads of [1, 2, 3]) {
    const { session } = await openSession(dataset, threads, overrides);
    session.setParameters(initial, 'the golden run');
    fileOrder(session);
    const rates = new Array<number>(expected.length / 2).fill(lr);
    const steps = await takeSteps(session, 0, rates, 0, dataset.train.count);
    steps.push(...(await takeSteps(session, rates.length, rates, 0, dataset.train.count)));
    await session.close();
    const losses = steps.map(({ loss }) => loss);
    assert.ok(relativeError(losses, expected) < 1e-4, `${losses} instead of ${expected}`);
    const parameters = session.parameters();
    assert.deepEqual([...parameters.keys()].sort(), [...final.keys()].sort());
    for (const [key, { data, shape }] of parameters) {
      assert.deepEqual(shape, final.get(key)?.shape);
      assert.ok(relativeError(data, final.get(key)?.data ?? []) < 1e-3, `${threads} threads: ${key}`);
    }
    found.set(threads, parameters);
  }
  if (!isSame) return;
  assert.deepEqual(found.get(2), found.get(1));
  assert.deepEqual(found.get(3), found.get(1));
}
