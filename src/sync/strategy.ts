/**
 * A way of combining the workers' work. The synchronous strategies (average, sharded, owner, units) all train on the same
 * average gradient of the batch and differ in which rank sums and applies it. In the others (hogwild, local-sgd) the
 * workers train apart, on replicas.
 */
import type { Backend, ShardResult } from '../backend/backend.js';
import type { Slice } from '../model/slice.js';
import type { SyncName } from '../plan/plan.js';
import type { LocalPlan } from '../plan/plan-replicas.js';
import type { Units } from '../plan/plan-units.js';
import { average } from './average.js';
import type { Balance } from './balance.js';
import { hogwild } from './hogwild.js';
import { localSgd } from './local-sgd.js';
import { owner } from './owner.js';
import type { PhaseClock } from './phase-clock.js';
import type { Replica } from './replica.js';
import { sharded } from './sharded.js';
import { units } from './units.js';

/** One step from the view of one rank. */
export interface Step {
  readonly backend: Backend;
  readonly rank: number;
  readonly ranks: number;
  /** Step number from 1, and its learning rate. */
  number: number;
  learningRate: number;
  /**
   * The batch: its first sample in the epoch's order and its number of rows; the whole batch, and this rank's share.
   */
  firstSample: number;
  batchRows: number;
  readonly rows: { first: number; last: number };
  readonly shard: { first: number; last: number };
  result: ShardResult;
  readonly ownSlices: readonly Slice[];
  /** In `units`: this rank's hidden units. */
  readonly ownUnits: Units;
  readonly allSlices: readonly Slice[];
  readonly buffers: number;
  /** The norms of every slice are needed before any slice is updated. */
  readonly measures: boolean;
  /** If the ranks even out their work while it goes on. */
  readonly balance: Balance | null;
  /** This rank's replica if the workers train apart, and when the replicas are averaged. */
  readonly replica: Replica | null;
  readonly local: LocalPlan;
  readonly clock: PhaseClock;
  /** Waits for all workers (and, in `average`, the coordinator). */
  readonly barrier: () => void;
}

export interface SyncStrategy {
  /** Whether the coordinator joins every step's two barriers. */
  readonly coordinated: boolean;
  /** Whether each step belongs to the one worker that claims it first, instead of to all. */
  readonly claims?: boolean;
  /** Before a run's first steps. */
  readonly begin?: (step: Step) => void;
  /** Whether all ranks meet in a step, so that all can stop after it; if absent, they meet in every step. */
  readonly meets?: (step: Step) => boolean;
  /**
   * After a command's last step, which `step` still describes: the shared weights become those that are evaluated and
   * saved.
   */
  readonly finish?: (step: Step) => void;
  /** A worker's share of the step. `step.result` is set before the first barrier. */
  readonly work: (step: Step) => void;
  /** The coordinator's share, between the two barriers. */
  readonly combine?: (
    step: Pick<Step, 'backend' | 'allSlices' | 'buffers' | 'measures' | 'number' | 'learningRate'>,
  ) => void;
}

export const strategies: Readonly<Record<SyncName, SyncStrategy>> = {
  average,
  sharded,
  owner,
  units,
  hogwild,
  'local-sgd': localSgd,
};
