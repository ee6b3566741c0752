/** From a chunk of samples to the inputs of a network, in one rank's workspace. */
import { BlockSource } from '../backend/directions/block-source.js';
import { fetchPacked } from '../backend/wasm/inputs.js';
import { packDense } from '../data/packing.js';
import { Extractor } from '../data/transforms/directions/extractor.js';
import type { DirectionsPlan } from '../data/transforms/directions/plan.js';
import type { Pipeline } from '../data/transforms/pipeline.js';
import { sizeOf, storedValues } from '../data/transforms/transform.js';
import { type DirectionKernels, instantiateDirections } from '../kernels/directions/direction-kernels.js';
import { blocksOf, chunkImages } from '../kernels/directions/spec.js';
import type { Kernels } from '../kernels/kernels.js';
import type { KernelModules } from '../kernels/load.js';
import { entryBytes, packSparse } from '../kernels/sparse-rows.js';
import { packStored, StoredTexts } from '../kernels/stored-texts.js';
import type { Workspace } from '../plan/plan.js';
import type { InferencePlan, SampleValues } from './inference-plan.js';

export interface ChunkInputs {
  /** `images`: u8 or f32 [count][product of the shape], a view of the shared memory; `count`: at most a chunk. */
  load(images: SampleValues, count: number): void;
}

export interface ChunkSite {
  readonly inference: InferencePlan;
  readonly pipeline: Pipeline;
  readonly kernels: Kernels;
  readonly modules: KernelModules;
  readonly memory: WebAssembly.Memory;
  readonly rank: number;
}

export function openInputs(site: ChunkSite): ChunkInputs {
  const { directions } = site.inference.plan;
  return directions === null ? new PackedInputs(site) : new BlockInputs(site, directions);
}

/** Samples, packed into the rank's rows of the test part. */
class PackedInputs implements ChunkInputs {
  readonly #site: ChunkSite;
  readonly #pixels: number;
  readonly #keepsValues: boolean;
  /** Of rows of a table with texts. */
  readonly #texts: StoredTexts | null;
  /** Dense: numbers of a row. */
  readonly #width: number;
  /** Byte offset of the rows, and of the list of their places. */
  readonly #values: number;
  readonly #order: number;
  /** Sparse: the addresses of each row's feature ranges; dense: the rows, u16 or (real) f32. */
  readonly #starts: Uint32Array;
  readonly #dense: Uint16Array | Float32Array;
  /** One object for every call, which then allocates nothing. */
  readonly #rows = { first: 0, last: 0 };

  constructor(site: ChunkSite) {
    const { inference, memory, rank } = site;
    const { plan, stride } = inference;
    const { regions, parts, input } = plan;
    const first = rank * stride;
    const ranges = input.rangeEnds.length;
    const sparse = input.packing === 'sparse';
    const real = input.packing === 'real' || input.packing === 'encoded';
    const width = input.packing === 'encoded' ? input.storedWidth : input.width;
    const rowBytes = sparse ? (input.features + ranges) * entryBytes : width * (real ? 4 : 2);
    const { encoding } = site.pipeline;
    this.#site = site;
    this.#texts = sparse && encoding !== null ? new StoredTexts(encoding.blocks) : null;
    this.#pixels = sizeOf(inference.input);
    this.#keepsValues = site.pipeline.keepsValues;
    this.#values = parts.test.values.offset + first * rowBytes;
    this.#order = regions.identity.offset + first * 4;
    const startsOffset = parts.test.starts.offset + first * ranges * 4;
    this.#starts = new Uint32Array(memory.buffer, startsOffset, sparse ? stride * ranges : 0);
    const denseValues = sparse ? 0 : stride * width;
    this.#width = width;
    this.#dense = real
      ? new Float32Array(memory.buffer, this.#values, denseValues)
      : new Uint16Array(memory.buffer, this.#values, denseValues);
  }

  load(images: SampleValues, count: number): void {
    const { inference, kernels, rank } = this.#site;
    const { plan } = inference;
    this.#pack(images, count);
    this.#rows.last = count;
    fetchPacked(plan, kernels, plan.evaluation[rank], 'test', this.#order, this.#rows);
  }

  #pack(images: SampleValues, count: number): void {
    const { inference, pipeline, kernels, memory } = this.#site;
    const { plan, input: shape, rangeEnds } = inference;
    const { input } = plan;
    const pixels = this.#pixels;
    if (this.#texts !== null) {
      const stored = { values: storedValues(images), count, fields: pixels };
      packStored(this.#texts, stored, input, memory.buffer, this.#values, this.#starts);
      return;
    }
    if (input.packing === 'sparse' && this.#keepsValues) {
      const { shiftBits, scale } = input;
      const ranges = input.rangeEnds.length;
      const starts = this.#starts.byteOffset;
      const from = images.byteOffset;
      const ends = rangeEnds.offset;
      kernels.packRows(from, count, pixels, ends, ranges, shiftBits, scale, this.#values, starts);
      return;
    }
    if (input.packing !== 'sparse' && this.#keepsValues) {
      const width = this.#width;
      for (let row = 0; row < count; row++)
        for (let p = 0; p < pixels; p++) this.#dense[row * width + p] = images[row * pixels + p];
      return;
    }
    const features = pipeline.apply({ values: images, count, shape, full: 255 });
    if (input.packing !== 'sparse') packDense(features, this.#dense, this.#width);
    else packSparse({ ...features, width: input.features }, input, memory.buffer, this.#values, this.#starts);
  }
}

/** Blocks of direction features, made as in a session: of the test part's chunk whose number is the rank. */
export class FeatureBlocks {
  readonly kernels: DirectionKernels;
  readonly #site: ChunkSite;
  readonly #extractor: Extractor;
  readonly #images: Uint8Array;
  readonly #blocks: number;

  constructor(site: ChunkSite, directions: DirectionsPlan) {
    const { inference, modules, memory, rank } = site;
    const { plan, input: shape } = inference;
    if (modules.directions === null) throw new Error('the kernels of direction features were not loaded');
    const bytes = chunkImages * sizeOf(shape);
    this.kernels = instantiateDirections(modules.directions, memory);
    this.#site = site;
    this.#extractor = new Extractor(plan.parts, directions, this.kernels, memory, rank);
    this.#images = new Uint8Array(memory.buffer, directions.parts.test.images.offset + rank * bytes, bytes);
    this.#blocks = directions.ranks[rank].chunk.offset;
  }

  /** Byte offset of the blocks. */
  make(images: SampleValues, count: number): number {
    const { inference, pipeline, rank } = this.#site;
    this.#images.set(pipeline.apply({ values: images, count, shape: inference.input, full: 255 }).values);
    return this.#extractor.extract('test', rank, blocksOf(count), this.#blocks);
  }
}

/** Direction features as rows of the workspace, for networks with hidden layers. */
class BlockInputs implements ChunkInputs {
  readonly #workspace: Workspace;
  readonly #blocks: FeatureBlocks;
  readonly #source: BlockSource;

  constructor(site: ChunkSite, directions: DirectionsPlan) {
    const { inference, memory, rank } = site;
    this.#workspace = inference.plan.evaluation[rank];
    this.#blocks = new FeatureBlocks(site, directions);
    this.#source = new BlockSource(inference.plan, directions, this.#blocks.kernels, memory, rank);
  }

  load(images: SampleValues, count: number): void {
    const made = this.#blocks.make(images, count);
    this.#source.evaluated(this.#workspace, 'test', 0, { first: 0, last: count }, made);
  }
}
