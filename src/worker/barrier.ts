/**
 * A barrier in shared memory: a counter of arrivals and a generation that the last arrival increments. Waiters spin for
 * a while, then park in the kernel. Leaving a spin costs 0.1 µs, waking a parked thread tens of microseconds. But if
 * the awaited thread has lost its core, spinning delays it further. So the spin adapts: a wait longer than the longest
 * spin halves the next spin. A shorter wait, with or without sleep, doubles it again.
 */
import { Aborted } from './aborted.js';

/** Shortest spin: a few hundred loads, some microseconds. */
const minSpinMs = 0.005;

/** Longest sleep before the abort word is read again: its wake-up can come just before a thread goes to sleep. */
export const parkMs = 50;

/** The clock and the abort word are read only once in this many loads. */
const loadsPerLook = 32;

export class Barrier {
  readonly #words: Int32Array;
  readonly #count: number;
  readonly #generation: number;
  readonly #abort: number;
  readonly #parties: number;
  readonly #maxSpinMs: number;
  #spinMs: number;

  constructor(
    words: Int32Array,
    count: number,
    generation: number,
    abort: number,
    parties: number,
    maxSpinMs: number,
  ) {
    this.#words = words;
    this.#count = count;
    this.#generation = generation;
    this.#abort = abort;
    this.#parties = parties;
    this.#maxSpinMs = maxSpinMs;
    this.#spinMs = maxSpinMs;
  }

  /**
   * Arrives; true if this was the last arrival. The generation is read before the arrival is counted: once it is
   * counted, the last arrival may increment the generation at any moment.
   */
  arrive(): { generation: number; last: boolean } {
    const generation = Atomics.load(this.#words, this.#generation);
    if (Atomics.add(this.#words, this.#count, 1) !== this.#parties - 1) return { generation, last: false };
    // All have arrived and none may be counted again before the generation changes: reset first, then release.
    Atomics.store(this.#words, this.#count, 0);
    Atomics.add(this.#words, this.#generation, 1);
    Atomics.notify(this.#words, this.#generation);
    return { generation, last: true };
  }

  /**
   * Arrives and waits for the others.
   * @throws Aborted if the abort word is set meanwhile.
   */
  wait(): void {
    if (this.#parties === 1) return;
    const { generation, last } = this.arrive();
    if (last) return;
    const started = performance.now();
    for (let loads = 1; Atomics.load(this.#words, this.#generation) === generation; loads++) {
      if (loads % loadsPerLook !== 0) continue;
      if (Atomics.load(this.#words, this.#abort) !== 0) throw new Aborted();
      if (performance.now() - started > this.#spinMs) {
        this.park(generation, parkMs);
        break;
      }
    }
    this.#adapt(performance.now() - started);
  }

  #adapt(waitedMs: number): void {
    const next = waitedMs > this.#maxSpinMs ? this.#spinMs / 2 : this.#spinMs * 2;
    this.#spinMs = Math.min(this.#maxSpinMs, Math.max(minSpinMs, next));
  }

  /** Sleeps until the generation differs from `generation`. */
  park(generation: number, timeoutMs: number): void {
    while (Atomics.load(this.#words, this.#generation) === generation) {
      if (Atomics.load(this.#words, this.#abort) !== 0) throw new Aborted();
      Atomics.wait(this.#words, this.#generation, generation, timeoutMs);
    }
  }

  /** One bounded sleep; returns whether the generation has changed. For a thread that has other work. */
  poll(generation: number, timeoutMs: number): boolean {
    if (Atomics.load(this.#words, this.#generation) === generation)
      Atomics.wait(this.#words, this.#generation, generation, timeoutMs);
    return Atomics.load(this.#words, this.#generation) !== generation;
  }
}
