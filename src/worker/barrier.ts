/**
 * A barrier in shared memory: a counter of arrivals and a generation that the last arrival increments. Waiters spin for
 * a while, then park in the kernel.
 */
import { Aborted } from './aborted.js';
import { Spin } from './spin.js';

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
  readonly #spin: Spin;

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
    this.#spin = new Spin(maxSpinMs);
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
    const spinMs = this.#spin.ms;
    for (let loads = 1; Atomics.load(this.#words, this.#generation) === generation; loads++) {
      if (loads % loadsPerLook !== 0) continue;
      if (Atomics.load(this.#words, this.#abort) !== 0) throw new Aborted();
      if (performance.now() - started > spinMs) {
        this.park(generation, parkMs);
        break;
      }
    }
    this.#spin.ended(performance.now() - started);
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
