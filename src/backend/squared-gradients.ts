/**
 * A backend that also computes the squared norms of the gradients it reduces, for the gradient noise scale. The sum of
 * squares costs about as much as the reduction, so it wraps a backend only if the scale is requested.
 */

import type { PartName } from '../data/dataset.js';
import { doublesIn } from '../memory/views.js';
import type { Slice } from '../model/slice.js';
import type { Plan, Region } from '../plan/plan.js';
import { squaresPerParty } from '../plan/plan-noise.js';
import type { Units } from '../plan/plan-units.js';
import { shardSizes } from '../plan/shards.js';
import type { Backend, Rows, ShardResult, SoloSteps } from './backend.js';
import { gradientBuffer } from './slice-steps.js';

export class SquaredGradients implements Backend {
  readonly #inner: Backend;
  readonly #squares: Float64Array;
  readonly #gradients: readonly Float32Array[];
  /**
   * Per buffer: the squared factor from its share of a full batch's gradient to the mean gradient of its shard, over
   * the threads.
   */
  readonly #weights: readonly number[];
  readonly #party: number;
  readonly #parties: number;
  readonly #ringSteps: number;
  /** Every step updates the same slices in the same order. The number of a step may come again, in another run. */
  #firstSlice: Slice | null = null;
  #small = 0;
  #big = 0;

  /** `party`: the rank, or plan.threads for the coordinator. */
  constructor(plan: Plan, noise: Region, memory: WebAssembly.Memory, party: number, inner: Backend) {
    const { threads, batch, parameters } = plan;
    const shards = shardSizes(batch, threads);
    this.#inner = inner;
    this.#squares = doublesIn(memory, noise);
    this.#gradients = shards.map(
      (_, rank) => new Float32Array(memory.buffer, gradientBuffer(plan, rank), parameters),
    );
    this.#weights = shards.map((rows) => ((batch / rows) * (batch / rows)) / threads);
    this.#party = party;
    this.#parties = threads + 1;
    this.#ringSteps = plan.ringSteps;
  }

  propagate(firstSample: number, rows: Rows, batchRows: number, step: number, result: ShardResult): void {
    this.#inner.propagate(firstSample, rows, batchRows, step, result);
  }

  forwardUnits(...given: Parameters<Backend['forwardUnits']>): void {
    this.#inner.forwardUnits(...given);
  }

  backwardUnits(rows: Rows, units: Units, place: number, result: ShardResult): void {
    this.#inner.backwardUnits(rows, units, place, result);
  }

  gradient(slice: Slice, rows: Rows, buffer: number): void {
    this.#inner.gradient(slice, rows, buffer);
  }

  reduce(slice: Slice, buffers: number): void {
    for (let buffer = 0; buffer < buffers; buffer++)
      this.#small += this.#weights[buffer] * square(this.#gradients[buffer], slice);
    this.#inner.reduce(slice, buffers);
    this.#big += square(this.#gradients[0], slice);
  }

  measure(slice: Slice): void {
    this.#inner.measure(slice);
  }

  /** The sums since the last update belong to the step of this update. */
  update(slice: Slice, step: number, learningRate: number): void {
    const ring = (step - 1) % this.#ringSteps;
    const place = (ring * this.#parties + this.#party) * squaresPerParty;
    this.#firstSlice ??= slice;
    if (slice === this.#firstSlice) this.#squares.fill(0, place, place + squaresPerParty);
    this.#squares[place] += this.#small;
    this.#squares[place + 1] += this.#big;
    this.#small = 0;
    this.#big = 0;
    this.#inner.update(slice, step, learningRate);
  }

  refresh(slices: readonly Slice[]): void {
    this.#inner.refresh(slices);
  }

  beginEvaluation(): void {
    this.#inner.beginEvaluation();
  }

  evaluate(part: PartName, first: number, last: number, made: number, result: ShardResult): void {
    this.#inner.evaluate(part, first, last, made, result);
  }

  score(firstSample: number, rows: Rows, losses: Float64Array, result: ShardResult): void {
    this.#inner.score(firstSample, rows, losses, result);
  }

  trainAlone(steps: SoloSteps): void {
    this.#inner.trainAlone(steps);
  }

  close(): void {
    this.#inner.close();
  }
}

function square(vector: Float32Array, { offset, floats }: Slice): number {
  let sum = 0;
  for (let i = offset; i < offset + floats; i++) sum += vector[i] * vector[i];
  return sum;
}
