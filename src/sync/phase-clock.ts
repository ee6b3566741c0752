/** Time that one rank spends in each phase, accumulated in shared memory for the coordinator to read. */
export const phases = ['compute', 'wait', 'update'] as const;
export type Phase = (typeof phases)[number];

/** Float64 values kept per rank, a cache line. */
export const statsPerRank = 8;

/** Of rank 0: when the features of a run were ready, milliseconds since the Unix epoch. */
export const extractedAtSlot = statsPerRank - 1;

export class PhaseClock {
  readonly #totals: Float64Array;
  #phase: Phase | null = null;
  #since = 0;

  /** `totals`: f64 [phases], milliseconds. */
  constructor(totals: Float64Array) {
    this.#totals = totals;
  }

  /** Ends the current phase and begins another; null stops the clock. */
  enter(phase: Phase | null): void {
    if (phase === this.#phase) return;
    const now = performance.now();
    if (this.#phase !== null) this.#totals[phases.indexOf(this.#phase)] += now - this.#since;
    this.#phase = phase;
    this.#since = now;
  }
}
