/** CSV rows without the need for a label: the samples that a model is to classify. */
import { UserError } from '../user-error.js';
import { parseCsv, parseRealCsv } from './csv.js';
import { type CsvColumns, type CsvLayout, isRowName, labelOf } from './csv-layout.js';
import { placesOf, taken } from './named-inputs.js';
import type { ValueKind } from './transforms/transform.js';

interface InputColumns {
  readonly size: number;
  readonly kind: ValueKind;
  /** Names of columns that are targets of the model. */
  readonly targets?: readonly string[];
  /** Names of the inputs in their order, by which the columns of a file with a header go; null: by position. */
  readonly inputs?: readonly string[] | null;
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
  { size, kind, targets = [], inputs = null }: InputColumns,
  signal?: AbortSignal,
): Promise<Uint8Array | Float32Array> {
  // Of the inputs among the columns that are read.
  let order: readonly number[] | null = null;
  const layout = ({ rows, ...columns }: CsvColumns): CsvLayout => {
    const { names } = columns;
    if (inputs === null || names === null) return layoutOfInputs({ ...columns, rows }, size, targets);
    const places = placesOf(inputs, names, path);
    const leftOut = [...names.keys()].filter((column) => !places.includes(column));
    const sorted = places.toSorted((a, b) => a - b);
    order = places.map((place) => sorted.indexOf(place));
    return { ...columns, label: -1, labelBy: 'first', hasWords: false, leftOut, counters: [] };
  };
  const parse = kind === 'uint8' ? parseCsv : parseRealCsv;
  const { values } = await parse(content, path, { layout, signal });
  return order === null ? values : taken(values, size, order);
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
