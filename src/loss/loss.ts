/**
 * A loss compares the outputs of a network with the class of a sample. It is defined on one row, in float64; a backend
 * may have a faster way for a loss that it knows by name. A new loss is a file and a line here, and its keys in the
 * schema.
 */
import type { Config } from '../config/schema.js';
import type { Op } from '../model/op.js';
import { crossEntropy } from './cross-entropy.js';
import { squaredError } from './squared-error.js';

export interface Loss {
  readonly name: Config['loss']['name'];
  /**
   * Returns the loss of one row; writes its gradient with respect to the outputs to `gradient`, as long as the outputs.
   */
  row(outputs: Float64Array, target: number, gradient: Float64Array): number;
  /** From the outputs to probabilities. */
  describe(): Op[];
}

export function lossOf(config: Config['loss']): Loss {
  return config.name === 'squared-error' ? squaredError : crossEntropy(config.labelSmoothing);
}
