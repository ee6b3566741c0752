/** A model as a function in plain JavaScript: what `.mjs` files contain, and `toFunction` runs. */
import { type Graph, type Op, shapeAfter } from '../../model/op.js';
import { sizeOf } from '../../numbers/size.js';
import { type Helpers, helpers, type Numbers, operations } from './operations.js';

export interface Prediction {
  readonly label: string;
  readonly index: number;
  /** In the order of the labels; their sum is 1. */
  readonly probabilities: number[];
}

export type Predict = (sample: Numbers) => Prediction;

/** A chain of operations, each with the shape of the values that it takes. */
export interface Chain {
  readonly inputs: number;
  readonly values: Graph['values'];
  readonly labels: readonly string[];
  /** The first ones lead to the outputs of the network, the others to probabilities. */
  readonly steps: readonly { readonly op: Op; readonly shape: readonly number[] }[];
  readonly outputSteps: number;
}

export function chainOf({ input, values, labels, ops, probabilities }: Graph): Chain {
  let shape = input;
  const steps = [...ops, ...probabilities].map((op) => {
    const step = { op, shape };
    shape = shapeAfter(op, shape);
    return step;
  });
  const inputs = sizeOf(input);
  return { inputs, values, labels, steps, outputSteps: ops.length };
}

type Run = (x: Numbers, op: Op, shape: readonly number[], helpers: Helpers) => Numbers;

/**
 * Refers to nothing outside, because `.mjs` files contain its text.
 * The function that it makes throws a RangeError or TypeError for samples that are not of the model's kind.
 */
export function predictWith(
  { inputs, values, labels, steps, outputSteps }: Chain,
  operations: Readonly<Record<string, Run>>,
  helpers: Helpers,
): Predict {
  return (sample) => {
    if (typeof sample !== 'object' || sample === null || typeof sample.length !== 'number')
      throw new TypeError(`sample: expected an array of ${inputs} numbers, got ${String(sample)}`);
    if (sample.length !== inputs)
      throw new RangeError(`sample: expected ${inputs} values, got ${sample.length}`);
    for (let i = 0; i < inputs; i++) {
      const value = sample[i];
      const got = () => `got ${String(value)} (${typeof value}) at index ${i}`;
      if (values === 'uint8') {
        if (!Number.isInteger(value))
          throw new TypeError(`sample: expected integers from 0 to 255, ${got()}`);
        if (value < 0 || value > 255)
          throw new RangeError(`sample: expected integers from 0 to 255, ${got()}`);
      } else if (typeof value !== 'number' || !Number.isFinite(Math.fround(value)))
        throw new TypeError(`sample: expected finite numbers, ${got()}`);
    }
    // The program that trained the model got float32.
    let x = values === 'uint8' ? sample : Float32Array.from(sample);
    let index = 0;
    for (let n = 0; n < steps.length; n++) {
      const { op, shape } = steps[n];
      x = operations[op.op](x, op, shape, helpers);
      // The class of the largest output: probabilities may be equal after rounding.
      if (n + 1 === outputSteps) for (let k = 1; k < x.length; k++) if (x[k] > x[index]) index = k;
    }
    return { label: labels[index], index, probabilities: Array.from(x) };
  };
}

export function toFunction(graph: Graph): Predict {
  // Each operation is called with operations of its own name only.
  return predictWith(chainOf(graph), operations as unknown as Readonly<Record<string, Run>>, helpers);
}
