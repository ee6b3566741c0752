/** Which rows of a batch a rank has, and the tiles in which it turns sparse rows into columns. */

/**
 * Rank `rank`'s rows of a batch: contiguous, in whole units but for the last, sizes differing by at most one unit,
 * empty when there are too few.
 */
export function shardRows(
  rows: number,
  threads: number,
  rank: number,
  unit = 1,
): { first: number; last: number } {
  const units = Math.ceil(rows / unit);
  const end = (ranks: number) => Math.min(rows, Math.floor((units * ranks) / threads) * unit);
  return { first: end(rank), last: end(rank + 1) };
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
