/** The library: train a small network, load it, use it. */

export type { MetricName } from './config/choices.js';
export type { ClassTargets } from './data/memory-targets.js';
export type { Shape } from './data/transforms/transform.js';
export type { Precision } from './inference/predictor.js';
export { readImage } from './library/image.js';
export { load } from './library/load.js';
export { Model } from './library/model.js';
export { TrainingRun, train } from './library/train.js';
export type * from './library/types.js';
export type { ClassScores, PerClass } from './metrics/classification.js';
export type { Metrics } from './metrics/metric.js';
export type { TableRow } from './tables/training/table-inputs.js';
export { ExitCode, type Refused, UserError } from './user-error.js';
export { version } from './version.js';
