/** Lays out a run: from the configuration and the facts of the data to its plan. Nothing here touches memory or threads. */
import { gradientBuffers } from '../config/capabilities.js';
import type { Config } from '../config/schema.js';
import { labelSmoothingOf } from '../config/schema-loss.js';
import type { PartName } from '../data/dataset.js';
import { planDirections } from '../data/transforms/directions/plan.js';
import { chunkImages } from '../kernels/directions/spec.js';
import { sparseBytes } from '../kernels/sparse-rows.js';
import { Arena, type Region } from '../memory/arena.js';
import { chooseFirstLayer } from '../model/first-layer.js';
import { type LayerLayout, layoutMatrices, layoutNetwork, parameterFloats } from '../model/layout.js';
import { normsBytes, weightRows } from '../optim/layer-norms.js';
import { stateVectors } from '../optim/optimizer.js';
import type { DataFacts, InputPlan, PartPlan, Plan, ProfilePlan, RegionName, Workspace } from './plan.js';
import { planNoise } from './plan-noise.js';
import { planLocal, planReplicas, takeTransposed } from './plan-replicas.js';
import { planSelection } from './plan-selection.js';
import { columnBytes } from './shards.js';
import { cutFeatures, planSlices, planStripSlices, wholePanels } from './slices.js';
import { stampDoubles } from './stamp-room.js';

const pageBytes = 65536;
const ringSteps = 1024;
const evaluationChunk = 96;
/** An operation of TensorFlow costs 10 to 20 µs besides its arithmetic. */
const matrixEvaluationChunk = 512;

/** Floats of scratch per rank: a centred bias and a row of bias sums for the widest layer, a zero row, a sum of losses. */
function scratchFloatsOf(layers: readonly LayerLayout[]): number {
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
      targets: arena.take(count * 4),
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
  const scratchFloats = scratchFloatsOf(layers);
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
    scratch: arena.take((threads + 1) * scratchFloats * 4),
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
      scratchBytes: scratchFloats * 4,
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
    loss: config.loss,
    labelSmoothing: labelSmoothingOf(config.loss),
    scratchFloats,
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
