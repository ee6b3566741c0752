/** Makes the feature blocks of one chunk of images at a time: what every worker does with the chunks it claims. */

import type { PartName } from '../../../data/dataset.js';
import type { DirectionKernels } from '../../../kernels/directions/direction-kernels.js';
import {
  blockBytes,
  blockImages,
  blocksOf,
  chunkBlocks,
  chunkImages,
} from '../../../kernels/directions/spec.js';
import type { Plan } from '../../../plan/plan.js';
import type { DirectionsPlan } from '../../../plan/plan-directions.js';

/** Marks places of a block that are not images. */
export const paddingLabel = 255;

/** What the workers ask of it. */
export type ChunkExtractor = Pick<Extractor, 'trainingChunk' | 'evaluatedChunk' | 'blocks'>;

export class Extractor {
  readonly #plan: Plan;
  readonly #directions: DirectionsPlan;
  readonly #kernels: DirectionKernels;
  readonly #scratch: number;
  readonly #order: Int32Array;
  readonly #targets: Int32Array;
  readonly #orderedLabels: Uint8Array;

  constructor(
    plan: Plan,
    directions: DirectionsPlan,
    kernels: DirectionKernels,
    memory: WebAssembly.Memory,
    rank: number,
  ) {
    this.#plan = plan;
    this.#directions = directions;
    this.#kernels = kernels;
    const { extraction } = directions.ranks[rank];
    this.#scratch = extraction.offset;
    const { buffer } = memory;
    const { order, labels } = directions.parts.train;
    const { targets } = plan.parts.train;
    this.#order = new Int32Array(buffer, order.offset, order.bytes / 4);
    this.#targets = new Int32Array(buffer, targets.offset, targets.bytes / 4);
    this.#orderedLabels = new Uint8Array(buffer, labels.offset, labels.bytes);
    if (kernels.scratchBytes() > extraction.bytes)
      throw new RangeError(`feature extraction needs ${kernels.scratchBytes()} bytes of scratch`);
    const { size, aspect, allRows, sobel, pool } = directions.shape;
    kernels.initialise(this.#scratch, size, Number(aspect), Number(allRows), Number(sobel), pool);
  }

  /** Features, sums and labels of chunk `chunk` of the run's `images` training images, in the run's order. */
  trainingChunk(chunk: number, images: number): void {
    const first = chunk * chunkImages;
    const last = Math.min(first + chunkImages, images);
    const { statistics, statisticsStride } = this.#directions;
    const out = this.#extract('train', chunk, blocksOf(last - first), this.blocks('train', chunk));
    for (let i = first; i < last; i++) this.#orderedLabels[i] = this.#targets[this.#order[i]];
    this.#orderedLabels.fill(paddingLabel, last, first + chunkImages);
    this.#kernels.blockStatistics(
      out,
      blocksOf(last - first),
      this.#directions.shape.features,
      lanesOfLastBlock(last - first),
      statistics.offset + chunk * statisticsStride,
    );
  }

  /** Features of chunk `chunk` of an evaluated part, at `out`. */
  evaluatedChunk(part: PartName, chunk: number, out: number): void {
    const { count } = this.#plan.parts[part];
    const images = Math.min(chunkImages, count - chunk * chunkImages);
    this.#extract(part, chunk, blocksOf(images), out);
  }

  /** Where the blocks of a chunk are kept. */
  blocks(part: PartName, chunk: number): number {
    return (
      this.#directions.parts[part].blocks.offset + chunk * chunkBlocks * blockBytes(this.#directions.shape)
    );
  }

  #extract(part: PartName, chunk: number, blocks: number, out: number): number {
    const { images, order } = this.#directions.parts[part];
    const from = order.offset + chunk * chunkImages * 4;
    this.#kernels.extract(images.offset, from, blocks, out, this.#scratch);
    return out;
  }
}

/** Images in the last block of a run of `images`. */
export function lanesOfLastBlock(images: number): number {
  return images - (blocksOf(images) - 1) * blockImages;
}
