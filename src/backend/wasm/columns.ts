/**
 * The batch's sparse rows turned into columns, for first layers whose gradient is gathered. Every rank turns its own
 * rows, in tiles; the rank that sums over the batch reads all ranks' tiles in the order of the rows.
 */

import type { Kernels } from '../../kernels/kernels.js';
import type { Slice } from '../../model/slice.js';
import type { Plan } from '../../plan/plan.js';
import type { RankRows } from '../../plan/rank-rows.js';
import { columnTileBytes, tileRows, tilesPerRank } from '../../plan/shards.js';
import type { Rows } from '../backend.js';

export class Columns {
  readonly #plan: Plan;
  readonly #kernels: Kernels;
  /** Where the present batch's tiles are: see `turn`. */
  #place = 0;

  constructor(plan: Plan, kernels: Kernels) {
    this.#plan = plan;
    this.#kernels = kernels;
  }

  /**
   * Rank `rank`'s rows. Their number determines the tiles, so every rank can compute their places. `place`: 1 for a second
   * set of tiles, if other ranks may still read those of the batch before.
   */
  turn(rank: number, rows: Rows, place: number): void {
    const { input, training } = this.#plan;
    this.#place = place;
    const ranges = input.rangeEnds.length;
    const size = tileRows(rows.last - rows.first);
    for (let first = rows.first; first < rows.last; first += size) {
      const count = Math.min(size, rows.last - first);
      const bounds = training.bounds.offset + first * (ranges + 1) * 4;
      const columns = this.#tile(rank, (first - rows.first) / size);
      const { features } = input;
      const entries = columns + Math.ceil((features + 1) / 4) * 16;
      this.#kernels.turnRows(bounds, ranges, count, first, features, columns, entries);
    }
  }

  /**
   * A panel's gradient, features [first, last), from the tiles of those ranks whose rows lie within `rows`. deltas: of
   * the panel and of the batch's first row; sums: f32 [64], Σ δ over the rows, for centring by its rank-1 correction,
   * Σ (x − μ) δᵀ = Σ x δᵀ − μ (Σ δ)ᵀ.
   */
  gather(
    ranks: RankRows,
    rows: Rows,
    { firstRow, lastRow }: Slice,
    deltas: number,
    panel: number,
    sums: number,
  ) {
    const { threads, training, regions } = this.#plan;
    const shift = regions.shift.offset;
    let start = sums;
    for (let rank = 0; rank < threads; rank++) {
      const first = ranks.start(rank);
      const last = ranks.start(rank + 1);
      if (first < rows.first || last > rows.last) continue;
      const size = tileRows(last - first);
      for (let tile = 0; first + tile * size < last; tile++) {
        const columns = this.#tile(rank, tile);
        const { panelBytes } = training;
        this.#kernels.sparseGather64(columns, firstRow, lastRow, deltas, panelBytes, panel, start, shift);
        start = 0;
      }
    }
    // With no rows, the gradient must still be set to zero.
    if (start !== 0) {
      const first = panel + firstRow * 256;
      this.#kernels.negativeOuter(shift + firstRow * 4, lastRow - firstRow, sums, 64, first);
    }
  }

  #tile(rank: number, tile: number): number {
    const { mostRows, threads, input, regions } = this.#plan;
    const number = (this.#place * threads + rank) * tilesPerRank(mostRows) + tile;
    return regions.columns.offset + number * columnTileBytes(input.features, input.rangeEnds.length);
  }
}
