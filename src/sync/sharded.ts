/**
 * Reduce-scatter: each worker computes the gradient of its shard, then sums and applies its own slices of all gradients
 * (as the optimiser states are partitioned in ZeRO, Rajbhandari et al. 2020). The result is that of `average`, bit for
 * bit, for the same number of threads.
 */
import { updateMeasured } from './measured.js';
import type { SyncStrategy } from './strategy.js';

export const sharded: SyncStrategy = {
  coordinated: false,
  work(step) {
    step.clock.enter('compute');
    step.backend.propagate(step.firstSample, step.shard, step.batchRows, step.number, step.result);
    for (const slice of step.allSlices) step.backend.gradient(slice, step.shard, step.rank);
    step.clock.enter('wait');
    step.barrier(); // every gradient is written before any rank sums
    step.clock.enter('update');
    for (const slice of step.ownSlices) {
      step.backend.reduce(slice, step.buffers);
      if (!step.measures) step.backend.update(slice, step.number, step.learningRate);
    }
    if (step.measures) updateMeasured(step);
    step.clock.enter('wait');
    step.barrier(); // every parameter is written before any rank reads
  },
};
