/** A network on a chunk of samples, by the kernels that evaluate it in a session: the same bits. */
import type { Rows } from '../backend/backend.js';
import { type LayerSite, scratchOf } from '../backend/wasm/layer.js';
import { openLayer, openShortcut } from '../backend/wasm/network.js';
import type { Shortcut } from '../backend/wasm/shortcut.js';
import type { DirectionsPlan } from '../data/transforms/directions/plan.js';
import type { DirectionKernels } from '../kernels/directions/direction-kernels.js';
import { blockBytes, blockImages, blocksOf } from '../kernels/directions/spec.js';
import type { Plan, Workspace } from '../plan/plan.js';
import { type ChunkInputs, type ChunkSite, FeatureBlocks, openInputs } from './chunk-inputs.js';
import type { SampleValues } from './inference-plan.js';
import { SkippingLayer, skipsZeros } from './skipping-layer.js';

export interface ChunkModel {
  /** `images`: as ChunkInputs take them; `out`: f32 [count][outputs]. */
  logits(images: SampleValues, count: number, out: Float32Array): void;
}

export function openChunkModel(site: ChunkSite): ChunkModel {
  const { directions } = site.inference.plan;
  return directions !== null && !directions.hasLayers
    ? new StripModel(site, directions)
    : new LayerModel(site);
}

interface ForwardLayer {
  forward(workspace: Workspace, rows: Rows, masks: null): void;
}

/** Layers, on packed samples or on direction features. */
class LayerModel implements ChunkModel {
  readonly #plan: Plan;
  readonly #rank: number;
  readonly #inputs: ChunkInputs;
  readonly #layers: readonly ForwardLayer[];
  readonly #shortcut: Shortcut | null;
  /** One object for every call, which then allocates nothing. */
  readonly #rows = { first: 0, last: 0 };
  /** f32 [panels][chunk][16]. */
  readonly #panels: Float32Array;

  constructor(site: ChunkSite) {
    const { inference, kernels, memory, rank } = site;
    const { plan } = inference;
    const { offset, bytes } = plan.evaluation[rank].activations[plan.layers.length - 1];
    this.#plan = plan;
    this.#rank = rank;
    this.#inputs = openInputs(site);
    const scratch = scratchOf(plan, rank);
    this.#layers = plan.layers.map((_, index): ForwardLayer => {
      const layer: LayerSite = { plan, kernels, memory, index, rank, scratch };
      return skipsZeros(plan, index) ? new SkippingLayer(layer, inference.skipping[rank]) : openLayer(layer);
    });
    this.#shortcut = openShortcut({ plan, kernels, memory, rank, scratch });
    this.#panels = new Float32Array(memory.buffer, offset, bytes / 4);
  }

  logits(images: SampleValues, count: number, out: Float32Array): void {
    const { outputs, evaluation, evaluationChunk } = this.#plan;
    this.#inputs.load(images, count);
    this.#rows.last = count;
    for (let l = 0; l < this.#layers.length; l++)
      this.#layers[l].forward(evaluation[this.#rank], this.#rows, null);
    this.#shortcut?.forward(evaluation[this.#rank], this.#rows);
    for (let row = 0, next = 0; row < count; row++)
      for (let k = 0; k < outputs; k++)
        out[next++] = this.#panels[((k >> 4) * evaluationChunk + row) * 16 + (k & 15)];
  }
}

/** Images of two blocks: what a call of the kernel takes. */
const pairImages = 2 * blockImages;

/** Softmax regression on blocks of direction features. */
class StripModel implements ChunkModel {
  readonly #directions: DirectionsPlan;
  readonly #outputs: number;
  readonly #blocks: FeatureBlocks;
  readonly #kernels: DirectionKernels;
  readonly #folded: number;
  /** f32 [10][2 blocks][8]. */
  readonly #room: Float32Array;

  constructor(site: ChunkSite, directions: DirectionsPlan) {
    const { inference, memory, rank } = site;
    const { folded, room } = directions.ranks[rank];
    this.#directions = directions;
    this.#outputs = inference.plan.outputs;
    this.#blocks = new FeatureBlocks(site, directions);
    this.#kernels = this.#blocks.kernels;
    this.#folded = folded.offset;
    this.#room = new Float32Array(memory.buffer, room.offset, 10 * pairImages);
    this.#kernels.foldWeights(directions.model.offset, folded.offset);
  }

  logits(images: SampleValues, count: number, out: Float32Array): void {
    const { model, shape } = this.#directions;
    const blocks = this.#blocks.make(images, count);
    for (let first = 0; first < count; first += pairImages) {
      const last = Math.min(count, first + pairImages);
      const at = blocks + (first / blockImages) * blockBytes(shape);
      const room = this.#room.byteOffset;
      this.#kernels.logits(model.offset, at, blocksOf(last - first), this.#folded, room);
      for (let i = first; i < last; i++)
        for (let k = 0; k < this.#outputs; k++)
          out[i * this.#outputs + k] = this.#room[k * pairImages + i - first];
    }
  }
}
