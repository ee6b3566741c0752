/** The number of worker threads of a run, and the reason for it. */
import type { Config } from '../config/schema.js';
import {
  evaluationMicroseconds,
  extractionMicroseconds,
  stepMicroseconds,
} from '../data/transforms/directions/team.js';
import { directionShape } from '../kernels/directions/spec.js';
import { evenThreads, weightedThreads } from '../machine/core-speeds.js';
import type { CoreCount } from '../machine/cores.js';
import { plural } from '../numbers/words.js';
import { settledSync } from './choose-sync.js';
import type { SyncName } from './plan.js';
import { blocksOf, unitsPerBlock } from './plan-units.js';
import { imagesOf, runLength } from './run-length.js';

export interface ThreadChoice {
  readonly count: number;
  readonly reason: string;
}

/** Wall time of starting workers, before the first of them computes anything. */
const workerStartMs = 50;

/** Useful arithmetic of fully connected layers on one core. */
export const layerFlopPerMs = 40e6;

/** The facts that determine the work of a run, besides its configuration. */
export interface WorkSize {
  /** Samples of the training part and of the evaluated one. */
  readonly train: number;
  readonly evaluated: number;
  /** Of a sample, as the network sees it. */
  readonly inputs: number;
  readonly classes: number;
}

/** More threads a CPU than this only wait for each other. Up to `leastThreads`, the number is always as requested. */
const [threadsPerCpu, leastThreads] = [4, 8];

/** The requested number; null if it depends on the work, and so on the data. `sync`: null if that depends on them too. */
export function fixedThreads(
  config: Config,
  cores: CoreCount,
  sync = settledSync(config),
): ThreadChoice | null {
  const { threads } = config.parallel;
  if (typeof threads === 'number') return askedThreads(threads, config, cores);
  if (threads === 'physical') {
    const differ = (cores.speeds ?? []).length > 0;
    return sync === null && differ ? null : coreThreads(cores, sync ?? 'owner');
  }
  return threads === 'auto' ? null : { count: cores.available, reason: 'as many as logical cores' };
}

/** Whether the bits of the weights do not depend on the number of threads, computed by the kernels or in TypeScript. */
export const sameForAnyThreads = (sync: string): boolean => ['auto', 'owner', 'units'].includes(sync);

/**
 * The requested number. A number far above that of the CPUs is reduced if the strategy is owner or units: each
 * worker sums over the whole batch, so fewer threads give the same weights.
 */
function askedThreads(asked: number, { parallel, backend }: Config, { available }: CoreCount): ThreadChoice {
  const most = Math.max(leastThreads, threadsPerCpu * available);
  if (asked <= most || !sameForAnyThreads(parallel.sync) || backend.name === 'tfjs-node')
    return { count: asked, reason: 'requested' };
  return {
    count: most,
    reason: `${asked} requested; more than ${most} only wait, and the result is the same`,
  };
}

/** One a core; if cores differ in speed, only as many as make the run faster. */
export function coreThreads(cores: CoreCount, sync: SyncName): ThreadChoice {
  const { speeds = [], pins = false } = cores;
  const all = 'as many as physical cores';
  if (speeds.length === 0) return { count: cores.physical, reason: all };
  const weighted = sync === 'owner' && pins;
  const count = weighted ? weightedThreads(speeds) : evenThreads(speeds);
  const slowest = Math.round(100 * speeds[speeds.length - 1].speed);
  const differ = `the slowest of ${speeds.length} physical cores has ${slowest} % of the speed of the fastest`;
  return { count, reason: `${differ}: ${weighted ? 'work in proportion' : 'even work'} on ${count} of them` };
}

/** The warning about more threads than CPUs; null if there are enough. */
export function oversubscription(
  asked: number,
  chosen: number,
  { available, limit }: CoreCount,
): string | null {
  if (asked <= available) return null;
  const cause = limit ? `allowed by ${limit}` : 'all that the machine has';
  const effect =
    chosen < asked
      ? `${chosen} are started, with the same result`
      : 'they take turns, and a step takes longer';
  return `${asked} threads were asked for on ${plural(available, 'CPU')}, ${cause}: ${effect}`;
}

/**
 * `auto`: more than one worker only if the estimated work of one core takes longer than starting more workers; with units,
 * not more than have blocks of them.
 */
export function chooseThreads(
  config: Config,
  cores: CoreCount,
  size: WorkSize,
  sync: SyncName,
): ThreadChoice {
  const fixed = fixedThreads(config, cores, sync);
  if (fixed !== null) return fixed;
  const workMs = estimateMs(config, size);
  const work = `the run is about ${workMs < 10 ? workMs.toFixed(1) : workMs.toFixed(0)} ms of work for one core`;
  const onCores = coreThreads(cores, sync).count;
  const all = sync === 'units' ? Math.min(onCores, blocksOf(config.model.hidden[0])) : onCores;
  const each = all < onCores ? `for each block of ${unitsPerBlock} hidden units` : 'on every physical core';
  return workMs * (1 - 1 / all) > workerStartMs
    ? { count: all, reason: `${work}: a worker ${each} is faster` }
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
  const beside = model.shortcut ? inputs * classes : 0;
  const weights = sizes.slice(1).reduce((sum, outputs, l) => sum + outputs * sizes[l], beside);
  return (weights * (6 * seen + 2 * evaluated)) / layerFlopPerMs;
}

/** A line for people if there are more threads than blocks of hidden units; null if all have work. */
export function idleRanks({ model }: Config, sync: SyncName, threads: number): string | null {
  if (sync !== 'units') return null;
  const blocks = blocksOf(model.hidden[0]);
  if (threads <= blocks) return null;
  const work = `${plural(blocks, 'block')} of hidden units are the work of as many threads`;
  return `parallel.sync=units: ${work}, the other ${threads - blocks} only evaluate`;
}
