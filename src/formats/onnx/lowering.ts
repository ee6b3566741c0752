/** A value on its way through the chain of operations, and the ONNX operators that change it. */
import type { Attributes, ModelBuilder } from './builder.js';

/** Element type of the values: float64 as long as a later operation rounds. */
export type Precision = 'float' | 'double';

/** Short forms for expressions over names of values, all of one precision. */
export class Expressions {
  readonly builder: ModelBuilder;
  readonly precision: Precision;

  constructor(builder: ModelBuilder, precision: Precision) {
    this.builder = builder;
    this.precision = precision;
  }

  /** Operands that are numbers become constants. */
  node(type: string, inputs: readonly (string | number)[], attributes?: Attributes): string {
    const names = inputs.map((input) => (typeof input === 'string' ? input : this.number(input)));
    return this.builder.node(type, names, attributes);
  }

  number(value: number): string {
    return this.builder.constant(this.precision, value);
  }

  add = (a: string | number, b: string | number): string => this.node('Add', [a, b]);
  sub = (a: string | number, b: string | number): string => this.node('Sub', [a, b]);
  mul = (a: string | number, b: string | number): string => this.node('Mul', [a, b]);
  div = (a: string | number, b: string | number): string => this.node('Div', [a, b]);
  max = (a: string | number, b: string | number): string => this.node('Max', [a, b]);
  min = (a: string | number, b: string | number): string => this.node('Min', [a, b]);
  floor = (a: string): string => this.node('Floor', [a]);
  abs = (a: string): string => this.node('Abs', [a]);
  sqrt = (a: string): string => this.node('Sqrt', [a]);
  clip = (a: string, low: number, high: number): string => this.node('Clip', [a, low, high]);

  /** [N, …]: sizes of a sample. */
  reshape(value: string, sizes: readonly number[]): string {
    return this.builder.node('Reshape', [value, this.builder.constant('int64', [0, ...sizes])]);
  }

  sum(value: string, axes: readonly number[], keep: boolean): string {
    const list = this.builder.constant('int64', axes);
    return this.builder.node('ReduceSum', [value, list], { keepdims: Number(keep) });
  }

  /** `to`: one of the element types of schema.ts. */
  cast(value: string, to: number): string {
    return this.builder.node('Cast', [value], { to });
  }

  /** A constant array of this precision. */
  array(name: string, shape: readonly number[], values: ArrayLike<number>): string {
    const data = this.precision === 'float' ? Float32Array.from(values) : Float64Array.from(values);
    return this.builder.tensor(name, shape, data);
  }
}
