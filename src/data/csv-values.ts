/**
 * A data set of CSV files whose targets are numbers: some columns are targets, all others real inputs. The training file
 * decides which, the test file must agree with it.
 */
import { UserError } from '../user-error.js';
import { readContent, shownPath } from './content.js';
import { parseRealCsv } from './csv.js';
import { type CsvColumns, type CsvLayout, columnText, type LabelColumn, layoutOf } from './csv-layout.js';
import { layoutLike, NoLabels } from './csv-like.js';
import type { CsvFiles, CsvSetOptions } from './csv-set.js';
import type { Dataset, Samples } from './dataset.js';
import { taken } from './named-inputs.js';
import { holdOutTest } from './split.js';

export interface CsvValues {
  /** Names or numbers from 1; null: the column of the label. */
  readonly columns: readonly (string | number)[] | null;
  /** labels: numbers of 0 or 1. */
  readonly task: 'regression' | 'labels';
}

type ValueSet = Pick<Dataset, 'train' | 'test' | 'target' | 'sha256' | 'inputs'>;

/** A file: its columns, and which are targets. */
interface Table {
  readonly layout: CsvLayout;
  readonly targets: readonly number[];
}

/** @throws UserError for files that cannot be read or do not fit together, and for cells that are no numbers. */
export async function readCsvValues(
  files: CsvFiles,
  options: CsvSetOptions & { readonly values: CsvValues },
): Promise<ValueSet> {
  const { label, note, warn, values } = options;
  let table: Table | null = null;
  const first = (columns: CsvColumns) => {
    table = tableOf(columns, values.columns ?? [label]);
    return wholeRows(table);
  };
  const train = await readPart(files.train, first, options);
  // The layout is asked for before the first row is read.
  const found = table as Table | null;
  if (found === null) throw new Error(`${files.train}: no layout`);
  const { layout, targets } = found;
  const like = (columns: CsvColumns) => wholeRows({ layout: layoutLike(columns, layout), targets });
  const test = files.test === null ? null : await readTest(files.test, like, layout, options);
  const parts = { train: separated(train, layout, targets), test: test && separated(test, layout, targets) };
  const names = targets.map((column) => layout.names?.[column] ?? `column ${column + 1}`);
  for (const part of [parts.train, parts.test])
    if (values.task === 'labels' && part !== null) refuseOtherThanLabels(part, names, layout.path);
  for (const column of layout.leftOut)
    warn(
      'column-left-out',
      `${layout.path}: ${columnText(layout, column)} names or counts the rows and is left out`,
    );
  note(
    `${layout.path}: ${targets.length === 1 ? 'the target is' : 'the targets are'} ${targets.map((column) => columnText(layout, column)).join(', ')}`,
  );
  const sha256 = { 'train.csv': train.sha256, ...(test === null ? {} : { 'test.csv': test.sha256 }) };
  const split =
    parts.test === null ? heldOut(parts.train, layout.path, note) : { train: parts.train, test: parts.test };
  const inputs = inputNames(train, layout, targets);
  return {
    ...split,
    target: { kind: 'value', width: targets.length, names },
    ...(inputs === null ? {} : { inputs }),
    sha256,
  };
}

interface Part {
  /** f32 [count][columns that are not left out]. */
  readonly values: Float32Array;
  readonly count: number;
  /** Columns left out at the end: a counter that does not count to the end is read. */
  readonly leftOut: readonly number[];
  readonly sha256: string;
}

async function readPart(
  path: string,
  layout: (columns: CsvColumns) => CsvLayout,
  { signal }: CsvSetOptions,
): Promise<Part> {
  const { bytes, sha256 } = await readContent(path, { signal });
  const { values, count, layout: read } = await parseRealCsv(bytes, shownPath(path), { layout, signal });
  return { values, count, leftOut: read.leftOut, sha256 };
}

/** Null if there is no test file with targets. */
async function readTest(
  path: string,
  like: (columns: CsvColumns) => CsvLayout,
  { path: trainPath }: CsvLayout,
  options: CsvSetOptions,
): Promise<Part | null> {
  try {
    return await readPart(path, like, options);
  } catch (error) {
    if (!(error instanceof NoLabels && error.isCertain)) throw error;
    options.warn('test-without-labels', `${error.message}; rows of ${trainPath} are held out for the test`);
    return null;
  }
}

function tableOf(columns: CsvColumns, asked: readonly LabelColumn[]): Table {
  const layouts = asked.map((column) => layoutOf(columns, column));
  const targets = layouts.map(({ label }) => label);
  const twice = targets.find((column, at) => targets.indexOf(column) !== at);
  if (twice !== undefined)
    throw UserError.refusal(
      'data.target',
      `different columns of ${columns.path}`,
      columnText(columns, twice),
    );
  const [layout] = layouts;
  const isInput = (column: number) => !targets.includes(column);
  return {
    layout: { ...layout, leftOut: layout.leftOut.filter(isInput), counters: layout.counters.filter(isInput) },
    targets,
  };
}

/** Targets are read as inputs are. */
const wholeRows = ({ layout }: Table): CsvLayout => ({ ...layout, label: -1, hasWords: false });

function separated(
  { values, count, leftOut }: Part,
  { width }: CsvLayout,
  targets: readonly number[],
): Samples {
  const columns = Array.from({ length: width }, (_, column) => column).filter(
    (column) => !leftOut.includes(column),
  );
  const places = targets.map((column) => columns.indexOf(column));
  const inputs = [...columns.keys()].filter((place) => !places.includes(place));
  const take = (chosen: readonly number[]) => taken(values, columns.length, chosen);
  return { values: take(inputs), targets: take(places), count, shape: [inputs.length], full: 1 };
}

/** Null without a header whose names differ. */
function inputNames(
  { leftOut }: Part,
  { names }: CsvLayout,
  targets: readonly number[],
): readonly string[] | null {
  if (names === null || new Set(names).size < names.length) return null;
  return names.filter((_, column) => !leftOut.includes(column) && !targets.includes(column));
}

function refuseOtherThanLabels({ targets }: Samples, names: readonly string[], path: string): void {
  const at = targets.findIndex((value) => value !== 0 && value !== 1);
  if (at < 0) return;
  const row = Math.floor(at / names.length) + 1;
  throw new UserError(
    `${path}: ${names[at % names.length]}, row ${row}: expected 0 or 1, since data.task is labels, got ${targets[at]}`,
  );
}

function heldOut(samples: Samples, path: string, note: (line: string) => void) {
  const split = holdOutTest(samples);
  if (split === null) throw new UserError(`${path}: expected five rows or more, or a test.csv`);
  note(`${path}: one row in five is held out for the test: ${split.test.count} of ${samples.count}`);
  return split;
}
