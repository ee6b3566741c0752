/**
 * The plan of a run: every size, offset, shard and slice, computed once by the coordinator (make-plan.ts) from the resolved
 * configuration and the facts of the data, cloned to the workers, printable with `--print-plan`. A plain object.
 */
import type { Config } from '../config/schema.js';
import type { PartName } from '../data/dataset.js';
import type { Packing } from '../data/packing.js';
import type { PartPlan, SampleRegions } from '../data/samples-plan.js';
import type { DirectionsPlan } from '../data/transforms/directions/plan.js';
import type { Region } from '../memory/arena.js';
import type { LayerLayout } from '../model/layers/layer.js';
import type { Slice } from '../model/slice.js';
import type { WeightRows } from '../optim/layer-norms.js';
import type { UpdaterRegions } from '../optim/updater-plan.js';
import type { ControlRegions } from './control.js';
import type { NetworkRegions, Workspace } from './network.js';
import type { LocalPlan, ReplicaRegions } from './plan-replicas.js';
import type { SelectionPlan } from './plan-selection.js';

export type { PartPlan } from '../data/samples-plan.js';
export type { Region } from '../memory/arena.js';
export type { Workspace } from './network.js';

export type SyncName = Config['parallel']['sync'];

/** Facts of the data that sizes depend on. */
export interface DataFacts {
  readonly features: number;
  readonly classes: number;
  readonly packing: Packing | 'directions';
  /** input = value · scale − shift[feature]; `shifted`: whether any shift is not zero. */
  readonly scale: number;
  readonly shifted: boolean;
  /** Non-zeros of each feature over the training images: where the work of a sparse layer lies. */
  readonly nonZeros: ArrayLike<number>;
  readonly parts: Readonly<Record<PartName, { readonly count: number; readonly nonZeros: number }>>;
}

export interface InputPlan {
  /** directions: made during the run (plan.directions); the others lie in plan.parts. */
  readonly packing: Packing | 'directions';
  readonly features: number;
  /** Dense: floats of an input row. */
  readonly width: number;
  readonly scale: number;
  readonly shifted: boolean;
  /** Sparse: log2 of the bytes of a weight row, and where each feature range ends. */
  readonly shiftBits: number;
  readonly rangeEnds: readonly number[];
  /** Sparse and shifted: whether a slice is a whole panel, whose owner also keeps its centred bias. */
  readonly centredByOwner: boolean;
  /** Sparse: whether the gradient gathers from columns of the batch or scatters from its rows. */
  readonly gathers: boolean;
}

export interface ProfilePlan {
  /** Where each thread leaves a CPU profile; null: nowhere. */
  readonly cpuProfiles: string | null;
  /** URLs of the modules that each rank and the coordinator load: they belong to a room above both. */
  readonly instruments: string;
  readonly collector: string;
}

/** stamps: f64 [threads + 1][…], of a profiled run. */
export interface ProfileRegions {
  readonly stamps: Region;
}

export interface Plan {
  /** All but wasm have their layers, and the rows of a workspace, as matrices: see model/layers/dense.ts. */
  readonly backend: Config['backend']['name'];
  readonly threads: number;
  /** tfjs-node: of an operation. */
  readonly threadsPerWorker: number;
  /** Of a run whose ranks stamp their phases. */
  readonly profile: ProfilePlan | null;
  /** More threads than cores that this process may use: park at once instead of spinning. */
  readonly oversubscribed: boolean;
  readonly sync: SyncName;
  readonly batch: number;
  /** Rows of a batch that stay on one rank: direction features are made in blocks of eight images. */
  readonly shardUnit: number;
  readonly classes: number;
  readonly loss: Config['loss'];
  /** Of the loss; 0 for one that has none. */
  readonly labelSmoothing: number;
  /** Floats of scratch of a rank. */
  readonly scratchFloats: number;
  readonly activation: Config['model']['activation'];
  readonly optimizer: Config['optimizer'];
  readonly input: InputPlan;
  readonly directions: DirectionsPlan | null;
  readonly layers: readonly LayerLayout[];
  /** Where a layer-wise optimiser keeps what it measures of each layer. */
  readonly weightRows: readonly WeightRows[];
  /** Floats of the parameter vector. */
  readonly parameters: number;
  /** Slices of the parameters by owning rank; together they are all of them. */
  readonly slices: readonly (readonly Slice[])[];
  readonly parts: Readonly<Record<PartName, PartPlan>>;
  /** Greatest number of steps in one command to the workers, the length of the metrics rings. */
  readonly ringSteps: number;
  /** Samples that a worker claims at a time in an evaluation. */
  readonly evaluationChunk: number;
  readonly training: Workspace;
  readonly evaluation: readonly Workspace[];
  /** Of the parts that every run has; see their own files. */
  readonly regions: ControlRegions & SampleRegions & NetworkRegions & UpdaterRegions & ProfileRegions;
  /** Per layer from the second: transposed weights. */
  readonly transposed: readonly (Region | null)[];
  readonly local: LocalPlan | null;
  /** Per rank, where workers train apart. */
  readonly replicas: readonly ReplicaRegions[];
  readonly selection: SelectionPlan | null;
  /** Squares of gradients: see planNoise. */
  readonly noise: Region | null;
  /** Bytes by the part that took them. */
  readonly owners: Readonly<Record<string, number>>;
  /** Bytes of the whole memory, a whole number of 64 KiB pages. */
  readonly bytes: number;
}
