/** A model's file, read for a program. */
import { describedModel, type SavedModel } from '../inference/described-model.js';
import { parseWeights, tableKey } from '../inference/weights-file.js';
import type { ModelBytes } from './files.js';

/** What makes stored rows of objects; null: the model takes other samples. */
export type RowReading = typeof import('../tables/training/table-inputs.js') | null;

export interface Opened {
  readonly saved: SavedModel;
  readonly reading: RowReading;
}

/** What reads rows of a table is loaded for a model of one only. */
export async function opened({ bytes, source }: ModelBytes): Promise<Opened> {
  const weights = parseWeights(bytes, source);
  if (weights.metadata[tableKey] === undefined)
    return { saved: describedModel(weights, source, null), reading: null };
  const { tableModelOf } = await import('../tables/training/table-model.js');
  const reading = await import('../tables/training/table-inputs.js');
  return { saved: describedModel(weights, source, tableModelOf), reading };
}
