/** Which rows of a batch a rank has, and the tiles in which it turns sparse rows into columns. */

/**
 * Where rank `rank`'s rows of a batch begin; they end where the next rank's begin. Contiguous, in whole units but for
 * the last, sizes differing by at most one unit, empty when there are too few. A number, so that steps allocate nothing.
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

/** Addresses of the columns, then at most an entry for every row and one of padding. */
export function columnTileBytes(features: number): number {
  return Math.ceil((features + 1) / 4) * 16 + features * (columnTileRows + 1) * 8 + 16;
}

/** Bytes of every rank's tiles. */
export function columnBytes(features: number, batch: number, threads: number): number {
  return threads * Math.ceil(Math.ceil(batch / threads) / columnTileRows) * columnTileBytes(features);
}
