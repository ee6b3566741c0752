/** The JSON of brain.js: written as version 2 has it, read as versions 1 and 2 have it. */
import type { OnlineLayer } from '../kernels/online/memory.js';
import { ExitCode, UserError } from '../user-error.js';
import { checkTrainOptions, type NetworkOptions, type TrainSettings, trainDefaults } from './options.js';
import { layerOf } from './parameters.js';
import type { Lookup, Side } from './samples.js';

export interface NetworkJson {
  readonly type: 'NeuralNetwork';
  /** Of the inputs, the hidden layers, the outputs. */
  readonly sizes: number[];
  /** The first is that of the inputs, and empty. Weights: [output][input]. */
  readonly layers: { readonly biases: number[]; readonly weights: number[][] }[];
  readonly inputLookup: Record<string, number> | null;
  readonly inputLookupLength: number;
  readonly outputLookup: Record<string, number> | null;
  readonly outputLookupLength: number;
  readonly options: Pick<NetworkOptions, 'inputSize' | 'outputSize' | 'binaryThresh' | 'hiddenLayers'>;
  readonly trainOpts: Omit<TrainSettings, 'log' | 'callback' | 'timeout'> & {
    readonly log: boolean;
    readonly timeout: number | 'Infinity';
  };
}

/** A network as a file has it. */
export interface Stored {
  readonly layers: readonly OnlineLayer[];
  readonly input: Side;
  readonly output: Side;
  readonly options: NetworkOptions;
  readonly settings: TrainSettings;
}

export function writeNetwork({ layers, input, output, options, settings }: Stored): NetworkJson {
  const { log, callback: _, timeout, ...others } = settings;
  const { inputSize = 0, outputSize = 0, binaryThresh = 0.5, hiddenLayers } = options;
  const rows = ({ inputs, outputs, weights }: OnlineLayer) =>
    Array.from({ length: outputs }, (_row, i) => [...weights.subarray(i * inputs, (i + 1) * inputs)]);
  return {
    type: 'NeuralNetwork',
    sizes: [layers[0].inputs, ...layers.map(({ outputs }) => outputs)],
    layers: [
      { weights: [], biases: [] },
      ...layers.map((layer) => ({ weights: rows(layer), biases: [...layer.biases] })),
    ],
    inputLookup: input.lookup && Object.fromEntries(input.lookup),
    inputLookupLength: input.lookup?.size ?? 0,
    outputLookup: output.lookup && Object.fromEntries(output.lookup),
    outputLookupLength: output.lookup?.size ?? 0,
    options: { inputSize, outputSize, binaryThresh, ...(hiddenLayers ? { hiddenLayers } : {}) },
    trainOpts: {
      ...others,
      log: log !== false,
      timeout: timeout === Number.POSITIVE_INFINITY ? 'Infinity' : timeout,
    },
  };
}

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws UserError naming the first value that no brain.js has written. */
export function readNetwork(json: unknown): Stored {
  if (!isTree(json))
    throw UserError.refusal(
      'json',
      'the object that toJSON() returned (JSON.parse makes it from text)',
      json,
    );
  if (typeof json.type === 'string' && !/^NeuralNetwork(GPU)?$/.test(json.type))
    throw refused('type', 'NeuralNetwork', json.type);
  const sizes = list(json.sizes, 'sizes').map((size, i) => {
    if (!Number.isSafeInteger(size) || Number(size) < 1)
      throw refused(`sizes[${i}]`, 'a whole number from 1 up', size);
    return Number(size);
  });
  if (sizes.length < 2) throw refused('sizes', 'at least two numbers', sizes);
  const stored = list(json.layers, 'layers');
  if (stored.length !== sizes.length) throw refused('layers', `${sizes.length} layers`, stored.length);
  const isFirstVersion = !Array.isArray(tree(stored[1], 'layers[1]').weights);
  const read = isFirstVersion ? readNodes : readMatrices;
  if (isFirstVersion && json.activation === 'leaky-relu')
    throw refused(
      'activation',
      'another one: leaky-relu of brain.js 1 is 0 below 0, and α times the sum above',
      'leaky-relu',
    );
  const settings = settingsOf(json);
  return { ...read(json, sizes, stored), settings, options: optionsOf(json.options) };
}

/** Version 2: matrices, and tables of the names. */
function readMatrices(json: Tree, sizes: readonly number[], stored: readonly unknown[]) {
  const layers = sizes.slice(1).map((outputs, l) => {
    const where = `layers[${l + 1}]`;
    const { weights, biases } = tree(stored[l + 1], where);
    const inputs = sizes[l];
    const flat = new Float32Array(outputs * inputs);
    numbers(weights, outputs, `${where}.weights`, (row, i) => {
      flat.set(numbersIn(row, inputs, `${where}.weights[${i}]`), i * inputs);
    });
    return layerOf(inputs, flat, Float32Array.from(numbersIn(biases, outputs, `${where}.biases`)));
  });
  const side = (name: Side['name'], width: number): Side => ({
    ...{ name, width },
    lookup: lookupOf(json[`${name}Lookup`], width, `${name}Lookup`),
  });
  const input = side('input', sizes[0]);
  // brain.js makes a table of the indices of typed arrays.
  const isIndices = [...(input.lookup ?? [])].every(([key, place]) => key === String(place));
  return {
    layers,
    input: isIndices ? { ...input, lookup: null } : input,
    output: side('output', sizes[sizes.length - 1]),
  };
}

function lookupOf(value: unknown, width: number, where: string): Lookup | null {
  if (value === null || value === undefined) return null;
  const lookup = new Map<string, number>();
  for (const [key, place] of Object.entries(tree(value, where))) {
    if (!Number.isSafeInteger(place) || Number(place) < 0 || Number(place) >= width)
      throw refused(where, `places below ${width}`, place);
    lookup.set(key, Number(place));
  }
  if (new Set(lookup.values()).size !== width) throw refused(where, `${width} names`, lookup.size);
  return lookup;
}

/** Version 1: a layer is an object of nodes, whose names are those of inputs and outputs; so are the names of weights. */
function readNodes(json: Tree, sizes: readonly number[], stored: readonly unknown[]) {
  const nodes = stored.map((layer, l) => Object.entries(tree(layer, `layers[${l}]`)));
  const layers = sizes.slice(1).map((outputs, l) => {
    const below = nodes[l].map(([name]) => name);
    const where = `layers[${l + 1}]`;
    if (nodes[l + 1].length !== outputs) throw refused(where, `${outputs} nodes`, nodes[l + 1].length);
    if (below.length !== sizes[l]) throw refused(`layers[${l}]`, `${sizes[l]} nodes`, below.length);
    const [weights, biases] = [new Float32Array(outputs * below.length), new Float32Array(outputs)];
    for (const [i, [name, node]] of nodes[l + 1].entries()) {
      const { bias, weights: named } = tree(node, `${where}.${name}`);
      const rows = tree(named, `${where}.${name}.weights`);
      biases[i] = finite(bias, `${where}.${name}.bias`);
      for (const [k, key] of below.entries())
        weights[i * below.length + k] = finite(rows[key], `${where}.${name}.weights.${key}`);
    }
    return layerOf(below.length, weights, biases);
  });
  const side = (name: Side['name'], layer: number): Side => {
    const names = nodes[layer].map(([key]) => key);
    const isNamed = json[`${name}Lookup`] === true || names[0] !== '0';
    const lookup = isNamed ? new Map(names.map((key, i) => [key, i])) : null;
    return { name, width: sizes[layer], lookup };
  };
  return { layers, input: side('input', 0), output: side('output', sizes.length - 1) };
}

/** Version 1 has the activation beside the training options, and leaves out what is 0 or unlimited. */
function settingsOf({ trainOpts = {}, activation, leakyReluAlpha }: Tree): TrainSettings {
  const { timeout, ...given } = tree(trainOpts, 'trainOpts');
  const beside = { activation, leakyReluAlpha };
  const options = {
    ...Object.fromEntries(Object.entries(beside).filter(([, value]) => value !== undefined)),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null)),
    ...(typeof timeout === 'number' ? { timeout } : {}),
  };
  checkTrainOptions(options);
  return { ...trainDefaults(), ...options };
}

/** brain.js keeps whatever its constructor was given: what has a meaning here is taken. */
function optionsOf(value: unknown = {}): NetworkOptions {
  const { hiddenLayers, binaryThresh } = tree(value, 'options');
  return {
    ...(Array.isArray(hiddenLayers) ? { hiddenLayers: numbersIn(hiddenLayers, null, 'hiddenLayers') } : {}),
    ...(binaryThresh === undefined ? {} : { binaryThresh: finite(binaryThresh, 'options.binaryThresh') }),
  };
}

function tree(value: unknown, where: string): Tree {
  if (!isTree(value)) throw refused(where, 'an object', value);
  return value;
}

function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw refused(where, 'an array', value);
  return value;
}

function numbers(
  value: unknown,
  count: number | null,
  where: string,
  take: (one: unknown, index: number) => void,
): void {
  const all = list(value, where);
  if (count !== null && all.length !== count) throw refused(where, `${count} of them`, all.length);
  all.forEach(take);
}

function numbersIn(value: unknown, count: number | null, where: string): number[] {
  const all: number[] = [];
  numbers(value, count, where, (one, i) => {
    all.push(finite(one, `${where}[${i}]`));
  });
  return all;
}

function finite(value: unknown, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refused(where, 'a finite number', value);
  return value;
}

function refused(where: string, expected: string, received: unknown): UserError {
  const { message } = UserError.refusal(where, expected, received, 'json: ');
  return new UserError(message, ExitCode.failure, { refused: { key: where, expected, received } });
}
