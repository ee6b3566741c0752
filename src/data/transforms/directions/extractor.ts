/** Makes the feature blocks of one chunk of images at a time: every worker calls it for the chunks that it claims. */

import type { PartName } from '../../../data/dataset.js';
import type { DirectionKernels } from '../../../kernels/directions/direction-kernels.js';
import {
  blockBytes,
  blockImages,
  blocksOf,
  chunkBlocks,
  chunkImages,
  chunksOf,
} from '../../../kernels/directions/spec.js';
import type { Region } from '../../../memory/arena.js';
import { wordsIn } from '../../../memory/views.js';
import type { DirectionsPlan } from './plan.js';

/** Marks places of a block that are not images. */
export const paddingLabel = 255;

/**
 * A transform whose inputs are made within the run, on its clock. Ranks claim chunks of training samples and make their
 * inputs, one rank fits the transform, then the evaluated samples follow.
 */
export interface RunTransform {
  /**
   * Makes the inputs of chunk `chunk` of the run's `samples` training samples, in the run's order, and the sums for the
   * fit.
   */
  trainingChunk(chunk: number, samples: number): void;
  /** Fits the transform to all chunks of the run's `samples` training samples. */
  fit(samples: number): void;
  /** Makes the inputs of chunk `chunk` of an evaluated part, at byte offset `out`. */
  evaluatedChunk(part: PartName, chunk: number, out: number): void;
  /** Byte offset at which the inputs of a chunk are kept. */
  place(part: PartName, chunk: number): number;
}

/** The place of the samples' classes, i32. */
type SampleParts = Readonly<Record<PartName, { readonly count: number; readonly targets: Region }>>;

export class Extractor implements RunTransform {
  readonly #parts: SampleParts;
  readonly #directions: DirectionsPlan;
  readonly #kernels: DirectionKernels;
  readonly #scratch: number;
  readonly #order: Int32Array;
  readonly #targets: Int32Array;
  readonly #orderedLabels: Uint8Array;

  constructor(
    parts: SampleParts,
    directions: DirectionsPlan,
    kernels: DirectionKernels,
    memory: WebAssembly.Memory,
    rank: number,
  ) {
    this.#parts = parts;
    this.#directions = directions;
    this.#kernels = kernels;
    const { extraction } = directions.ranks[rank];
    this.#scratch = extraction.offset;
    const { order, labels } = directions.parts.train;
    const { targets } = parts.train;
    this.#order = wordsIn(memory, order);
    this.#targets = wordsIn(memory, targets);
    this.#orderedLabels = new Uint8Array(memory.buffer, labels.offset, labels.bytes);
    if (kernels.scratchBytes() > extraction.bytes)
      throw new RangeError(`feature extraction needs ${kernels.scratchBytes()} bytes of scratch`);
    const { fitting, fittedImages, shape } = directions;
    const { features, components, size, aspect, allRows, sobel, pool } = shape;
    if (components > 0 && kernels.fittingBytes(features, components, fittedImages) > fitting.bytes)
      throw new RangeError(`fitting ${components} components needs more than ${fitting.bytes} bytes`);
    kernels.initialise(this.#scratch, size, Number(aspect), Number(allRows), Number(sobel), pool);
  }

  trainingChunk(chunk: number, images: number): void {
    const first = chunk * chunkImages;
    const last = Math.min(first + chunkImages, images);
    const { statistics, statisticsStride } = this.#directions;
    const out = this.extract('train', chunk, blocksOf(last - first), this.place('train', chunk));
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

  evaluatedChunk(part: PartName, chunk: number, out: number): void {
    const { count } = this.#parts[part];
    const images = Math.min(chunkImages, count - chunk * chunkImages);
    this.extract(part, chunk, blocksOf(images), out);
  }

  place(part: PartName, chunk: number): number {
    return (
      this.#directions.parts[part].blocks.offset + chunk * chunkBlocks * blockBytes(this.#directions.shape)
    );
  }

  /** Mean and scale from the chunks' sums; principal components from the first images. */
  fit(images: number): void {
    const { model, statistics, statisticsStride, shape, parts, fitting, fittedImages } = this.#directions;
    const chunks = chunksOf(images);
    this.#kernels.combineStatistics(model.offset, statistics.offset, chunks, statisticsStride, images);
    if (shape.components > 0)
      this.#kernels.fitComponents(model.offset, parts.train.blocks.offset, fittedImages, fitting.offset);
  }

  /** The first blocks of a chunk. */
  extract(part: PartName, chunk: number, blocks: number, out: number): number {
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
