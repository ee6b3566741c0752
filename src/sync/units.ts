/**
 * Tensor parallelism within the cores (Shoeybi et al. 2019), for networks of one hidden layer: each worker has some of
 * the hidden units instead of some of the rows. The weights, activations, deltas and gradients of a unit stay on its
 * core. Only each block's part of the outputs crosses, so a step has one barrier. Every rank adds the parts in the same
 * order, and computes the loss of all rows: the result is bitwise the same for every number of threads.
 *
 * The output bias belongs to the last block, and its owner updates it. A rank without units, of more ranks than blocks,
 * waits at the barrier, turns its share of the rows into columns, and evaluates.
 */
import { updateMeasured } from './measured.js';
import type { SyncStrategy } from './strategy.js';

export const units: SyncStrategy = {
  coordinated: false,
  work(step) {
    const { backend, rows, ownUnits, result } = step;
    // What other ranks read after the barrier is written to two places in turn: none writes a place until all have
    // arrived at the barrier of the step after, and so have read it. A single rank keeps one place in its cache.
    const place = step.ranks === 1 ? 0 : step.number % 2;
    step.clock.enter('compute');
    backend.forwardUnits(step.firstSample, rows, step.shard, ownUnits, place, step.number);
    step.clock.enter('wait');
    step.barrier(); // every block's part of the outputs, and every rank's columns, are written
    step.clock.enter('compute');
    backend.backwardUnits(rows, ownUnits, place, result);
    // Each rank with units has the loss of all rows; rank 0 is one of them, and reports it.
    if (step.rank > 0) result.lossSum = result.correct = 0;
    for (const slice of step.ownSlices) {
      step.clock.enter('compute');
      backend.gradient(slice, rows, 0);
      if (step.measures) continue;
      step.clock.enter('update');
      backend.update(slice, step.number, step.learningRate);
    }
    if (step.measures) updateMeasured(step);
  },
  finish(step) {
    step.clock.enter('wait');
    step.barrier(); // every parameter is written before any rank evaluates
  },
};
