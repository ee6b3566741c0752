/** The memory that the plan reserves for the stamps of one command. */
import type { Slice } from '../model/slice.js';

/** Float64 values before a rank's stamps: the number of stamps, and the number that did not fit; a cache line. */
export const headerDoubles = 16;

/** A stamp: milliseconds of the clock, then the number of the phase. */
export const doublesPerStamp = 2;

/** Limit of kept stamps, 8 MiB a rank; stamps beyond it are counted and reported. */
const mostStamps = 2 ** 19;

export interface CommandSize {
  readonly steps: number;
  readonly layers: number;
  readonly slices: readonly (readonly Slice[])[];
  /** Chunks of an evaluation, or of the training images. */
  readonly chunks: number;
}

/**
 * Float64 values of one rank. In a step each layer passes forward and backward once, and each slice has its gradient,
 * reduction and update. With direction features, each chunk has their making and its evaluation.
 */
export function stampDoubles({ steps, layers, slices, chunks }: CommandSize): number {
  const perStep = 4 * layers + 3 * slices.flat().length + 12;
  const stamps = Math.min(mostStamps, steps * perStep + 4 * chunks + 64);
  return headerDoubles + stamps * doublesPerStamp;
}
