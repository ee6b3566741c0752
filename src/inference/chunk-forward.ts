/** One rank's computation from images to logits, a chunk at a time: the pixel pipeline, then the training kernels. */
import { fetchPacked } from '../backend/wasm/inputs.js';
import { Network } from '../backend/wasm/network.js';
import { packDense } from '../data/packing.js';
import { Pipeline } from '../data/transforms/pipeline.js';
import { sizeOf } from '../data/transforms/transform.js';
import type { Kernels } from '../kernels/kernels.js';
import { entryBytes, packSparse } from '../kernels/sparse-rows.js';
import type { Workspace } from '../plan/plan.js';
import type { InferencePlan } from './inference-plan.js';

export class ChunkForward {
  readonly #inference: InferencePlan;
  readonly #pipeline: Pipeline;
  readonly #network: Network;
  readonly #workspace: Workspace;
  readonly #kernels: Kernels;
  readonly #buffer: ArrayBufferLike;
  /** Buffers of the round: u8 [roundImages][rows · columns] and f32 [roundImages][classes]. */
  readonly #images: Uint8Array;
  readonly #logits: Float32Array;
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
    const { data, input: shape, fitted } = inference;
    this.#pipeline = Pipeline.restore(data, shape, { tensors: fitted, prefix: '', source: 'the network' });
    this.#kernels = kernels;
    this.#buffer = buffer;
    this.#images = new Uint8Array(buffer, inference.images.offset, inference.images.bytes);
    this.#logits = new Float32Array(buffer, inference.logits.offset, inference.logits.bytes / 4);
    this.#values = parts.test.values.offset + first * rowBytes;
    this.#order = regions.identity.offset + first * 4;
    const startsOffset = parts.test.starts.offset + first * ranges * 4;
    this.#starts = new Uint32Array(buffer, startsOffset, sparse ? stride * ranges : 0);
    this.#dense = new Uint16Array(buffer, this.#values, sparse ? 0 : stride * input.width);
    this.#network = new Network(plan, kernels, rank);
    this.#workspace = evaluation[rank];
    const { offset, bytes } = evaluation[rank].activations[layers.length - 1];
    this.#panels = new Float32Array(buffer, offset, bytes / 4);
  }

  /** Computes the logits of images [first, last) of the round, at most a chunk. */
  #run(first: number, last: number): void {
    const { classes, evaluationChunk } = this.#inference.plan;
    const count = last - first;
    this.#pack(first, count);
    const all = { first: 0, last: count };
    fetchPacked(this.#inference.plan, this.#kernels, this.#workspace, 'test', this.#order, all);
    this.#network.forward(this.#workspace, all);
    for (let row = 0, next = first * classes; row < count; row++)
      for (let k = 0; k < classes; k++)
        this.#logits[next++] = this.#panels[((k >> 4) * evaluationChunk + row) * 16 + (k & 15)];
  }

  #pack(first: number, count: number): void {
    const { plan, input: shape, rangeEnds } = this.#inference;
    const { input } = plan;
    const pixels = sizeOf(shape);
    if (input.packing === 'sparse' && this.#pipeline.keepsValues) {
      const { shiftBits, scale } = input;
      const ranges = input.rangeEnds.length;
      const from = this.#images.byteOffset + first * pixels;
      const starts = this.#starts.byteOffset;
      const ends = rangeEnds.offset;
      this.#kernels.packRows(from, count, pixels, ends, ranges, shiftBits, scale, this.#values, starts);
      return;
    }
    const values = this.#images.subarray(first * pixels, (first + count) * pixels);
    const features = this.#pipeline.apply({ values, count, shape, full: 255 });
    if (input.packing === 'dense') packDense(features, this.#dense, input.width);
    else packSparse({ ...features, width: input.features }, input, this.#buffer, this.#values, this.#starts);
  }

  /** Claims chunks of the round's first `count` images until none is left. */
  claimChunks(count: number, claim: () => number): void {
    const { evaluationChunk: chunk } = this.#inference.plan;
    for (let first = claim() * chunk; first < count; first = claim() * chunk)
      this.#run(first, Math.min(first + chunk, count));
  }
}
