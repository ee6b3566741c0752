/** What the outputs of a network mean to a program: finite numbers, the largest of them. */
import { UserError } from '../user-error.js';

/** @throws UserError: a network with huge weights, say, gives no probabilities. */
export function requireFinite(outputs: Float32Array, source: string): void {
  for (let i = 0; i < outputs.length; i++)
    if (!Number.isFinite(outputs[i]))
      throw new UserError(`${source}: the outputs of the network are not finite`);
}

export function indexOfLargest(values: Float32Array): number {
  let largest = 0;
  for (let k = 1; k < values.length; k++) if (values[k] > values[largest]) largest = k;
  return largest;
}
