/** One rank's computation from samples to logits, a chunk at a time: the transforms, then the training kernels. */
import { Pipeline } from '../data/transforms/pipeline.js';
import { sizeOf } from '../data/transforms/transform.js';
import { instantiateKernels } from '../kernels/kernels.js';
import type { KernelModules } from '../kernels/load.js';
import { type ChunkModel, openChunkModel } from './chunk-model.js';
import { type InferencePlan, roundSamples, type SampleValues } from './inference-plan.js';

export class ChunkForward {
  readonly #inference: InferencePlan;
  readonly #model: ChunkModel;
  /** Buffers of the round: u8 or f32 [roundImages][product of the shape], and f32 [roundImages][classes]. */
  readonly #images: SampleValues;
  readonly #logits: Float32Array;

  constructor(inference: InferencePlan, modules: KernelModules, memory: WebAssembly.Memory, rank: number) {
    const { data, input: shape, values, fitted, logits } = inference;
    const stored = { tensors: fitted, prefix: '', source: 'the network' };
    const pipeline = Pipeline.restore(data, shape, stored, values);
    const kernels = instantiateKernels(modules.engine, memory);
    this.#inference = inference;
    this.#images = roundSamples(inference, memory);
    this.#logits = new Float32Array(memory.buffer, logits.offset, logits.bytes / 4);
    this.#model = openChunkModel({ inference, pipeline, kernels, modules, memory, rank });
  }

  /** Claims chunks of the round's first `count` images until none is left. */
  claimChunks(count: number, claim: () => number): void {
    const { classes, evaluationChunk: chunk } = this.#inference.plan;
    const pixels = sizeOf(this.#inference.input);
    for (let first = claim() * chunk; first < count; first = claim() * chunk) {
      const last = Math.min(first + chunk, count);
      const images = this.#images.subarray(first * pixels, last * pixels);
      this.#model.logits(images, last - first, this.#logits.subarray(first * classes, last * classes));
    }
  }
}
