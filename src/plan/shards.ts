/** Which rows of a batch a rank has, and the tiles in which it turns sparse rows into columns. */
import type { Core } from '../machine/core-speeds.js';

/** The places at which the ranks' shares of a batch begin, from 0 to 1, and the end of the last; null: even shares. */
export type Shares = readonly number[] | null;

/** In proportion to the speed of each rank's core. */
export function sharesOf(cores: readonly Core[]): number[] {
  const total = cores.reduce((sum, { speed }) => sum + speed, 0);
  const begins = [0];
  for (const { speed } of cores) begins.push(begins[begins.length - 1] + speed / total);
  // Exactly 1, so that the last share ends with the batch.
  begins[cores.length] = 1;
  return begins;
}

/**
 * The first row of a rank's shard of a batch; the shard ends where the next rank's begins. Shards are in whole units
 * except for the last. Their sizes differ by at most one unit, or are in proportion to `shares`; they are empty if there
 * are too few rows. The result is a number, so that steps allocate nothing.
 */
export function shardStart(
  rows: number,
  threads: number,
  rank: number,
  unit = 1,
  shares: Shares = null,
): number {
  const units = Math.ceil(rows / unit);
  const before = shares === null ? (units * rank) / threads : units * shares[rank];
  return Math.min(rows, Math.floor(before) * unit);
}

/** Rows of every rank. */
export function shardSizes(rows: number, threads: number): number[] {
  return Array.from(
    { length: threads },
    (_, rank) => shardStart(rows, threads, rank + 1) - shardStart(rows, threads, rank),
  );
}

/** The most rows of a batch that one rank may have; `growth`: how far its share may grow. */
export function mostRows(batch: number, threads: number, shares: Shares, growth = 1): number {
  if (shares === null && growth === 1) return Math.ceil(batch / threads);
  const share =
    shares === null ? 1 / threads : Math.max(...shares.slice(1).map((end, rank) => end - shares[rank]));
  // A unit of rows more, because both ends of a share are rounded.
  return Math.min(batch, Math.ceil(growth * share * batch) + cutUnit);
}

/** Shares that grow or shrink are cut at multiples of so many rows: the products take six rows at a time. */
export const cutUnit = 6;

/** Rows of a tile: their deltas of one panel of 64, 32 KiB, stay in the first-level cache. */
const fullTileRows = 128;

/**
 * Tiles of a rank with so many rows, of about the same size. More rows never have fewer tiles, so those of the most rows
 * are the room of every rank.
 */
export function tilesPerRank(rows: number): number {
  return Math.max(1, Math.round(rows / fullTileRows));
}

/** Rows of each tile but the last. */
export function tileRows(rows: number): number {
  return Math.max(1, Math.ceil(rows / tilesPerRank(rows)));
}

/**
 * Addresses of the columns, then their entries: of a row at most one for every feature, and one that pads each of its
 * ranges to a pair; one that pads each column. Whole pairs, 16 bytes: the kernels read pairs, also of the tiles that follow.
 */
export function columnTileBytes(features: number, ranges: number): number {
  // Rounded to the nearest number of tiles, a tile has at most half as many rows again.
  const pairs = Math.ceil(((features + ranges) * 1.5 * fullTileRows + features) / 2) + 1;
  return Math.ceil((features + 1) / 4) * 16 + pairs * 16;
}

/** Bytes of the tiles of all ranks. */
export function columnBytes(features: number, ranges: number, threads: number, most: number): number {
  return threads * tilesPerRank(most) * columnTileBytes(features, ranges);
}
