/**
 * The recipe as the race takes it: plain numbers, worked out when the program is built, since no YAML reader is loaded
 * before the accuracy is known.
 */
import type { Config } from '../config/schema.js';
import { runLength } from '../coordinator/training-run.js';
import { knownSets } from '../data/known-sets.js';
import { type DirectionShape, directionShape } from '../directions/spec.js';

export interface RaceRecipe {
  /** The configuration's name. */
  readonly name: string;
  readonly target: number;
  /** Plain: sums of two rows, central differences, 4 × 4 cells, no products. */
  readonly shape: DirectionShape;
  /** The leading training images, in their order: as `data.shuffle=false` takes them. */
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

/** Module and race of a recipe. @throws RangeError for a configuration that the race cannot run. */
export function raceRecipe(name: string, config: Config): RaceRecipe {
  const { data, model, train, optimizer, schedule, stop, loss } = config;
  const shape = directionShape(data.features);
  const { images, stepsPerEpoch, totalSteps } = runLength(config, 60_000);
  const refusals: readonly (readonly [boolean, string])[] = [
    [data.set in knownSets && data.set === 'mnist' && data.dir === null, 'data.set=mnist'],
    [
      data.features.kind === 'directions' && model.hidden.length === 0,
      'a linear model on direction features',
    ],
    [
      !shape.allRows && !shape.sobel && shape.pool === 4 && shape.components === 0,
      'rows=pairs, gradient=central, pool=4 and quadratic=0 of data.features',
    ],
    [model.init.kind === 'zero' && model.init.file === null, 'model.init.kind=zero'],
    [data.take !== null && images % train.batch === 0 && train.batch % 8 === 0, 'whole batches of eights'],
    [totalSteps === stepsPerEpoch && train.epochs === 1, 'one epoch'],
    [stop.target !== null && stop.on === 'test', 'a target on the test set'],
    [stop.every === 'epoch' || stop.every >= totalSteps, 'one evaluation, at the end'],
  ];
  const refused = refusals.find(([holds]) => !holds);
  if (refused !== undefined) throw new RangeError(`${name}: the race needs ${refused[1]}`);
  if (optimizer.name !== 'sgd' || stop.target === null)
    throw new RangeError(`${name}: the race needs optimizer.name=sgd`);
  return {
    name,
    target: stop.target,
    shape,
    images,
    batch: train.batch,
    learningRate: optimizer.lr,
    schedule,
    momentum: optimizer.momentum,
    nesterov: optimizer.nesterov,
    weightDecay: optimizer.weightDecay,
    labelSmoothing: loss.labelSmoothing,
  };
}
