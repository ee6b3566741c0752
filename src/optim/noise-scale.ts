/**
 * The simple gradient noise scale (McCandlish, Kaplan, Amodei et al. 2018, "An Empirical Model of Large-Batch
 * Training"), B = tr(Σ) / |G|²: the batch size up to which larger batches save steps almost in proportion. Σ is the
 * covariance of one image's gradient, G the gradient over all images. From appendix A.1: the squared norm of a gradient
 * over b images has the expectation |G|² + tr(Σ) / b. So two batch sizes give unbiased estimates of both, here those of
 * the workers' shards and of their average. Each is smoothed before the ratio is taken, because a ratio of noisy
 * numbers is biased.
 */

/** Weight of the past in a moving average: it covers some hundred steps. */
const decay = 0.99;

export interface NoiseEstimate {
  /** Of |G|², of tr(Σ), and of the scale in images: null while the estimate of |G|² is not above 0. */
  readonly squaredGradient: number;
  readonly traceOfCovariance: number;
  readonly noiseScale: number | null;
}

/** The two batch sizes that are compared: harmonic mean of the shards' rows, and rows of the batch. */
export interface NoiseSizes {
  readonly small: number;
  readonly big: number;
}

/** Moving averages of both estimates, and the total weight of their samples. */
export interface NoiseAverages {
  readonly squaredGradient: number;
  readonly trace: number;
  readonly weight: number;
}

export const emptyNoise: NoiseAverages = { squaredGradient: 0, trace: 0, weight: 0 };

/** `shardRows`: rows of every shard of a full batch, at least two shards, none empty. */
export function noiseSizes(shardRows: readonly number[]): NoiseSizes {
  const reciprocals = shardRows.reduce((sum, rows) => sum + 1 / rows, 0);
  return { small: shardRows.length / reciprocals, big: shardRows.reduce((sum, rows) => sum + rows, 0) };
}

/** After one more step: the mean of the shards' squared norms, and the squared norm of the batch's gradient. */
export function addSquares(
  averages: NoiseAverages,
  { small: b, big: B }: NoiseSizes,
  meanSmallSquare: number,
  bigSquare: number,
): NoiseAverages {
  const squaredGradient = (B * bigSquare - b * meanSmallSquare) / (B - b);
  const trace = (meanSmallSquare - bigSquare) / (1 / b - 1 / B);
  return {
    squaredGradient: decay * averages.squaredGradient + (1 - decay) * squaredGradient,
    trace: decay * averages.trace + (1 - decay) * trace,
    weight: decay * averages.weight + (1 - decay),
  };
}

/** Null before the first step. */
export function estimateOf(averages: NoiseAverages): NoiseEstimate | null {
  if (averages.weight === 0) return null;
  const squaredGradient = averages.squaredGradient / averages.weight;
  const traceOfCovariance = averages.trace / averages.weight;
  const noiseScale = squaredGradient > 0 ? traceOfCovariance / squaredGradient : null;
  return { squaredGradient, traceOfCovariance, noiseScale };
}
