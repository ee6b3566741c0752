// The exports of the modules `directions-<grid>`; `src/kernels/directions/direction-kernels.ts` has their signatures.
export { extract, initialise, scratchBytes } from './extract';
export { standardise } from './linear/columns';
export { fitComponents, fittingBytes } from './linear/components';
export { evaluate, foldWeights, logits } from './linear/evaluation';
export { propagate } from './linear/forward';
export { blockStatistics, combineStatistics } from './linear/statistics';
export { gradient, train } from './linear/training';
