/**
 * Finds ranks that hang, by their signs of life in shared memory. Time is counted in ticks of the coordinator, each of which
 * counts only up to a bound: while the whole process or machine is stopped (SIGSTOP, suspend), no time passes.
 */
import { doublesIn } from '../memory/views.js';
import type { Plan } from '../plan/plan.js';
import {
  type Activity,
  activities,
  activitySlot,
  beatsSlot,
  statsPerRank,
  stepSlot,
} from '../sync/phase-clock.js';

/** The most that a tick counts, milliseconds: several times the coordinator's own interval. */
const longestTickMs = 50;

/** A rank that takes so many times as long as the longest step before hangs, unless the configuration grants it longer. */
const longestSteps = 20;

/**
 * A rank loads its modules and its backend before it gives its first sign of life. On a machine that is short of memory that takes
 * more than half a minute, during which the coordinator still ticks.
 */
const startMs = 120_000;

/** Where a rank is. `step`: from 1; 0 before the first. */
export interface Place {
  readonly rank: number;
  readonly step: number;
  readonly activity: Activity;
}

export interface Hang extends Place {
  /** Without a sign of life. */
  readonly quietMs: number;
}

interface Watched {
  beats: number;
  step: number;
  /** Since the last sign of life; since the step began. */
  quietMs: number;
  stepMs: number;
}

export class Heartbeat {
  readonly #stats: Float64Array;
  readonly #ranks: readonly Watched[];
  readonly #leastMs: number;
  #longestStepMs = 0;
  #limitMs = startMs;
  #starts = true;
  #tickedAt = 0;

  constructor({ threads, regions, heartbeatMs }: Plan, memory: WebAssembly.Memory) {
    this.#stats = doublesIn(memory, regions.stats);
    this.#leastMs = heartbeatMs;
    this.#ranks = Array.from({ length: threads }, () => ({ beats: 0, step: 0, quietMs: 0, stepMs: 0 }));
  }

  /** Before the ranks are waited for: `start`, until all are ready; `command`, until all are done. */
  begin(work: 'start' | 'command', now = performance.now()): void {
    this.#starts = work === 'start';
    this.#limitMs = Math.max(this.#starts ? startMs : 0, this.#leastMs, longestSteps * this.#longestStepMs);
    this.#tickedAt = now;
    for (const rank of this.#ranks) rank.quietMs = rank.stepMs = 0;
  }

  /** Every few milliseconds: a rank that hangs, or null. `now`: by performance.now(). */
  tick(now = performance.now()): Hang | null {
    const tickMs = Math.min(now - this.#tickedAt, longestTickMs);
    this.#tickedAt = now;
    for (const [rank, watched] of this.#ranks.entries()) this.#look(rank, watched, tickMs);
    return this.#working() ?? this.#waiting();
  }

  place(rank: number): Place {
    const at = rank * statsPerRank;
    const { [at + stepSlot]: step, [at + activitySlot]: activity } = this.#stats;
    return { rank, step, activity: activities[activity] };
  }

  #look(rank: number, watched: Watched, tickMs: number): void {
    const { [rank * statsPerRank + beatsSlot]: beats, [rank * statsPerRank + stepSlot]: step } = this.#stats;
    watched.quietMs += tickMs;
    watched.stepMs += tickMs;
    if (beats === watched.beats) return;
    this.#longest(step === watched.step ? watched.quietMs : watched.stepMs);
    if (step !== watched.step) watched.stepMs = 0;
    watched.quietMs = 0;
    watched.beats = beats;
    watched.step = step;
  }

  #longest(ms: number): void {
    if (this.#starts || ms <= this.#longestStepMs) return;
    this.#longestStepMs = ms;
    this.#limitMs = Math.max(this.#limitMs, longestSteps * ms);
  }

  /** A rank that computes and is late: others may be at work, or wait for it. */
  #working(): Hang | null {
    for (const [rank, { quietMs }] of this.#ranks.entries()) {
      if (quietMs < this.#limitMs) continue;
      const place = this.place(rank);
      if (place.activity !== 'idle' && place.activity !== 'wait') return { ...place, quietMs };
    }
    return null;
  }

  /** If every rank is late and none computes: one that waits for what does not come, or that has not started. */
  #waiting(): Hang | null {
    const quietMs = Math.min(...this.#ranks.map((rank) => rank.quietMs));
    if (quietMs < this.#limitMs) return null;
    const places = this.#ranks.map((_, rank) => this.place(rank));
    const silent = this.#ranks.findIndex(({ beats }) => beats === 0);
    const place = places[silent] ?? places.find(({ activity }) => activity === 'wait') ?? places[0];
    return { ...place, quietMs };
  }
}
