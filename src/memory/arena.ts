/** Regions of the shared memory, handed out one after the other. */
/** The memory's first page belongs to the kernels' own constants (tables of Math.log): plans start after it. */
export const reservedBytes = 65536;

/** A region of the shared memory: byte offset and size. */
export interface Region {
  readonly offset: number;
  readonly bytes: number;
}

/** Each region starts on cache lines of its own (128 bytes: pairs are prefetched). */
export class Arena {
  top = reservedBytes;

  take(bytes: number): Region {
    const offset = this.top;
    this.top = Math.ceil((offset + bytes) / 128) * 128;
    return { offset, bytes };
  }
}
