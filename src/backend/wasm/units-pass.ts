/**
 * All rows of a batch through some units of the one hidden layer. Each block of 64 units has its own part of the outputs;
 * every rank adds the parts in the order of the blocks, so the sums are the same for any number of threads. Rank 0 has
 * the first blocks: it adds their parts as they are made, while they are in its cache, and shows the others the sum.
 */
import type { Kernels } from '../../kernels/kernels.js';
import type { MaskOrigin } from '../../optim/dropout.js';
import type { Plan } from '../../plan/plan.js';
import { blocksOf, type Units, type UnitsPlan, unitsPerBlock } from '../../plan/plan-units.js';
import type { RankRows } from '../../plan/rank-rows.js';
import type { Rows, ShardResult } from '../backend.js';
import type { InputSource, RowTargets } from './inputs.js';
import { rowBytes } from './layer.js';
import type { LossRuntime } from './loss.js';
import type { Network } from './network.js';

/** The parts of the rank's backend. */
export interface RankPasses {
  readonly source: InputSource;
  readonly network: Network;
  readonly loss: LossRuntime;
  readonly ranks: RankRows;
}

export class UnitsPass {
  readonly #plan: Plan;
  readonly #parts: number;
  readonly #blocks: number;
  /** Blocks of rank 0. */
  readonly #head: number;
  readonly #isAlone: boolean;
  readonly #kernels: Kernels;
  readonly #bytes: Uint8Array;
  readonly #passes: RankPasses;
  #targets: RowTargets = { targets: 0, order: 0 };

  constructor(
    plan: Plan,
    { parts, ranks }: UnitsPlan,
    kernels: Kernels,
    memory: WebAssembly.Memory,
    passes: RankPasses,
  ) {
    this.#plan = plan;
    this.#parts = parts.offset;
    this.#blocks = blocksOf(plan.layers[0].outputs);
    this.#head = blocksOf(ranks[0].last);
    this.#isAlone = ranks.length === 1;
    this.#kernels = kernels;
    this.#bytes = new Uint8Array(memory.buffer);
    this.#passes = passes;
  }

  forward(masks: MaskOrigin, rows: Rows, shard: Rows, units: Units, place: number): void {
    const { training, input } = this.#plan;
    const { source, network, ranks } = this.#passes;
    const hasUnits = units.last > units.first;
    if (!hasUnits && !input.gathers) return;
    this.#targets = source.batch(training, masks.firstSample, hasUnits ? rows : shard);
    ranks.begin(rows.last);
    network.receive(shard, ranks, place);
    for (let first = units.first; first < units.last; first += unitsPerBlock) {
      const block = first / unitsPerBlock;
      const isAdded = block > 0 && block < this.#head;
      const part = this.#part(place, isAdded ? 1 : block);
      network.forwardUnits(training, rows, masks, within(units, first), part);
      if (isAdded) this.#add(this.#part(place, 0), part, rows);
    }
  }

  backward(rows: Rows, units: Units, place: number, result: ShardResult): void {
    const { training } = this.#plan;
    const { network, loss } = this.#passes;
    if (units.last === units.first) return;
    if (!this.#isAlone) this.#addParts(rows, place);
    loss.run(training, this.#targets, rows, 1 / rows.last, result);
    for (let first = units.first; first < units.last; first += unitsPerBlock)
      network.backwardUnits(rows, within(units, first));
  }

  #addParts(rows: Rows, place: number): void {
    const { layers, training } = this.#plan;
    const out = training.activations[1].offset;
    for (let panel = 0; panel < layers[1].panels; panel++) {
      const offset = panel * training.panelBytes;
      const first = this.#part(place, 0) + offset;
      this.#bytes.copyWithin(out + offset, first, first + rows.last * rowBytes);
    }
    for (let block = this.#head; block < this.#blocks; block++)
      this.#add(out, this.#part(place, block), rows);
  }

  #add(sums: number, part: number, rows: Rows): void {
    const { layers, training } = this.#plan;
    for (let panel = 0; panel < layers[1].panels; panel++) {
      const offset = panel * training.panelBytes;
      this.#kernels.addInto(sums + offset, part + offset, rows.last * 16);
    }
  }

  #part(place: number, block: number): number {
    const [, outputs] = this.#plan.training.activations;
    if (this.#isAlone && block === 0) return outputs.offset;
    return this.#parts + (place * this.#blocks + block) * outputs.bytes;
  }
}

/** The block of `units` that starts at `first`. */
const within = (units: Units, first: number): Units => ({
  first,
  last: Math.min(units.last, first + unitsPerBlock),
});
