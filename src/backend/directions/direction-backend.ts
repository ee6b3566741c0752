/**
 * Softmax regression on direction features, on blocks of eight images. Rows of a batch are whole blocks, slices are
 * strips of eight inputs.
 */

import type { PartName } from '../../data/dataset.js';
import type { DirectionsPlan } from '../../data/transforms/directions/plan.js';
import type { DirectionKernels } from '../../kernels/directions/direction-kernels.js';
import { blockBytes, blocksOf } from '../../kernels/directions/spec.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { Slice } from '../../model/slice.js';
import { createOptimizer, type Optimizer } from '../../optim/optimizer.js';
import type { Plan } from '../../plan/plan.js';
import type { Backend, Rows, ShardResult, SoloSteps } from '../backend.js';
import { gradientOf, measureSlice, reduceSlice, updateSlice } from '../slice-steps.js';
import { BatchPlaces } from './batch-places.js';

export class DirectionBackend implements Backend {
  readonly #plan: Plan;
  readonly #directions: DirectionsPlan;
  readonly #engine: Kernels;
  readonly #kernels: DirectionKernels;
  readonly #rank: number;
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
    this.#rank = rank;
    this.#optimizer = createOptimizer(plan, engine, memory);
    const { ranks, model } = directions;
    const { folded, room, sums } = ranks[rank];
    this.#model = model.offset;
    this.#places = new BatchPlaces(plan.batch, directions, memory);
    this.#sums = new Float64Array(memory.buffer, sums.offset, 2);
    this.#folded = folded.offset;
    this.#room = room.offset;
  }

  propagate(firstSample: number, rows: Rows, batchRows: number, _step: number, result: ShardResult): void {
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
      // The kernel counts strips from the vector's first.
      gradientOf(this.#plan, this.#rank, slice, buffer) - slice.offset * 4,
    );
  }

  reduce(slice: Slice, buffers: number): void {
    reduceSlice(this.#plan, this.#engine, slice, buffers);
  }

  measure(slice: Slice): void {
    measureSlice(this.#plan, this.#optimizer, slice);
  }

  update(slice: Slice, step: number, learningRate: number): void {
    updateSlice(this.#plan, this.#rank, this.#optimizer, slice, step, learningRate);
  }

  /** Only the folded weights derive from the parameters; they are computed before an evaluation. */
  refresh(): void {}

  beginEvaluation(): void {
    this.#kernels.foldWeights(this.#model, this.#folded);
  }

  evaluate(part: PartName, first: number, last: number, made: number, result: ShardResult): void {
    const { labels } = this.#directions.parts[part];
    this.#sums.fill(0);
    this.#kernels.evaluate(
      this.#model,
      made,
      labels.offset + first,
      blocksOf(last - first),
      this.#folded,
      this.#room,
      this.#sums.byteOffset,
    );
    result.lossSum = this.#sums[0];
    result.correct = this.#sums[1];
  }

  forwardUnits(): void {
    throw new Error('softmax regression has no hidden units');
  }

  backwardUnits(): void {
    throw new Error('softmax regression has no hidden units');
  }

  score(): void {
    throw new Error('softmax regression on direction features has no losses of single rows');
  }

  close(): void {}

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
