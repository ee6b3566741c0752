/**
 * A backend computes on rows of a batch and on slices of the parameters. It knows nothing of threads, files,
 * schedules or logs: who computes what, and when, is decided by the worker and the sync strategy.
 */
import type { PartName } from '../data/dataset.js';
import type { Slice } from '../plan/slices.js';

/** Rows [first, last) of a batch. */
export interface Rows {
  readonly first: number;
  readonly last: number;
}

export interface ShardResult {
  /** Sum of the rows' losses. */
  lossSum: number;
  correct: number;
}

export interface Backend {
  /**
   * Forward pass, loss and backward pass down to the deltas of the first layer, for `rows` of the batch that
   * starts at `firstSample` of the epoch's order. Gradients are those of the mean over `batchRows` rows, so
   * the shards' gradients add up to the batch's average, however uneven the shards.
   */
  propagate(firstSample: number, rows: Rows, batchRows: number, result: ShardResult): void;

  /** Overwrites the slice's part of gradient buffer `buffer` with its gradient over `rows` of the batch. */
  gradient(slice: Slice, rows: Rows, buffer: number): void;

  /** Adds gradient buffers 1 … buffers − 1 to buffer 0, in this order, over one slice. */
  reduce(slice: Slice, buffers: number): void;

  /** Of an optimiser that must know every gradient of the step before any slice is updated: what it wants of this one. */
  measure?(slice: Slice): void;

  /** One optimiser step of a slice from gradient buffer 0; `step` counts from 1. */
  update(slice: Slice, step: number, learningRate: number): void;

  /** Brings everything derived from the parameters up to date, after they were set from outside. */
  refresh(slices: readonly Slice[]): void;

  /** At the end of a session; only backends that hold more than the shared memory need it. */
  close?(): void;
}

/** A backend on pixels, which lie in memory ready to be evaluated. */
export interface PixelBackend extends Backend {
  /** Loss and hits of samples [first, last) of a part, at most one evaluation chunk. */
  evaluate(part: PartName, first: number, last: number, result: ShardResult): void;

  /**
   * Forward pass of `rows` of the batch that starts at `firstSample`: each row's loss at its place in `losses`, and
   * their sum and hits. Only backends that selective back-propagation works with have it.
   */
  score?(firstSample: number, rows: Rows, losses: Float64Array, result: ShardResult): void;
}
