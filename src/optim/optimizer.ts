/** An optimiser applies one step to a contiguous run of parameters, whoever owns it. */
import type { Config } from '../config/schema.js';
import type { Kernels } from '../kernels/kernels.js';

export interface Optimizer {
  /** Float32 vectors of state, each as long as the parameters. */
  readonly stateVectors: number;
  /**
   * All pointers are bytes, `states` one per state vector; `count` a multiple of 16; `step` counts from 1.
   */
  update(
    weights: number,
    states: readonly number[],
    gradient: number,
    count: number,
    step: number,
    learningRate: number,
  ): void;
}

/** State vectors that the plan must make room for. */
export function stateVectors(config: Config['optimizer']): number {
  return config.name === 'adam' ? 2 : 1;
}

export function createOptimizer(config: Config['optimizer'], kernels: Kernels): Optimizer {
  if (config.name === 'sgd') {
    const { momentum, nesterov, weightDecay } = config;
    return {
      stateVectors: 1,
      update(weights, [velocity], gradient, count, _step, learningRate) {
        kernels.sgd(
          weights,
          velocity,
          gradient,
          count,
          learningRate,
          momentum,
          Number(nesterov),
          weightDecay,
        );
      },
    };
  }
  const { beta1, beta2, epsilon, weightDecay } = config;
  return {
    stateVectors: 2,
    update(weights, [mean, square], gradient, count, step, learningRate) {
      kernels.adam(
        weights,
        mean,
        square,
        gradient,
        count,
        learningRate,
        beta1,
        beta2,
        epsilon,
        weightDecay,
        1 / (1 - beta1 ** step),
        1 / Math.sqrt(1 - beta2 ** step),
      );
    },
  };
}
