/**
 * The update that depends on norms of the whole gradient, in strategies that give every rank the gradient of its own
 * slices. Each rank computes the norms of its slices, then all ranks wait at one more barrier.
 */
import type { Step } from './strategy.js';

export function updateMeasured(step: Step): void {
  step.clock.enter('update');
  for (const slice of step.ownSlices) step.backend.measure(slice);
  step.clock.enter('wait');
  step.barrier(); // every slice has its norms before any rank sums them, and before any weight changes
  step.clock.enter('update');
  for (const slice of step.ownSlices) step.backend.update(slice, step.number, step.learningRate);
}
