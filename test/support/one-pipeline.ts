/**
 * What holds of every run, whatever its configuration: threads, profiling, leaving the session and coming back from a
 * weights file change nothing.
 */

import assert from 'node:assert/strict';
import { labelSmoothingOf } from '../../dist/config/loss-keys.js';
import { namesOf } from '../../dist/data/target.js';
import {
  type Config,
  type Dataset,
  evaluateFile,
  type Prepared,
  predict,
  prepared,
  printedAndRead,
  type Trained,
  train,
  trainInParts,
  weightsFile,
} from './pairs.ts';

/** How many threads a run is done with beside one. */
export const severalThreads = 3;

/** All of it, in turn. False where the data contradict the configuration, or its loss becomes infinite: then nothing is said. */
export async function holdsForAll(config: Config, dataset: Dataset): Promise<boolean> {
  assert.deepEqual(await printedAndRead(config), config, 'printed as YAML and read again');
  const ready = prepared(config, dataset);
  if (ready === null) return false;
  const plain = await train(ready, severalThreads);
  if (plain === null) return false;
  if (['owner', 'units'].includes(config.parallel.sync))
    sameRun(plain, await train(ready, 1), '1 thread', 1e-6);
  const isFree = ['owner', 'units'].includes(config.parallel.sync);
  if (config.parallel.sync !== 'hogwild' && plain.losses.length > 1) {
    const step =
      1 + ((plain.losses.length * 7919 + Math.round(plain.losses[0] * 1e6)) % (plain.losses.length - 1));
    const resumed = await trainInParts(ready, severalThreads, step, isFree ? 2 : severalThreads);
    sameRun(plain, resumed, `stopped after step ${step} and resumed`, isFree ? 1e-6 : 0);
  }
  if (canBeProfiled(config)) sameRun(plain, await train(ready, severalThreads, true), 'profiled', 0);
  const file = weightsFile(plain, ready);
  assert.deepEqual(await evaluateFile(ready, file, severalThreads), plain.test, 'saved and loaded');
  await predictsAsEvaluated(ready, plain, file);
  return true;
}

/** As the profile command has it. */
const canBeProfiled = ({ parallel: { sync }, train: { selective } }: Config) =>
  sync !== 'hogwild' && sync !== 'local-sgd' && selective.beta === 0;

/** Weights and evaluations bit by bit; losses of steps within `tolerance`, relative. */
export function sameRun(expected: Trained, got: Trained | null, what: string, tolerance: number): void {
  assert.ok(got !== null, `${what}: the loss became infinite`);
  for (const [i, loss] of expected.losses.entries()) {
    const off = Math.abs(loss - (got.losses[i] ?? Number.NaN));
    assert.ok(off <= tolerance * Math.abs(loss), `${what}: loss of step ${i + 1}: ${got.losses[i]}, ${loss}`);
  }
  assert.equal(got.losses.length, expected.losses.length, `${what}: steps`);
  assert.deepEqual([...got.tensors.keys()], [...expected.tensors.keys()], `${what}: names of tensors`);
  for (const [name, { data }] of expected.tensors)
    assert.ok(bitsOf(data).equals(bitsOf(got.tensors.get(name)?.data)), `${what}: other bits of ${name}`);
  assert.deepEqual([got.last, got.test], [expected.last, expected.test], `${what}: evaluations`);
}

const bitsOf = (data: Float32Array = new Float32Array()) =>
  Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/**
 * Logits outside the session say what its evaluation says: the same accuracy, the same mean cross entropy, and of each
 * single image the same class.
 */
export async function predictsAsEvaluated(ready: Prepared, run: Trained, file: Uint8Array): Promise<void> {
  const { config, dataset } = ready;
  const logits = await predict(ready, file, 1);
  assert.deepEqual(await predict(ready, file, 2), logits, 'predicted by 2 threads');
  const { targets: labels, count } = dataset.test;
  const { length: classes } = namesOf(dataset.target);
  const { target } = ready.data.facts;
  const weights = (target.kind === 'class' ? target.weights : null) ?? new Array<number>(classes).fill(1);
  const chosen = new Uint32Array(count);
  let correct = 0;
  let loss = 0;
  for (let row = 0; row < count; row++) {
    const of = logits.subarray(row * classes, (row + 1) * classes);
    const greatest = Math.max(...of);
    chosen[row] = of.indexOf(greatest);
    correct += Number(chosen[row] === labels[row]);
    loss +=
      (config.loss.name === 'cross-entropy'
        ? crossEntropy(of, greatest, labels[row], labelSmoothingOf(config.loss), weights)
        : ofDifferences(config.loss, of, labels[row])) / count;
  }
  assert.equal(correct / count, run.test.accuracy, 'accuracy of the predictions');
  const off = Math.abs(loss - run.test.loss);
  assert.ok(off <= 1e-5 * Math.max(1, run.test.loss), `loss of the predictions: ${loss}, ${run.test.loss}`);
  // With the predicted classes for labels, a session that sees the same in every image is right about all.
  const { accuracy } = await evaluateFile(ready, file, severalThreads, chosen);
  assert.equal(accuracy, 1, 'images of which the session thinks as the predictions say');
}

/** A sum over the differences from the one-hot target. */
function ofDifferences(loss: Config['loss'], outputs: Float32Array, label: number): number {
  const curve = (d: number) => {
    if (loss.name === 'squared-error') return 0.5 * d * d;
    if (loss.name === 'absolute-error') return Math.abs(d);
    if (loss.name !== 'huber') throw new Error(loss.name);
    return Math.abs(d) < loss.delta ? 0.5 * d * d : loss.delta * Math.abs(d) - 0.5 * loss.delta ** 2;
  };
  return outputs.reduce((sum, z, k) => sum + curve(z - Number(k === label)), 0);
}

/** In float64, with a share of the target spread over all classes, each class with its weight. */
function crossEntropy(
  logits: Float32Array,
  greatest: number,
  label: number,
  smoothing: number,
  weights: readonly number[],
): number {
  const logSum = greatest + Math.log(logits.reduce((sum, z) => sum + Math.exp(z - greatest), 0));
  const surprise = (c: number) => weights[c] * (logSum - logits[c]);
  const all = logits.reduce((sum, _, c) => sum + surprise(c), 0);
  return (1 - smoothing) * surprise(label) + (smoothing * all) / logits.length;
}
