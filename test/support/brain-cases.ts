/** Networks and samples for the comparison with brain.js: `scripts/write-brain-golden.ts` has it train the same. */
import type { Activation, NetworkJson, Sample, TrainOptions } from '../../dist/brain/index.js';
import { Rng } from '../../dist/numbers/rng.js';

export interface BrainCase {
  readonly name: string;
  /** In the format of brain.js 2: the weights before the training. */
  readonly network: NetworkJson;
  readonly data: readonly Sample[];
  readonly options: TrainOptions;
}

/** What brain.js makes of the cases, and networks that it has written. */
export interface BrainGolden {
  readonly versions: readonly string[];
  readonly cases: readonly {
    readonly name: string;
    /** Errors of 100 passes. */
    readonly errors: readonly number[];
    /** What `run` then returns for the first samples. */
    readonly outputs: readonly unknown[];
  }[];
  readonly written: readonly {
    readonly name: string;
    readonly network: object;
    readonly input: unknown;
    readonly output: unknown;
  }[];
}

export const passes = 100;
/** Samples whose outputs are compared. */
export const compared = 4;

export const xor: readonly Sample<number[], number[]>[] = [
  { input: [0, 0], output: [0] },
  { input: [0, 1], output: [1] },
  { input: [1, 0], output: [1] },
  { input: [1, 1], output: [0] },
];

/** Text is black on light colours, else white. */
export const colours: readonly Sample[] = [
  { input: { r: 0.9, g: 0.8, b: 0.1 }, output: { black: 1 } },
  { input: { r: 0.1, b: 0.4 }, output: { white: 1 } },
  { input: { g: 0.9, r: 0.7 }, output: { black: 1 } },
  { input: { r: 0.2, g: 0.1, b: 0.3 }, output: { white: 1 } },
];

/** Every other input is 0, as in pictures. */
function sparse(count: number, inputs: number, outputs: number): Sample[] {
  const rng = new Rng(3);
  const uniform = (size: number, of: () => number) => Array.from({ length: size }, of);
  return uniform(count, () => 0).map(() => ({
    input: uniform(inputs, () => Math.fround(Math.max(0, rng.symmetric(1)))),
    output: uniform(outputs, () => Math.fround(Math.abs(rng.symmetric(1)))),
  }));
}

type Names = { readonly inputs?: string[]; readonly outputs?: string[] };

function networkOf(sizes: number[], names: Names = {}, activation: Activation = 'sigmoid'): NetworkJson {
  const rng = new Rng(5);
  const draw = (count: number) => Array.from({ length: count }, () => Math.fround(rng.symmetric(0.2)));
  const table = (all?: string[]) => (all ? Object.fromEntries(all.map((name, i) => [name, i])) : null);
  const common = { iterations: 20000, errorThresh: 0.005, logPeriod: 10, leakyReluAlpha: 0.01 };
  const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  return {
    type: 'NeuralNetwork',
    sizes,
    layers: sizes.map((size, l) => ({
      weights: l === 0 ? [] : Array.from({ length: size }, () => draw(sizes[l - 1])),
      biases: l === 0 ? [] : draw(size),
    })),
    inputLookup: table(names.inputs),
    inputLookupLength: names.inputs?.length ?? 0,
    outputLookup: table(names.outputs),
    outputLookupLength: names.outputs?.length ?? 0,
    options: { inputSize: 0, outputSize: 0, binaryThresh: 0.5 },
    trainOpts: {
      ...{ ...common, ...adam, activation, learningRate: 0.3, momentum: 0.1 },
      ...{ log: false, callbackPeriod: 10, timeout: 'Infinity' },
    },
  };
}

const activations = ['sigmoid', 'tanh', 'relu', 'leaky-relu'] as const;

/** 3,589 and more weights: trained in blocks. */
const wideSizes = [50, 64, 5];

export const cases: readonly BrainCase[] = [
  ...activations.map((activation) => ({
    ...{ name: `XOR, ${activation}`, network: networkOf([2, 3, 1], {}, activation), data: xor },
    options: { learningRate: activation === 'sigmoid' ? 0.3 : 0.05 },
  })),
  { name: 'XOR, two hidden layers', network: networkOf([2, 4, 3, 1]), data: xor, options: { momentum: 0.6 } },
  {
    ...{ name: 'XOR, no hidden layer', network: networkOf([2, 1]), data: xor },
    options: {},
  },
  {
    ...{ name: 'XOR, Adam', network: networkOf([2, 3, 1]), data: xor },
    options: { praxis: 'adam', learningRate: 0.01 },
  },
  {
    ...{ name: 'colours', data: colours, options: {} },
    network: networkOf([3, 3, 2], { inputs: ['r', 'g', 'b'], outputs: ['black', 'white'] }),
  },
  ...activations.map((activation) => ({
    ...{
      name: `wide, ${activation}`,
      network: networkOf(wideSizes, {}, activation),
      data: sparse(70, 50, 5),
    },
    options: { learningRate: activation === 'sigmoid' ? 0.3 : 0.01 },
  })),
  {
    ...{ name: 'wide, two hidden layers, momentum 0.9', network: networkOf([50, 40, 21, 3]) },
    ...{ data: sparse(33, 50, 3), options: { momentum: 0.9, learningRate: 0.05 } },
  },
  {
    ...{ name: 'wide, momentum 0.5, one sample', network: networkOf([63, 33, 2]) },
    ...{ data: sparse(1, 63, 2), options: { momentum: 0.5 } },
  },
  {
    ...{ name: 'wide, no hidden layer', network: networkOf([300, 10]), data: sparse(40, 300, 10) },
    options: { learningRate: 0.1 },
  },
];
