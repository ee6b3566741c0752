/**
 * The reference: each worker computes the gradient of its shard. The coordinator averages the gradients, applies the
 * optimiser and releases the next step. The same number of threads gives the same bits.
 */
import type { SyncStrategy } from './strategy.js';

export const average: SyncStrategy = {
  coordinated: true,
  work(step) {
    step.clock.enter('compute');
    step.backend.propagate(step.firstSample, step.shard, step.batchRows, step.number, step.result);
    for (const slice of step.allSlices) step.backend.gradient(slice, step.shard, step.rank);
    step.clock.enter('wait');
    step.barrier(); // every gradient is written before the coordinator reads one
    step.barrier(); // every parameter is written before a worker reads one
  },
  combine({ backend, allSlices, buffers, measures, number, learningRate }) {
    for (const slice of allSlices) {
      backend.reduce(slice, buffers);
      if (measures) backend.measure(slice);
      else backend.update(slice, number, learningRate);
    }
    if (measures) for (const slice of allSlices) backend.update(slice, number, learningRate);
  },
};
