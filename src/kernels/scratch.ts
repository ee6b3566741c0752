/** Random test data for the kernel checks, laid out in a WebAssembly memory from its start. */
import { type Kernels, reservedBytes } from './kernels.js';

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
   * Random rows, about half zeros, packed as decodeRows wants them, in two feature ranges. `values`: the rows
   * in batch order, [rows][features], already scaled; `decoded()`: what decodeRows wrote, in the same form.
   */
  sparseRows(rows: number, features: number, shift: number) {
    const scale = 0.01;
    const order = this.permutation(rows);
    const samples = Array.from({ length: rows * features }, () =>
      this.random() < 0.5 ? 0 : 1 + Math.floor(this.random() * 255),
    );
    const packed: number[] = [];
    const starts = [0];
    for (let row = 0; row < rows; row++) {
      for (let feature = 0; feature < features; feature++) {
        const value = samples[row * features + feature];
        if (value !== 0) packed.push(value * 65536 + feature);
      }
      starts.push(packed.length);
    }
    const stride = (features + 3) * 8;
    const entries = this.#allocate(rows * stride);
    const bounds = this.#allocate(rows * 3 * 4);
    const decodeArguments: Parameters<Kernels['decodeRows']> = [
      this.words(packed).pointer,
      this.words(starts).pointer,
      order.pointer,
      rows,
      entries,
      stride,
      bounds,
      2,
      this.words([Math.floor(features / 2), features]).pointer,
      scale,
      shift,
    ];
    const values = Float64Array.from(
      { length: rows * features },
      (_, i) => samples[order.view[Math.floor(i / features)] * features + (i % features)] * scale,
    );
    const decoded = () => {
      const out = new Float64Array(rows * features);
      const view = new DataView(this.#buffer);
      for (let row = 0; row < rows; row++) {
        const end = view.getUint32(bounds + (row * 3 + 2) * 4, true);
        for (let entry = view.getUint32(bounds + row * 12, true); entry < end; entry += 8)
          out[row * features + (view.getUint32(entry, true) >> shift)] += view.getFloat32(entry + 4, true);
      }
      return out;
    };
    return { decodeArguments, bounds, values, decoded };
  }
}
