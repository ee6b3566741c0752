/**
 * Sparse rows packed by the kernels: the same words as those of packSparse. Samples are copied into a block of the
 * session's memory that nothing else uses.
 */

import type { Kernels } from './kernels.js';
import type { Integers } from './sample-kernels.js';
import type { SparseLayout } from './sparse-rows.js';

const blockBytes = 2 ** 18;
const mostRanges = 1024;
/** The kernels read somewhat behind the last row. */
const spareBytes = 128;

/** What the packer needs of the memory, whole pages. */
export const packerBytes = 2 ** 18 + 65536;

/**
 * The kernels write up to 32 bytes behind the last entry. At least 8 bytes are kept for each row, so those of this number
 * of rows take them up.
 */
const rowsBehind = 4;

export class RowPacker {
  readonly #kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #room: number;
  readonly #ends: number;

  /** `room`: the address of `packerBytes`. */
  constructor(kernels: Kernels, memory: WebAssembly.Memory, room: number) {
    this.#kernels = kernels;
    this.#memory = memory;
    this.#room = room;
    this.#ends = room + blockBytes + spareBytes;
  }

  /** Whether `pack` takes rows of such values. `behind`: rows that are packed after them. */
  packs(values: Integers | Float32Array, width: number, behind: number, ranges: number): values is Integers {
    const bytes = width * values.BYTES_PER_ELEMENT;
    const isInteger = !(values instanceof Float32Array);
    return isInteger && behind >= rowsBehind && bytes >= 1 && bytes <= blockBytes && ranges <= mostRanges;
  }

  /** As packSparse does, with the same arguments. */
  pack(
    { values, count, width }: { readonly values: Integers; readonly count: number; readonly width: number },
    { rangeEnds, shiftBits, scale }: SparseLayout,
    offset: number,
    starts: Uint32Array,
  ): void {
    const { buffer } = this.#memory;
    const pack = values instanceof Uint8Array ? this.#kernels.packRows : this.#kernels.packShorts;
    const bytes = width * values.BYTES_PER_ELEMENT;
    const source = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const room = new Uint8Array(buffer, this.#room, blockBytes);
    const [most, ranges] = [Math.floor(blockBytes / bytes), rangeEnds.length];
    new Int32Array(buffer, this.#ends, ranges).set(rangeEnds);
    starts[0] = offset;
    for (let first = 0; first < count; first += most) {
      const rows = Math.min(most, count - first);
      room.set(source.subarray(first * bytes, (first + rows) * bytes));
      const [entries, to] = [starts[first * ranges], starts.byteOffset + first * ranges * 4];
      pack(this.#room, rows, width, this.#ends, ranges, shiftBits, scale, entries, to);
    }
  }
}
