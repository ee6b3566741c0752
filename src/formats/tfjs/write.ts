/**
 * A TensorFlow.js layers model (tf.loadLayersModel): model.json and the bytes of its weights. Layers have no operators
 * for tables, redrawing and rounding: what needs the first two is refused, the rounding of inputs is left out with a
 * note. Affine maps are folded into the weights of the layer after them, in float64.
 */
import { type Graph, type Op, shapeAfter } from '../../model/op.js';
import { ExitCode, UserError } from '../../user-error.js';

export interface TfjsOptions {
  /** Version of this program. */
  readonly version: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Name of the file of weights, beside the other. */
  readonly weightsName?: string;
}

export interface TfjsModel {
  /** Contents of model.json. */
  readonly json: string;
  /** Contents of the file of weights. */
  readonly weights: Uint8Array;
  /** What the model leaves out, one line each. */
  readonly notes: readonly string[];
}

type OpOf<Name extends Op['op']> = Extract<Op, { readonly op: Name }>;

/** @throws UserError naming the operation that layers cannot express. */
export function toTfjs(
  graph: Graph,
  { version, metadata = {}, weightsName = 'weights.bin' }: TfjsOptions,
): TfjsModel {
  if (graph.columns !== undefined || (graph.kind ?? 'class') !== 'class')
    throw new UserError(
      `tfjs: expected a network of classes from pixels or numbers, got one ${graph.columns === undefined ? `of ${graph.kind === 'labels' ? 'labels' : 'values'}` : 'of a table'}: .mjs and .onnx have it`,
      ExitCode.usage,
    );
  const layers = new Layers(graph.input, graph.values === 'float32');
  // The last layer is found by its name.
  for (const [i, op] of graph.ops.entries())
    layers.add(op, i + 1 === graph.ops.length ? 'logits' : undefined);
  for (const op of graph.probabilities) layers.addProbabilities(op);
  const { list, last, weights, bytes, notes } = layers.finish();
  const json = {
    modelTopology: {
      class_name: 'Model',
      config: {
        name: 'shardstep',
        layers: list,
        input_layers: [['input', 0, 0]],
        output_layers: [[last, 0, 0]],
      },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    format: 'layers-model',
    generatedBy: `shardstep ${version}`,
    convertedBy: null,
    userDefinedMetadata: { ...metadata, labels: graph.labels },
    weightsManifest: [{ paths: [weightsName], weights }],
  };
  return { json: `${JSON.stringify(json)}\n`, weights: bytes, notes };
}

interface LayerEntry {
  readonly class_name: string;
  readonly name: string;
  /** One call, of the outputs of other layers. */
  readonly inbound_nodes: readonly (readonly (readonly [string, number, number, object])[])[];
  readonly config: Record<string, unknown>;
}

interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32';
}

/** y[p] = x[p] · scale[p] − shift[p], not yet in a layer; one scale may be for every p. */
interface Map {
  readonly scale: ArrayLike<number>;
  readonly shift: ArrayLike<number>;
}

class Layers {
  readonly #list: LayerEntry[] = [];
  readonly #weights: WeightEntry[] = [];
  readonly #data: Float32Array[] = [];
  readonly #notes: string[] = [];
  /** Name of the layer added last. */
  #last = 'input';
  /** Of a sample. */
  #shape: readonly number[];
  #isFlat: boolean;
  /** Values of any size, from which a mean must be taken before they are multiplied by weights. */
  readonly #isReal: boolean;
  /** In order; each for the values after the ones before. */
  #pending: Map[] = [];

  constructor(input: readonly number[], isReal: boolean) {
    this.#isReal = isReal;
    this.#shape = input;
    this.#isFlat = input.length === 1;
    this.#append('InputLayer', { batch_input_shape: [null, ...input], dtype: 'float32' }, 'input', []);
  }

  add(op: Op, name?: string): void {
    switch (op.op) {
      case 'crop':
        this.#append('Cropping2D', {
          cropping: [
            [op.by, op.by],
            [op.by, op.by],
          ],
        });
        break;
      case 'sumPool':
        // The sum of four values is four times their mean.
        this.#append('AveragePooling2D', { pool_size: [2, 2], strides: [2, 2], padding: 'valid' });
        this.#pending.push({ scale: [4], shift: [] });
        break;
      case 'affine':
        this.#pending.push(op);
        break;
      case 'fixedPoint':
        this.#notes.push(
          `the rounding of inputs to steps of ${op.step}, from −${op.bound} to ${op.bound}, is left out: outputs differ slightly`,
        );
        break;
      case 'dense':
        this.#dense(op, name);
        break;
      case 'relu':
      case 'tanh':
      case 'sigmoid':
        this.#append('Activation', { activation: op.op }, name);
        break;
      case 'gelu':
        this.#gelu(name);
        break;
      default:
        throw new UserError(
          `tfjs: ${refusals[op.op]}, which layers of TensorFlow.js cannot; .onnx, .mjs and .json can`,
        );
    }
    this.#shape = shapeAfter(op, this.#shape);
  }

  addProbabilities({ op }: Op): void {
    if (op === 'softmax') this.#append('Activation', { activation: 'softmax' }, 'probabilities');
    else
      this.#notes.push(
        'the model gives the outputs of the network, not probabilities: layers cannot make them',
      );
  }

  finish() {
    const total = this.#data.reduce((sum, { length }) => sum + length, 0);
    const all = new Float32Array(total);
    let at = 0;
    for (const data of this.#data) {
      all.set(data, at);
      at += data.length;
    }
    return {
      list: this.#list,
      last: this.#last,
      weights: this.#weights,
      bytes: new Uint8Array(all.buffer),
      notes: this.#notes,
    };
  }

  #dense(
    { inputs, outputs, weight, bias }: OpOf<'dense'>,
    name = `dense_${this.#list.length + Number(!this.#isFlat)}`,
  ): void {
    if (!this.#isFlat) {
      this.#append('Flatten', {});
      this.#isFlat = true;
    }
    if (this.#isReal && this.#pending.length > 0) this.#normalise(this.#pending, inputs);
    const folded = fold(this.#pending, inputs, outputs, weight, bias);
    this.#pending = [];
    this.#append('Dense', { units: outputs, activation: 'linear', use_bias: true }, name);
    this.#weights.push({ name: `${name}/kernel`, shape: [inputs, outputs], dtype: 'float32' });
    this.#weights.push({ name: `${name}/bias`, shape: [outputs], dtype: 'float32' });
    this.#data.push(folded.kernel, folded.bias);
  }

  /** (x − mean) · gamma + beta, by batch normalisation with a variance of 1. */
  #normalise(maps: readonly Map[], width: number): void {
    const { scale, shift } = combined(maps, width);
    const name = this.#append('BatchNormalization', { axis: -1, epsilon: 0, center: true, scale: true });
    const mean = shift.map((value, p) => (scale[p] === 0 ? 0 : value / scale[p]));
    const beta = shift.map((value, p) => (scale[p] === 0 ? -value : 0));
    const parts = { gamma: scale, beta, moving_mean: mean, moving_variance: scale.map(() => 1) };
    for (const [part, values] of Object.entries(parts)) {
      this.#weights.push({ name: `${name}/${part}`, shape: [width], dtype: 'float32' });
      this.#data.push(Float32Array.from(values));
    }
    this.#pending = [];
  }

  /** x · (½ + ½ tanh(c x + 0.044715 c x³)), c = √(2/π): the library's own, gelu_new, loses its name when it is loaded. */
  #gelu(name: string | undefined): void {
    const [x, c] = [this.#last, Math.sqrt(2 / Math.PI)];
    // A layer that is given one tensor several times has it freed too early by the library.
    const copy = () => this.#append('Rescaling', { scale: 1, offset: 0 }, undefined, [x]);
    const cube = this.#append('Multiply', {}, undefined, [x, copy(), copy()]);
    const bent = this.#append('Rescaling', { scale: c * 0.044_715, offset: 0 }, undefined, [cube]);
    const straight = this.#append('Rescaling', { scale: c, offset: 0 }, undefined, [x]);
    this.#append('Add', {}, undefined, [straight, bent]);
    this.#append('Activation', { activation: 'tanh' });
    const share = this.#append('Rescaling', { scale: 0.5, offset: 0.5 });
    this.#append('Multiply', {}, name, [x, share]);
  }

  /** On the outputs of `inputs`; returns its name. */
  #append(
    kind: string,
    config: Record<string, unknown>,
    name = `${kind.toLowerCase()}_${this.#list.length}`,
    inputs: readonly string[] = [this.#last],
  ): string {
    const calls = inputs.length === 0 ? [] : [inputs.map((input) => [input, 0, 0, {}] as const)];
    const named = { name, trainable: kind === 'Dense', ...config };
    this.#list.push({ class_name: kind, name, config: named, inbound_nodes: calls });
    this.#last = name;
    return name;
  }
}

/** What each operation that layers lack does. */
const refusals: Readonly<Record<string, string>> = {
  lookup: 'the model rounds scaled values (data.scale)',
  moments: 'the model redraws images by their moments (data.momentNormalise)',
  directions: 'the model computes direction features (data.features)',
  products: 'the model multiplies features (data.features.quadratic)',
};

/** The maps as one, x · scale − shift. */
function combined(maps: readonly Map[], width: number) {
  const scale = new Float64Array(width).fill(1);
  const shift = new Float64Array(width);
  for (const map of maps)
    for (let p = 0; p < width; p++) {
      const factor = map.scale[map.scale.length === 1 ? 0 : p];
      scale[p] *= factor;
      shift[p] = shift[p] * factor + (map.shift[p] ?? 0);
    }
  return { scale, shift };
}

/** A layer on values before the maps; its kernel is f32 [inputs][outputs], the transpose of `weight`. */
function fold(
  maps: readonly Map[],
  inputs: number,
  outputs: number,
  weight: ArrayLike<number>,
  bias: ArrayLike<number>,
): { readonly kernel: Float32Array; readonly bias: Float32Array } {
  const { scale, shift } = combined(maps, inputs);
  const kernel = new Float32Array(inputs * outputs);
  const moved = Float64Array.from(bias);
  for (let o = 0; o < outputs; o++)
    for (let p = 0; p < inputs; p++) {
      const w = weight[o * inputs + p];
      kernel[p * outputs + o] = w * scale[p];
      moved[o] -= w * shift[p];
    }
  return { kernel, bias: Float32Array.from(moved) };
}
