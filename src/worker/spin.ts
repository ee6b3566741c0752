/**
 * How long a waiting thread spins before it parks. Waking a parked thread takes 50 to 400 µs, for which the others wait
 * at the next barrier, so long spins are better while every thread has a core. But if the awaited thread has lost its
 * core to another program, spinning keeps it from moving to this one. So a spin in vain is followed by some waits that
 * park almost at once. Their number doubles with each spin in vain, and halves again after as many good ones.
 */

/** Shortest spin: a few hundred loads, some microseconds. */
const shortestMs = 0.005;

/** Waits that park almost at once after a spin in vain: fewest and most. */
const [fewest, most] = [4, 1024];

export class Spin {
  readonly #longestMs: number;
  /** Waits left that park almost at once. */
  #short = 0;
  /** How many the next spin in vain causes. */
  #next = fewest;
  /** Good waits since that number changed. */
  #good = 0;

  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /** Of the next wait, milliseconds. */
  get ms(): number {
    return this.#short > 0 ? Math.min(shortestMs, this.#longestMs) : this.#longestMs;
  }

  /** A wait has ended, after a spin of `ms` and perhaps a sleep. */
  ended(waitedMs: number): void {
    if (waitedMs > this.#longestMs) {
      // Only after a long spin is this a reason to try it less often.
      if (this.#short === 0) this.#next = Math.min(most, this.#next * 2);
      this.#short = this.#next;
      this.#good = 0;
    } else if (this.#short > 0) {
      this.#short--;
    } else if (++this.#good >= this.#next) {
      this.#next = Math.max(fewest, this.#next / 2);
      this.#good = 0;
    }
  }
}
