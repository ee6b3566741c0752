/** Operations on a slice of the parameters that every backend runs in WebAssembly, for every layout. */

import type { Kernels } from '../kernels/kernels.js';
import type { Slice } from '../model/slice.js';
import type { Optimizer } from '../optim/optimizer.js';
import type { Plan } from '../plan/plan.js';

/** Byte offset of gradient buffer `buffer`, as long as the parameters. */
export function gradientBuffer({ regions, parameters }: Plan, buffer: number): number {
  return regions.gradients.offset + buffer * parameters * 4;
}

/**
 * Byte offset of a slice's gradient on rank `rank`: its section of gradient buffer `buffer`, or the rank's one place,
 * which stays in the rank's cache from slice to slice.
 */
export function gradientOf(plan: Plan, rank: number, slice: Slice, buffer = 0): number {
  const { regions, gradientPlaceBytes } = plan;
  return gradientPlaceBytes === null
    ? gradientBuffer(plan, buffer) + slice.offset * 4
    : regions.gradients.offset + rank * gradientPlaceBytes;
}

/** Adds gradient buffers 1 … buffers − 1 to buffer 0, in this order. */
export function reduceSlice(plan: Plan, kernels: Kernels, slice: Slice, buffers: number): void {
  const bytes = slice.offset * 4;
  for (let buffer = 1; buffer < buffers; buffer++)
    kernels.addInto(gradientBuffer(plan, 0) + bytes, gradientBuffer(plan, buffer) + bytes, slice.floats);
}

/** The norms that a layer-wise optimiser needs: of the slice's weights and of gradient buffer 0. */
export function measureSlice(plan: Plan, optimizer: Optimizer, slice: Slice): void {
  const bytes = slice.offset * 4;
  optimizer.measure(slice, plan.regions.parameters.offset + bytes, gradientBuffer(plan, 0) + bytes);
}

/** One step of the optimiser from the slice's gradient: in buffer 0, or in the rank's one place. */
export function updateSlice(
  plan: Plan,
  rank: number,
  optimizer: Optimizer,
  slice: Slice,
  step: number,
  learningRate: number,
): void {
  const bytes = slice.offset * 4;
  const state = plan.regions.states.offset + bytes;
  optimizer.update(
    plan.regions.parameters.offset + bytes,
    [state, state + plan.parameters * 4],
    gradientOf(plan, rank, slice),
    slice,
    step,
    learningRate,
  );
}
