/**
 * Evens out the work of `owner`'s ranks while it goes on: no bit depends on which rank has which rows or slices. If a
 * core is slowed by a neighbour, its rank gets fewer rows in the next steps, by the pace that each rank reports. A rank
 * that has finished its own slices takes those of the others' later layers that no rank has begun.
 */
import { doublesIn, wordsIn } from '../memory/views.js';
import type { Slice } from '../model/slice.js';
import type { Plan } from '../plan/plan.js';
import { type BalancePlan, claimable, leastShare, mostShare, paceStride } from '../plan/plan-balance.js';
import type { RankRows } from '../plan/rank-rows.js';
import { cutUnit } from '../plan/shards.js';

/** How far the shares move towards the last step's paces: a single late step must not count for much. */
const gain = 0.25;

/** Paces further apart than this are an interruption, not a slower core. */
const mostUneven = 2.5;

/** The word of a slice that is this rank's in any case. */
const unclaimed = -1;

export class Balance {
  /** Own slices, those of the first layer first; then the claimable ones of the other ranks, from their last on. */
  readonly slices: readonly Slice[];
  readonly #rank: number;
  readonly #ranks: number;
  readonly #batch: number;
  readonly #rows: RankRows;
  readonly #cuts: Int32Array;
  readonly #paces: Float64Array;
  readonly #claims: Int32Array;
  /** The claim word of each of `slices`. */
  readonly #words: readonly number[];
  /** Planned and present shares of the rows. */
  readonly #planned: readonly number[];
  readonly #shares: Float64Array;
  /** The cuts of the next step, and the most rows that there is room for. */
  readonly #next: Int32Array;
  readonly #most: number;
  #started = 0;

  /** `rows`: the same object that gives this rank its rows. */
  constructor(
    { threads, batch, mostRows, shares, slices }: Plan,
    { cuts, paces, claims }: BalancePlan,
    memory: WebAssembly.Memory,
    rank: number,
    rows: RankRows,
  ) {
    this.#rank = rank;
    this.#ranks = threads;
    this.#batch = batch;
    this.#rows = rows;
    this.#cuts = wordsIn(memory, cuts);
    this.#paces = doublesIn(memory, paces);
    this.#claims = wordsIn(memory, claims);
    this.#planned = Array.from({ length: threads }, (_, r) =>
      shares === null ? 1 / threads : shares[r + 1] - shares[r],
    );
    this.#shares = Float64Array.from(this.#planned);
    this.#next = new Int32Array(threads + 1);
    this.#most = mostRows;
    const words = new Map(claimable(slices).map((slice, word) => [slice, word]));
    const own = slices[rank].toSorted((a, b) => Number(a.layer > 0) - Number(b.layer > 0));
    const others = Array.from({ length: threads - 1 }, (_, i) => slices[(rank + 1 + i) % threads]);
    const theirs = others.flatMap((list) => list.filter((slice) => words.has(slice)).toReversed());
    this.slices = [...own, ...theirs];
    this.#words = this.slices.map((slice) => words.get(slice) ?? unclaimed);
  }

  /** Before this rank's rows. No rank claims between a step's last barrier and the next step's first. */
  begin(): void {
    if (this.#rank === 0) this.#claims.fill(0);
    this.#started = performance.now();
  }

  /** After them, before the step's first barrier. */
  report(): void {
    this.#paces[this.#rank * paceStride] = performance.now() - this.#started;
  }

  /** Whether the slice at this place of `slices` is this rank's in this step. */
  claim(place: number): boolean {
    const word = this.#words[place];
    return word === unclaimed || Atomics.compareExchange(this.#claims, word, 0, 1) === 0;
  }

  /** Before the step's last barrier: all ranks have reported their paces, and read the cuts after it. */
  adjust(batchRows: number): void {
    if (this.#rank !== 0 || batchRows !== this.#batch) return;
    let total = 0;
    let slowest = Number.POSITIVE_INFINITY;
    let fastest = 0;
    for (let rank = 0; rank < this.#ranks; rank++) {
      const pace = this.#pace(rank);
      total += pace;
      slowest = Math.min(slowest, pace);
      fastest = Math.max(fastest, pace);
    }
    // A rank that lost its core in this step will hardly lose it in the next. Also false if a clock stood still.
    if (!(fastest < mostUneven * slowest)) return;
    const shares = this.#shares;
    let sum = 0;
    for (let rank = 0; rank < this.#ranks; rank++) {
      const planned = this.#planned[rank];
      const share = shares[rank] + gain * (this.#pace(rank) / total - shares[rank]);
      shares[rank] = Math.min(mostShare * planned, Math.max(leastShare * planned, share));
      sum += shares[rank];
    }
    const next = this.#next;
    let before = 0;
    for (let rank = 0; rank < this.#ranks; rank++) {
      next[rank] = Math.min(batchRows, Math.round((batchRows * before) / sum / cutUnit) * cutUnit);
      before += shares[rank];
    }
    next[this.#ranks] = batchRows;
    for (let rank = 0; rank < this.#ranks; rank++) if (next[rank + 1] - next[rank] > this.#most) return;
    this.#cuts.set(next);
  }

  /** Rows a millisecond in this step. */
  #pace(rank: number): number {
    return (this.#rows.start(rank + 1) - this.#rows.start(rank)) / this.#paces[rank * paceStride];
  }
}
