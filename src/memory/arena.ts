/** Regions of the shared memory, allocated in sequence, each to the section of a plan that owns it. */

/** The memory's first page belongs to the kernels' own constants (tables of Math.log): plans start after it. */
export const reservedBytes = 65536;

const pageBytes = 65536;

/** A region of the shared memory: byte offset and size. */
export interface Region {
  readonly offset: number;
  readonly bytes: number;
}

/** Allocates the next region. */
export type Take = (bytes: number) => Region;

/** Each region starts on its own cache lines (128 bytes: pairs are prefetched). */
export class Arena {
  #top: number;
  readonly #owned = new Map<string, number>();

  /** `start`: number of bytes already allocated. */
  constructor(start = reservedBytes) {
    this.#top = start;
  }

  readonly take: Take = (bytes) => {
    const offset = this.#top;
    this.#top = Math.ceil((offset + bytes) / 128) * 128;
    return { offset, bytes };
  };

  /** Lets a section of the plan allocate its regions; their size is recorded under its name. */
  part<P>(owner: string, plan: (take: Take) => P): P {
    const before = this.#top;
    const planned = plan(this.take);
    this.#owned.set(owner, (this.#owned.get(owner) ?? 0) + this.#top - before);
    return planned;
  }

  /** Bytes by owner, in the order of allocation. */
  get owners(): Record<string, number> {
    return Object.fromEntries(this.#owned);
  }

  /** Bytes of the whole memory, a whole number of 64 KiB pages. */
  get bytes(): number {
    return Math.ceil(this.#top / pageBytes) * pageBytes;
  }
}
