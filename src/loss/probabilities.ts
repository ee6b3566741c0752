/** From the outputs of a network to probabilities: the operations `softmax` and `shares` of model/op.ts, on rows. */

import { exp } from '../numbers/elementary.js';
import type { Loss } from './loss.js';

/** `values`: f32 [count][classes], outputs on entry, probabilities on return. */
export function toProbabilities({ name }: Pick<Loss, 'name'>, values: Float32Array, classes: number): void {
  const onRow = name === 'cross-entropy' ? softmax : shares;
  for (let at = 0; at < values.length; at += classes) onRow(values, at, at + classes);
}

/** Of a large negative number it is no difference of nearly equal numbers. */
export function sigmoid(z: number): number {
  const power = exp(-Math.abs(z));
  return (z > 0 ? 1 : power) / (1 + power);
}

function softmax(values: Float32Array, from: number, to: number): void {
  let largest = values[from];
  for (let k = from; k < to; k++) largest = Math.max(largest, values[k]);
  let sum = 0;
  for (let k = from; k < to; k++) {
    const power = exp(values[k] - largest);
    values[k] = power;
    sum += power;
  }
  for (let k = from; k < to; k++) values[k] /= sum;
}

function shares(values: Float32Array, from: number, to: number): void {
  let sum = 0;
  for (let k = from; k < to; k++) sum += Math.max(0, values[k]);
  for (let k = from; k < to; k++) values[k] = sum > 0 ? Math.max(0, values[k]) / sum : 1 / (to - from);
}
