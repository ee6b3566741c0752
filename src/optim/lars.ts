/**
 * LARS, layer-wise adaptive rate scaling (You, Gitman & Ginsburg 2017, "Large batch training of convolutional
 * networks"). The weights w of a layer, with the gradient g of the batch, learn at the rate lr · trust:
 *
 *   trust = trustCoefficient · ‖w‖ / (‖g‖ + weightDecay · ‖w‖)
 *   v = momentum · v + lr · trust · (g + weightDecay · w);  w −= v
 *
 * So a step changes every layer by about the same share of its norm. trust is 1 if either norm is 0, as before the
 * first step from zero weights. Biases learn at lr, without decay.
 */
import type { Config } from '../config/schema.js';
import type { Kernels } from '../kernels/kernels.js';
import type { Slice } from '../model/slice.js';
import type { GradientNorm } from './clipping.js';
import type { LayerNorms, Norms } from './layer-norms.js';
import type { Optimizer } from './optimizer.js';

export type LarsConfig = Extract<Config['optimizer'], { name: 'lars' }>;

export function trustRatio(
  { trustCoefficient, weightDecay }: LarsConfig,
  { weights, gradient }: Norms,
): number {
  if (weights === 0 || gradient === 0) return 1;
  return (trustCoefficient * weights) / (gradient + weightDecay * weights);
}

export class Lars implements Optimizer {
  readonly #config: LarsConfig;
  readonly #kernels: Kernels;
  readonly #norms: LayerNorms;
  /** Of gradients that are clipped. */
  readonly #clip: GradientNorm | null;
  /** Norms by layer, for the present step; reset when the next step's norms are computed. */
  #trust: (number | undefined)[] = [];

  constructor(config: LarsConfig, kernels: Kernels, norms: LayerNorms, clip: GradientNorm | null) {
    this.#config = config;
    this.#kernels = kernels;
    this.#norms = norms;
    this.#clip = clip;
  }

  measure(slice: Slice, weights: number, gradient: number): void {
    this.#trust = [];
    this.#norms.measure(slice, weights, gradient);
  }

  update(
    weights: number,
    [velocity]: readonly number[],
    gradient: number,
    slice: Slice,
    _step: number,
    learningRate: number,
  ): void {
    const { momentum, weightDecay } = this.#config;
    const trust = this.#trust[slice.layer] ?? this.#trustOf(slice.layer);
    this.#trust[slice.layer] = trust;
    const count = this.#norms.weightFloats(slice);
    const rate = learningRate * trust;
    this.#kernels.lars(weights, velocity, gradient, count, rate, momentum, weightDecay);
    const bytes = count * 4;
    const rest = slice.floats - count;
    if (slice.bias)
      this.#kernels.lars(
        weights + bytes,
        velocity + bytes,
        gradient + bytes,
        rest,
        learningRate,
        momentum,
        0,
      );
  }
  /** The norms were measured before the gradient was scaled. */
  #trustOf(layer: number): number {
    const { weights, gradient } = this.#norms.of(layer);
    return trustRatio(this.#config, { weights, gradient: gradient * (this.#clip?.factor() ?? 1) });
  }
}
