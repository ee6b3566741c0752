/** How many worker threads a run gets, and why. */
import type { Config } from '../config/schema.js';
import {
  evaluationMicroseconds,
  extractionMicroseconds,
  stepMicroseconds,
} from '../data/transforms/directions/team.js';
import { directionShape } from '../kernels/directions/spec.js';
import type { CoreCount } from '../machine/cores.js';

export interface ThreadChoice {
  readonly count: number;
  readonly reason: string;
}

/** What starting workers costs, in wall time, before the first of them computes anything. */
const workerStartMs = 50;

/** Useful arithmetic of fully connected layers on one core. */
const layerFlopPerMs = 40e6;

/** Workers start before the data is known, so `auto` judges by the size of MNIST and its like. */
export const usualImages = { train: 60_000, evaluated: 10_000 };
export const usualPixels = 784;

/**
 * `auto` starts more than one worker only where the work of one core, estimated, is worth more than starting them.
 * `images`: of the training and of the evaluated part; `pixels`: of an image.
 */
export function chooseThreads(
  config: Config,
  cores: CoreCount,
  images: { readonly train: number; readonly evaluated: number },
  pixels: number,
): ThreadChoice {
  const { threads } = config.parallel;
  if (typeof threads === 'number') return { count: threads, reason: 'asked for' };
  if (threads !== 'auto') return { count: cores[threads], reason: `as many as ${threads} cores` };
  const workMs = estimateMs(config, images, pixels);
  const work = `the run is about ${workMs.toFixed(0)} ms of work for one core`;
  return workMs * (1 - 1 / cores.physical) > workerStartMs
    ? { count: cores.physical, reason: `${work}: a worker on every physical core pays` }
    : { count: 1, reason: `${work}: more workers cost about ${workerStartMs} ms to start` };
}

/** Milliseconds of the whole run on one core, every epoch with one evaluation. */
export function estimateMs(
  config: Config,
  { train, evaluated }: { readonly train: number; readonly evaluated: number },
  pixels: number,
): number {
  const { features: spec, take, pool } = config.data;
  const { batch, epochs } = config.train;
  const images = take ?? train;
  if (spec.kind === 'directions') {
    const shape = directionShape(spec);
    const features = ((images + evaluated) * extractionMicroseconds(shape)) / 1000;
    if (config.model.hidden.length > 0)
      return features + layersMs(config, { train: images, evaluated }, shape.inputs);
    const training = Math.ceil(images / batch) * epochs * stepMicroseconds(batch, shape);
    return features + (training + epochs * evaluated * evaluationMicroseconds(shape)) / 1000;
  }
  return layersMs(config, { train: images, evaluated }, pixels / pool ** 2);
}

/** Milliseconds of training and evaluating fully connected layers on `inputs` numbers an image. */
function layersMs(
  { model, train: { epochs } }: Config,
  { train, evaluated }: { readonly train: number; readonly evaluated: number },
  inputs: number,
): number {
  const sizes = [inputs, ...model.hidden, 10];
  const weights = sizes.slice(1).reduce((sum, outputs, l) => sum + outputs * sizes[l], 0);
  return (epochs * weights * (6 * train + 2 * evaluated)) / layerFlopPerMs;
}
