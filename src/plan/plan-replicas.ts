/**
 * Replicas of workers that train apart (`hogwild`, `local-sgd`). A replica holds everything that a step writes besides
 * the shared weights, and for `local-sgd` the weights too. A replica's plan is that of a run with one thread.
 */
import { trainsApart } from '../config/capabilities.js';
import type { Config } from '../config/schema.js';
import type { Region, Take } from '../memory/arena.js';
import type { LayerLayout } from '../model/layers/layer.js';
import { planDerived, type Workspace } from './network.js';
import type { Plan } from './plan.js';
import { runLength } from './run-length.js';
import { columnBytes } from './shards.js';

/** The regions of one rank. Vectors are as long as the parameters; gradients: see Plan. */
export interface ReplicaRegions {
  /** Null if the replicas share the weights of the plan. */
  readonly parameters: Region | null;
  readonly states: Region;
  /** f64 [2 + threads]: see sync/replica.ts. */
  readonly progress: Region;
  readonly gradients: Region;
  /** Derived from the parameters, like the plan's: see Plan. */
  readonly centredBias: Region;
  readonly derived: readonly (Region | null)[];
  readonly columns: Region;
  readonly scratch: Region;
  /** Rows of the rank's share of a batch: the whole batch in `hogwild`. */
  readonly training: Workspace;
}

/** When `local-sgd` averages the replicas. */
export interface LocalPlan {
  /** Steps between two averagings. */
  readonly steps: number;
  /** Number of steps at the start of a run that are synchronous: post-local SGD. */
  readonly from: number;
}

export function planLocal(config: Config, trainImages: number): LocalPlan | null {
  const { sync, localSteps, localAfter } = config.parallel;
  if (sync !== 'local-sgd') return null;
  return { steps: localSteps, from: Math.round(localAfter * runLength(config, trainImages).totalSteps) };
}

/** The inputs from which the sizes of the replicas follow; `training`: allocates a workspace for a number of rows. */
export interface ReplicaSizes {
  readonly threads: number;
  readonly features: number;
  /** Ranges of them in sparse rows. */
  readonly ranges: number;
  readonly gathers: boolean;
  /** Whether the first layer's weights are summed over ranges: see planDerived. */
  readonly sumsRanges: boolean;
  readonly layers: readonly LayerLayout[];
  readonly vectorBytes: number;
  readonly stateVectors: number;
  readonly gradientBytes: number;
  readonly scratchBytes: number;
  readonly training: (rows: number) => Workspace;
}

/** One for each rank; none if the workers step together. */
export function planReplicas(
  { parallel: { sync }, train: { batch } }: Config,
  sizes: ReplicaSizes,
  take: Take,
): ReplicaRegions[] {
  if (!trainsApart(sync)) return [];
  const { threads, features, gathers, layers, vectorBytes } = sizes;
  const rows = sync === 'hogwild' ? batch : Math.ceil(batch / threads);
  return Array.from({ length: threads }, () => ({
    parameters: sync === 'hogwild' ? null : take(vectorBytes),
    states: take(vectorBytes * sizes.stateVectors),
    progress: take((2 + threads) * 8),
    gradients: take(sizes.gradientBytes),
    centredBias: take(layers[0].width * 4),
    derived: planDerived(take, layers, sizes.sumsRanges),
    columns: take(gathers ? columnBytes(features, sizes.ranges, 1, rows) : 0),
    scratch: take(sizes.scratchBytes),
    training: sizes.training(rows),
  }));
}

/** The plan by which rank `rank` trains alone, as rank 0 of one thread; the slices are still those of all ranks. */
export function replicaPlan(plan: Plan, rank: number): Plan {
  const { parameters, states, gradients, centredBias, derived, columns, scratch, training } =
    plan.replicas[rank];
  return {
    ...plan,
    threads: 1,
    batch: training.rows,
    mostRows: training.rows,
    slices: [plan.slices.flat()],
    training,
    evaluation: [plan.evaluation[rank]],
    derived,
    regions: {
      ...plan.regions,
      parameters: parameters ?? plan.regions.parameters,
      states,
      gradients,
      centredBias,
      columns,
      scratch,
    },
    replicas: [],
  };
}
