/**
 * Time stamps of one rank in shared memory. Each begins a phase that lasts until the next stamp, so the phases of a
 * rank leave no gaps. A rank writes during a command; the coordinator reads when all ranks have reported it done.
 */
import type { Plan } from '../plan/plan.js';
import { doublesPerStamp, headerDoubles } from '../plan/stamp-room.js';
import { type Clock, monotonicClock } from './monotonic-clock.js';
import { phaseNumber } from './phases.js';

/** Added to a phase's number if the phase begins a step. */
export const stepFlag = 256;

/** Byte offset and length of a rank's stamps; rank = threads is the coordinator. */
export function stampRegion({ regions, threads }: Plan, rank: number): { offset: number; doubles: number } {
  const { offset, bytes } = regions.stamps;
  const doubles = bytes / 8 / (threads + 1);
  return { offset: offset + rank * doubles * 8, doubles };
}

export class PhaseRecorder {
  readonly #stamps: Float64Array;
  readonly #clock: Clock;
  #next = headerDoubles;
  #current: number = phaseNumber.idle;
  #held = false;

  constructor(stamps: Float64Array, clock: Clock = monotonicClock().clock) {
    this.#stamps = stamps;
    this.#clock = clock;
  }

  static of(plan: Plan, memory: WebAssembly.Memory, rank: number): PhaseRecorder {
    const { offset, doubles } = stampRegion(plan, rank);
    return new PhaseRecorder(new Float64Array(memory.buffer, offset, doubles));
  }

  /** A command begins: the coordinator has copied the stamps of the last one. */
  begin(): void {
    this.#next = headerDoubles;
    this.#stamps[0] = 0;
    this.#stamps[1] = 0;
    this.#current = phaseNumber.idle;
    this.enter(phaseNumber.loop);
  }

  /** Nothing is measured until the next command. */
  end(): void {
    this.#held = false;
    this.enter(phaseNumber.idle);
  }

  enter(phase: number): void {
    if (phase === this.#current || this.#held) return;
    this.#current = phase;
    this.#write(phase);
  }

  /** Begins a step, and its first phase even if that is already the present one. */
  enterStep(phase: number): void {
    this.#current = phase;
    this.#write(phase + stepFlag);
  }

  /** One phase for everything in `work`. */
  whole(phase: number, work: () => void): void {
    this.enter(phase);
    this.#held = true;
    work();
    this.#held = false;
  }

  #write(code: number): void {
    const next = this.#next;
    if (next === this.#stamps.length) {
      this.#stamps[1]++;
      return;
    }
    this.#stamps[next] = this.#clock();
    this.#stamps[next + 1] = code;
    this.#next = next + doublesPerStamp;
    // Written after the stamp: if a run is stopped in between, every counted stamp exists.
    this.#stamps[0] = (this.#next - headerDoubles) / doublesPerStamp;
  }
}
