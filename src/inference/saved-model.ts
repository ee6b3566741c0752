/** A model as its file describes it, also one of a table. */
import { tableModelOf } from '../tables/training/table-model.js';
import { describedModel, type SavedModel } from './described-model.js';
import type { InitialWeights } from './weights-file.js';

export type { SavedModel } from './described-model.js';

/** @throws UserError if the file describes no network, or one that does not make sense. */
export const savedModel = (weights: InitialWeights, source: string): SavedModel =>
  describedModel(weights, source, tableModelOf);
