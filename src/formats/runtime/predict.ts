/** A model as a function in plain JavaScript: what `.mjs` files contain, and `toFunction` runs. */
import { type Graph, type Op, type OutputKind, shapeAfter } from '../../model/op.js';
import { sizeOf } from '../../numbers/size.js';
import { datePatterns } from '../../tables/dates-in-cells.js';
import { type Helpers, helpers, type Numbers, operations } from './operations.js';
import { type ReadColumn, type ReadRow, type Row, readRow } from './read-row.js';

export interface Prediction {
  readonly label: string;
  readonly index: number;
  /** In the order of the labels; their sum is 1. */
  readonly probabilities: number[];
  /** Of a table: the probabilities by the names of the classes. */
  readonly byName?: Readonly<Record<string, number>>;
}

/** Values in their units. */
export interface ValuePrediction {
  readonly values: number[];
  readonly byName: Readonly<Record<string, number>>;
}

/** The labels whose probability is at least ½. */
export interface LabelsPrediction {
  readonly labels: string[];
  readonly probabilities: number[];
  readonly byName: Readonly<Record<string, number>>;
}

export type AnyPrediction = Prediction | ValuePrediction | LabelsPrediction;

export type Predict = (sample: Numbers | Row) => Prediction;

/** A chain of operations, each with the shape of the values that it takes. */
export interface Chain {
  readonly inputs: number;
  readonly values: Graph['values'];
  readonly labels: readonly string[];
  readonly kind: OutputKind;
  /** Of a table; null: the values of a sample are its inputs. */
  readonly columns: readonly ReadColumn[] | null;
  readonly otherColumns: readonly string[];
  /** The first ones lead to the outputs of the network, the others to probabilities. */
  readonly steps: readonly { readonly op: Op; readonly shape: readonly number[] }[];
  readonly outputSteps: number;
}

export function chainOf(graph: Graph): Chain {
  const { kind = 'class', input, values, labels, ops, probabilities } = graph;
  let shape = input;
  const steps = [...ops, ...probabilities].map((op) => {
    const step = { op, shape };
    shape = shapeAfter(op, shape);
    return step;
  });
  const columns = graph.columns?.map((column) =>
    column.type === 'date' ? { ...column, patterns: datePatterns(column.date ?? 'year-first') } : column,
  );
  const { otherColumns = [] } = graph;
  const inputs = sizeOf(input);
  const row = { kind, columns: columns ?? null, otherColumns };
  return { inputs, values, labels, ...row, steps, outputSteps: ops.length };
}

type Run = (x: Numbers, op: Op, shape: readonly number[], helpers: Helpers) => Numbers;

/**
 * Refers to nothing outside, because `.mjs` files contain its text.
 * The function that it makes throws a RangeError or TypeError for samples that are not of the model's kind.
 */
export function predictWith(
  { inputs, values, labels, kind, columns, otherColumns, steps, outputSteps }: Chain,
  operations: Readonly<Record<string, Run>>,
  helpers: Helpers,
  readRow: ReadRow | null,
): (sample: Numbers | Row) => AnyPrediction {
  const checked = (given: Numbers | Row): Numbers => {
    const sample = given as Numbers;
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
    return values === 'uint8' ? sample : Float32Array.from(sample);
  };
  return (sample) => {
    let x = readRow && columns ? readRow(sample, columns, otherColumns) : checked(sample);
    let index = 0;
    for (let n = 0; n < steps.length; n++) {
      const { op, shape } = steps[n];
      x = operations[op.op](x, op, shape, helpers);
      // The class of the largest output: probabilities may be equal after rounding.
      if (n + 1 === outputSteps) for (let k = 1; k < x.length; k++) if (x[k] > x[index]) index = k;
    }
    const found = Array.from(x);
    const byName = Object.fromEntries(labels.map((label, k) => [label, found[k]]));
    if (kind === 'value') {
      if (!found.every((value) => Number.isFinite(Math.fround(value))))
        throw new RangeError('a predicted value is not finite: the sample is far outside those of training');
      return { values: found, byName };
    }
    if (kind === 'labels')
      return { labels: labels.filter((_, k) => found[k] >= 0.5), probabilities: found, byName };
    const prediction = { label: labels[index], index, probabilities: found };
    return columns ? { ...prediction, byName } : prediction;
  };
}

/** Each operation is called with operations of its own name only. */
const anyOperations = operations as unknown as Readonly<Record<string, Run>>;

export function toAnyFunction(graph: Graph): (sample: Numbers | Row) => AnyPrediction {
  return predictWith(chainOf(graph), anyOperations, helpers, graph.columns === undefined ? null : readRow);
}

/** Of a graph of classes. */
export function toFunction(graph: Graph): Predict {
  const run = toAnyFunction(graph);
  return (sample) => {
    const prediction = run(sample);
    if ('label' in prediction) return prediction;
    throw new Error('a graph without classes');
  };
}
