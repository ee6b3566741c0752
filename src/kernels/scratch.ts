/** Random test data for the kernel checks, laid out in a WebAssembly memory from its start. */

import { reservedBytes } from '../memory/arena.js';
import type { Kernels } from './kernels.js';
import { packSparse, sparseBytes } from './sparse-rows.js';

interface Region<T> {
  /** Byte offset in the memory. */
  readonly pointer: number;
  readonly view: T;
}

export class Scratch {
  readonly #buffer: ArrayBufferLike;
  #top = reservedBytes;
  #state: number;

  constructor(memory: WebAssembly.Memory, seed: number) {
    this.#buffer = memory.buffer;
    this.#state = seed;
  }

  /** A uniform number in [0, 1): a linear congruential generator is random enough for test data. */
  random(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }

  #allocate(bytes: number): number {
    const pointer = this.#top;
    this.#top = (pointer + bytes + 63) & ~63;
    if (this.#top > this.#buffer.byteLength) throw new RangeError('the scratch memory is too small');
    return pointer;
  }

  zeros(count: number): Region<Float32Array> {
    const pointer = this.#allocate(count * 4);
    return { pointer, view: new Float32Array(this.#buffer, pointer, count).fill(0) };
  }

  /** Uniform in [−scale / 2, scale / 2). */
  floats(count: number, scale = 2): Region<Float32Array> {
    const region = this.zeros(count);
    for (let i = 0; i < count; i++) region.view[i] = (this.random() - 0.5) * scale;
    return region;
  }

  doubles(count: number): Region<Float64Array> {
    const pointer = this.#allocate(count * 8);
    return { pointer, view: new Float64Array(this.#buffer, pointer, count).fill(0) };
  }

  shorts(count: number): Region<Uint16Array> {
    const pointer = this.#allocate(count * 2);
    const view = new Uint16Array(this.#buffer, pointer, count);
    return { pointer, view: view.map((_, i, self) => (self[i] = this.random() * 1021)) && view };
  }

  bytes(count: number, below: number): Region<Uint8Array> {
    const pointer = this.#allocate(count);
    const view = new Uint8Array(this.#buffer, pointer, count);
    for (let i = 0; i < count; i++) view[i] = this.random() * below;
    return { pointer, view };
  }

  words(values: readonly number[]): Region<Uint32Array> {
    const pointer = this.#allocate(values.length * 4);
    const view = new Uint32Array(this.#buffer, pointer, values.length);
    view.set(values);
    return { pointer, view };
  }

  permutation(count: number): Region<Uint32Array> {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor(this.random() * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return this.words(order);
  }

  /**
   * Random rows, about half zeros, packed for the kernels in two feature ranges. `values`: the rows in batch order,
   * [rows][features], already scaled; `located()`: the rows found by locateRows, in the same form.
   */
  sparseRows(rows: number, features: number, shiftBits: number) {
    const order = this.permutation(rows);
    const samples = Uint16Array.from({ length: rows * features }, () =>
      this.random() < 0.5 ? 0 : 1 + Math.floor(this.random() * 255),
    );
    const layout = { rangeEnds: [Math.floor(features / 2), features], shiftBits, scale: 0.01 };
    const starts = this.words(new Array(rows * 2 + 1).fill(0));
    const entries = this.#allocate(sparseBytes(rows, rows * features, 2));
    const bounds = this.#allocate(rows * 3 * 4);
    const data = { values: samples, count: rows, width: features };
    packSparse(data, layout, this.#buffer, entries, starts.view);
    const locateArguments: Parameters<Kernels['locateRows']> = [
      starts.pointer,
      order.pointer,
      rows,
      2,
      bounds,
    ];
    const values = Float64Array.from(
      { length: rows * features },
      (_, i) => samples[order.view[Math.floor(i / features)] * features + (i % features)] * layout.scale,
    );
    const located = () => {
      const out = new Float64Array(rows * features);
      const view = new DataView(this.#buffer);
      for (let row = 0; row < rows; row++) {
        const end = view.getUint32(bounds + (row * 3 + 2) * 4, true);
        for (let entry = view.getUint32(bounds + row * 12, true); entry < end; entry += 8)
          out[row * features + (view.getUint32(entry, true) >> shiftBits)] += view.getFloat32(
            entry + 4,
            true,
          );
      }
      return out;
    };
    return { locateArguments, bounds, values, located };
  }
}
