/**
 * The plan of a run: every size, offset, shard and slice, computed once by the coordinator (make-plan.ts) from the resolved
 * configuration and the facts of the data, cloned to the workers, printable with `--print-plan`. A plain object.
 */
import type { Config } from '../config/schema.js';
import type { PartName } from '../data/dataset.js';
import type { Packing } from '../data/packing.js';
import type { DirectionsPlan } from '../data/transforms/directions/plan.js';
import type { Region } from '../memory/arena.js';
import type { LayerLayout } from '../model/layout.js';
import type { Slice } from '../model/slice.js';
import type { WeightRows } from '../optim/layer-norms.js';
import type { LocalPlan, ReplicaRegions } from './plan-replicas.js';
import type { SelectionPlan } from './plan-selection.js';

export type { Region } from '../memory/arena.js';

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

/**
 * Buffers for the rows of a batch (or of an evaluation chunk) on their way through the network: what has a row for
 * each sample lies in panels of 16 columns, f32 [width / 16][rows][16]; as a matrix, [rows][width].
 */
export interface Workspace {
  readonly rows: number;
  /** From one panel to the next. */
  readonly panelBytes: number;
  /** Dense inputs, f32; sparse rows are used where they lie, but for matrices. */
  readonly inputs: Region;
  /** Sparse: [rows][ranges + 1] addresses. */
  readonly bounds: Region;
  /** Per layer; the last one holds logits, then their gradient. */
  readonly activations: readonly Region[];
  /** Per hidden layer: the gradient of the loss by its pre-activations. */
  readonly deltas: readonly Region[];
  /** Per hidden layer, GELU only: pre-activations. */
  readonly preActivations: readonly Region[];
}

export interface ProfilePlan {
  /** Where each thread leaves a CPU profile; null: nowhere. */
  readonly cpuProfiles: string | null;
  /** URLs of the modules that each rank and the coordinator load: they belong to a room above both. */
  readonly instruments: string;
  readonly collector: string;
}

export interface PartPlan {
  readonly count: number;
  /** Sparse: entries; dense: u16 rows. */
  readonly values: Region;
  /** Sparse: u32 [count · ranges + 1], the address of each row's ranges. */
  readonly starts: Region;
  /** i32 [count]: the class of each sample. */
  readonly targets: Region;
}

export interface Plan {
  /** All but wasm have their layers, and the rows of a workspace, as matrices: see layoutMatrices. */
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
  readonly regions: Readonly<Record<RegionName, Region>>;
  /** Per layer from the second: transposed weights. */
  readonly transposed: readonly (Region | null)[];
  readonly local: LocalPlan | null;
  /** Per rank, where workers train apart. */
  readonly replicas: readonly ReplicaRegions[];
  readonly selection: SelectionPlan | null;
  /** Squares of gradients: see planNoise. */
  readonly noise: Region | null;
  /** Bytes of the whole memory, a whole number of 64 KiB pages. */
  readonly bytes: number;
}

/**
 * control: words for barriers and commands; parameters, states, gradients: vectors as long as the parameters;
 * shift: f32 [features]; centredBias: f32 [width of the first layer];
 * columns: tiles of the batch's sparse rows turned into columns; order: i32, the epoch's samples; identity: i32 0, 1, 2 …;
 * rates: f64 per ring step; metrics: f64 [ringSteps][threads][loss sum, correct]; times: f64 per ring step;
 * chunks: f64 [chunks][loss sum, correct]; stats: f64 [threads + 1][phases]; scratch: f32 rows per rank;
 * norms: see optim/layer-norms.ts.
 * stamps: f64 [threads + 1][…], of a profiled run.
 */
export type RegionName =
  | 'control'
  | 'parameters'
  | 'states'
  | 'gradients'
  | 'shift'
  | 'centredBias'
  | 'columns'
  | 'order'
  | 'identity'
  | 'rates'
  | 'metrics'
  | 'times'
  | 'chunks'
  | 'stats'
  | 'scratch'
  | 'norms'
  | 'stamps';
