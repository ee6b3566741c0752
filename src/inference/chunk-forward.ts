/** One rank's computation from samples to logits, a chunk at a time: the transforms, then the training kernels. */
import { Pipeline } from '../data/transforms/pipeline.js';
import { sizeOf } from '../data/transforms/transform.js';
import type { Int8Module } from '../kernels/int8/load-int8.js';
import { instantiateKernels } from '../kernels/kernels.js';
import type { KernelModules } from '../kernels/load.js';
import type { ChunkSite } from './chunk-inputs.js';
import { type ChunkModel, openChunkModel } from './chunk-model.js';
import { type InferencePlan, roundSamples, type SampleValues } from './inference-plan.js';

/** What a rank is given. */
export interface InferenceTask {
  readonly inference: InferencePlan;
  readonly modules: KernelModules;
  /** Null: float32. */
  readonly int8: Int8Module | null;
  readonly memory: WebAssembly.Memory;
  readonly rank: number;
}

type OpenModel = (site: ChunkSite) => ChunkModel;

/** The network of integers is loaded for those who use it. */
export async function modelOpener({
  inference,
  int8,
}: Pick<InferenceTask, 'inference' | 'int8'>): Promise<OpenModel> {
  const { int8: plan } = inference;
  if (plan === null || int8 === null) return openChunkModel;
  const { Int8Model } = await import('./int8/int8-model.js');
  return (site) => new Int8Model(site, plan, int8);
}

/** What the ranks of a round share. */
export interface SharedRound {
  /** The next chunk, from 0; beyond the last if none is left. */
  claimChunk(): number;
  /** Returns when the first `count` images are in memory. */
  awaitLoaded(count: number): void;
}

/** A chunk of the round: kept, so that calls of the same size make no new views. */
interface Chunk {
  readonly first: number;
  readonly last: number;
  readonly images: SampleValues;
  readonly logits: Float32Array;
}

export class ChunkForward {
  readonly #model: ChunkModel;
  readonly #pixels: number;
  readonly #outputs: number;
  /** Buffers of the round: u8 or f32 [roundImages][product of the shape], and f32 [roundImages][outputs]. */
  readonly #images: SampleValues;
  readonly #logits: Float32Array;
  readonly #chunks: Chunk[] = [];

  /** `openModel`: of modelOpener. */
  constructor({ inference, modules, memory, rank }: InferenceTask, openModel: OpenModel) {
    const { data, input: shape, values, fitted, logits, plan } = inference;
    const stored = { tensors: fitted, prefix: '', source: 'the network' };
    const pipeline = Pipeline.restore(data, shape, stored, values);
    const kernels = instantiateKernels(modules.engine, memory);
    this.#pixels = sizeOf(shape);
    this.#outputs = plan.outputs;
    this.#images = roundSamples(inference, memory);
    this.#logits = new Float32Array(memory.buffer, logits.offset, logits.bytes / 4);
    this.#model = openModel({ inference, pipeline, kernels, modules, memory, rank });
  }

  /** The round's first `count` images, `size` at a time. */
  compute(count: number, size: number): void {
    for (let chunk = 0; chunk * size < count; chunk++) this.#compute(chunk, size, count);
  }

  /** Claims chunks of the round's first `count` images until none is left. */
  computeShare(round: SharedRound, count: number, size: number): void {
    for (let chunk = round.claimChunk(); chunk * size < count; chunk = round.claimChunk()) {
      round.awaitLoaded(Math.min(count, (chunk + 1) * size));
      this.#compute(chunk, size, count);
    }
  }

  #compute(chunk: number, size: number, count: number): void {
    const first = chunk * size;
    const last = Math.min(count, first + size);
    const { images, logits } = this.#chunk(chunk, first, last);
    this.#model.logits(images, last - first, logits);
  }

  #chunk(chunk: number, first: number, last: number): Chunk {
    const kept = this.#chunks[chunk];
    if (kept !== undefined && kept.first === first && kept.last === last) return kept;
    const made: Chunk = {
      ...{ first, last },
      images: this.#images.subarray(first * this.#pixels, last * this.#pixels),
      logits: this.#logits.subarray(first * this.#outputs, last * this.#outputs),
    };
    this.#chunks[chunk] = made;
    return made;
  }
}
