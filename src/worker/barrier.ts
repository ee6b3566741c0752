/**
 * A barrier in shared memory: a counter of arrivals and a generation that moves on when the last one arrives.
 * Waiters spin for a while, then park in the kernel. A spin costs 0.1 µs to leave, a parked thread tens of
 * microseconds; but spinning while the thread waited for has lost its core only delays it. So the spin adapts: a
 * wait longer than the longest spin halves the next one, a shorter wait, slept through or not, doubles it again.
 */
import { Aborted } from './aborted.js';

/** Shortest spin: a few hundred loads, some microseconds. */
const minSpinMs = 0.005;

/** Longest sleep without a look at the abort word: its wake-up can fall just before a thread goes to sleep. */
export const parkMs = 50;

/** Looks at the clock and the abort word only once in so many loads. */
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
   * Arrives; true when this was the last arrival. The generation is read before the arrival is counted: once
   * counted, the last arrival may move it at any moment.
   */
  arrive(): { generation: number; last: boolean } {
    const generation = Atomics.load(this.#words, this.#generation);
    if (Atomics.add(this.#words, this.#count, 1) !== this.#parties - 1) return { generation, last: false };
    // All have arrived and none may count again before the generation moves: reset first, then release.
    Atomics.store(this.#words, this.#count, 0);
    Atomics.add(this.#words, this.#generation, 1);
    Atomics.notify(this.#words, this.#generation);
    return { generation, last: true };
  }

  /**
   * Arrives and waits for the others.
   * @throws Aborted when the abort word is set meanwhile.
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

  /** Sleeps until the generation has moved on from `generation`. */
  park(generation: number, timeoutMs: number): void {
    while (Atomics.load(this.#words, this.#generation) === generation) {
      if (Atomics.load(this.#words, this.#abort) !== 0) throw new Aborted();
      Atomics.wait(this.#words, this.#generation, generation, timeoutMs);
    }
  }

  /** One bounded sleep; whether the generation has moved on. For a thread that has other things to do. */
  poll(generation: number, timeoutMs: number): boolean {
    if (Atomics.load(this.#words, this.#generation) === generation)
      Atomics.wait(this.#words, this.#generation, generation, timeoutMs);
    return Atomics.load(this.#words, this.#generation) !== generation;
  }
}
