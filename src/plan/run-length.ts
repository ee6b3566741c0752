/** The length of a run: steps, and the images read in them. */
import type { Config } from '../config/schema.js';

/** Counts of a run, from the configuration and the size of the training part. */
export function runLength(config: Config, trainImages: number) {
  const { batch, epochs, steps, dropLast } = config.train;
  const images = config.data.take ?? trainImages;
  const stepsPerEpoch = dropLast ? Math.floor(images / batch) : Math.ceil(images / batch);
  const totalSteps = Math.min(epochs * stepsPerEpoch, steps ?? Number.POSITIVE_INFINITY);
  return { images, stepsPerEpoch, totalSteps };
}

/** Images read in `steps` steps; the last batch of an epoch may be partial. */
export function imagesOf(steps: number, stepsPerEpoch: number, batch: number, images: number): number {
  const epochs = Math.floor(steps / stepsPerEpoch);
  const perEpoch = Math.min(images, stepsPerEpoch * batch);
  return epochs * perEpoch + Math.min((steps - epochs * stepsPerEpoch) * batch, perEpoch);
}
