/**
 * The tfjs-node backend: forward pass, deltas and gradients in TensorFlow, on views of the shared memory. Sums over the
 * workers and optimiser steps are those of the other backends, in place.
 *
 * `average` and `sharded` need only the gradient of a worker's own rows, so activations and deltas stay in TensorFlow
 * from propagate to gradient. With `owner` and several workers, each worker needs the rows of all: they go through
 * memory.
 */

import type { PartName } from '../../data/dataset.js';
import type { Kernels } from '../../kernels/kernels.js';
import { lossOf } from '../../loss/loss.js';
import type { Slice } from '../../model/slice.js';
import { createOptimizer, type Optimizer } from '../../optim/optimizer.js';
import type { Plan } from '../../plan/plan.js';
import type { Backend, Rows, ShardResult } from '../backend.js';
import { BatchRows } from '../matrices/batch-rows.js';
import { gradientOf, measureSlice, reduceSlice, updateSlice } from '../slice-steps.js';
import { Network, type Passed } from './network.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** The inputs of the layers' gradients, for the rows of a step, and each layer's gradient once it is computed. */
interface Operands {
  readonly inputs: readonly Tensor[];
  readonly deltas: readonly Tensor[];
  readonly known: LayerGradient[];
}

interface LayerGradient {
  /** [inputs][outputs] */
  readonly weights: Float32Array | Int32Array;
  readonly bias: Float32Array | Int32Array;
}

export class TfjsBackend implements Backend {
  readonly #tf: TensorFlow;
  readonly #plan: Plan;
  readonly #buffer: ArrayBufferLike;
  readonly #kernels: Kernels;
  readonly #optimizer: Optimizer;
  readonly #network: Network;
  readonly #rows: BatchRows;
  readonly #rank: number;
  readonly #exchanges: boolean;
  /** f32 [rows][classes], for the larger of a batch and an evaluation chunk. */
  readonly #targets: Float32Array;
  #operands: Operands | null = null;

  constructor(plan: Plan, kernels: Kernels, memory: WebAssembly.Memory, rank: number, tf: TensorFlow) {
    this.#tf = tf;
    this.#plan = plan;
    this.#buffer = memory.buffer;
    this.#kernels = kernels;
    this.#optimizer = createOptimizer(plan, this.#kernels, memory);
    this.#network = new Network(tf, plan, memory);
    this.#rows = new BatchRows(plan, memory);
    this.#rank = rank;
    this.#exchanges = plan.sync === 'owner' && plan.threads > 1;
    this.#targets = new Float32Array(Math.max(plan.batch, plan.evaluationChunk) * plan.outputs);
  }

  propagate(firstSample: number, rows: Rows, batchRows: number, _step: number, result: ShardResult): void {
    this.#release();
    result.lossSum = 0;
    result.correct = 0;
    if (rows.first === rows.last) return;
    const { features } = this.#plan.input;
    const samples = this.#rows.ordered(firstSample + rows.first, rows.last - rows.first);
    const inputs = this.#plan.training.inputs.offset + rows.first * features * 4;
    this.#tf.tidy(() => {
      const passed = this.#forward('train', samples, inputs);
      const ofLogits = this.#loss('train', samples, passed, result);
      const deltas = this.#network.backward(passed, this.#tf.mul(ofLogits, 1 / batchRows));
      if (this.#exchanges) this.#publish(rows.first, passed, deltas);
      else this.#keep(passed.inputs, deltas);
    });
  }

  evaluate(part: PartName, first: number, last: number, _made: number, result: ShardResult): void {
    const samples = this.#rows.inFile(first, last - first);
    const { offset } = this.#plan.evaluation[this.#rank].inputs;
    // Braces: a tidy keeps what it returns.
    this.#tf.tidy(() => {
      const passed = this.#forward(part, samples, offset);
      const { sums } = passed;
      this.#rows.keepScores(first, sums[sums.length - 1].dataSync());
      this.#loss(part, samples, passed, result);
    });
  }

  /** `inputs`: the place for the samples' rows. */
  #forward(part: PartName, samples: Int32Array, inputs: number): Passed {
    const { features } = this.#plan.input;
    this.#rows.inputs(part, samples, new Float32Array(this.#buffer, inputs, samples.length * features));
    return this.#network.forward(this.#network.matrix(inputs, samples.length, features));
  }

  /** Returns the gradient of the sum of the losses with respect to the logits. */
  #loss(part: PartName, samples: Int32Array, { sums }: Passed, result: ShardResult): Tensor {
    const { outputs: classes, target } = this.#plan;
    const logits = sums[sums.length - 1];
    const isPlain = target.kind === 'class' && target.weights === null;
    if (this.#plan.loss.name !== 'cross-entropy' || !isPlain)
      return this.#lossByRows(part, samples, logits, result);
    const values = this.#targets.subarray(0, samples.length * classes);
    this.#rows.targets(part, samples, values);
    const targets = this.#tf.tensor(values, [samples.length, classes]);
    const { losses, deltas } = this.#network.operations.softmaxCrossEntropy(logits, targets);
    result.lossSum = 0;
    for (const loss of losses.dataSync()) result.lossSum += loss;
    result.correct = this.#rows.hits(part, samples, this.#tf.argMax(logits, 1).dataSync());
    return deltas;
  }

  /** Any loss, by its definition on one row. */
  #lossByRows(part: PartName, samples: Int32Array, logits: Tensor, result: ShardResult): Tensor {
    const { outputs: width, loss: config, target: facts } = this.#plan;
    const loss = lossOf(config, facts);
    const outputs = Float64Array.from(logits.dataSync());
    const deltas = new Float32Array(outputs.length);
    const gradient = new Float64Array(width);
    result.lossSum = 0;
    result.correct = 0;
    samples.forEach((sample, row) => {
      const of = outputs.subarray(row * width, (row + 1) * width);
      const target = this.#rows.target(part, sample);
      result.lossSum += loss.row(of, target, gradient);
      result.correct += Number(loss.isRight(of, target));
      deltas.set(gradient, row * width);
    });
    return this.#tf.tensor(deltas, [samples.length, width]);
  }

  #keep(inputs: readonly Tensor[], deltas: readonly Tensor[]): void {
    for (const tensor of [...inputs, ...deltas]) this.#tf.keep(tensor);
    this.#operands = { inputs, deltas, known: [] };
  }

  /** Copies this rank's activations and deltas to rows of the shared ones, starting at `first`. */
  #publish(first: number, { inputs }: Passed, deltas: readonly Tensor[]): void {
    const { layers, training } = this.#plan;
    layers.forEach(({ outputs }, l) => {
      const put = (offset: number, tensor: Tensor) => {
        const rows = tensor.shape[0];
        const at = offset + first * outputs * 4;
        new Float32Array(this.#buffer, at, rows * outputs).set(tensor.dataSync());
      };
      put(this.#deltasOffset(l), deltas[l]);
      if (l + 1 < layers.length) put(training.activations[l].offset, inputs[l + 1]);
    });
  }

  gradient(slice: Slice, rows: Rows, buffer: number): void {
    const { outputs } = this.#plan.layers[slice.layer];
    const floats = (slice.lastRow - slice.firstRow + Number(slice.bias)) * outputs;
    const at = gradientOf(this.#plan, this.#rank, slice, buffer);
    const target = new Float32Array(this.#buffer, at, floats);
    if (rows.first === rows.last) {
      target.fill(0);
      return;
    }
    if (this.#exchanges) this.#gradientOfAll(slice, rows, target);
    else this.#gradientOfOwn(slice, target);
  }

  /** Slices of the gradient over this rank's rows: each layer is multiplied once. */
  #gradientOfOwn(slice: Slice, target: Float32Array): void {
    const { outputs } = this.#plan.layers[slice.layer];
    const { weights, bias } = this.#layerGradient(slice.layer);
    target.set(weights.subarray(slice.firstRow * outputs, slice.lastRow * outputs));
    if (slice.bias) target.set(bias, target.length - outputs);
  }

  #layerGradient(l: number): LayerGradient {
    const operands = this.#operands;
    if (operands === null) throw new Error('the gradient was requested before a forward pass');
    const { inputs, deltas, known } = operands;
    // Not returned by the tidy: it would look for tensors in every element.
    this.#tf.tidy(() => {
      known[l] ??= {
        weights: this.#tf.matMul(inputs[l], deltas[l], true).dataSync(),
        bias: this.#tf.sum(deltas[l], 0).dataSync(),
      };
    });
    return known[l];
  }

  /** A slice's gradient over the rows of all ranks. */
  #gradientOfAll(slice: Slice, rows: Rows, target: Float32Array): void {
    const { inputs, outputs } = this.#plan.layers[slice.layer];
    this.#operands ??= this.#ofAllRanks(rows.last);
    const all = this.#operands.inputs[slice.layer];
    const delta = this.#operands.deltas[slice.layer];
    this.#tf.tidy(() => {
      const count = slice.lastRow - slice.firstRow;
      const columns = count === inputs ? all : this.#tf.slice(all, [0, slice.firstRow], [rows.last, count]);
      target.set(this.#tf.matMul(columns, delta, true).dataSync());
      if (slice.bias) target.set(this.#tf.sum(delta, 0).dataSync(), target.length - outputs);
    });
  }

  /** The activations and deltas of all ranks, published before the barrier. */
  #ofAllRanks(rows: number): Operands {
    const { layers } = this.#plan;
    const matrix = (offset: number, columns: number) => this.#network.matrix(offset, rows, columns);
    return {
      inputs: layers.map(({ inputs }, l) => matrix(this.#inputsOffset(l), inputs)),
      deltas: layers.map(({ outputs }, l) => matrix(this.#deltasOffset(l), outputs)),
      known: [],
    };
  }

  #inputsOffset(l: number): number {
    const { inputs, activations } = this.#plan.training;
    return (l === 0 ? inputs : activations[l - 1]).offset;
  }

  /** As in the other backends, the last layer's deltas are at the place of its activations. */
  #deltasOffset(l: number): number {
    const { activations, deltas } = this.#plan.training;
    return (l === activations.length - 1 ? activations[l] : deltas[l]).offset;
  }

  reduce(slice: Slice, buffers: number): void {
    reduceSlice(this.#plan, this.#kernels, slice, buffers);
  }

  measure(slice: Slice): void {
    measureSlice(this.#plan, this.#optimizer, slice);
  }

  update(slice: Slice, step: number, learningRate: number): void {
    updateSlice(this.#plan, this.#rank, this.#optimizer, slice, step, learningRate);
  }

  /** Nothing is derived from the parameters. */
  refresh(): void {}

  beginEvaluation(): void {}

  forwardUnits(): void {
    throw new Error('tfjs-node computes whole layers');
  }

  backwardUnits(): void {
    throw new Error('tfjs-node computes whole layers');
  }

  score(): void {
    throw new Error('tfjs-node has no losses of single rows');
  }

  trainAlone(): void {
    throw new Error('tfjs-node trains with all ranks');
  }

  /** Disposes of the tensors left by the last step. */
  close(): void {
    this.#release();
  }

  #release(): void {
    for (const tensor of [...(this.#operands?.inputs ?? []), ...(this.#operands?.deltas ?? [])])
      tensor.dispose();
    this.#operands = null;
  }
}
