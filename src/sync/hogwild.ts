/**
 * Hogwild! (Niu, Recht, Ré & Wright 2011): every worker claims whole batches of `train.batch` images, computes their
 * gradients and applies them to the shared weights, without barriers or locks. Reads and writes are unordered by
 * design: a worker may read a partly written update of another and may overwrite a few updates. So the learning rate
 * and the number of steps have the same meaning as in serial SGD, but several workers never give the same bits twice.
 *
 * The paper proves convergence for sparse gradients without momentum. Momentum is per worker, as in PyTorch's Hogwild
 * example: a shared velocity would be decayed once for every worker's step. Asynchrony itself adds some momentum
 * (Mitliagkas et al. 2016).
 */
import type { SyncStrategy } from './strategy.js';

export const hogwild: SyncStrategy = {
  coordinated: false,
  claims: true,
  begin({ replica }) {
    if (replica?.isCurrent) replica.begin();
    else replica?.adopt(); // the velocity is zero, the transposed weights are the initial ones
  },
  work(step) {
    const { replica, clock } = step;
    if (replica === null) throw new Error('hogwild needs replicas');
    const { backend } = replica;
    clock.enter('compute');
    backend.propagate(step.firstSample, step.rows, step.batchRows, step.number, step.result);
    const update = replica.countUpdate();
    for (const slice of step.allSlices) {
      clock.enter('compute');
      backend.gradient(slice, step.rows, 0);
      clock.enter('update');
      backend.update(slice, update, step.learningRate);
    }
  },
  finish(step) {
    step.clock.enter('wait');
    step.barrier(); // every update is written before anything is derived from the weights
    step.backend.refresh(step.ownSlices);
    step.barrier(); // everything is derived before any rank evaluates
  },
};
