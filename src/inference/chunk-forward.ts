/** One rank's way from images to logits, a chunk at a time: the pixel pipeline, then the training kernels. */
import { ForwardPass } from '../backend/wasm/forward.js';
import { scratchFloats } from '../coordinator/plan.js';
import { extractFeatures } from '../data/features.js';
import { entryBytes, packDense, packSparse } from '../data/packing.js';
import type { Kernels } from '../kernels/kernels.js';
import type { InferencePlan } from './inference-plan.js';

export class ChunkForward {
  readonly #inference: InferencePlan;
  readonly #pass: ForwardPass;
  readonly #buffer: ArrayBufferLike;
  /** Byte offset of this rank's rows in the test part, and of the list of their places. */
  readonly #values: number;
  readonly #order: number;
  /** Sparse: where each feature range of this rank's rows begins; dense: the rows. */
  readonly #starts: Uint32Array;
  readonly #dense: Uint16Array;
  /** f32 [panels][chunk][16]. */
  readonly #panels: Float32Array;

  constructor(inference: InferencePlan, kernels: Kernels, memory: WebAssembly.Memory, rank: number) {
    const { plan, stride } = inference;
    const { layers, regions, parts, input, evaluation } = plan;
    const { buffer } = memory;
    const first = rank * stride;
    const ranges = input.rangeEnds.length;
    const sparse = input.packing === 'sparse';
    const rowBytes = sparse ? (input.features + ranges) * entryBytes : input.width * 2;
    this.#inference = inference;
    this.#buffer = buffer;
    this.#values = parts.test.values.offset + first * rowBytes;
    this.#order = regions.identity.offset + first * 4;
    const startsOffset = parts.test.starts.offset + first * ranges * 4;
    this.#starts = new Uint32Array(buffer, startsOffset, sparse ? stride * ranges : 0);
    this.#dense = new Uint16Array(buffer, this.#values, sparse ? 0 : stride * input.width);
    const scratch = regions.scratch.offset + rank * scratchFloats(layers) * 4;
    this.#pass = new ForwardPass(plan, kernels, evaluation[rank], scratch);
    const { offset, bytes } = evaluation[rank].activations[layers.length - 1];
    this.#panels = new Float32Array(buffer, offset, bytes / 4);
  }

  /**
   * Images [first, last) of u8 [n][rows · columns], at most a chunk: their rows of logits, f32 [n][classes].
   */
  run(images: Uint8Array, first: number, last: number, logits: Float32Array): void {
    const { plan, rows, columns, crop, pool } = this.#inference;
    const { input, classes } = plan;
    const count = last - first;
    const chosen = images.subarray(first * rows * columns, last * rows * columns);
    const features = extractFeatures({ images: chosen, count, rows, columns }, crop, pool);
    if (input.packing === 'dense') packDense(features, this.#dense, input.width);
    else packSparse(features, input, this.#buffer, this.#values, this.#starts);
    const all = { first: 0, last: count };
    this.#pass.fetch('test', this.#order, all);
    this.#pass.run(all);
    const chunk = plan.evaluationChunk;
    for (let row = 0, next = first * classes; row < count; row++)
      for (let k = 0; k < classes; k++)
        logits[next++] = this.#panels[((k >> 4) * chunk + row) * 16 + (k & 15)];
  }
}

/** Claims chunks of `count` images until none is left. */
export function claimChunks(
  forward: ChunkForward,
  chunk: number,
  claim: () => number,
  images: Uint8Array,
  count: number,
  logits: Float32Array,
): void {
  for (let first = claim() * chunk; first < count; first = claim() * chunk)
    forward.run(images, first, Math.min(first + chunk, count), logits);
}
