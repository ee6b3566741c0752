/**
 * The update of an optimiser whose rate depends on a whole layer, where every rank has the gradient of its own slices:
 * each measures them, and all wait for each other once more.
 */
import type { Step } from './strategy.js';

export function updateLayerwise(step: Step): void {
  step.clock.enter('update');
  for (const slice of step.ownSlices) step.backend.measure(slice);
  step.clock.enter('wait');
  step.barrier(); // every slice is measured before anyone adds up a layer, and before any weight changes
  step.clock.enter('update');
  for (const slice of step.ownSlices) step.backend.update(slice, step.number, step.learningRate);
}
