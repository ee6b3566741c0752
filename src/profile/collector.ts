/**
 * The coordinator's side of a profile: it takes every rank's stamps when a command is done, and keeps when commands were
 * sent and orders drawn. What it all means is worked out when the run is over.
 */
import type { SessionProfile } from '../coordinator/session-profile.js';
import type { Plan } from '../plan/plan.js';
import { doublesPerStamp, headerDoubles } from '../plan/stamp-room.js';
import type { RunCommand } from '../worker/control.js';
import { RankInstruments } from './instruments.js';
import { type Clock, monotonicClock } from './monotonic-clock.js';
import { phaseNumber } from './phases.js';
import { stampRegion } from './recorder.js';
import { bringWithin } from './timeline.js';

/** One rank's stamps of one command, in order: f64 [stamps][milliseconds of the clock, number], as the recorder wrote them. */
export type Stamps = Float64Array;

export interface CommandRecord {
  readonly command: RunCommand;
  /** Milliseconds of the clock. */
  readonly sentAt: number;
  readonly doneAt: number;
  /** By rank; after the workers the coordinator, whose stamps are none unless it takes part in steps. */
  readonly ranks: readonly Stamps[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** More stamps are not kept: 64 MB. */
const mostKept = 2 ** 22;

export const openCollector = (plan: Plan, memory: WebAssembly.Memory): SessionProfile =>
  new Collector(plan, memory);

/** Of a session whose plan asks for a profile. */
export function collectorOf({ profile }: { readonly profile: SessionProfile | null }): Collector {
  if (profile instanceof Collector) return profile;
  throw new Error('the session is not profiled');
}

export class Collector implements SessionProfile {
  /** The coordinator's own, where it takes part in steps. */
  readonly instruments: RankInstruments;
  commands: CommandRecord[] = [];
  /** When the coordinator drew the order of an epoch. */
  orders: Span[] = [];
  /** When the run was over, by the resident clock; null while it goes on. Later commands are not its own. */
  endedAt: number | null = null;
  /** Stamps that found no room. */
  dropped = 0;
  /** The clock's time at which the process started, from where this thread's `performance.now()` counts. */
  readonly atStart: number;
  readonly #plan: Plan;
  readonly #memory: WebAssembly.Memory;
  readonly #clock: Clock;
  #open: { command: RunCommand; sentAt: number } | null = null;
  #kept = 0;

  constructor(plan: Plan, memory: WebAssembly.Memory) {
    this.#plan = plan;
    this.#memory = memory;
    const { clock, offset } = monotonicClock();
    this.#clock = clock;
    this.atStart = offset;
    this.instruments = new RankInstruments(plan, memory, plan.threads);
  }

  /** Before a command is sent. */
  sending(command: RunCommand): void {
    this.instruments.recorder.begin();
    if (this.endedAt !== null) return;
    this.#open = { command, sentAt: this.#clock() };
  }

  /** The coordinator has done its part of a step. */
  combined(): void {
    this.instruments.recorder.enter(phaseNumber.loop);
  }

  /** Everyone has reported the command done, or left. */
  done(): void {
    if (this.#open === null) return;
    this.instruments.recorder.end();
    const doneAt = this.#clock();
    const ranks = Array.from({ length: this.#plan.threads + 1 }, (_, rank) => this.#take(rank));
    this.commands.push({ ...this.#open, doneAt, ranks });
    this.#open = null;
  }

  /** Milliseconds from the start of the process to a time of the clock. */
  sinceStart(at: number): number {
    return at - this.atStart;
  }

  /** An order was drawn; from and to by `performance.now()`. */
  ordered(from: number, to: number): void {
    this.orders.push({ from: this.atStart + from, to: this.atStart + to });
  }

  /** Another run begins: what is known of the last one is forgotten. */
  restart(): void {
    this.commands = [];
    this.orders = [];
    this.endedAt = null;
    this.dropped = 0;
    this.#kept = 0;
  }

  /** The run is over and took `residentMs`: what this thread does after the resident clock's end is no part of it. */
  finish(residentMs: number): void {
    const first = this.orders[0]?.from;
    this.endedAt = first === undefined ? this.#clock() : first + residentMs;
    this.commands.forEach(bringWithin);
  }

  #take(rank: number): Stamps {
    const { offset, doubles } = stampRegion(this.#plan, rank);
    const stamps = new Float64Array(this.#memory.buffer, offset, doubles);
    const written = stamps[0];
    const count = Math.min(written, mostKept - this.#kept);
    this.#kept += count;
    this.dropped += stamps[1] + written - count;
    // Nothing is looked at yet: the run goes on.
    return stamps.slice(headerDoubles, headerDoubles + count * doublesPerStamp);
  }
}
