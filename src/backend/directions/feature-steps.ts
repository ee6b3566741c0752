/** What both backends on direction features do with feature blocks, whatever network they feed. */

import type { DirectionKernels } from '../../kernels/directions/direction-kernels.js';
import { chunksOf } from '../../kernels/directions/spec.js';
import type { Plan } from '../../plan/plan.js';
import type { DirectionsPlan } from '../../plan/plan-directions.js';

/** Mean and scale from the sums of all chunks of `images` images. */
export function fitScale(
  { model, statistics, statisticsStride }: DirectionsPlan,
  kernels: DirectionKernels,
  images: number,
): void {
  kernels.combineStatistics(model.offset, statistics.offset, chunksOf(images), statisticsStride, images);
}

/** Where the batches of the epoch's order lie among the images in order of extraction. */
export class BatchPlaces {
  readonly #batch: number;
  readonly #batches: Int32Array;

  constructor({ batch }: Plan, { batches }: DirectionsPlan, memory: WebAssembly.Memory) {
    this.#batch = batch;
    this.#batches = new Int32Array(memory.buffer, batches.offset, batches.bytes / 4);
  }

  /** The first image of the batch that starts at `firstSample` of the epoch's order. */
  firstImage(firstSample: number): number {
    return this.#batches[firstSample / this.#batch] * this.#batch;
  }
}
