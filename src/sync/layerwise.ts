/**
 * The update of an optimiser whose rate depends on a whole layer, in strategies that give every rank the gradient of
 * its own slices. Each rank computes the norms of its slices, then all ranks wait at one more barrier.
 */
import type { Step } from './strategy.js';

export function updateLayerwise(step: Step): void {
  step.clock.enter('update');
  for (const slice of step.ownSlices) step.backend.measure(slice);
  step.clock.enter('wait');
  step.barrier(); // every slice has its norms before any rank sums a layer, and before any weight changes
  step.clock.enter('update');
  for (const slice of step.ownSlices) step.backend.update(slice, step.number, step.learningRate);
}
