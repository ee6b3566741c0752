/** Rows of a table, samples and pairs that a program gives one by one to measure a model. */
import type { Samples } from '../data/dataset.js';
import type { MemoryData } from '../data/memory-set.js';
import type { SavedModel } from '../inference/saved-model.js';
import { tableKey } from '../inference/weights-file.js';
import { usedNames, wantedLike } from '../tables/column-types.js';
import type { TableModel } from '../tables/training/table-model.js';
import { UserError } from '../user-error.js';
import { gathered, type LikeModel } from './gather.js';
import { readInHost } from './host-thread.js';
import { rowKeysOf } from './send-data.js';
import type { PairData, RowData, SampleStream } from './types.js';

/**
 * The rows as stored, with their targets: the test part if `data.test` asks for one, else all. Or samples in arrays.
 * @throws UserError as training on them does, and for rows and samples that the model does not take.
 */
export async function gatheredFor(
  { table, metadata, tensors, source }: SavedModel,
  data: RowData | SampleStream | PairData,
): Promise<
  { readonly rows: Pick<Samples, 'values' | 'targets'> } | { readonly rows: null; readonly data: MemoryData }
> {
  const all = await gathered(data, new AbortController().signal, table && likeOf(table));
  if (all.kind === 'memory') return { rows: null, data: all.data };
  if (table === null)
    throw UserError.refusal('data.inputs', `samples as ${source} was trained on`, 'rows of a table');
  const { test } = await readInHost({}, null, {
    ...{ json: metadata[tableKey] ?? '', tensors, source, dir: 'memory', testFile: null },
    ...{ test: all.keys.test ?? null, given: { rows: all.rows, keys: rowKeysOf(all.keys) } },
  });
  return { rows: test };
}

function likeOf({ encoder, target }: TableModel): LikeModel {
  const schema = { columns: encoder.columns };
  return { wanted: wantedLike(schema), named: usedNames(schema), targets: target.columns };
}
