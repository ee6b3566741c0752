/**
 * Owner computes (Callahan & Kennedy 1988): the workers share the samples in the forward and backward pass, and the
 * parameters in the rest of the step. After the barrier each worker computes the gradient of its own slices over the
 * whole batch, in sample order, and applies it at once. There is no reduction and only one gradient buffer. The result
 * is bitwise the same for every number of threads.
 */
import { updateMeasured } from './measured.js';
import type { SyncStrategy } from './strategy.js';

export const owner: SyncStrategy = {
  coordinated: false,
  work(step) {
    const { balance } = step;
    step.clock.enter('compute');
    balance?.begin();
    step.backend.propagate(step.firstSample, step.shard, step.batchRows, step.number, step.result);
    balance?.report();
    step.clock.enter('wait');
    step.barrier(); // every row's activations and deltas are written before any rank sums over the batch
    const slices = balance?.slices ?? step.ownSlices;
    for (let place = 0; place < slices.length; place++) {
      if (balance !== null && !balance.claim(place)) continue;
      const slice = slices[place];
      step.clock.enter('compute');
      step.backend.gradient(slice, step.rows, 0);
      if (step.measures) continue;
      step.clock.enter('update');
      step.backend.update(slice, step.number, step.learningRate);
    }
    if (step.measures) updateMeasured(step);
    balance?.adjust(step.batchRows);
    step.clock.enter('wait');
    step.barrier(); // every parameter is written, and every delta read, before the next forward pass
  },
};
