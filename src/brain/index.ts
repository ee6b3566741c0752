/** `shardstep/brain`: the feed-forward network of brain.js. */

export { ExitCode, type Refused, UserError } from '../user-error.js';
export { CrossValidate, type CrossValidateJson, type FoldResult } from './cross-validate.js';
export type { NetworkJson } from './json.js';
export { likely } from './likely.js';
export { type AsyncTrainOptions, NeuralNetwork, type Outputs } from './network.js';
export type { Activation, NetworkOptions, TrainingState, TrainOptions, TrainSettings } from './options.js';
export type { Sample, Values } from './samples.js';
export type { BinaryTestResult, Misclass, TestResult } from './scores.js';
