/** Rows of the workspace from feature blocks, standardised: the inputs of networks with hidden layers. */
import type { PartName } from '../../data/dataset.js';
import type { DirectionsPlan } from '../../data/transforms/directions/plan.js';
import type { DirectionKernels } from '../../kernels/directions/direction-kernels.js';
import { blockBytes, blocksOf } from '../../kernels/directions/spec.js';
import type { Plan, Workspace } from '../../plan/plan.js';
import type { Rows } from '../backend.js';
import { type InputSource, inputRow, type RowTargets } from '../wasm/inputs.js';
import { BatchPlaces } from './batch-places.js';

export class BlockSource implements InputSource {
  readonly #plan: Plan;
  readonly #directions: DirectionsPlan;
  readonly #kernels: DirectionKernels;
  readonly #room: number;
  readonly #places: BatchPlaces;
  readonly #rowTargets: RowTargets = { targets: 0, order: 0 };

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
    this.#places = new BatchPlaces(plan.batch, directions, memory);
  }

  batch(workspace: Workspace, firstSample: number, rows: Rows): RowTargets {
    const { parts, shape } = this.#directions;
    const first = this.#places.firstImage(firstSample) + rows.first;
    this.#fetch(workspace, parts.train.blocks.offset + (first / 8) * blockBytes(shape), rows);
    return this.#labelled('train', parts.train.order.offset + first * 4);
  }

  evaluated(workspace: Workspace, part: PartName, first: number, rows: Rows, made: number): RowTargets {
    this.#fetch(workspace, made, rows);
    return this.#labelled(part, this.#plan.regions.identity.offset + first * 4);
  }

  #fetch(workspace: Workspace, blocks: number, rows: Rows): void {
    const count = blocksOf(rows.last - rows.first);
    const out = inputRow(workspace, rows.first);
    const { model } = this.#directions;
    this.#kernels.standardise(model.offset, blocks, count, this.#room, out, workspace.panelBytes);
  }

  #labelled(part: PartName, order: number): RowTargets {
    this.#rowTargets.targets = this.#plan.parts[part].targets.offset;
    this.#rowTargets.order = order;
    return this.#rowTargets;
  }
}
