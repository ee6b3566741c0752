/**
 * Softmax regression on direction features, on blocks of eight images. Rows of a batch are whole blocks, slices are
 * strips of eight inputs.
 */

import type { PartName } from '../../data/dataset.js';
import type { DirectionKernels } from '../../kernels/directions/direction-kernels.js';
import { blockBytes, blocksOf, chunkBlocks, chunkImages } from '../../kernels/directions/spec.js';
import type { Kernels } from '../../kernels/kernels.js';
import { createOptimizer, type Optimizer } from '../../optim/optimizer.js';
import type { Plan } from '../../plan/plan.js';
import type { DirectionsPlan } from '../../plan/plan-directions.js';
import type { Slice } from '../../plan/slices.js';
import type { Rows, ShardResult } from '../backend.js';
import type { FeatureBackend, SoloSteps } from '../feature-backend.js';
import { gradientBuffer, measureSlice, reduceSlice, updateSlice } from '../slice-steps.js';
import { BatchPlaces, fitScale } from './feature-steps.js';

export class DirectionBackend implements FeatureBackend {
  readonly #plan: Plan;
  readonly #directions: DirectionsPlan;
  readonly #engine: Kernels;
  readonly #kernels: DirectionKernels;
  readonly #optimizer: Optimizer;
  readonly #model: number;
  readonly #places: BatchPlaces;
  readonly #sums: Float64Array;
  readonly #folded: number;
  readonly #room: number;

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
    this.#optimizer = createOptimizer(plan, engine, memory);
    const { ranks, model, shape, fittedImages, fitting } = directions;
    const { features, components } = shape;
    if (components > 0 && kernels.fittingBytes(features, components, fittedImages) > fitting.bytes)
      throw new RangeError(`fitting ${components} components needs more than ${fitting.bytes} bytes`);
    const { folded, room, sums } = ranks[rank];
    this.#model = model.offset;
    this.#places = new BatchPlaces(plan, directions, memory);
    this.#sums = new Float64Array(memory.buffer, sums.offset, 2);
    this.#folded = folded.offset;
    this.#room = room.offset;
  }

  propagate(firstSample: number, rows: Rows, batchRows: number, result: ShardResult): void {
    const { parts, shape } = this.#directions;
    this.#sums.fill(0);
    const first = this.#places.firstImage(firstSample) + rows.first;
    this.#kernels.propagate(
      this.#model,
      parts.train.blocks.offset + (first / 8) * blockBytes(shape),
      parts.train.labels.offset + first,
      blocksOf(rows.last - rows.first),
      rows.first,
      1 / batchRows,
      this.#room,
      this.#sums.byteOffset,
    );
    result.lossSum = this.#sums[0];
    result.correct = this.#sums[1];
  }

  gradient(slice: Slice, rows: Rows, buffer: number): void {
    this.#kernels.gradient(
      this.#model,
      rows.first,
      blocksOf(rows.last - rows.first),
      slice.firstRow,
      slice.lastRow,
      Number(slice.bias),
      gradientBuffer(this.#plan, buffer),
    );
  }

  reduce(slice: Slice, buffers: number): void {
    reduceSlice(this.#plan, this.#engine, slice, buffers);
  }

  measure(slice: Slice): void {
    measureSlice(this.#plan, this.#optimizer, slice);
  }

  update(slice: Slice, step: number, learningRate: number): void {
    updateSlice(this.#plan, this.#optimizer, slice, step, learningRate);
  }

  /** Only the folded weights derive from the parameters, and they are made before an evaluation. */
  refresh(): void {}

  fitTransform(images: number): void {
    const { parts, shape, fitting, fittedImages } = this.#directions;
    fitScale(this.#directions, this.#kernels, images);
    if (shape.components > 0)
      this.#kernels.fitComponents(this.#model, parts.train.blocks.offset, fittedImages, fitting.offset);
  }

  beginEvaluation(): void {
    this.#kernels.foldWeights(this.#model, this.#folded);
  }

  evaluateBlocks(part: PartName, chunk: number, blocks: number, result: ShardResult): void {
    const { count } = this.#plan.parts[part];
    const { labels } = this.#directions.parts[part];
    const first = chunk * chunkImages;
    this.#sums.fill(0);
    this.#kernels.evaluate(
      this.#model,
      blocks,
      labels.offset + first,
      Math.min(chunkBlocks, blocksOf(count - first)),
      this.#folded,
      this.#room,
      this.#sums.byteOffset,
    );
    result.lossSum = this.#sums[0];
    result.correct = this.#sums[1];
  }

  trainAlone(steps: SoloSteps): void {
    const { batch, optimizer } = this.#plan;
    const { parts, batches } = this.#directions;
    if (optimizer.name !== 'sgd') throw new Error(`one rank alone cannot train with ${optimizer.name}`);
    this.#kernels.train(
      this.#model,
      parts.train.blocks.offset,
      parts.train.labels.offset,
      batches.offset + (steps.firstSample / batch) * 4,
      steps.count,
      batch / 8,
      steps.epochSamples,
      steps.rates,
      this.#room,
      steps.metrics,
      steps.metricsStride,
    );
  }
}
