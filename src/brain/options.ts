/** The options of a network and of a training: brain.js's names and defaults, and what values they take. */
import { didYouMean } from '../config/nearest.js';
import { activations } from '../kernels/online/memory.js';
import { ExitCode, expectedGot, UserError } from '../user-error.js';

export type Activation = 'sigmoid' | 'relu' | 'leaky-relu' | 'tanh';

/** How a training went: passes over the data, and the mean error of the last. */
export interface TrainingState {
  iterations: number;
  error: number;
}

export interface TrainOptions {
  readonly activation?: Activation;
  /** At most so many passes over the data. Default 20,000. */
  readonly iterations?: number;
  /** Training ends when the mean squared error of a pass is not above it. Default 0.005. */
  readonly errorThresh?: number;
  /** `true`: a line on the console every `logPeriod` passes; a function is called instead. */
  readonly log?: boolean | ((state: TrainingState) => void);
  readonly logPeriod?: number;
  readonly leakyReluAlpha?: number;
  /** Default 0.3. */
  readonly learningRate?: number;
  /** Default 0.1. */
  readonly momentum?: number;
  /** Called every `callbackPeriod` passes. */
  readonly callback?: ((state: TrainingState) => void) | null;
  readonly callbackPeriod?: number;
  /** Milliseconds after which no further pass begins. Default: none. */
  readonly timeout?: number;
  /** `adam`: Adam instead of gradient descent with momentum. */
  readonly praxis?: 'adam' | null;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

export interface NetworkOptions extends TrainOptions {
  /** Units of each hidden layer. Default: one layer of half as many units as inputs, at least 3. */
  readonly hiddenLayers?: readonly number[] | null;
  /** Above it, the one output of a network means 1 in `test`. Default 0.5. */
  readonly binaryThresh?: number;
  readonly inputSize?: number;
  readonly outputSize?: number;
  /** Of the initial weights: equal seeds give equal networks. Default: drawn anew for each network. */
  readonly seed?: number;
}

/** Every training option with its value. */
export type TrainSettings = Required<Omit<TrainOptions, 'callback' | 'praxis'>> &
  Pick<TrainOptions, 'callback' | 'praxis'>;

export const trainDefaults = (): TrainSettings => ({
  activation: 'sigmoid',
  iterations: 20000,
  errorThresh: 0.005,
  log: false,
  logPeriod: 10,
  leakyReluAlpha: 0.01,
  learningRate: 0.3,
  momentum: 0.1,
  callbackPeriod: 10,
  timeout: Number.POSITIVE_INFINITY,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
});

interface Rule {
  readonly expected: string;
  readonly allows: (value: unknown) => boolean;
}

const number = (expected: string, allows: (value: number) => boolean): Rule => ({
  expected: `a number ${expected}`,
  allows: (value) => typeof value === 'number' && allows(value),
});
const share = number('above 0 and below 1', (value) => value > 0 && value < 1);
const fromZero = number('from 0 to below 1', (value) => value >= 0 && value < 1);
const above = number('above 0', (value) => value > 0);
const whole = (least: number): Rule => ({
  expected: `a whole number from ${least} up`,
  allows: (value) => Number.isSafeInteger(value) && Number(value) >= least,
});
const words = Object.keys(activations);

const trainRules: Readonly<Record<keyof TrainOptions, Rule>> = {
  activation: { expected: `one of ${words.join(', ')}`, allows: (value) => words.includes(String(value)) },
  iterations: above,
  errorThresh: fromZero,
  log: {
    expected: 'true, false or a function',
    allows: (value) => ['boolean', 'function'].includes(typeof value),
  },
  logPeriod: above,
  leakyReluAlpha: share,
  learningRate: share,
  momentum: fromZero,
  callback: { expected: 'a function', allows: (value) => value === null || typeof value === 'function' },
  callbackPeriod: above,
  timeout: above,
  praxis: { expected: 'adam, or none', allows: (value) => !value || value === 'adam' },
  beta1: share,
  beta2: share,
  epsilon: share,
};

const networkRules: Readonly<Record<Exclude<keyof NetworkOptions, keyof TrainOptions>, Rule>> = {
  hiddenLayers: {
    expected: 'an array of whole numbers from 1 up',
    allows: (value) => value === null || (Array.isArray(value) && value.every(whole(1).allows)),
  },
  binaryThresh: number('', Number.isFinite),
  inputSize: whole(0),
  outputSize: whole(0),
  seed: whole(0),
};

/** @throws UserError (usage) for an unknown option, or one of another value. An option that is undefined counts as absent. */
export function checkTrainOptions(options: object, others: readonly string[] = []): void {
  check(options, trainRules, others);
}

export function checkNetworkOptions(options: object): void {
  check(options, { ...trainRules, ...networkRules }, []);
}

function check(options: object, rules: Readonly<Record<string, Rule>>, others: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw UserError.refusal('options', 'an object', options);
  for (const [key, value] of Object.entries(options)) {
    if (others.includes(key) || value === undefined) continue;
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    const known = [...Object.keys(rules), ...others];
    if (rule === undefined) {
      const hint = didYouMean(key, known, `; the options are ${known.join(', ')}`);
      throw new UserError(`options.${key}: unknown option${hint}`, ExitCode.usage, { refused: { key } });
    }
    if (!rule.allows(value)) {
      const { expected } = rule;
      const isOutsideJson = typeof value === 'function' ? 'a function' : value;
      const message = `options.${key}: ${expectedGot(expected, isOutsideJson)}`;
      throw new UserError(message, ExitCode.usage, { refused: { key, expected, received: value } });
    }
  }
}

/** Without keys that are undefined: they do not override. */
export const given = <Options extends object>(options: Options): Options =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
