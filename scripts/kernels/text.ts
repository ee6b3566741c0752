/** Writes unrolled AssemblyScript: repeated text, and the layout of one thread's scratch. */

export const sequence = (length: number): number[] => Array.from({ length }, (_, i) => i);

export const each = (length: number, write: (i: number) => string, separator = ' '): string =>
  sequence(length).map(write).join(separator);

/**
 * The same for the low and the high four of eight lanes. Low first when loading; V8 joins two such operations on
 * neighbouring addresses into a 256-bit one if the high half is stored first.
 */
export const halves = (write: (half: 'l' | 'h', bytes: number) => string, separator = ' '): string =>
  [write('l', 0), write('h', 16)].join(separator);

/** Byte offsets from the scratch's start, and the constants that the emitted code reads from there. */
export class Layout {
  readonly grid: number;
  /** Vectors of four floats in a row of the grid. */
  readonly vectors: number;
  readonly rowBytes: number;
  readonly gridBytes: number;
  /** f32 [grid + 2][grid + 2][8]; the row begins early enough that its last cell is zero too. */
  readonly borderedRow: number;
  readonly borderedBytes: number;
  readonly moments: number;
  readonly place: number;
  readonly rowList: number;
  readonly rowTargets: number;
  /**
   * The arguments of `initialise`: {f32 1 / (size · grid), size · grid, first row, rows apart; i32 aspect, full, sobel,
   * pool}.
   */
  readonly variant: number;
  /** Destination of values that are loaded only for the cache, so that the loads are not optimised away. */
  readonly touched: number;
  readonly grids: number;
  /** Tables of rows, i16 [8][14 or 28][32][2]; after placement, their room is that of the three below. */
  readonly tables: number;
  readonly pooledRows: number;
  readonly channels: number;
  /** Sobel: f32 [2][grid + 2][8], one row smoothed along y and its difference along y. */
  readonly smoothed: number;
  readonly bytes: number;
  readonly #vectors: number;
  readonly #scalars: number;
  readonly #vectorWords: string[] = [];
  readonly #scalarValues: number[] = [];

  constructor(grid: number) {
    this.grid = grid;
    this.vectors = Math.ceil(grid / 4);
    this.rowBytes = this.vectors * 16;
    this.gridBytes = grid * this.rowBytes;
    this.borderedRow = (grid + 2) * 32;
    let top = 0;
    const take = (bytes: number) => {
      const at = top;
      top = (top + bytes + 63) & ~63;
      return at;
    };
    take((grid + 3) * this.borderedRow);
    this.borderedBytes = top;
    this.moments = take(6 * 128);
    this.place = take(5 * 32);
    this.rowList = take(8 * 128);
    this.rowTargets = take(256);
    this.variant = take(32);
    this.touched = take(4);
    this.#scalars = take(512);
    this.#vectors = take(96 * 16);
    this.grids = take(8 * this.gridBytes + 64);
    this.tables = top;
    this.pooledRows = take(grid * 8 * 5 * 32);
    this.channels = take(8 * grid * 32);
    this.smoothed = take(2 * this.borderedRow);
    this.bytes = Math.max(top, this.tables + 8 * 28 * 128) + 128;
  }

  #vector(bits: ArrayBuffer): string {
    const words = [...new BigInt64Array(bits)].join();
    let index = this.#vectorWords.indexOf(words);
    if (index < 0) index = this.#vectorWords.push(words) - 1;
    if (index >= 96) throw new RangeError('too many vector constants');
    return `v128.load(S, ${this.#vectors + index * 16})`;
  }

  bytes8(lanes: readonly number[]): string {
    return this.#vector(Int8Array.from(lanes).buffer);
  }

  shorts(lanes: number | readonly number[]): string {
    return this.#vector(
      Int16Array.from({ length: 8 }, (_, i) => (typeof lanes === 'number' ? lanes : lanes[i])).buffer,
    );
  }

  words(lanes: number | readonly number[]): string {
    return this.#vector(
      Int32Array.from({ length: 4 }, (_, i) => (typeof lanes === 'number' ? lanes : lanes[i])).buffer,
    );
  }

  floats(lanes: number | readonly number[]): string {
    return this.#vector(
      Float32Array.from({ length: 4 }, (_, i) => (typeof lanes === 'number' ? lanes : lanes[i])).buffer,
    );
  }

  /** Offset of a float32 constant; equal values share a place. */
  scalar(value: number): number {
    const rounded = Math.fround(value);
    const index = this.#scalarValues.indexOf(rounded);
    return index < 0 ? this.scalars([rounded]) : this.#scalars + index * 4;
  }

  /** Offset of consecutive float32 constants. */
  scalars(values: readonly number[]): number {
    const index = this.#scalarValues.length;
    this.#scalarValues.push(...values.map(Math.fround));
    if (this.#scalarValues.length > 128) throw new RangeError('too many scalar constants');
    return this.#scalars + index * 4;
  }

  /** Statements that write all constants used so far. */
  initialisers(): string {
    const vectors = this.#vectorWords.flatMap((words, i) =>
      words.split(',').map((word, half) => `store<i64>(S, ${word}, ${this.#vectors + i * 16 + half * 8});`),
    );
    const scalars = this.#scalarValues.map(
      (value, i) => `store<f32>(S, <f32>${value}, ${this.#scalars + i * 4});`,
    );
    return [...vectors, ...scalars].join(' ');
  }
}
