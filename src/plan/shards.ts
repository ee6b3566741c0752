/** The rows of a batch that belong to a rank, and the tiles in which the rank turns sparse rows into columns. */

/**
 * The first row of rank `rank`'s shard of a batch; the shard ends where the next rank's begins. Shards are contiguous,
 * in whole units except the last. Their sizes differ by at most one unit; some are empty if there are too few rows. The
 * result is a number, so that steps allocate nothing.
 */
export function shardStart(rows: number, threads: number, rank: number, unit = 1): number {
  return Math.min(rows, Math.floor((Math.ceil(rows / unit) * rank) / threads) * unit);
}

/** Rows of every rank. */
export function shardSizes(rows: number, threads: number): number[] {
  return Array.from(
    { length: threads },
    (_, rank) => shardStart(rows, threads, rank + 1) - shardStart(rows, threads, rank),
  );
}

/** Rows of a tile: their deltas of one panel of 64, 32 KiB, stay in the first-level cache. */
export const columnTileRows = 128;

/** Addresses of the columns, then at most one entry for every row and one of padding. */
export function columnTileBytes(features: number): number {
  return Math.ceil((features + 1) / 4) * 16 + features * (columnTileRows + 1) * 8 + 16;
}

/** Bytes of every rank's tiles. */
export function columnBytes(features: number, batch: number, threads: number): number {
  return threads * Math.ceil(Math.ceil(batch / threads) / columnTileRows) * columnTileBytes(features);
}
