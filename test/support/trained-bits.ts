/** A short run of a session, to the bits of its weights. */
import { createHash } from 'node:crypto';
import type { Dataset } from '../../dist/data/dataset.js';
import { denseNetwork, initialTensors } from '../../dist/model/network.js';
import { Rng, shuffle } from '../../dist/numbers/rng.js';
import { openSession, takeSteps } from './training.ts';

export interface TrainedBits {
  /** SHA-256 of every weight. */
  readonly bits: string;
  readonly accuracy: number;
  readonly loss: number;
  /** Loss and accuracy of each step's batch. */
  readonly steps: readonly (readonly number[])[];
}

/** Trains two short epochs with a partial last batch. */
export async function trainedBits(
  dataset: Dataset,
  threads: number,
  overrides: readonly string[],
  images: number,
  batch: number,
): Promise<TrainedBits> {
  const { session, plan } = await openSession(dataset, threads, [...overrides, `train.batch=${batch}`]);
  const sizes = [plan.input.features, ...plan.layers.map((layer) => layer.outputs)];
  session.setParameters(initialTensors(denseNetwork(sizes), 'torch', new Rng(7)), 'seed 7');
  const perEpoch = Math.ceil(images / batch);
  const steps: number[][] = [];
  for (let epoch = 0; epoch < 2; epoch++) {
    session.order.forEach((_, i, order) => {
      order[i] = i;
    });
    shuffle(session.order, new Rng(7, 2 + epoch));
    const rates = new Array(perEpoch).fill(0.05);
    for (const step of await takeSteps(session, epoch * perEpoch, rates, 0, images))
      steps.push([step.loss, step.batchAccuracy]);
  }
  const { accuracy, loss } = await session.evaluate('test');
  const digest = createHash('sha256');
  for (const { data } of session.parameters().values()) digest.update(Buffer.from(data.buffer));
  await session.close();
  return { bits: digest.digest('hex'), accuracy: accuracy ?? Number.NaN, loss, steps };
}
