/**
 * A backend computes on rows of a batch and on slices of the parameters. It knows nothing of threads, files, schedules
 * or logs: the worker and the sync strategy decide which rank computes what, and when.
 *
 * No method is optional: a decorator that forgets one does not compile. A backend throws for an operation that it
 * lacks; the capabilities of the configuration refuse such a run earlier.
 */
import type { PartName } from '../data/dataset.js';
import type { Slice } from '../model/slice.js';
import type { Units } from '../plan/plan-units.js';

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

/** Steps that one rank takes alone; see RunCommand for the first three fields. */
export interface SoloSteps {
  readonly count: number;
  readonly firstSample: number;
  readonly epochSamples: number;
  /** Byte offsets: f64 learning rates [count], and the places of loss sum and hits (2 f64) of each step. */
  readonly rates: number;
  readonly metrics: number;
  readonly metricsStride: number;
}

export interface Backend {
  /**
   * Forward pass, loss and backward pass down to the deltas of the first layer, for `rows` of the batch that starts at
   * `firstSample` of the epoch's order. Gradients are those of the mean over `batchRows` rows, so the shards' gradients
   * add up to the batch's average for shards of any sizes. `step` counts from 1; the masks of dropout depend on it.
   */
  propagate(firstSample: number, rows: Rows, batchRows: number, step: number, result: ShardResult): void;

  /**
   * For a network of one hidden layer: forward pass of all `rows` of the batch through some hidden units. Each block of
   * units writes its part of the outputs to place `place`, 0 or 1. `shard`: this rank's share of the rows, for
   * everything about rows that the ranks divide among them.
   */
  forwardUnits(firstSample: number, rows: Rows, shard: Rows, units: Units, place: number, step: number): void;

  /** Then, from every block's part at `place`: the loss of all rows, and the deltas of some hidden units. */
  backwardUnits(rows: Rows, units: Units, place: number, result: ShardResult): void;

  /** Overwrites the slice's section of gradient buffer `buffer` with its gradient over `rows` of the batch. */
  gradient(slice: Slice, rows: Rows, buffer: number): void;

  /** Adds gradient buffers 1 … buffers − 1 to buffer 0, in this order, over one slice. */
  reduce(slice: Slice, buffers: number): void;

  /**
   * Called before any slice of the step is updated: computes this slice's norms for an optimiser with a rate for each
   * layer, or for clipping.
   */
  measure(slice: Slice): void;

  /** One optimiser step of a slice from gradient buffer 0; `step` counts from 1. */
  update(slice: Slice, step: number, learningRate: number): void;

  /** Recomputes everything derived from the parameters, after they were set from outside. */
  refresh(slices: readonly Slice[]): void;

  /** Called after the parameters have changed, before a part is evaluated. */
  beginEvaluation(): void;

  /**
   * Loss and hits of samples [first, last) of a part, at most one evaluation chunk. `made`: byte offset of their inputs
   * if they are made within the run; the plan gives the place of packed samples.
   */
  evaluate(part: PartName, first: number, last: number, made: number, result: ShardResult): void;

  /**
   * Forward pass of `rows` of the batch that starts at `firstSample`. Each row's loss goes to its place in `losses`;
   * returns their sum and hits. No unit is left out.
   */
  score(firstSample: number, rows: Rows, losses: Float64Array, result: ShardResult): void;

  /** Whole steps without the other ranks. */
  trainAlone(steps: SoloSteps): void;

  /** At the end of a session: releases everything held besides the shared memory. */
  close(): void;
}
