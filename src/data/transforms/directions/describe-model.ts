/** Writes the constants of a plan that its kernels read, once. */

import { labelSmoothingOf } from '../../../config/loss-keys.js';
import type { Config } from '../../../config/schema.js';
import { writeLinearModel } from '../../../kernels/directions/linear-model.js';
import type { Region } from '../../../memory/arena.js';
import type { DirectionsPlan } from './plan.js';

/** From the plan of a run. */
interface ModelPlan {
  readonly optimizer: Config['optimizer'];
  readonly outputs: number;
  readonly loss: Config['loss'];
  readonly regions: { readonly parameters: Region; readonly states: Region };
}

/** Fills the plan's table of constants, except the scale, which is fitted. */
export function describeModel(plan: ModelPlan, directions: DirectionsPlan, memory: WebAssembly.Memory): void {
  const { optimizer, outputs, loss, regions } = plan;
  const { shape, model, mean, shift, projection, centres, rows, projected, deltas } = directions;
  const sgd = optimizer.name === 'sgd' ? optimizer : { momentum: 0, nesterov: false, weightDecay: 0 };
  writeLinearModel(memory, model.offset, {
    features: shape.features,
    components: shape.components,
    classes: outputs,
    smoothing: labelSmoothingOf(loss),
    momentum: sgd.momentum,
    nesterov: Number(sgd.nesterov),
    decay: sgd.weightDecay,
    weights: regions.parameters.offset,
    velocity: regions.states.offset,
    mean: mean.offset,
    shift: shift.offset,
    projection: projection.offset,
    centres: centres.offset,
    rows: rows.offset,
    projected: projected.offset,
    deltas: deltas.offset,
  });
}
