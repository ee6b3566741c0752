/** Places of the batches of the epoch's order among the images in order of extraction. */
import type { DirectionsPlan } from '../../data/transforms/directions/plan.js';
import { wordsIn } from '../../memory/views.js';

export class BatchPlaces {
  readonly #batch: number;
  readonly #batches: Int32Array;

  constructor(batch: number, { batches }: DirectionsPlan, memory: WebAssembly.Memory) {
    this.#batch = batch;
    this.#batches = wordsIn(memory, batches);
  }

  /** The first image of the batch that starts at `firstSample` of the epoch's order. */
  firstImage(firstSample: number): number {
    return this.#batches[firstSample / this.#batch] * this.#batch;
  }
}
