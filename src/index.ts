/** The library: train a small network, load it, use it. */

export { load } from './library/load.js';
export { Model } from './library/model.js';
export { type TrainingRun, train } from './library/train.js';
export type * from './library/types.js';
export { UserError } from './user-error.js';
