/**
 * The coordinator's side of a profile: it copies every rank's stamps after each command, and keeps the times at which
 * commands were sent and orders drawn. The analysis follows after the run.
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

/**
 * One rank's stamps of one command, in order: f64 [stamps][milliseconds of the clock, number], as written by the
 * recorder.
 */
export type Stamps = Float64Array;

export interface CommandRecord {
  readonly command: RunCommand;
  /** Milliseconds of the clock. */
  readonly sentAt: number;
  readonly doneAt: number;
  /** By rank; after the workers the coordinator, which has stamps only if it joins the steps. */
  readonly ranks: readonly Stamps[];
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Limit of kept stamps: 64 MB. */
const mostKept = 2 ** 22;

export const openCollector = (plan: Plan, memory: WebAssembly.Memory): SessionProfile =>
  new Collector(plan, memory);

/** For a session whose plan includes a profile. */
export function collectorOf({ profile }: { readonly profile: SessionProfile | null }): Collector {
  if (profile instanceof Collector) return profile;
  throw new Error('the session is not profiled');
}

export class Collector implements SessionProfile {
  /** The coordinator's own recorder, if it joins the steps. */
  readonly instruments: RankInstruments;
  commands: CommandRecord[] = [];
  /** When the coordinator drew the order of an epoch. */
  orders: Span[] = [];
  /** When the run was over, by the resident clock; null while it goes on. Later commands are not its own. */
  endedAt: number | null = null;
  /** Number of stamps that did not fit. */
  dropped = 0;
  /** The clock's time at the start of the process, the origin of this thread's `performance.now()`. */
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

  /** The coordinator has done its share of a step. */
  combined(): void {
    this.instruments.recorder.enter(phaseNumber.loop);
  }

  /** All ranks have reported the command done, or left. */
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

  /** Another run begins: the data of the last one are dropped. */
  restart(): void {
    this.commands = [];
    this.orders = [];
    this.endedAt = null;
    this.dropped = 0;
    this.#kept = 0;
  }

  /** The run is over and took `residentMs`: work of this thread after the end of the resident clock is not part of it. */
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
    // The stamps are only copied here: the run goes on.
    return stamps.slice(headerDoubles, headerDoubles + count * doublesPerStamp);
  }
}
