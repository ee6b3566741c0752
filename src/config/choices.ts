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
