/**
 * Finds ranks that hang, by their signs of life in shared memory. Time is counted in ticks of the coordinator, each of which
 * counts only up to a bound: while the whole process or machine is stopped (SIGSTOP, suspend), no time passes.
 */
import { doublesIn } from '../memory/views.js';
import { estimatedStepMs } from '../plan/pace.js';
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

/**
 * A rank that takes so many times as long as the longest step before hangs, unless the configuration grants it longer. Before a
 * step is seen, its estimate counts: a phase of a large network is one beat.
 */
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
  /** Before the first step has ended, its estimate. */
  #longestStepMs: number;
  #hasSeenStep = false;
  #limitMs = startMs;
  #starts = true;
  #tickedAt = 0;

  constructor(plan: Plan, memory: WebAssembly.Memory) {
    const { threads, regions, heartbeatMs } = plan;
    this.#stats = doublesIn(memory, regions.stats);
    this.#longestStepMs = estimatedStepMs(plan);
    this.#leastMs = heartbeatMs;
    this.#ranks = Array.from({ length: threads }, () => ({ beats: 0, step: 0, quietMs: 0, stepMs: 0 }));
  }

  /**
   * Before other workers take the place of the ranks, all of which have left: their signs of life are not those of the new
   * ones.
   */
  restart(): void {
    for (const [rank, watched] of this.#ranks.entries()) {
      const at = rank * statsPerRank;
      this.#stats.fill(0, at + beatsSlot, at + activitySlot + 1);
      Object.assign(watched, { beats: 0, step: 0, quietMs: 0, stepMs: 0 });
    }
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
    if (step !== watched.step) this.#ended(watched);
    this.#longest(watched.quietMs);
    watched.quietMs = 0;
    watched.beats = beats;
    watched.step = step;
  }

  #ended(watched: Watched): void {
    // Until the first step begins, the rank may have waited.
    if (watched.step > 0) {
      if (!this.#hasSeenStep) this.#longestStepMs = 0;
      this.#hasSeenStep = true;
      this.#longest(watched.stepMs);
    }
    watched.stepMs = 0;
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
