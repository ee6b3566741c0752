/**
 * The network in TensorFlow over the plan's memory: forward and backward pass of a matrix of rows. Called within a
 * tidy.
 */
import type { Plan } from '../../plan/plan.js';
import { Operations } from './operations.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** A forward pass: layer l maps inputs[l] to sums[l], and its activation maps these to inputs[l + 1]. */
export interface Passed {
  readonly inputs: Tensor[];
  readonly sums: Tensor[];
}

export class Network {
  readonly operations: Operations;
  readonly #tf: TensorFlow;
  readonly #plan: Plan;
  readonly #buffer: ArrayBufferLike;

  constructor(tf: TensorFlow, plan: Plan, memory: WebAssembly.Memory) {
    this.operations = new Operations(tf);
    this.#tf = tf;
    this.#plan = plan;
    this.#buffer = memory.buffer;
  }

  /**
   * Shared memory as a matrix: a view if the matrix begins at a multiple of 64 bytes, as weights do, else a copy made
   * by the C library. In both cases the values must stay unchanged while the tensor is used.
   */
  matrix(offset: number, rows: number, columns: number): Tensor {
    return this.#tf.tensor(new Float32Array(this.#buffer, offset, rows * columns), [rows, columns]);
  }

  forward(x: Tensor): Passed {
    const tf = this.#tf;
    const { activation, layers } = this.#plan;
    const inputs = [x];
    const sums: Tensor[] = [];
    for (let l = 0; l < layers.length; l++) {
      const z = tf.add(tf.matMul(inputs[l], this.#weights(l)), this.#bias(l));
      sums.push(z);
      if (l < layers.length - 1) inputs.push(this.operations.activate(activation, z));
    }
    return { inputs, sums };
  }

  /** The gradients of the loss with respect to each layer's sums, from those of the last layer. */
  backward({ inputs, sums }: Passed, last: Tensor): Tensor[] {
    const { activation, layers } = this.#plan;
    const deltas = [last];
    for (let l = layers.length - 1; l > 0; l--) {
      const back = this.#tf.matMul(deltas[0], this.#weights(l), false, true);
      deltas.unshift(this.operations.activationBackward(activation, back, sums[l - 1], inputs[l]));
    }
    return deltas;
  }

  #weights(l: number): Tensor {
    const { layers, regions } = this.#plan;
    const { inputs, outputs, offset } = layers[l];
    return this.matrix(regions.parameters.offset + offset * 4, inputs, outputs);
  }

  #bias(l: number): Tensor {
    const { layers, regions } = this.#plan;
    const { inputs, outputs, offset } = layers[l];
    return this.matrix(regions.parameters.offset + (offset + inputs * outputs) * 4, 1, outputs);
  }
}
