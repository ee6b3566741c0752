/**
 * Time that one rank spends in each phase, accumulated in shared memory for the coordinator to read, and the rank's signs of
 * life: beats, its step, and what it does. Only the rank writes them, on a cache line of its own.
 */
export const phases = ['compute', 'wait', 'update'] as const;
export type Phase = (typeof phases)[number];

/** What a rank does: a phase of a step, the chunks of an evaluation, or nothing. */
export const activities = ['idle', ...phases, 'evaluate'] as const;
export type Activity = (typeof activities)[number];

/** Float64 values kept per rank, a cache line. */
export const statsPerRank = 8;

/** Of a rank: counts up with each sign of life; the number of its step, from 1; the index of its activity. */
export const beatsSlot = phases.length;
export const stepSlot = beatsSlot + 1;
export const activitySlot = stepSlot + 1;

/** Of rank 0: when the features of a run were ready, milliseconds since the Unix epoch. */
export const extractedAtSlot = statsPerRank - 1;

export class PhaseClock {
  readonly #stats: Float64Array;
  #phase: Phase | null = null;
  #since = 0;

  /** `stats`: f64 [statsPerRank], this rank's; the first are milliseconds by phase. */
  constructor(stats: Float64Array) {
    this.#stats = stats;
  }

  /** Ends the current phase and begins another; null stops the clock. */
  enter(phase: Phase | null): void {
    if (phase === this.#phase) return;
    const now = performance.now();
    if (this.#phase !== null) this.#stats[phases.indexOf(this.#phase)] += now - this.#since;
    this.#phase = phase;
    this.#since = now;
    this.beat(phase ?? 'idle');
  }

  /** A step begins. */
  startStep(step: number): void {
    this.#stats[stepSlot] = step;
    this.#stats[beatsSlot]++;
  }

  /** A sign of life. */
  beat(activity: Activity): void {
    this.#stats[activitySlot] = activities.indexOf(activity);
    this.#stats[beatsSlot]++;
  }
}
