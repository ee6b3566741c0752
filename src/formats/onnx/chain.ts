/**
 * From the nodes of an ONNX model to a chain of layers, if it is one: an optional scaling of the input, then dense layers
 * with one activation between them, then perhaps softmax. Each node makes a value from those before; a node that we
 * cannot run makes a refusal, which counts only if the output depends on it.
 */
import { quoted, UserError } from '../../user-error.js';
import type { ChainLayer, NetworkChain } from '../network-chain.js';
import type { OnnxModel, OnnxNode } from './decode.js';
import { activationOf, identity } from './elementwise.js';
import {
  castTo,
  changedConstant,
  changes,
  constantOf,
  elementwise,
  inputTypes,
  isTrailing,
  isVector,
  nameOf,
  refused,
  sizesOf,
  unchanging,
  type Value,
} from './values.js';

/** `width`: values of a sample if the caller knows them; null: as the file says. @throws UserError (exit 1). */
export function chainOf(model: OnnxModel, file: string, width: number | null): NetworkChain {
  return new Reader(model, file, width).chain();
}

class Reader {
  readonly #model: OnnxModel;
  readonly #file: string;
  readonly #values = new Map<string, Value>();
  readonly #shape: readonly number[] | null;
  readonly #width: number | null;
  /** Numbers that may still be copied from constants: a small file may name one tensor thousands of times. */
  #left: number;

  constructor(model: OnnxModel, file: string, width: number | null) {
    this.#model = model;
    this.#file = file;
    for (const [name, tensor] of model.constants) this.#values.set(name, { kind: 'constant', tensor });
    const numbers = [...model.constants.values()].reduce((sum, { data }) => sum + data.length, 0);
    this.#left = 4 * numbers + 1_000_000;
    const given = model.inputs.filter(({ name }) => !model.constants.has(name));
    if (given.length !== 1) throw this.#refusal(`expected one input, found ${given.length}`);
    const [{ name, type, shape }] = given;
    if (!inputTypes.includes(type)) throw this.#refusal(`input ${quoted(name)}: expected numbers`);
    const sizes = shape?.slice(1) ?? null;
    const isKnown = sizes !== null && sizes.length > 0 && sizes.every((size) => size !== null);
    this.#shape = isKnown ? sizes.map(Number) : null;
    this.#width = width ?? this.#shape?.reduce((product, size) => product * size, 1) ?? null;
    this.#values.set(name, { kind: 'input', scale: Float64Array.of(1), shift: Float64Array.of(0) });
  }

  chain(): NetworkChain {
    for (const node of this.#model.nodes) {
      const value = this.#made(node);
      node.outputs.forEach((output, i) => {
        if (output !== '')
          this.#values.set(output, i === 0 ? value : refused(`output ${i + 1} of ${nameOf(node)}`));
      });
    }
    const outputs = this.#model.outputs.map(
      ({ name }) => this.#values.get(name) ?? refused(`${quoted(name)} is made by no node`),
    );
    const wrong = outputs.find((value) => value.kind === 'refused');
    if (wrong?.kind === 'refused') throw this.#refusal(wrong.reason);
    const ended = outputs.filter((value) => value.kind === 'probabilities' || value.kind === 'layer');
    const [output] = ended;
    if (output === undefined) throw this.#refusal('its outputs are not those of a layer');
    if (output.kind === 'layer' && output.samples !== identity)
      throw this.#refusal('an activation after the last layer');
    const { layers } = output;
    if (ended.some((other) => other.layers.at(-1)?.weight !== layers.at(-1)?.weight))
      throw this.#refusal('its outputs are of several layers');
    const activations = new Set(layers.slice(1).map(({ activation }) => activation));
    if (activations.size > 1)
      throw this.#refusal(
        `expected one activation between all layers, found ${[...activations].join(' and ')}`,
      );
    const isLog = output.kind === 'probabilities' && output.log;
    return {
      layers,
      activation: [...activations][0] ?? null,
      shape: this.#shape,
      scaling: layers[0].scaling,
      notes: isLog ? ['the final LogSoftmax is left out: our outputs are logits'] : [],
    };
  }

  #refusal(problem: string): UserError {
    return new UserError(`${this.#file}: expected a network that we can run: ${problem}`);
  }

  #made(node: OnnxNode): Value {
    const named = nameOf(node);
    if (node.domain !== '' && node.domain !== 'ai.onnx') return refused(`${named} of ${quoted(node.domain)}`);
    const inputs: Value[] = [];
    for (const name of node.inputs) {
      const value: Value =
        name === ''
          ? { kind: 'sizes' }
          : (this.#values.get(name) ??
            refused(`${quoted(name)}, an input of ${named}, is made by no node before`));
      if (value.kind === 'refused') return value;
      inputs.push(value);
    }
    return this.#applied(node, inputs) ?? refused(`${named} is not an operator that we can run there`);
  }

  /** Null if the operator cannot be run on these. */
  #applied(node: OnnxNode, inputs: readonly Value[]): Value | null {
    const { type, attributes } = node;
    const [first, second] = inputs;
    if (type === 'Constant') return constantOf(attributes);
    if (first === undefined) return null;
    const isSizes = inputs.every(({ kind }) => kind === 'sizes' || kind === 'constant');
    if (first.kind === 'constant' && inputs.length === 1) {
      if (type === 'Transpose') this.#spend(first.tensor.data.length);
      return changedConstant(node, first.tensor);
    }
    if (type === 'Shape') return { kind: 'sizes' };
    if (isSizes) return sizesOf.includes(type) ? { kind: 'sizes' } : null;
    if (unchanging.includes(type)) return first;
    if (type === 'Cast') return castTo(attributes.get('to'), first);
    if (type === 'Gemm' || type === 'MatMul') return this.#linear(node, inputs);
    if (type === 'Softmax' || type === 'LogSoftmax') return probabilitiesOf(first, type === 'LogSoftmax');
    if (type === 'ArgMax' && first.kind !== 'input') return { kind: 'classes' };
    if (type === 'Gelu' && attributes.get('approximate') !== 'tanh')
      return refused('Gelu by the error function (approximate=none); ours is the form with tanh');
    if (first.kind === 'input' || second?.kind === 'input') return this.#scaled(type, inputs);
    return elementwise(node, inputs) ?? withBias(type, inputs);
  }

  #spend(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw this.#refusal('its tensors are used many times');
  }

  /** A layer on the input, or on an activation of the layer before. */
  #linear(node: OnnxNode, [x, w, c]: readonly Value[]): Value | null {
    const isGemm = node.type === 'Gemm';
    if (w?.kind !== 'constant' || w.tensor.shape.length !== 2 || (x.kind !== 'input' && x.kind !== 'layer'))
      return null;
    const number = (name: string, absent: number) => Number(node.attributes.get(name) ?? absent);
    if (isGemm && number('transA', 0) !== 0) return null;
    const isTransposed = isGemm && number('transB', 0) !== 0;
    const [rows, columns] = w.tensor.shape;
    const [inputs, outputs] = isTransposed ? [columns, rows] : [rows, columns];
    const name = nameOf(node);
    const alpha = isGemm ? number('alpha', 1) : 1;
    this.#spend(w.tensor.data.length);
    const weight = new Float32Array(inputs * outputs);
    for (let o = 0; o < outputs; o++)
      for (let i = 0; i < inputs; i++)
        weight[o * inputs + i] = alpha * w.tensor.data[isTransposed ? o * inputs + i : i * outputs + o];
    let bias = new Float32Array(outputs);
    if (c !== undefined) {
      const beta = number('beta', 1);
      if (c.kind !== 'constant' || !isVector(c.tensor, outputs)) return null;
      bias = Float32Array.from(bias, (_, o) => beta * c.tensor.data[c.tensor.data.length === 1 ? 0 : o]);
    }
    for (const [what, values] of Object.entries({ weight, bias }))
      if (!values.every(Number.isFinite))
        return refused(`${name}: its ${what} has a value that is not finite`);
    const layer = { name, inputs, outputs, weight, bias };
    return x.kind === 'input' ? this.#firstLayer(layer, x) : nextLayer(layer, x);
  }

  #firstLayer(layer: ChainLayer, { scale, shift }: Extract<Value, { kind: 'input' }>): Value {
    const { inputs, name } = layer;
    if (this.#width !== null && this.#width !== inputs)
      return refused(`${name} has ${inputs} inputs, a sample ${this.#width} values`);
    if ([scale, shift].some(({ length }) => length !== 1 && length !== inputs))
      return refused(
        `${name} has ${inputs} inputs, the scaling before it ${Math.max(scale.length, shift.length)}`,
      );
    const wide = (values: Float64Array) =>
      Float64Array.from({ length: inputs }, (_, p) => values[values.length === 1 ? 0 : p]);
    const isScaled = scale.some((value) => value !== 1) || shift.some((value) => value !== 0);
    if (isScaled && !scale.every((value) => Number.isFinite(value) && value !== 0))
      return refused(`a scale of 0 before ${name}`);
    const scaling = isScaled ? { scale: wide(scale), shift: wide(shift) } : null;
    return { kind: 'layer', layers: [{ ...layer, activation: null, scaling }], samples: identity };
  }

  /** The input by a constant: y = x · scale − shift stays of that form. */
  #scaled(type: string, [a, b]: readonly Value[]): Value | null {
    const isReversed = a?.kind === 'constant';
    const [x, c] = isReversed ? [b, a] : [a, b];
    if (x?.kind !== 'input' || c?.kind !== 'constant') return null;
    const { data, shape } = c.tensor;
    const width = this.#width ?? Math.max(x.scale.length, data.length);
    if (data.length !== 1 && (data.length !== width || !isTrailing(shape))) return null;
    const change = changes[`${type}${isReversed ? ' reversed' : ''}`];
    if (change === undefined) return null;
    const length = Math.max(x.scale.length, data.length);
    const at = (values: ArrayLike<number>, p: number) => values[values.length === 1 ? 0 : p];
    const [scale, shift] = [new Float64Array(length), new Float64Array(length)];
    for (let p = 0; p < length; p++)
      [scale[p], shift[p]] = change(at(x.scale, p), at(x.shift, p), at(data, p));
    return { kind: 'input', scale, shift };
  }
}

function probabilitiesOf(value: Value, log: boolean): Value | null {
  if (value.kind !== 'layer' || value.samples !== identity) return null;
  return { kind: 'probabilities', layers: value.layers, log };
}

function nextLayer(layer: ChainLayer, { layers, samples }: Extract<Value, { kind: 'layer' }>): Value {
  const before = layers[layers.length - 1];
  if (layers.length === mostLayers) return refused(`more than ${mostLayers} layers`);
  if (before.outputs !== layer.inputs)
    return refused(`${layer.name} has ${layer.inputs} inputs, ${before.name} ${before.outputs} outputs`);
  if (samples === identity) return refused(`no activation between ${before.name} and ${layer.name}`);
  const activation = activationOf(samples);
  if (activation === null)
    return refused(
      `between ${before.name} and ${layer.name}: expected relu, tanh, gelu (the form with tanh) or sigmoid, found another function`,
    );
  return { kind: 'layer', layers: [...layers, { ...layer, activation, scaling: null }], samples: identity };
}

/** MatMul, then Add. */
function withBias(type: string, [a, b]: readonly Value[]): Value | null {
  const [x, c] = a?.kind === 'constant' ? [b, a] : [a, b];
  if (type !== 'Add' || x?.kind !== 'layer' || c?.kind !== 'constant' || x.samples !== identity) return null;
  const last = x.layers[x.layers.length - 1];
  if (!isVector(c.tensor, last.outputs)) return null;
  const bias = last.bias.map((value, o) => value + c.tensor.data[c.tensor.data.length === 1 ? 0 : o]);
  if (!bias.every(Number.isFinite)) return refused(`${last.name}: its bias has a value that is not finite`);
  return { kind: 'layer', layers: [...x.layers.slice(0, -1), { ...last, bias }], samples: identity };
}

const mostLayers = 100;
