/**
 * The only source of randomness: xoshiro128** (Blackman & Vigna 2018) seeded by splitmix32. It uses only integer
 * arithmetic, so a seed gives the same stream on every machine.
 */
export class Rng {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /**
   * `stream` separates the uses of one seed: draws for weights, for the subset and for the order of each epoch are
   * independent.
   */
  constructor(seed: number, stream = 0) {
    let state = (seed ^ Math.imul(stream, 0x9e3779b9)) >>> 0;
    const next = () => {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return (z ^ (z >>> 16)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next() | 1; // never all zero, the one state the generator cannot leave
  }

  /** Uniform integer in [0, 2^32). */
  next(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform integer in [0, bound), bound ≤ 2^21: multiply and shift, whose bias is below bound / 2^32. */
  below(bound: number): number {
    return Math.floor((this.next() * bound) / 2 ** 32);
  }

  /** Uniform in [−limit, limit), 24 bits: the precision of a float32. */
  symmetric(limit: number): number {
    return ((this.next() >>> 8) / 2 ** 23 - 1) * limit;
  }
}

/** The streams that one seed feeds; epoch e shuffles with `order + e` and selects with `selection + e`. */
export const Stream = {
  weights: 0,
  subset: 1,
  order: 2,
  selection: 2 ** 24,
  validation: 2 ** 25,
  dropout: 2 ** 26,
  search: 2 ** 27,
} as const;

/** Shuffles in place (Fisher-Yates). */
export function shuffle(items: Int32Array, rng: Rng): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = rng.below(i + 1);
    const item = items[i];
    items[i] = items[j];
    items[j] = item;
  }
}
