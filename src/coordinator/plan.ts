/**
 * The plan of a run: every size, offset, shard and slice, computed once by the coordinator from the resolved
 * configuration and the facts of the data, cloned to the workers, printable with `--print-plan`. A plain
 * object; nothing here touches memory or threads.
 */
import type { Config } from '../config/schema.js';
import { type Packing, sparseBytes } from '../data/packing.js';
import { chunkImages } from '../directions/spec.js';
import { chooseFirstLayer } from '../model/first-layer.js';
import { type LayerLayout, layoutMatrices, layoutNetwork, parameterFloats } from '../model/layout.js';
import { normsBytes, type WeightRows, weightRows } from '../optim/layer-norms.js';
import { stateVectors } from '../optim/optimizer.js';
import { stampDoubles } from '../profile/stamp-room.js';
import { gradientBuffers } from '../sync/strategy.js';
import { Arena, type Region } from './arena.js';
import { type DirectionsPlan, planDirections } from './plan-directions.js';
import { planNoise } from './plan-noise.js';
import {
  type LocalPlan,
  planLocal,
  planReplicas,
  type ReplicaRegions,
  takeTransposed,
} from './plan-replicas.js';
import { planSelection, type SelectionPlan } from './plan-selection.js';
import { columnBytes } from './shards.js';
import { cutFeatures, planSlices, planStripSlices, type Slice, wholePanels } from './slices.js';

export type { Region } from './arena.js';

export type SyncName = Config['parallel']['sync'];
export type PartName = 'train' | 'validation' | 'test';

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
}

export interface PartPlan {
  readonly count: number;
  /** Sparse: entries; dense: u16 rows. */
  readonly values: Region;
  /** Sparse: u32 [count · ranges + 1], the address of each row's ranges. */
  readonly starts: Region;
  readonly labels: Region;
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
  readonly labelSmoothing: number;
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
type RegionName =
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

const pageBytes = 65536;
const ringSteps = 1024;
const evaluationChunk = 96;
/** An operation of TensorFlow costs 10 to 20 µs besides its arithmetic. */
const matrixEvaluationChunk = 512;

/** Floats of scratch per rank: a centred bias and a row of bias sums for the widest layer, and a zero row. */
export function scratchFloats(layers: readonly LayerLayout[]): number {
  return 2 * Math.max(...layers.map((layer) => layer.width)) + 64;
}

export function makePlan(
  config: Config,
  facts: DataFacts,
  threads: number,
  cores: number,
  profile: ProfilePlan | null = null,
): Plan {
  const arena = new Arena();
  const oversubscribed = threads > cores;
  const { batch } = config.train;
  const seesDirections = facts.packing === 'directions';
  const directions = seesDirections
    ? planDirections(config, facts.parts, { threads, oversubscribed }, arena)
    : null;
  const features = directions?.shape.inputs ?? facts.features;
  const sizes = [features, ...config.model.hidden, facts.classes];
  const asMatrices = config.backend.name !== 'wasm';
  const sparse = facts.packing === 'sparse';
  const layers = asMatrices ? layoutMatrices(sizes) : layoutNetwork(sizes, sparse);
  // Rows that are turned into a matrix are read whole; kernels read them by ranges.
  const kernelRanges = sparse && !asMatrices ? cutFeatures(facts.nonZeros, layers[0], threads) : [];
  const rangeEnds = sparse && asMatrices ? [features] : kernelRanges;
  const input: InputPlan = {
    packing: facts.packing,
    features,
    width: Math.ceil(features / 16) * 16,
    scale: facts.scale,
    shifted: facts.shifted,
    shiftBits: asMatrices ? 0 : Math.log2(layers[0].panelWidth * 4),
    rangeEnds,
    centredByOwner: kernelRanges.length > 0 && facts.shifted && wholePanels(layers[0], threads),
    gathers:
      kernelRanges.length > 0 &&
      layers[0].panelWidth === 64 &&
      chooseFirstLayer(layers[0].outputs).gradient === 'gathered',
  };
  // Softmax regression on direction features works on blocks of images, not on rows of a workspace.
  const blockwise = directions?.hasLayers === false;
  const workspace = (rows: number, training: boolean): Workspace => {
    const hidden = layers.slice(0, -1);
    const perLayer = (list: readonly LayerLayout[]) =>
      list.map((layer) => arena.take(blockwise ? 0 : rows * layer.width * 4));
    const inputRows = kernelRanges.length > 0 || blockwise ? 0 : rows;
    return {
      rows,
      panelBytes: rows * 64,
      inputs: arena.take(inputRows * input.width * 4),
      bounds: arena.take(rows * (rangeEnds.length + 1) * 4),
      activations: perLayer(layers),
      deltas: training ? perLayer(hidden) : [],
      preActivations: config.model.activation === 'gelu' ? perLayer(hidden) : [],
    };
  };
  const valueBytes = {
    sparse: (count: number, nonZeros: number) => sparseBytes(count, nonZeros, rangeEnds.length),
    dense: (count: number) => count * input.width * 2,
    directions: () => 0,
  };
  const part = (name: PartName): PartPlan => {
    const { count, nonZeros } = facts.parts[name];
    return {
      count,
      values: arena.take(valueBytes[facts.packing](count, nonZeros)),
      starts: arena.take(facts.packing === 'sparse' ? (count * rangeEnds.length + 1) * 4 : 0),
      // Whole chunks of feature blocks read labels beyond the last.
      labels: arena.take(count + 32),
    };
  };
  const rows = weightRows(layers, blockwise ? directions.shape.strips : null);
  const parameters = blockwise ? directions.shape.vectorFloats : parameterFloats(layers);
  const vector = parameters * 4;
  const pixelChunk = asMatrices ? matrixEvaluationChunk : evaluationChunk;
  const chunkSamples = seesDirections ? chunkImages : pixelChunk;
  const largest = Math.max(...Object.values(facts.parts).map(({ count }) => count));
  const slices = blockwise
    ? planStripSlices(directions.shape.strips, threads)
    : planSlices(layers, facts, kernelRanges, threads, batch);
  const chunks = Math.ceil(largest / chunkSamples);
  const stamps = { steps: ringSteps, layers: layers.length, slices, chunks };
  const regions: Record<RegionName, Region> = {
    control: arena.take(4096),
    parameters: arena.take(vector),
    states: arena.take(vector * stateVectors(config.optimizer)),
    gradients: arena.take(vector * gradientBuffers(config.parallel.sync, threads)),
    shift: arena.take(input.width * 4),
    centredBias: arena.take(layers[0].width * 4),
    columns: arena.take(input.gathers ? columnBytes(features, batch, threads) : 0),
    order: arena.take(facts.parts.train.count * 4),
    identity: arena.take(blockwise ? 0 : largest * 4),
    rates: arena.take(ringSteps * 8),
    metrics: arena.take(ringSteps * threads * 16),
    times: arena.take(ringSteps * 8),
    chunks: arena.take(chunks * 16),
    stats: arena.take((threads + 1) * 64),
    scratch: arena.take((threads + 1) * scratchFloats(layers) * 4),
    norms: arena.take(normsBytes(config.optimizer, rows)),
    stamps: arena.take(profile === null ? 0 : (threads + 1) * stampDoubles(stamps) * 8),
  };
  const selection = planSelection(config, { threads, images: facts.parts.train.count, ringSteps }, arena);
  const noise = planNoise(config, { threads, ringSteps }, arena);
  const replicas = planReplicas(
    config,
    {
      threads,
      features,
      gathers: input.gathers,
      layers,
      vectorBytes: vector,
      stateVectors: stateVectors(config.optimizer),
      scratchBytes: scratchFloats(layers) * 4,
      training: (rows) => workspace(rows, true),
    },
    arena,
  );
  return {
    backend: config.backend.name,
    threads,
    threadsPerWorker: config.backend.name === 'tfjs-node' ? config.backend.threadsPerWorker : 1,
    profile,
    oversubscribed,
    sync: config.parallel.sync,
    batch,
    classes: facts.classes,
    labelSmoothing: config.loss.labelSmoothing,
    activation: config.model.activation,
    optimizer: config.optimizer,
    input,
    directions,
    layers,
    weightRows: rows,
    parameters,
    slices,
    parts: { train: part('train'), validation: part('validation'), test: part('test') },
    ringSteps,
    evaluationChunk: chunkSamples,
    training: workspace(batch, true),
    evaluation: Array.from({ length: threads }, () => workspace(chunkSamples, false)),
    regions,
    transposed: asMatrices ? layers.map(() => null) : takeTransposed(layers, arena),
    local: planLocal(config, facts.parts.train.count),
    replicas,
    selection,
    noise,
    bytes: Math.ceil(arena.top / pageBytes) * pageBytes,
  };
}
