/** Words of the keys that describe a network: for the schema, and for weights files, which are read without it. */

export const normalisations = ['mnist', 'centre', 'standardise', 'whiten', 'none'] as const;
/** Those that real inputs have too. */
export const realNormalisations = ['standardise', 'centre', 'none'] as const;
export const activations = ['relu', 'tanh', 'gelu', 'sigmoid'] as const;
export const losses = [
  'cross-entropy',
  'squared-error',
  'absolute-error',
  'huber',
  'binary-cross-entropy',
] as const;

export type MetricName = 'accuracy' | 'balancedAccuracy' | 'f1' | 'auc' | 'logLoss' | 'rmse' | 'mae' | 'r2';

/** Of classes and of labels, and of values. */
export const classMetrics = [
  'accuracy',
  'balancedAccuracy',
  'f1',
  'auc',
  'logLoss',
] as const satisfies readonly MetricName[];
export const valueMetrics = ['rmse', 'mae', 'r2'] as const satisfies readonly MetricName[];

/** Data sets of files that the user has: data.dir, or SHARDSTEP_DATA, says where. */
export const givenSets = ['idx', 'csv', 'table', 'images', 'cifar-10', 'emnist', 'qmnist'] as const;

export const dataSets = ['mnist', 'fashion-mnist', 'kmnist', ...givenSets, 'memory'] as const;

/** What becomes of a picture of other proportions than the sample. */
export const pictureFits = ['crop', 'pad', 'stretch'] as const;
export type PictureFit = (typeof pictureFits)[number];
