/** The number of worker threads of a run, and the reason for it. */
import type { Config } from '../config/schema.js';
import {
  evaluationMicroseconds,
  extractionMicroseconds,
  stepMicroseconds,
} from '../data/transforms/directions/team.js';
import { directionShape } from '../kernels/directions/spec.js';
import type { CoreCount } from '../machine/cores.js';
import { imagesOf, runLength } from './run-length.js';

export interface ThreadChoice {
  readonly count: number;
  readonly reason: string;
}

/** Wall time of starting workers, before the first of them computes anything. */
const workerStartMs = 50;

/** Useful arithmetic of fully connected layers on one core. */
const layerFlopPerMs = 40e6;

/** The facts that determine the work of a run, besides its configuration. */
export interface WorkSize {
  /** Samples of the training part and of the evaluated one. */
  readonly train: number;
  readonly evaluated: number;
  /** Of a sample, as the network sees it. */
  readonly inputs: number;
  readonly classes: number;
}

/** The requested number; null if the work, and so the data, decides it. */
export function fixedThreads({ parallel: { threads } }: Config, cores: CoreCount): ThreadChoice | null {
  if (typeof threads === 'number') return { count: threads, reason: 'requested' };
  return threads === 'auto' ? null : { count: cores[threads], reason: `as many as ${threads} cores` };
}

/** `auto`: more than one worker only if the estimated work of one core takes longer than starting more workers. */
export function chooseThreads(config: Config, cores: CoreCount, size: WorkSize): ThreadChoice {
  const fixed = fixedThreads(config, cores);
  if (fixed !== null) return fixed;
  const workMs = estimateMs(config, size);
  const work = `the run is about ${workMs < 10 ? workMs.toFixed(1) : workMs.toFixed(0)} ms of work for one core`;
  return workMs * (1 - 1 / cores.physical) > workerStartMs
    ? { count: cores.physical, reason: `${work}: a worker on every physical core pays` }
    : { count: 1, reason: `${work}: more workers cost about ${workerStartMs} ms to start` };
}

/** Milliseconds of the whole run on one core. */
export function estimateMs(config: Config, size: WorkSize): number {
  const { evaluated, inputs } = size;
  const { features: spec } = config.data;
  const { batch } = config.train;
  const { images, stepsPerEpoch, totalSteps } = runLength(config, size.train);
  const { every } = config.stop;
  const evaluations = Math.ceil(totalSteps / (every === 'epoch' ? stepsPerEpoch : every));
  const work = {
    seen: imagesOf(totalSteps, stepsPerEpoch, batch, images),
    evaluated: evaluations * evaluated,
    classes: size.classes,
  };
  if (spec.kind === 'directions') {
    const shape = directionShape(spec);
    const features = ((images + evaluated) * extractionMicroseconds(shape)) / 1000;
    if (config.model.hidden.length > 0) return features + layersMs(config, work, shape.inputs);
    const training = totalSteps * stepMicroseconds(batch, shape);
    return features + (training + work.evaluated * evaluationMicroseconds(shape)) / 1000;
  }
  return layersMs(config, work, inputs);
}

/** Milliseconds of training on `seen` images and evaluating others, by fully connected layers on `inputs` numbers an image. */
function layersMs(
  { model }: Config,
  {
    seen,
    evaluated,
    classes,
  }: { readonly seen: number; readonly evaluated: number; readonly classes: number },
  inputs: number,
): number {
  const sizes = [inputs, ...model.hidden, classes];
  const weights = sizes.slice(1).reduce((sum, outputs, l) => sum + outputs * sizes[l], 0);
  return (weights * (6 * seen + 2 * evaluated)) / layerFlopPerMs;
}
