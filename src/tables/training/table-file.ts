/** Rows to be predicted of a file, as a model stores them. */
import { typeLike, usedNames, wantedLike } from '../column-types.js';
import { readTable } from '../read-table.js';
import type { WantedColumns } from '../table-builder.js';
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
  const named = usedNames(schema, target.columns);
  const wantedOf = wantedLike(schema);
  // What the rows are to be predicted as is unknown, whatever stands there.
  const wanted: WantedColumns = (column) => (target.columns.includes(column) ? null : wantedOf(column));
  const raw = await readTable(given, { name, wanted, named, signal });
  const table = typeLike(raw, schema, target.columns);
  const { values, others } = encoder.stored(table);
  for (const line of [...table.notes, ...unknownNotes(table.name, others)]) note(line);
  return values;
}
