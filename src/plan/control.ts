/** The regions through which coordinator and ranks communicate: commands and rates in, sums and times out. */
import type { Region, Take } from '../memory/arena.js';

/**
 * control: words for barriers and commands; rates: f64 per ring step; metrics: f64 [ringSteps][threads][loss sum, correct];
 * times: f64 per ring step; chunks: f64 [chunks][loss sum, correct]; stats: f64 [threads + 1][8], see
 * sync/phase-clock.ts.
 */
export interface ControlRegions {
  readonly control: Region;
  readonly rates: Region;
  readonly metrics: Region;
  readonly times: Region;
  readonly chunks: Region;
  readonly stats: Region;
}

export interface ControlSizes {
  readonly threads: number;
  readonly ringSteps: number;
  /** Largest number of chunks in an evaluation. */
  readonly chunks: number;
}

export function planControl(take: Take, { threads, ringSteps, chunks }: ControlSizes): ControlRegions {
  return {
    control: take(4096),
    rates: take(ringSteps * 8),
    metrics: take(ringSteps * threads * 16),
    times: take(ringSteps * 8),
    chunks: take(chunks * 16),
    stats: take((threads + 1) * 64),
  };
}
