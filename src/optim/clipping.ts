/**
 * Clipping by the global norm (Pascanu, Mikolov & Bengio 2013), as PyTorch's clip_grad_norm_: a gradient g over all
 * parameters is multiplied by min(1, clip / (‖g‖ + 1e-6)) before the optimiser sees it. Weight decay is not part of g.
 *
 * Several ranks sum the squares, each for its own slices. A slice is whole rows of weights and perhaps a bias, so the sums
 * are kept for each row and each bias, f64 [rows of all layers][panels of all layers]. Every rank adds them up in the same
 * order: the bits do not depend on how the layers are cut.
 */
import type { Config } from '../config/schema.js';
import type { Kernels } from '../kernels/kernels.js';
import type { Region } from '../memory/arena.js';
import { doublesIn } from '../memory/views.js';
import type { Slice } from '../model/slice.js';
import type { WeightRows } from './layer-norms.js';
import type { Optimizer } from './optimizer.js';

/** The places of the sums. */
export interface GradientNormPlan {
  readonly weightRows: readonly WeightRows[];
  readonly regions: { readonly gradientNorm: Region };
}

const panelsOf = ({ count, perPanel }: WeightRows) => count / perPanel;

/** Empty if gradients are not clipped. */
export function gradientNormBytes({ clip }: Config['optimizer'], rows: readonly WeightRows[]): number {
  return clip === null ? 0 : rows.reduce((sum, layer) => sum + layer.count + panelsOf(layer), 0) * 8;
}

export class GradientNorm {
  readonly #most: number;
  readonly #rows: readonly WeightRows[];
  /** Per layer: the number of its first bias among the sums. */
  readonly #biases: readonly number[];
  readonly #kernels: Kernels;
  readonly #sums: Float64Array;
  /** Of the present step; null until a slice is updated. */
  #factor: number | null = null;

  constructor(
    most: number,
    { weightRows, regions }: GradientNormPlan,
    kernels: Kernels,
    memory: WebAssembly.Memory,
  ) {
    this.#most = most;
    this.#rows = weightRows;
    let bias = weightRows.reduce((sum, { count }) => sum + count, 0);
    this.#biases = weightRows.map((layer) => {
      const first = bias;
      bias += panelsOf(layer);
      return first;
    });
    this.#kernels = kernels;
    this.#sums = doublesIn(memory, regions.gradientNorm);
  }

  /** `gradient`: of the slice, in bytes. */
  measure({ layer, panel, firstRow, lastRow, bias, floats }: Slice, gradient: number): void {
    this.#factor = null;
    const { first, perPanel, floats: width } = this.#rows[layer];
    const weights = (lastRow - firstRow) * width;
    const out = this.#place(first + panel * perPanel + firstRow);
    this.#kernels.rowSquares(gradient, lastRow - firstRow, width, out, 8);
    if (bias)
      this.#kernels.rowSquares(
        gradient + weights * 4,
        1,
        floats - weights,
        this.#place(this.#biases[layer] + panel),
        8,
      );
  }

  /**
   * Of the gradient, once all its slices are measured. NaN if the norm is not finite: the run then ends as diverged,
   * instead of going on without this step.
   */
  factor(): number {
    this.#factor ??= this.#compute();
    return this.#factor;
  }

  #compute(): number {
    let squares = 0;
    for (const sum of this.#sums) squares += sum;
    const norm = Math.sqrt(squares);
    return Number.isFinite(norm) ? Math.min(1, this.#most / (norm + 1e-6)) : Number.NaN;
  }

  #place(number: number): number {
    return this.#sums.byteOffset + number * 8;
  }
}

/** An optimiser that gets the clipped gradient. */
export class Clipped implements Optimizer {
  readonly #inner: Optimizer;
  readonly #norm: GradientNorm;
  readonly #kernels: Kernels;

  constructor(inner: Optimizer, norm: GradientNorm, kernels: Kernels) {
    this.#inner = inner;
    this.#norm = norm;
    this.#kernels = kernels;
  }

  measure(slice: Slice, weights: number, gradient: number): void {
    this.#norm.measure(slice, gradient);
    this.#inner.measure(slice, weights, gradient);
  }

  update(
    weights: number,
    states: readonly number[],
    gradient: number,
    slice: Slice,
    step: number,
    learningRate: number,
  ): void {
    const factor = this.#norm.factor();
    if (factor !== 1) this.#kernels.multiply(gradient, slice.floats, factor);
    this.#inner.update(weights, states, gradient, slice, step, learningRate);
  }
}
