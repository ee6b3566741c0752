/** Rows to be predicted of a file, as a model stores them. */
import { typeLike, wantedLike } from '../column-types.js';
import { readTable } from '../read-table.js';
import { type TableModel, unknownNotes } from './table-model.js';

/**
 * f32 [rows][fields]. `given`: a path, or the bytes of a file; `name`: of bytes. Columns go by their names, in any order.
 * @throws UserError for a column that is missing, or values of another kind.
 */
export async function readTableRows(
  given: string | Uint8Array,
  name: string,
  { encoder, target }: TableModel,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<Float32Array> {
  const schema = { columns: encoder.columns };
  const raw = await readTable(given, { name, wanted: wantedLike(schema), signal });
  const table = typeLike(raw, schema, target.columns);
  const { values, others } = encoder.stored(table);
  for (const line of [...table.notes, ...unknownNotes(table.name, others)]) note(line);
  return values;
}
