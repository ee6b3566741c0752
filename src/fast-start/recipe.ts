/**
 * The recipe in the form that the race reads: plain numbers, computed when the program is built, because no YAML reader
 * is loaded before the accuracy is known.
 */

import { labelSmoothingOf } from '../config/loss-keys.js';
import type { Config } from '../config/schema.js';
import { type DirectionShape, directionShape } from '../kernels/directions/spec.js';
import { peakRate } from '../optim/batch-scaling.js';
import { runLength } from '../plan/run-length.js';
import { ExitCode, UserError } from '../user-error.js';

export interface RaceRecipe {
  /** The configuration's name. */
  readonly name: string;
  readonly target: number;
  /** Plain: sums of two rows, central differences, 4 × 4 pooling cells, no products. */
  readonly shape: DirectionShape;
  /** The leading training images in the order of the file, as with `data.shuffle=false`. */
  readonly images: number;
  readonly batch: number;
  /** Peak of the schedule. */
  readonly learningRate: number;
  readonly schedule: Config['schedule'];
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  readonly labelSmoothing: number;
}

/** @throws UserError (usage) for a configuration that the race cannot run. */
export function raceRecipe(name: string, config: Config): RaceRecipe {
  const { data, model, train, optimizer, schedule, stop, loss } = config;
  const shape = directionShape(data.features);
  const { images, stepsPerEpoch, totalSteps } = runLength(config, 60_000);
  const refuse = (what: string) => new UserError(`${name}: the race needs ${what}`, ExitCode.usage);
  const needs: readonly (readonly [boolean, string])[] = [
    [data.set === 'mnist' && data.dir === null, 'data.set=mnist, as it is in the repository'],
    [data.features.kind === 'directions', 'data.features.kind=directions'],
    [model.hidden.length === 0, 'model.hidden=[]'],
    [
      !shape.allRows && !shape.sobel && shape.pool === 4 && shape.components === 0,
      'rows=pairs, gradient=central, pool=4 and quadratic=0 of data.features',
    ],
    [model.init.kind === 'zero' && model.init.file === null, 'model.init.kind=zero'],
    [images % train.batch === 0 && train.batch % 8 === 0, 'whole batches, of a multiple of 8'],
    [train.tailAverage === 0, 'train.tailAverage=0'],
    [train.epochs === 1 && totalSteps === stepsPerEpoch, 'one epoch'],
    [stop.on === 'test', 'stop.on=test'],
    [stop.every === 'epoch' || stop.every >= totalSteps, 'one evaluation, at the end'],
  ];
  const missing = needs.find(([holds]) => !holds);
  if (missing !== undefined) throw refuse(missing[1]);
  if (stop.target === null) throw refuse('stop.target');
  if (optimizer.name !== 'sgd') throw refuse('optimizer.name=sgd');
  if (optimizer.clip !== null) throw refuse('optimizer.clip=null');
  return {
    name,
    target: stop.target,
    shape,
    images,
    batch: train.batch,
    learningRate: peakRate(optimizer, train.batch),
    schedule,
    momentum: optimizer.momentum,
    nesterov: optimizer.nesterov,
    weightDecay: optimizer.weightDecay,
    labelSmoothing: labelSmoothingOf(loss),
  };
}
