/**
 * Rows that are written where they are packed, so that a large table is in memory once. Their source can give memory back from
 * its end while they are packed; afterwards they are read where they are.
 */
import type { Values } from './transform.js';

/** What rows are made of: columns. */
export interface RowSource {
  /** The same for sources of common memory, which is given back for all of them. */
  readonly origin: object;
  /** Rows that are still there. */
  readonly count: number;
  /** Rows of the source at `places`, f32 [places][width]. */
  write(places: Uint32Array, out: Float32Array): void;
  /** One value of each row; valid until the next call. */
  column(field: number, places: Uint32Array): Float32Array;
  /** Gives back the memory of all but the first `count` rows. */
  cut(count: number): void;
}

export class RowsOnDemand {
  readonly source: RowSource;
  /** [rows] Rows of the source, in ascending order. */
  readonly places: Uint32Array;
  readonly width: number;
  #packed: Float32Array | null = null;

  constructor(source: RowSource, places: Uint32Array, width: number) {
    this.source = source;
    this.places = places;
    this.width = width;
  }

  /** Rows [first, last) to f32 [last − first][width]. */
  write(first: number, last: number, out: Float32Array): void {
    if (this.#packed !== null) {
      out.set(this.#packed.subarray(first * this.width, last * this.width));
      return;
    }
    const places = this.places.subarray(first, last);
    if (places.length > 0 && places[places.length - 1] >= this.source.count)
      throw new Error('rows of a table whose memory was given back are read again');
    this.source.write(places, out);
  }

  column(field: number): Float32Array {
    return this.source.column(field, this.places);
  }

  /** f32 [rows][width]: a copy, or the rows where they are packed. */
  all(): Float32Array {
    if (this.#packed !== null) return this.#packed;
    const all = new Float32Array(this.places.length * this.width);
    this.write(0, this.places.length, all);
    return all;
  }

  get isMoved(): boolean {
    return this.#packed !== null;
  }

  /** All of them are at `packed` from now on. */
  movedTo(packed: Float32Array): void {
    this.#packed = packed;
  }

  /** The rows at `indices`, which ascend. */
  picked(indices: Uint32Array): RowsOnDemand {
    const { places } = this;
    return new RowsOnDemand(
      this.source,
      indices.map((index) => places[index]),
      this.width,
    );
  }
}

/** The values of these rows are made whenever they are asked for. To be spread by no one. */
export const valuesOnDemand = <Others extends object>(
  rows: RowsOnDemand,
  others: Others,
): Values & Others => ({
  // Before the getter, which a later spread would call.
  ...others,
  get values(): Float32Array {
    return rows.all();
  },
  count: rows.places.length,
  shape: [rows.width],
  full: 1,
  rows,
});
