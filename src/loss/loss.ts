/**
 * A loss compares the outputs of a network with the target of a sample. It is defined on one row, in float64; a backend
 * may have a faster way for a loss that it knows by name. A new loss is a file and a line here, and its keys in the
 * schema.
 */
import type { Config } from '../config/schema.js';
import type { TargetFacts } from '../data/target.js';
import type { Op } from '../model/op.js';
import { binaryCrossEntropy } from './binary-cross-entropy.js';
import { crossEntropy } from './cross-entropy.js';
import { ofDifferences } from './of-differences.js';

export interface Loss {
  readonly name: Config['loss']['name'];
  /**
   * Returns the loss of one row; writes its gradient with respect to the outputs to `gradient`, as long as the outputs.
   * `target`: the number of a class, alone, or the values.
   */
  row(outputs: Float64Array, target: ArrayLike<number>, gradient: Float64Array): number;
  /** Whether the outputs recognise the class, or all labels; values are never recognised. */
  isRight(outputs: Float64Array, target: ArrayLike<number>): boolean;
  /** From the outputs to probabilities; of values none. */
  describe(): Op[];
}

export function lossOf(config: Config['loss'], target: TargetFacts): Loss {
  switch (config.name) {
    case 'cross-entropy':
      return crossEntropy(config.labelSmoothing, target.kind === 'class' ? target.weights : null);
    case 'binary-cross-entropy':
      return binaryCrossEntropy(target);
    case 'huber':
      return ofDifferences(config.name, target, config.delta);
    default:
      return ofDifferences(config.name, target);
  }
}

/** Outputs of the network. */
export function outputsFor({ name }: Pick<Config['loss'], 'name'>, target: TargetFacts): number {
  if (target.kind === 'value') return target.width;
  return name === 'binary-cross-entropy' ? 1 : target.classes;
}
