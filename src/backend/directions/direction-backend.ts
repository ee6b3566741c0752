/**
 * Softmax regression on direction features, on blocks of eight images. Rows of a batch are whole blocks, slices are
 * strips of eight features.
 */
import type { PartName, Plan } from '../../coordinator/plan.js';
import type { DirectionsPlan } from '../../coordinator/plan-directions.js';
import type { Slice } from '../../coordinator/slices.js';
import {
  blockBytes,
  blocksOf,
  chunkBlocks,
  chunkImages,
  chunksOf,
  directionFeatureCount as features,
} from '../../directions/spec.js';
import { type DirectionKernels, stripFloats } from '../../kernels/direction-kernels.js';
import type { Kernels } from '../../kernels/kernels.js';
import { createOptimizer, type Optimizer } from '../../optim/optimizer.js';
import type { Rows, ShardResult } from '../backend.js';
import type { FeatureBackend, SoloSteps } from '../feature-backend.js';
import { gradientBuffer, reduceSlice, updateSlice } from '../slice-steps.js';

export class DirectionBackend implements FeatureBackend {
  readonly #plan: Plan;
  readonly #directions: DirectionsPlan;
  readonly #engine: Kernels;
  readonly #kernels: DirectionKernels;
  readonly #optimizer: Optimizer;
  readonly #batches: Int32Array;
  readonly #scale: Float32Array;
  readonly #sums: Float64Array;
  readonly #folded: number;
  readonly #columns: number;

  constructor(
    plan: Plan,
    directions: DirectionsPlan,
    engine: Kernels,
    kernels: DirectionKernels,
    memory: WebAssembly.Memory,
    rank: number,
  ) {
    this.#plan = plan;
    this.#directions = directions;
    this.#engine = engine;
    this.#kernels = kernels;
    this.#optimizer = createOptimizer(plan.optimizer, engine);
    const { batches, scale, ranks } = directions;
    const { folded, columns, sums } = ranks[rank];
    this.#batches = new Int32Array(memory.buffer, batches.offset, batches.bytes / 4);
    this.#scale = new Float32Array(memory.buffer, scale.offset, 1);
    this.#sums = new Float64Array(memory.buffer, sums.offset, 2);
    this.#folded = folded.offset;
    this.#columns = columns.offset;
  }

  propagate(firstSample: number, rows: Rows, batchRows: number, result: ShardResult): void {
    const { deltas, rows: standardised, parts, orderedLabels, shift } = this.#directions;
    const { regions, classes, labelSmoothing, batch } = this.#plan;
    this.#sums.fill(0);
    // Where the batch at this place of the epoch lies among the images in order of extraction.
    const first = this.#batches[firstSample / batch] * batch + rows.first;
    this.#kernels.propagate(
      parts.train.blocks.offset + (first / 8) * blockBytes,
      orderedLabels.offset + first,
      blocksOf(rows.last - rows.first),
      features,
      regions.parameters.offset,
      this.#scale[0],
      shift.offset,
      classes,
      1 / batchRows,
      labelSmoothing,
      this.#columns,
      deltas.offset + (rows.first / 8) * stripFloats * 4,
      standardised.offset + rows.first * features * 4,
      this.#sums.byteOffset,
    );
    result.lossSum = this.#sums[0];
    result.correct = this.#sums[1];
  }

  gradient(slice: Slice, rows: Rows, buffer: number): void {
    const { deltas, rows: standardised } = this.#directions;
    this.#kernels.gradient(
      standardised.offset + rows.first * features * 4,
      deltas.offset + (rows.first / 8) * stripFloats * 4,
      blocksOf(rows.last - rows.first),
      features,
      slice.firstRow,
      slice.lastRow,
      Number(slice.bias),
      gradientBuffer(this.#plan, buffer),
    );
  }

  reduce(slice: Slice, buffers: number): void {
    reduceSlice(this.#plan, this.#engine, slice, buffers);
  }

  update(slice: Slice, step: number, learningRate: number): void {
    updateSlice(this.#plan, this.#optimizer, slice, step, learningRate);
  }

  /** Only the folded weights derive from the parameters, and they are made before an evaluation. */
  refresh(): void {}

  fitTransform(images: number): void {
    const { statistics, statisticsStride, mean, shift } = this.#directions;
    this.#scale[0] = this.#kernels.combineStatistics(
      statistics.offset,
      chunksOf(images),
      statisticsStride,
      features,
      images,
      mean.offset,
      shift.offset,
    );
  }

  beginEvaluation(): void {
    const { regions, classes } = this.#plan;
    this.#kernels.foldWeights(
      features,
      regions.parameters.offset,
      this.#scale[0],
      this.#directions.shift.offset,
      classes,
      this.#folded,
    );
  }

  evaluateBlocks(part: PartName, chunk: number, blocks: number, result: ShardResult): void {
    const { count, labels } = this.#plan.parts[part];
    const first = chunk * chunkImages;
    this.#sums.fill(0);
    this.#kernels.evaluate(
      blocks,
      labels.offset + first,
      Math.min(chunkBlocks, blocksOf(count - first)),
      features,
      this.#folded,
      this.#columns,
      this.#sums.byteOffset,
    );
    result.lossSum = this.#sums[0];
    result.correct = this.#sums[1];
  }

  trainAlone(steps: SoloSteps): void {
    const { batch, optimizer, labelSmoothing, regions, classes } = this.#plan;
    const { parts, orderedLabels, batches, deltas, rows, shift } = this.#directions;
    if (optimizer.name !== 'sgd') throw new Error(`one rank alone cannot train with ${optimizer.name}`);
    this.#kernels.train(
      parts.train.blocks.offset,
      orderedLabels.offset,
      features,
      regions.parameters.offset,
      regions.states.offset,
      this.#scale[0],
      shift.offset,
      classes,
      batches.offset + (steps.firstSample / batch) * 4,
      steps.count,
      batch / 8,
      steps.epochSamples,
      steps.rates,
      optimizer.momentum,
      Number(optimizer.nesterov),
      optimizer.weightDecay,
      labelSmoothing,
      this.#columns,
      deltas.offset,
      rows.offset,
      steps.metrics,
      steps.metricsStride,
    );
  }
}
