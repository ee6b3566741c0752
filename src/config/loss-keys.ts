/** What is asked of a loss beside its schema, which would bring its library into each worker. */
import type { Config } from './schema.js';

/** Share of the target spread evenly over all classes; 0 for a loss that has no such key. */
export function labelSmoothingOf(chosen: Config['loss']): number {
  return 'labelSmoothing' in chosen ? chosen.labelSmoothing : 0;
}

/** What loss.classWeights is, in a word. */
export function classWeightsWord(loss: Config['loss']): 'none' | 'balanced' | 'a list' {
  const weights = 'classWeights' in loss ? loss.classWeights : 'none';
  return typeof weights === 'string' ? weights : 'a list';
}
