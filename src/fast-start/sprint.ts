/**
 * The recipe on one thread and in one small memory: direction features of the training images, their statistics,
 * training, then direction features and classification of the test images as they arrive. The same kernels run in the
 * same order as in a session, so the result has the same bits.
 */

import { type DirectionKernels, mostClasses, stripFloats } from '../kernels/directions/direction-kernels.js';
import { linearModelBytes, writeLinearModel } from '../kernels/directions/linear-model.js';
import {
  blockBytes,
  blockImages,
  blocksOf,
  chunkBlocks,
  chunkImages,
  chunksOf,
  imageSide,
} from '../kernels/directions/spec.js';
import { learningRate } from '../optim/schedule.js';
import type { RaceRecipe } from './recipe.js';

export type RaceKernels = Omit<DirectionKernels, 'propagate' | 'gradient' | 'fittingBytes' | 'fitComponents'>;

export const imageBytes = imageSide * imageSide;
const paddingLabel = 255;

/** Byte offsets, each at a cache line. */
function layOut(recipe: RaceRecipe, testCount: number, scratchBytes: number) {
  let top = 1024;
  const take = (bytes: number) => {
    const at = top;
    top = (top + bytes + 127) & ~127;
    return at;
  };
  const chunks = chunksOf(recipe.images);
  const { features, vectorFloats } = recipe.shape;
  const vectorBytes = vectorFloats * 4;
  const statisticsStride = (features + 1) * 32;
  const chunkBytes = chunkBlocks * blockBytes(recipe.shape);
  const at = {
    /**
     * u8 [33][784]: one chunk of images, reused, so that it stays in the cache. Touching new memory for the first time
     * costs more than copying. i32 [32]: 0, 1, …
     */
    images: take((chunkImages + 1) * imageBytes),
    order: take(chunkImages * 4),
    /** Training: u8 [chunks · 32]; f32 [blocks][features][8]. */
    labels: take(chunks * chunkImages),
    blocks: take(chunks * chunkBytes),
    statistics: take(chunks * statisticsStride),
    mean: take(features * 4),
    shift: take(features * 4),
    weights: take(vectorBytes),
    velocity: take(vectorBytes),
    folded: take(vectorBytes),
    batches: take((recipe.images / recipe.batch) * 4),
    rates: take((recipe.images / recipe.batch) * 8),
    room: take(640 + 64 * features),
    model: take(linearModelBytes),
    deltas: take((recipe.batch / blockImages) * stripFloats * 4),
    rows: take(recipe.batch * features * 4),
    sums: take(64),
    testBlocks: take(chunkBytes),
    testLabels: take(chunksOf(testCount) * chunkImages),
    scratch: take(scratchBytes),
  };
  return { at, bytes: top, statisticsStride, chunkBytes };
}

/** Scratch of the extraction; checked against the kernels' need when they are loaded. */
const scratchBytes = 128 * 1024;

/** 64-KiB pages of memory. */
export const memoryPages = (recipe: RaceRecipe, testCount: number): number =>
  Math.ceil(layOut(recipe, testCount, scratchBytes).bytes / 65536);

export class Sprint {
  readonly #recipe: RaceRecipe;
  readonly #kernels: RaceKernels;
  readonly #bytes: Uint8Array;
  readonly #layout: ReturnType<typeof layOut>;
  readonly #sums: Float64Array;
  readonly #testCount: number;
  #evaluated = 0;
  /** Bytes of the chunk that is being filled. */
  #filled = 0;

  constructor(recipe: RaceRecipe, kernels: RaceKernels, memory: WebAssembly.Memory, testCount: number) {
    this.#recipe = recipe;
    this.#kernels = kernels;
    this.#testCount = testCount;
    this.#layout = layOut(recipe, testCount, kernels.scratchBytes());
    const { at, bytes } = this.#layout;
    if (bytes > memory.buffer.byteLength) throw new RangeError(`the race needs ${bytes} bytes`);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#sums = new Float64Array(memory.buffer, at.sums, 2);
    const order = new Int32Array(memory.buffer, at.order, chunkImages);
    for (let i = 0; i < order.length; i++) order[i] = i;
    const { size, aspect, features } = recipe.shape;
    kernels.initialise(at.scratch, size, Number(aspect), 0, 0, 4);
    writeLinearModel(memory, at.model, {
      features,
      components: 0,
      classes: mostClasses,
      smoothing: recipe.labelSmoothing,
      momentum: recipe.momentum,
      nesterov: Number(recipe.nesterov),
      decay: recipe.weightDecay,
      weights: at.weights,
      velocity: at.velocity,
      mean: at.mean,
      shift: at.shift,
      rows: at.rows,
      deltas: at.deltas,
    });
  }

  train(images: Uint8Array, labels: Uint8Array): void {
    const { at, statisticsStride, chunkBytes } = this.#layout;
    const kernels = this.#kernels;
    const { images: count, batch, schedule, shape } = this.#recipe;
    const { buffer } = this.#bytes;
    const chunks = chunksOf(count);
    this.#bytes.fill(paddingLabel, at.labels, at.labels + chunks * chunkImages).set(labels, at.labels);
    for (let chunk = 0; chunk < chunks; chunk++) {
      const first = chunk * chunkImages;
      const size = Math.min(chunkImages, count - first);
      const blocks = blocksOf(size);
      const out = at.blocks + chunk * chunkBytes;
      this.#bytes.set(images.subarray(first * imageBytes, (first + size) * imageBytes), at.images);
      kernels.extract(at.images, at.order, blocks, out, at.scratch);
      const lanes = size - (blocks - 1) * blockImages;
      const sums = at.statistics + chunk * statisticsStride;
      kernels.blockStatistics(out, blocks, shape.features, lanes, sums);
    }
    kernels.combineStatistics(at.model, at.statistics, chunks, statisticsStride, count);
    const stepCount = count / batch;
    const batches = new Int32Array(buffer, at.batches, stepCount);
    const rates = new Float64Array(buffer, at.rates, stepCount);
    for (let i = 0; i < stepCount; i++) {
      batches[i] = i;
      rates[i] = learningRate(schedule, this.#recipe.learningRate, i, stepCount, stepCount);
    }
    // Weights and velocity start at zero, like the memory. The losses of all steps go to one place that is not read.
    const steps = [at.batches, stepCount, batch / blockImages, count, at.rates] as const;
    kernels.train(at.model, at.blocks, at.labels, ...steps, at.room, at.sums, 0);
    kernels.foldWeights(at.model, at.folded);
    this.#sums.fill(0);
  }

  /** Called before the first images. */
  setTestLabels(labels: Uint8Array): void {
    const { testLabels } = this.#layout.at;
    const end = testLabels + chunksOf(this.#testCount) * chunkImages;
    this.#bytes.fill(paddingLabel, testLabels, end).set(labels, testLabels);
  }

  /** Receives bytes of test images as they arrive; a chunk is classified as soon as it is complete. */
  evaluate(piece: Uint8Array): void {
    const { images } = this.#layout.at;
    for (let from = 0; from < piece.length; ) {
      const left = this.#testCount - this.#evaluated;
      const wanted = Math.min(chunkImages, left) * imageBytes - this.#filled;
      const count = Math.min(wanted, piece.length - from);
      if (count === 0) throw new Error('there are more test images than labels');
      this.#bytes.set(piece.subarray(from, from + count), images + this.#filled);
      this.#filled += count;
      from += count;
      if (count === wanted) this.#classify(Math.min(chunkImages, left));
    }
  }

  #classify(images: number): void {
    const at = this.#layout.at;
    const blocks = blocksOf(images);
    const labels = at.testLabels + this.#evaluated;
    // Labels of 255 exclude the places beyond the last image.
    this.#kernels.extract(at.images, at.order, blocks, at.testBlocks, at.scratch);
    this.#kernels.evaluate(at.model, at.testBlocks, labels, blocks, at.folded, at.room, at.sums);
    this.#evaluated += images;
    this.#filled = 0;
  }

  get evaluated(): number {
    return this.#evaluated;
  }

  /** Number of test images classified correctly so far. */
  get hits(): number {
    return this.#sums[1];
  }
}
