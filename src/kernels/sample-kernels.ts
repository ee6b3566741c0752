/**
 * The kernels that prepare samples before a run, on a small memory of their own: samples are copied into it in blocks that
 * stay in a core's cache. The results have the same bits as those of the loops in TypeScript.
 */
import { reservedBytes } from '../memory/arena.js';
import { allocate } from '../memory/shared-memory.js';
import { instantiateKernels, type Kernels } from './kernels.js';

export type Integers = Uint8Array | Uint16Array;

/** Sums over rows, to which more rows are added. */
export interface Counts {
  readonly sums: Float64Array;
  readonly nonZeros: Uint32Array;
}

/** The pixels of an image that are pooled, and its size. */
export interface Pooling {
  readonly imageBytes: number;
  readonly corner: number;
  readonly line: number;
  readonly rows: number;
  readonly columns: number;
}

const blockBytes = 2 ** 18;
/** The kernels read and write somewhat behind the last row. */
const spareBytes = 128;
const widest = 2 ** 16;
const wordsBytes = (widest + 16) * 4;

const at = {
  input: reservedBytes,
  output: reservedBytes + blockBytes + spareBytes,
  sums: reservedBytes + 2 * (blockBytes + spareBytes),
  nonZeros: reservedBytes + 2 * (blockBytes + spareBytes) + wordsBytes,
} as const;
const pageBytes = 65536;

/** The largest sum of four pixels. */
const largestShort = 4 * 255;

export class SampleKernels {
  readonly #kernels: Kernels;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;

  constructor(engine: WebAssembly.Module) {
    const memory = allocate(Math.ceil((at.nonZeros + wordsBytes) / pageBytes) * pageBytes);
    this.#kernels = instantiateKernels(engine, memory);
    this.#bytes = new Uint8Array(memory.buffer);
    this.#words = new Uint32Array(memory.buffer);
  }

  /** Whether `add` takes values of this kind. `full`: the value of full light. */
  counts(values: Integers | Float32Array, width: number, full: number): values is Integers {
    if (width < 1 || width > widest) return false;
    return values instanceof Uint8Array || (values instanceof Uint16Array && full <= largestShort);
  }

  /** Adds the counts of `rows` rows of `values`; returns the sum of the squares. */
  add(values: Integers, rows: number, width: number, { sums, nonZeros }: Counts): number {
    const count = values instanceof Uint8Array ? this.#kernels.countBytes : this.#kernels.countShorts;
    const [mostRows, sumsAt, nonZerosAt] = [rowsOf(values, width), at.sums / 4, at.nonZeros / 4];
    this.#words.fill(0, sumsAt, sumsAt + width);
    this.#words.fill(0, nonZerosAt, nonZerosAt + width);
    let squares = 0;
    for (let first = 0; first < rows; first += mostRows) {
      const some = Math.min(mostRows, rows - first);
      this.#put(values.subarray(first * width, (first + some) * width));
      squares += count(at.input, some, width, at.sums, at.nonZeros);
    }
    for (let p = 0; p < width; p++) {
      sums[p] += this.#words[sumsAt + p];
      nonZeros[p] += this.#words[nonZerosAt + p];
    }
    return squares;
  }

  /** Whether `pool` takes images of this size. */
  pools({ imageBytes }: Pooling): boolean {
    return imageBytes >= 1 && imageBytes <= blockBytes;
  }

  /** Writes the sums of 2 × 2 pixels of `count` images, u16 [count][rows][columns]. */
  pool(images: Uint8Array, count: number, pooling: Pooling, out: Uint16Array): void {
    const { imageBytes, corner, line, rows, columns } = pooling;
    const [most, width] = [Math.floor(blockBytes / imageBytes), rows * columns];
    for (let first = 0; first < count; first += most) {
      const some = Math.min(most, count - first);
      this.#put(images.subarray(first * imageBytes, (first + some) * imageBytes));
      this.#kernels.poolImages(at.input, some, imageBytes, corner, line, rows, columns, at.output);
      const pooled = new Uint16Array(this.#bytes.buffer, at.output, some * width);
      out.set(pooled, first * width);
    }
  }

  #put({ buffer, byteOffset, byteLength }: Integers): void {
    this.#bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at.input);
  }
}

const rowsOf = (values: Integers, width: number) =>
  Math.floor(blockBytes / (width * values.BYTES_PER_ELEMENT));
