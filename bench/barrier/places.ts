/** The words of a barrier and of the threads that meet at it, each on cache lines of its own. */
export const strideWords = 32;

export const Place = {
  count: 0,
  generation: strideWords,
  abort: 2 * strideWords,
  /** Of each thread: the meeting that it has come to, from 1. */
  arrivals: 3 * strideWords,
} as const;

export interface PartyTask {
  readonly words: Int32Array;
  readonly rank: number;
  readonly parties: number;
  readonly count: number;
  readonly maxSpinMs: number;
}
