/**
 * Norms of a layer's weights and of their gradient, computed by several ranks, each for its own slices. A slice is
 * whole rows of weights, so the sums are kept for each row, f64 [rows of all layers][Σ w², Σ g²]. Every rank adds them
 * up in the same order: the bits do not depend on how the layers are cut. Biases are not part of a norm.
 */
import type { Config } from '../config/schema.js';
import { stripFloats } from '../kernels/directions/direction-kernels.js';
import type { Kernels } from '../kernels/kernels.js';
import type { Region } from '../memory/arena.js';
import { doublesIn } from '../memory/views.js';
import type { LayerLayout } from '../model/layers/layer.js';
import type { Slice } from '../model/slice.js';

/** The rows of one layer: the first one's number among all rows, the rows of a panel, and the floats of a row. */
export interface WeightRows {
  readonly first: number;
  readonly perPanel: number;
  readonly count: number;
  readonly floats: number;
}

const bytesPerRow = 16;

/** `strips`: for softmax regression on feature blocks, whose rows are strips; null for layers in panels or matrices. */
export function weightRows(layers: readonly LayerLayout[], strips: number | null): WeightRows[] {
  if (strips !== null) return [{ first: 0, perPanel: strips, count: strips, floats: stripFloats }];
  let first = 0;
  return layers.map(({ inputs, panels, panelWidth }) => {
    const rows = { first, perPanel: inputs, count: inputs * panels, floats: panelWidth };
    first += rows.count;
    return rows;
  });
}

/** Empty for an optimiser that needs no norms. */
export function normsBytes(optimizer: Config['optimizer'], rows: readonly WeightRows[]): number {
  return optimizer.name === 'lars' ? rows.reduce((sum, { count }) => sum + count, 0) * bytesPerRow : 0;
}

export interface Norms {
  readonly weights: number;
  readonly gradient: number;
}

/** The places of the rows and of their sums. */
export interface NormsPlan {
  readonly weightRows: readonly WeightRows[];
  readonly regions: { readonly norms: Region };
}

export class LayerNorms {
  readonly #rows: readonly WeightRows[];
  readonly #kernels: Kernels;
  readonly #sums: Float64Array;

  constructor({ regions, weightRows }: NormsPlan, kernels: Kernels, memory: WebAssembly.Memory) {
    this.#rows = weightRows;
    this.#kernels = kernels;
    this.#sums = doublesIn(memory, regions.norms);
  }

  /** Number of the slice's floats that are weights; its bias, if it has one, follows. */
  weightFloats({ layer, firstRow, lastRow }: Slice): number {
    return (lastRow - firstRow) * this.#rows[layer].floats;
  }

  /** Pointers to the slice, in bytes. */
  measure({ layer, panel, firstRow, lastRow }: Slice, weights: number, gradient: number): void {
    const { first, perPanel, floats } = this.#rows[layer];
    const out = this.#sums.byteOffset + (first + panel * perPanel + firstRow) * bytesPerRow;
    this.#kernels.rowSquares(weights, lastRow - firstRow, floats, out, bytesPerRow);
    this.#kernels.rowSquares(gradient, lastRow - firstRow, floats, out + 8, bytesPerRow);
  }

  /** The norms of a layer whose slices all have their sums. */
  of(layer: number): Norms {
    const { first, count } = this.#rows[layer];
    let [weights, gradient] = [0, 0];
    for (let i = 2 * first; i < 2 * (first + count); i += 2) {
      weights += this.#sums[i];
      gradient += this.#sums[i + 1];
    }
    return { weights: Math.sqrt(weights), gradient: Math.sqrt(gradient) };
  }
}
