/**
 * A way of combining the workers' work in a synchronous step. Every strategy trains on the same average
 * gradient of the batch; they differ in who sums it and who applies it.
 */
import type { Backend, ShardResult } from '../backend/backend.js';
import type { SyncName } from '../coordinator/plan.js';
import type { Slice } from '../coordinator/slices.js';
import type { PhaseClock } from '../worker/phase-clock.js';
import { average } from './average.js';
import { owner } from './owner.js';
import { sharded } from './sharded.js';

/** One step as one rank sees it. */
export interface Step {
  readonly backend: Backend;
  readonly rank: number;
  /** Step number from 1, and its learning rate. */
  number: number;
  learningRate: number;
  /** The batch: its first sample in the epoch's order and how many rows; all of them, and this rank's share. */
  firstSample: number;
  batchRows: number;
  readonly rows: { first: number; last: number };
  readonly shard: { first: number; last: number };
  result: ShardResult;
  readonly ownSlices: readonly Slice[];
  readonly allSlices: readonly Slice[];
  readonly buffers: number;
  /** The optimiser wants every slice measured before any is updated. */
  readonly layerwise: boolean;
  readonly clock: PhaseClock;
  /** Waits for all workers (and, in `average`, the coordinator). */
  readonly barrier: () => void;
}

export interface SyncStrategy {
  /** Gradient buffers needed: 1, or one for each thread. */
  readonly gradientBuffers: (threads: number) => number;
  /** Whether the coordinator takes part in every step's two barriers. */
  readonly coordinated: boolean;
  /** A worker's part. `step.result` is set before the first barrier. */
  readonly work: (step: Step) => void;
  /** The coordinator's part between the two barriers. */
  readonly combine?: (
    step: Pick<Step, 'backend' | 'allSlices' | 'buffers' | 'layerwise' | 'number' | 'learningRate'>,
  ) => void;
}

export const strategies: Readonly<Record<SyncName, SyncStrategy>> = { average, sharded, owner };

export function gradientBuffers(sync: SyncName, threads: number): number {
  return strategies[sync].gradientBuffers(threads);
}
