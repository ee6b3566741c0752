/** Networks with hidden layers on direction features: the engine's layers, their inputs standardised from blocks. */

import type { PartName } from '../../data/dataset.js';
import type { DirectionKernels } from '../../kernels/directions/direction-kernels.js';
import { blockBytes, blocksOf, chunkImages } from '../../kernels/directions/spec.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { Plan } from '../../plan/plan.js';
import type { DirectionsPlan } from '../../plan/plan-directions.js';
import type { Rows, ShardResult } from '../backend.js';
import type { FeatureBackend } from '../feature-backend.js';
import type { ForwardPass } from '../wasm/forward.js';
import { type InputSource, inputRow, type RowLabels } from '../wasm/inputs.js';
import { WasmBackend } from '../wasm/wasm-backend.js';
import { BatchPlaces, fitScale } from './feature-steps.js';

/** Rows of the workspace out of feature blocks. */
class BlockSource implements InputSource {
  readonly #plan: Plan;
  readonly #directions: DirectionsPlan;
  readonly #kernels: DirectionKernels;
  readonly #room: number;
  readonly #places: BatchPlaces;
  readonly #rowLabels: RowLabels = { labels: 0, order: 0 };
  /** Where the blocks of the part that is evaluated next lie. */
  evaluatedBlocks = 0;

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
    this.#room = directions.ranks[rank].room.offset;
    this.#places = new BatchPlaces(plan, directions, memory);
  }

  batch(pass: ForwardPass, firstSample: number, rows: Rows): RowLabels {
    const { parts, shape } = this.#directions;
    const first = this.#places.firstImage(firstSample) + rows.first;
    this.#fetch(pass, parts.train.blocks.offset + (first / 8) * blockBytes(shape), rows);
    return this.#labelled('train', parts.train.order.offset + first * 4);
  }

  evaluated(pass: ForwardPass, part: PartName, first: number, rows: Rows): RowLabels {
    this.#fetch(pass, this.evaluatedBlocks, rows);
    return this.#labelled(part, this.#plan.regions.identity.offset + first * 4);
  }

  #fetch({ workspace }: ForwardPass, blocks: number, rows: Rows): void {
    const count = blocksOf(rows.last - rows.first);
    const out = inputRow(workspace, rows.first);
    const { model } = this.#directions;
    this.#kernels.standardise(model.offset, blocks, count, this.#room, out, workspace.panelBytes);
  }

  #labelled(part: PartName, order: number): RowLabels {
    this.#rowLabels.labels = this.#plan.parts[part].targets.offset;
    this.#rowLabels.order = order;
    return this.#rowLabels;
  }
}

export class NetworkBackend extends WasmBackend implements FeatureBackend {
  readonly #parts: Plan['parts'];
  readonly #directions: DirectionsPlan;
  readonly #kernels: DirectionKernels;
  readonly #source: BlockSource;

  constructor(
    plan: Plan,
    directions: DirectionsPlan,
    engine: Kernels,
    kernels: DirectionKernels,
    memory: WebAssembly.Memory,
    rank: number,
  ) {
    const source = new BlockSource(plan, directions, kernels, memory, rank);
    super(plan, engine, memory, rank, source);
    this.#parts = plan.parts;
    this.#directions = directions;
    this.#kernels = kernels;
    this.#source = source;
  }

  fitTransform(images: number): void {
    fitScale(this.#directions, this.#kernels, images);
  }

  beginEvaluation(): void {}

  evaluateBlocks(part: PartName, chunk: number, blocks: number, result: ShardResult): void {
    const first = chunk * chunkImages;
    this.#source.evaluatedBlocks = blocks;
    this.evaluate(part, first, Math.min(this.#parts[part].count, first + chunkImages), result);
  }

  trainAlone(): void {
    throw new Error('a network with hidden layers is trained by all workers');
  }
}
