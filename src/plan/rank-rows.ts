/** Where each rank's rows of the present batch begin: at planned places, or where the ranks have agreed. */
import { wordsIn } from '../memory/views.js';
import type { Plan } from './plan.js';
import { shardStart } from './shards.js';

export class RankRows {
  readonly #plan: Plan;
  readonly #cuts: Int32Array | null;
  readonly #starts: Int32Array;

  constructor(plan: Plan, memory: WebAssembly.Memory) {
    this.#plan = plan;
    this.#cuts = plan.balance === null ? null : wordsIn(memory, plan.balance.cuts);
    this.#starts = new Int32Array(plan.threads + 1);
  }

  /**
   * Reads the cuts, which may change before every rank has used them: between a step's last barrier and the next step's
   * first one they stay as they are. Cuts are for whole batches; a session's first batch, and a shorter one, have the
   * plan's.
   */
  begin(batchRows: number): void {
    const { threads, shares, shardUnit } = this.#plan;
    const cuts = this.#cuts !== null && this.#cuts[threads] === batchRows ? this.#cuts : null;
    for (let rank = 0; rank <= threads; rank++)
      this.#starts[rank] = cuts?.[rank] ?? shardStart(batchRows, threads, rank, shardUnit, shares);
  }

  start(rank: number): number {
    return this.#starts[rank];
  }
}
