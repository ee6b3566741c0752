/**
 * The plan of a run: every size, offset, shard and slice. The coordinator computes it once (make-plan.ts) from the
 * resolved configuration and the facts of the data. It is a plain object, cloned to the workers and printed by
 * `--print-plan`.
 */
import type { MetricName } from '../config/choices.js';
import type { Config } from '../config/schema.js';
import type { PartName } from '../data/dataset.js';
import type { Packing } from '../data/packing.js';
import type { PartPlan, SampleRegions } from '../data/samples-plan.js';
import type { TargetFacts } from '../data/target.js';
import type { DirectionsPlan } from '../data/transforms/directions/plan.js';
import type { StoredSizes } from '../kernels/expansion.js';
import type { Region } from '../memory/arena.js';
import type { LayerLayout } from '../model/layers/layer.js';
import type { Slice } from '../model/slice.js';
import type { WeightRows } from '../optim/layer-norms.js';
import type { UpdaterRegions } from '../optim/updater-plan.js';
import type { ControlRegions } from './control.js';
import type { NetworkRegions, Workspace } from './network.js';
import type { BalancePlan } from './plan-balance.js';
import type { DropoutPlan } from './plan-dropout.js';
import type { LocalPlan, ReplicaRegions } from './plan-replicas.js';
import type { SelectionPlan } from './plan-selection.js';
import type { UnitsPlan } from './plan-units.js';
import type { Shares } from './shards.js';

export type { PartPlan } from '../data/samples-plan.js';
export type { Region } from '../memory/arena.js';
export type { Workspace } from './network.js';

/** A strategy that workers have; parallel.sync may leave the choice open: see choose-sync.ts. */
export type SyncName = Exclude<Config['parallel']['sync'], 'auto'>;

/** Facts of the data that sizes depend on. */
export interface DataFacts {
  readonly features: number;
  /** Of the network. */
  readonly outputs: number;
  readonly target: TargetFacts;
  readonly packing: Packing | 'directions';
  /** input = value · scale − shift[feature]; `shifted`: whether any shift is not zero. */
  readonly scale: number;
  readonly shifted: boolean;
  /** Of rows of a table; null: rows are packed as inputs, or as pixels. */
  readonly stored: StoredSizes | null;
  /** Non-zeros of each feature over the training images; they determine the work of a sparse layer. */
  readonly nonZeros: ArrayLike<number>;
  readonly parts: Readonly<Record<PartName, { readonly count: number; readonly nonZeros: number }>>;
}

export interface InputPlan {
  /** directions: made during the run (plan.directions); the other inputs are in plan.parts. */
  readonly packing: Packing | 'directions';
  readonly features: number;
  /** Dense and real: floats of an input row. */
  readonly width: number;
  /** Encoded: numbers of a row in memory. */
  readonly storedWidth: number;
  readonly scale: number;
  readonly shifted: boolean;
  /** Encoded: the most entries of a row, if rows become entries of sparse rows in the step; 0: they become dense inputs. */
  readonly entries: number;
  /** Sparse: log2 of the bytes of a weight row, and where each feature range ends. */
  readonly shiftBits: number;
  readonly rangeEnds: readonly number[];
  /** Sparse and shifted: whether each slice is a whole panel, whose owner also updates its centred bias. */
  readonly centredByOwner: boolean;
  /** Sparse: whether the gradient gathers from columns of the batch or scatters from its rows. */
  readonly gathers: boolean;
}

export interface ProfilePlan {
  /** The file of each thread's CPU profile; null: none is recorded. */
  readonly cpuProfiles: string | null;
  /** URLs of the modules that each rank and the coordinator load: they belong to a room above both. */
  readonly instruments: string;
  readonly collector: string;
}

/** stamps: f64 [threads + 1][…], in a profiled run. */
export interface ProfileRegions {
  readonly stamps: Region;
}

export interface Plan {
  /** Every backend but wasm has its layers, and the rows of a workspace, as matrices: see model/layers/dense.ts. */
  readonly backend: Config['backend']['name'];
  readonly threads: number;
  /** tfjs-node: threads of an operation. */
  readonly threadsPerWorker: number;
  /** In a run whose ranks stamp their phases. */
  readonly profile: ProfilePlan | null;
  /** More threads than cores available to this process: park at once instead of spinning. */
  readonly oversubscribed: boolean;
  /** Of cores of different speeds: where each rank's share of the rows begins, and the CPU that it stays on; else null. */
  readonly shares: Shares;
  readonly cpus: readonly number[] | null;
  readonly sync: SyncName;
  /** A rank without a sign of life for so long hangs, at least; milliseconds. */
  readonly heartbeatMs: number;
  /** Why it is this strategy. */
  readonly syncReason: string;
  readonly batch: number;
  /** The most rows of a batch that one rank may have. */
  readonly mostRows: number;
  /** Number of rows of a batch that stay on one rank: direction features are made in blocks of eight images. */
  readonly shardUnit: number;
  /** Of the network. */
  readonly outputs: number;
  readonly target: TargetFacts;
  readonly loss: Config['loss'];
  /** Decides on the target of a run, its patience and its best evaluation. */
  readonly metric: MetricName;
  /** Floats of scratch for a rank. */
  readonly scratchFloats: number;
  readonly activation: Config['model']['activation'];
  readonly optimizer: Config['optimizer'];
  readonly input: InputPlan;
  readonly directions: DirectionsPlan | null;
  readonly layers: readonly LayerLayout[];
  /** From the inputs to the outputs, beside the layers; its slices have the number after the last layer's. */
  readonly shortcut: LayerLayout | null;
  /** Where a layer-wise optimiser keeps the norms of each layer. */
  readonly weightRows: readonly WeightRows[];
  /**
   * Bytes of a rank's place for the gradient of any of its slices, if it applies each at once; null: every slice has
   * its own section of a vector.
   */
  readonly gradientPlaceBytes: number | null;
  /** Floats of the parameter vector. */
  readonly parameters: number;
  /** Slices of the parameters by owning rank; together they cover all parameters. */
  readonly slices: readonly (readonly Slice[])[];
  readonly parts: Readonly<Record<PartName, PartPlan>>;
  /** Largest number of steps in one command to the workers, the length of the metrics rings. */
  readonly ringSteps: number;
  /** Samples that a worker claims at a time in an evaluation. */
  readonly evaluationChunk: number;
  readonly training: Workspace;
  readonly evaluation: readonly Workspace[];
  /** The sections that every run has; see their own files. */
  readonly regions: ControlRegions & SampleRegions & NetworkRegions & UpdaterRegions & ProfileRegions;
  /** What is derived from the weights of a layer: see planDerived. */
  readonly derived: readonly (Region | null)[];
  readonly local: LocalPlan | null;
  /** Per rank, if the workers train apart. */
  readonly replicas: readonly ReplicaRegions[];
  /** If a step leaves out units. */
  readonly dropout: DropoutPlan | null;
  readonly selection: SelectionPlan | null;
  /** If the ranks even out their work while it goes on. */
  readonly balance: BalancePlan | null;
  /** If the workers share the hidden units instead of the rows. */
  readonly units: UnitsPlan | null;
  /** Squared norms of gradients: see planNoise. */
  readonly noise: Region | null;
  /** f32 [samples of the largest evaluated part][outputs]: the outputs of the last evaluation; null: only its sums are kept. */
  readonly scores: Region | null;
  /** Bytes by the owner of their regions. */
  readonly owners: Readonly<Record<string, number>>;
  /** Bytes of the whole memory, a whole number of 64 KiB pages. */
  readonly bytes: number;
}
