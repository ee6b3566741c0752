/** CSV rows without the need for a label: the samples that a model is to classify. */
import { UserError } from '../user-error.js';
import { parseCsv, parseRealCsv } from './csv.js';
import { type CsvColumns, type CsvLayout, isRowName, labelOf } from './csv-layout.js';
import type { ValueKind } from './transforms/transform.js';

interface InputColumns {
  readonly size: number;
  readonly kind: ValueKind;
  /** Names of columns that are targets of the model. */
  readonly targets?: readonly string[];
}

/**
 * The samples of a CSV file: rows of `size` values, besides which a label and a name or number of the row are allowed; they
 * are not read.
 * @param path names the file in errors.
 * @throws UserError as parseCsv does, and for rows of another width.
 */
export async function csvInputs(
  content: Uint8Array,
  path: string,
  { size, kind, targets = [] }: InputColumns,
  signal?: AbortSignal,
): Promise<Uint8Array | Float32Array> {
  const layout = (columns: CsvColumns) => layoutOfInputs(columns, size, targets);
  const parse = kind === 'uint8' ? parseCsv : parseRealCsv;
  return (await parse(content, path, { layout, signal })).values;
}

function layoutOfInputs(
  { rows, ...columns }: CsvColumns,
  size: number,
  targets: readonly string[],
): CsvLayout {
  const { names, width, path } = columns;
  const leftOut = others({ ...columns, rows }, size, targets);
  if (leftOut !== null)
    return { ...columns, label: -1, labelBy: 'first', hasWords: false, leftOut, counters: [] };
  const found = `${width} column${width === 1 ? '' : 's'}${names === null ? '' : ' and a header'}`;
  throw new UserError(
    `${path}: ${found}, expected an image, an IDX file or CSV rows of ${size} values (${size + 1} with a label)`,
  );
}

/** Columns that are no inputs; null if their number does not fit. */
function others(columns: CsvColumns, size: number, targets: readonly string[]): readonly number[] | null {
  const more = columns.width - size;
  if (more === 0) return [];
  const found = columns.names?.flatMap((name, column) => (targets.includes(name) ? [column] : [])) ?? [];
  const names = columns.names?.flatMap((name, column) => (isRowName(name, column) ? [column] : [])) ?? [];
  if (found.length > 0 && found.length === more) return found;
  if (found.length > 0 && found.length + names.length === more) return [...found, ...names];
  if (more !== 1 && more !== 2) return null;
  const named = columns.names?.flatMap((name, column) => (isRowName(name, column) ? [column] : [])) ?? [];
  if (named.length === more) return named;
  const { label } = labelOf(columns, named, null);
  return named.length === more - 1 ? [label, ...named] : null;
}
