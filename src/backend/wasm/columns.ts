/**
 * The batch's sparse rows turned into columns, for first layers whose gradient is gathered. Every rank turns its own
 * rows, in tiles; whoever sums over the batch takes all ranks' tiles in the order of the rows.
 */
import type { Plan } from '../../coordinator/plan.js';
import { columnTileBytes, columnTileRows, shardRows } from '../../coordinator/shards.js';
import type { Kernels } from '../../kernels/kernels.js';
import type { Rows } from '../backend.js';

export class Columns {
  readonly #plan: Plan;
  readonly #kernels: Kernels;

  constructor(plan: Plan, kernels: Kernels) {
    this.#plan = plan;
    this.#kernels = kernels;
  }

  /** Rank `rank`'s rows. Within a rank tiles are a fixed number of rows, so their places are known to everyone. */
  turn(rank: number, rows: Rows): void {
    const { input, training } = this.#plan;
    const ranges = input.rangeEnds.length;
    for (let first = rows.first; first < rows.last; first += columnTileRows) {
      const count = Math.min(columnTileRows, rows.last - first);
      const bounds = training.bounds.offset + first * (ranges + 1) * 4;
      const columns = this.#tile(rank, (first - rows.first) / columnTileRows);
      const { features } = input;
      const entries = columns + Math.ceil((features + 1) / 4) * 16;
      this.#kernels.turnRows(bounds, ranges, count, first, features, columns, entries);
    }
  }

  /**
   * Adds to a panel's gradient, features [first, last), from the tiles of those ranks whose rows lie within `rows`.
   * deltas: of the panel and of the batch's first row.
   */
  gather(batchRows: number, rows: Rows, first: number, last: number, deltas: number, panel: number): void {
    const { threads, training } = this.#plan;
    for (let rank = 0; rank < threads; rank++) {
      const shard = shardRows(batchRows, threads, rank);
      if (shard.first < rows.first || shard.last > rows.last) continue;
      for (let tile = 0; shard.first + tile * columnTileRows < shard.last; tile++) {
        const columns = this.#tile(rank, tile);
        this.#kernels.sparseGather64(columns, first, last, deltas, training.panelBytes, panel);
      }
    }
  }

  #tile(rank: number, tile: number): number {
    const { batch, threads, input, regions } = this.#plan;
    const perRank = Math.ceil(Math.ceil(batch / threads) / columnTileRows);
    return regions.columns.offset + (rank * perRank + tile) * columnTileBytes(input.features);
  }
}
