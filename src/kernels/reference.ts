/**
 * The mathematics of the kernels in plain float64 JavaScript: slow, short and easy to verify. The start-up self-test
 * and the tests compare every kernel with it.
 */
import { exp, log, pow, square, tanh } from '../numbers/elementary.js';

export type ActivationName = 'relu' | 'tanh' | 'gelu' | 'sigmoid';

const geluInner = (z: number): number => Math.sqrt(2 / Math.PI) * (z + 0.044715 * (z * z * z));

const sigmoid = (z: number): number => 1 / (1 + exp(-z));

/** f(z); GELU in its tanh form (Hendrycks & Gimpel 2016). */
export function activation(kind: ActivationName, z: number): number {
  if (kind === 'relu') return Math.max(z, 0);
  if (kind === 'sigmoid') return sigmoid(z);
  return kind === 'tanh' ? tanh(z) : 0.5 * z * (1 + tanh(geluInner(z)));
}

/** f′(z). */
export function activationSlope(kind: ActivationName, z: number): number {
  if (kind === 'relu') return z > 0 ? 1 : 0;
  if (kind === 'tanh') return 1 - square(tanh(z));
  if (kind === 'sigmoid') return sigmoid(z) * (1 - sigmoid(z));
  const t = tanh(geluInner(z));
  return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 0.134145 * z * z);
}

export interface LossResult {
  loss: number;
  /** Derivative of the loss with respect to each logit. */
  delta: number[];
  correct: boolean;
}

/** Softmax cross entropy of one row with label smoothing: target = (1 − ε) one-hot + ε / classes. */
export function crossEntropy(logits: readonly number[], label: number, smoothing: number): LossResult {
  const max = Math.max(...logits);
  const exponentials = logits.map((z) => exp(z - max));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  const target = logits.map((_, c) => (c === label ? 1 - smoothing : 0) + smoothing / logits.length);
  const logSum = max + log(sum);
  return {
    loss: logits.reduce((total, z, c) => total + (target[c] ?? 0) * (logSum - z), 0),
    delta: exponentials.map((e, c) => e / sum - (target[c] ?? 0)),
    correct: logits.indexOf(max) === label,
  };
}

/** out [rows][columns] = a [rows][depth] · b [depth][columns]. */
export function matmul(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  rows: number,
  depth: number,
  columns: number,
): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < depth; k++) {
      const factor = Number(a[row * depth + k]);
      for (let column = 0, to = row * columns, from = k * columns; column < columns; column++, to++, from++)
        out[to] += factor * b[from];
    }
  return out;
}

export interface SgdSettings {
  learningRate: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
}

/** One SGD step of one parameter, as defined by PyTorch. Returns [weight, velocity]. */
export function sgdStep(weight: number, velocity: number, gradient: number, s: SgdSettings) {
  const g = gradient + s.weightDecay * weight;
  const v = s.momentum * velocity + g;
  return [weight - s.learningRate * (s.nesterov ? g + s.momentum * v : v), v] as const;
}

export interface AdamSettings {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
  /** AdamW: the decay is of the weight itself, not part of the gradient. */
  decoupled: boolean;
}

/** Step t (from 1) of Adam or AdamW for one parameter. Returns [weight, mean, square]. */
export function adamStep(
  weight: number,
  mean: number,
  square: number,
  gradient: number,
  t: number,
  s: AdamSettings,
) {
  const g = s.decoupled ? gradient : gradient + s.weightDecay * weight;
  const kept = s.decoupled ? weight * (1 - s.learningRate * s.weightDecay) : weight;
  const m = s.beta1 * mean + (1 - s.beta1) * g;
  const v = s.beta2 * square + (1 - s.beta2) * g * g;
  const root = Math.sqrt(v / (1 - pow(s.beta2, t))) + s.epsilon;
  return [kept - (s.learningRate * (m / (1 - pow(s.beta1, t)))) / root, m, v] as const;
}

export interface LarsSettings {
  momentum: number;
  weightDecay: number;
}

/** One step of LARS for one parameter of a layer with the rate `rate`. Returns [weight, velocity]. */
export function larsStep(weight: number, velocity: number, gradient: number, rate: number, s: LarsSettings) {
  const v = s.momentum * velocity + rate * (gradient + s.weightDecay * weight);
  return [weight - v, v] as const;
}

export function sumOfSquares(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
