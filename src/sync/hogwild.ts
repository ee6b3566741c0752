/**
 * Hogwild! (Niu, Recht, Ré & Wright 2011): every worker claims whole batches of `train.batch` images, computes their
 * gradients and applies them to the shared weights, without barriers or locks. Reads and writes race: a worker sees
 * some of the others' updates half done and may undo a few, which is the point. So the learning rate and the number of
 * steps mean what they mean in serial SGD, but more than one worker never gives the same bits twice.
 *
 * The paper proves this for sparse gradients and has no momentum. Momentum is per worker, as in PyTorch's Hogwild
 * example: a shared velocity would be decayed once for every worker's step. Asynchrony adds some momentum by itself
 * (Mitliagkas et al. 2016).
 */
import type { SyncStrategy } from './strategy.js';

export const hogwild: SyncStrategy = {
  coordinated: false,
  claims: true,
  begin({ replica }) {
    replica?.adopt(); // its velocity is zero, its transposed weights are those of the start
  },
  work(step) {
    const { replica, clock } = step;
    if (replica === null) throw new Error('hogwild needs replicas');
    const { backend } = replica;
    clock.enter('compute');
    backend.propagate(step.firstSample, step.rows, step.batchRows, step.result);
    replica.updates++;
    for (const slice of step.allSlices) {
      clock.enter('compute');
      backend.gradient(slice, step.rows, 0);
      clock.enter('update');
      backend.update(slice, replica.updates, step.learningRate);
    }
  },
  finish(step) {
    step.clock.enter('wait');
    step.barrier(); // every update is written before anything is derived from the weights
    step.backend.refresh(step.ownSlices);
    step.barrier(); // everything is derived before anyone evaluates
  },
};
