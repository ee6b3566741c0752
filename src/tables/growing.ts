/** Arrays that grow by pieces. Long ones can give memory back at once, from their end, without the garbage collector. */

export type Floats = Float32Array | Float64Array | Uint32Array | Uint16Array;

const leastPiece = 256;
/** Beyond the expected rows, so that an estimate that is slightly low costs no copy. */
const spare = 1.1;
/** Shorter buffers are of little use to give back, and each resizable one takes pages of its own. */
const leastResizable = 256 * 1024;

/** Missing in the types of ES2023; every supported Node has it. */
interface Resizable extends ArrayBuffer {
  readonly resizable: boolean;
  resize(bytes: number): void;
}

/** Zeros. Pages that are not written take no memory. */
export function buffer(bytes: number): ArrayBuffer {
  if (bytes < leastResizable) return new ArrayBuffer(bytes);
  const Resizing = ArrayBuffer as unknown as new (
    bytes: number,
    options: { maxByteLength: number },
  ) => ArrayBuffer;
  return new Resizing(bytes, { maxByteLength: bytes });
}

/** Gives back the memory of all but the first values, if it can; the array is then as long, or of no use. */
export function keepFirst(values: Floats, count: number): void {
  const { buffer: own, BYTES_PER_ELEMENT: size } = values;
  if (isResizable(own) && count * size < own.byteLength) own.resize(count * size);
}

const isResizable = (own: ArrayBufferLike): own is Resizable =>
  own instanceof ArrayBuffer && (own as Resizable).resizable;

/** Usually the first piece holds all rows that are expected, and nothing is copied. */
export class Growing<T extends Floats> {
  readonly #view: (own: ArrayBuffer) => T;
  readonly #size: number;
  readonly #full: T[] = [];
  #piece: T;
  #at = 0;
  #before = 0;

  /** `view`: of all of a buffer. `expected`: about how many values come, 0 if that is not known. */
  constructor(view: (own: ArrayBuffer) => T, expected: number) {
    this.#view = view;
    this.#size = view(new ArrayBuffer(0)).BYTES_PER_ELEMENT;
    this.#piece = this.#made(Math.max(leastPiece, Math.ceil(spare * expected)));
  }

  #made(length: number): T {
    return this.#view(buffer(length * this.#size));
  }

  push(value: number): void {
    if (this.#at === this.#piece.length) {
      this.#full.push(this.#piece);
      this.#before += this.#piece.length;
      this.#piece = this.#made(Math.max(leastPiece, Math.ceil(this.#before / 4)));
      this.#at = 0;
    }
    this.#piece[this.#at++] = value;
  }

  /** In one array; the pieces are given back. */
  joined(): T {
    const count = this.#before + this.#at;
    const pieces = [...this.#full.splice(0), this.#piece];
    if (pieces.length === 1) {
      keepFirst(this.#piece, count);
      return this.#piece.length === count ? this.#piece : (this.#piece.subarray(0, count) as T);
    }
    const all = this.#made(count);
    let at = 0;
    for (const piece of pieces) {
      all.set(piece.subarray(0, count - at), at);
      at += piece.length;
      keepFirst(piece, 0);
    }
    return all;
  }
}
