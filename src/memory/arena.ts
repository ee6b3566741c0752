/** Regions of the shared memory, handed out one after the other. */
import { reservedBytes } from '../kernels/kernels.js';

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
