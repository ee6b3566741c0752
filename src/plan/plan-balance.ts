/**
 * Regions through which the ranks of `owner` even out their work while it goes on (sync/balance.ts): no bit depends on
 * which rank has which rows or slices.
 */
import { measuresFirst } from '../config/capabilities.js';
import type { Config } from '../config/schema.js';
import type { Region, Take } from '../memory/arena.js';
import type { Slice } from '../model/slice.js';
import type { SyncName } from './plan.js';

/** Float64 values from one rank's pace to the next, a cache line. */
export const paceStride = 8;

/**
 * Rows of a rank times parameters: with fewer, a step takes less than about half a millisecond. Then a late step says
 * nothing about the next one. Nor do a few rows.
 */
const [fewestRows, leastWork] = [96, 2 ** 24];

/** A rank has at least half and at most twice its planned share of the rows. */
export const [leastShare, mostShare] = [0.5, 2];

export interface BalancePlan {
  /** i32 [threads + 1]: where each rank's rows of a whole batch begin, and their end. */
  readonly cuts: Region;
  /** f64 [threads][paceStride]: milliseconds that each rank's rows took. */
  readonly paces: Region;
  /** i32 per slice of the layers above the first: whether a rank has taken it in this step. */
  readonly claims: Region;
}

export interface BalanceFacts {
  readonly sync: SyncName;
  readonly threads: number;
  readonly oversubscribed: boolean;
  readonly seesDirections: boolean;
  /** Number of them. */
  readonly parameters: number;
}

export function isBalanced(
  { backend, optimizer, train }: Config,
  { sync, threads, oversubscribed, seesDirections, parameters }: BalanceFacts,
): boolean {
  const rows = train.batch / threads;
  return (
    sync === 'owner' &&
    backend.name === 'wasm' &&
    threads > 1 &&
    !oversubscribed &&
    !seesDirections &&
    !measuresFirst(optimizer) &&
    train.selective.beta === 0 &&
    rows >= fewestRows &&
    rows * parameters >= leastWork
  );
}

export function planBalance(take: Take, threads: number, slices: readonly (readonly Slice[])[]): BalancePlan {
  return {
    cuts: take((threads + 1) * 4),
    paces: take(threads * paceStride * 8),
    claims: take(claimable(slices).length * 4),
  };
}

/** The slices that any rank may take, in the order of their words. */
export function claimable(slices: readonly (readonly Slice[])[]): Slice[] {
  return slices.flat().filter(({ layer }) => layer > 0);
}
