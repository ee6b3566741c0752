/**
 * The few functions of @tensorflow/tfjs-node that the backend calls, with types declared here: the package, and so its
 * types, is not installed by `npm ci`.
 */

export interface Tensor {
  readonly shape: number[];
  /** A copy of the values. */
  dataSync(): Float32Array | Int32Array;
  dispose(): void;
}

/** An attribute of a TensorFlow operation. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number;
}

/** Runs operations of the C library by their names. */
export interface NativeBackend {
  executeSingleOutput(name: string, attributes: readonly Attribute[], inputs: readonly Tensor[]): Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Tensor[],
    outputs: number,
  ): Tensor[];
  readonly binding: {
    readonly TF_ATTR_TYPE: number;
    readonly TF_FLOAT: number;
    readonly TF_Version: string;
  };
}

export interface TensorFlow {
  /** Keeps `values` without copying them; the C library reads them in place if they begin at a multiple of 64 bytes. */
  tensor(values: Float32Array, shape: readonly number[]): Tensor;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  add(a: Tensor, b: Tensor | number): Tensor;
  mul(a: Tensor, b: Tensor | number): Tensor;
  relu(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
  sum(x: Tensor, axis: number): Tensor;
  argMax(x: Tensor, axis: number): Tensor;
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  keep(x: Tensor): Tensor;
  /** Runs `work` and disposes of every tensor made in it that was not kept. */
  tidy<T>(work: () => T): T;
  memory(): { readonly numTensors: number };
  backend(): NativeBackend;
}
