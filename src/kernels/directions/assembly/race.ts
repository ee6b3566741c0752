// The exports of the race's module: those that it calls. It is faster to read and to compile.
export { extract, initialise, scratchBytes } from './extract';
export { evaluate, foldWeights } from './linear/evaluation';
export { blockStatistics, combineStatistics } from './linear/statistics';
export { train } from './linear/training';
