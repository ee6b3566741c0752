/** The columns of a test file must be those of the training file. If both have headers, these must agree. */
import { UserError } from '../user-error.js';
import { isMissing, trimmedCell } from './cells.js';
import { type CsvColumns, type CsvLayout, columnText, namedColumn } from './csv-layout.js';

/** A test file without labels: accuracy and loss cannot be measured on it. */
export class NoLabels extends UserError {
  /** True if the header shows it; false if only the number of columns does. */
  readonly isCertain: boolean;

  constructor(message: string, isCertain: boolean) {
    super(message);
    this.isCertain = isCertain;
  }
}

/** @throws NoLabels; UserError if the columns differ from those of `train`. */
export function layoutLike({ rows, ...columns }: CsvColumns, train: CsvLayout): CsvLayout {
  const { path, names, width } = columns;
  const { label, leftOut, hasWords, labelBy } = train;
  refuseWithoutLabels(columns, train);
  if (width !== train.width)
    throw new UserError(`${path}: ${width} columns, expected ${train.width} as in ${train.path}`);
  if (rows.length > 0 && rows.every((cells) => isMissing(trimmedCell(cells[label]))))
    throw new NoLabels(`${path} has no labels: ${columnText(columns, label)} is empty`, true);
  if (names !== null && train.names !== null) refuseOtherOrder(path, names, train.path, train.names);
  if (names !== null && train.names === null && labelBy !== 'data.label') {
    const own = namedColumn(columns);
    if (own !== null && own !== label) {
      const text = `the labels are ${columnText(columns, own)}, expected column ${label + 1} as in ${train.path}`;
      throw new UserError(`${path}: ${text}, which has no header; data.label names the column`);
    }
  }
  return { ...columns, label, labelBy, leftOut, hasWords, counters: [] };
}

function refuseWithoutLabels({ path, names, width }: Omit<CsvColumns, 'rows'>, train: CsvLayout): void {
  if (width !== train.width - 1) return;
  const label = train.names?.[train.label];
  const isCertain = names !== null && label !== undefined && !names.includes(label);
  // The missing name is not that of the labels, so another column is missing.
  if (names !== null && label !== undefined && !isCertain) return;
  const lacks = `${width} columns, one fewer than ${train.path}`;
  throw isCertain
    ? new NoLabels(`${path} has no labels: no column is named ${JSON.stringify(label)}`, true)
    : new NoLabels(`${path}: ${lacks}: it seems to have no labels, so nothing can be measured on it`, false);
}

function refuseOtherOrder(
  path: string,
  names: readonly string[],
  trainPath: string,
  trainNames: readonly string[],
): void {
  const column = names.findIndex((name, index) => name !== trainNames[index]);
  if (column < 0 || !names.every((name) => trainNames.includes(name))) return;
  const expected = columnText({ names: trainNames }, column);
  throw new UserError(
    `${path}: ${columnText({ names }, column)}, expected ${expected} as in ${trainPath}: the order of the columns differs`,
  );
}
