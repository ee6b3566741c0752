/** An optimiser applies one step to a contiguous range of parameters, on any rank. */
import type { Config } from '../config/schema.js';
import type { Kernels } from '../kernels/kernels.js';
import type { Slice } from '../model/slice.js';
import { pow } from '../numbers/elementary.js';
import { Clipped, GradientNorm, type GradientNormPlan } from './clipping.js';
import { Lars } from './lars.js';
import { LayerNorms, type NormsPlan } from './layer-norms.js';

export interface Optimizer {
  /**
   * Computes the norms of every slice before any slice is updated, for an optimiser with a rate for each layer, or for
   * clipping. Pointers are bytes.
   */
  measure(slice: Slice, weights: number, gradient: number): void;
  /** All pointers are bytes, `states` one per state vector; `step` counts from 1. May overwrite the gradient. */
  update(
    weights: number,
    states: readonly number[],
    gradient: number,
    slice: Slice,
    step: number,
    learningRate: number,
  ): void;
}

/** Number of state vectors that the plan allocates. */
export function stateVectors(config: Config['optimizer']): number {
  return config.name === 'adam' || config.name === 'adamw' ? 2 : 1;
}

/** The fields of a run's plan that an optimiser reads. */
export type OptimizerPlan = NormsPlan &
  GradientNormPlan & {
    readonly optimizer: Config['optimizer'];
  };

export function createOptimizer(
  plan: OptimizerPlan,
  kernels: Kernels,
  memory: WebAssembly.Memory,
): Optimizer {
  const { clip } = plan.optimizer;
  if (clip === null) return unclipped(plan, kernels, memory, null);
  const norm = new GradientNorm(clip, plan, kernels, memory);
  return new Clipped(unclipped(plan, kernels, memory, norm), norm, kernels);
}

function unclipped(
  plan: OptimizerPlan,
  kernels: Kernels,
  memory: WebAssembly.Memory,
  norm: GradientNorm | null,
): Optimizer {
  const config = plan.optimizer;
  if (config.name === 'lars') return new Lars(config, kernels, new LayerNorms(plan, kernels, memory), norm);
  if (config.name === 'sgd') {
    const { momentum, nesterov, weightDecay } = config;
    return {
      measure() {},
      update(weights, [velocity], gradient, { floats }, _step, learningRate) {
        kernels.sgd(
          weights,
          velocity,
          gradient,
          floats,
          learningRate,
          momentum,
          Number(nesterov),
          weightDecay,
        );
      },
    };
  }
  const { beta1, beta2, epsilon, weightDecay } = config;
  const isDecoupled = config.name === 'adamw';
  return {
    measure() {},
    update(weights, [mean, square], gradient, { floats }, step, learningRate) {
      kernels.adam(
        weights,
        mean,
        square,
        gradient,
        floats,
        learningRate,
        beta1,
        beta2,
        epsilon,
        isDecoupled ? 0 : weightDecay,
        1 / (1 - pow(beta1, step)),
        1 / Math.sqrt(1 - pow(beta2, step)),
        isDecoupled ? 1 - learningRate * weightDecay : 1,
      );
    },
  };
}
